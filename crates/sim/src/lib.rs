//! A whole cluster in one thread, with faults, from a seed; for development only.
//!
//! The rooms `history` and `matching` run as they are, on simulated time and on a store and wires that misbehave.
//! Simulated clients and workers talk to them in the messages of the public API, while nodes crash and are taken
//! over. Afterwards the cluster is left in peace until it is quiet, and what it says and has stored is held against
//! what its clients were promised. The same seed gives the same trace, to the byte.

mod book;
mod check;
mod client;
mod cluster;
mod dice;
mod faults;
mod job;
mod ledger;
mod line;
mod panics;
mod plant;
mod player;
mod script;
mod simulation;
mod store;
mod trace;
mod wire;
mod worker;
mod world;

pub use plant::Plant;
pub use simulation::{Outcome, simulate};
