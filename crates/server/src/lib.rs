//! The binaries `longhaul` and `longhaul-test-server`: command line, configuration, wiring. No logic of its own.

pub mod arguments;
pub mod config;
pub mod reference;
pub mod server;
pub mod settings;

mod admin;
pub mod archival;
pub mod dynamic;
mod file;
mod log;
mod rooms;
mod run;
mod runs;
mod schedule;
mod test_server;
mod visibility;

pub use run::run;
pub use test_server::run_test_server;
