//! The binary `longhaul`: command line, configuration, wiring. No logic of its own.

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
mod schedule;
mod visibility;

pub use run::run;
