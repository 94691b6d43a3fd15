//! What must be durable: one narrow contract at the level of transitions, which every backend lays out in its own way.
//!
//! There is one way to write: [`Store::commit`]. It may be called concurrently from any number of tasks; a backend
//! makes all that waits durable in one act (group commit is the contract, not an optimisation).

pub mod archive;
pub mod conformance;
mod contract;
mod endpoints;
mod memory;
pub mod namespaces;
mod order;
mod spill;
mod tally;

pub use archive::{Archive, ArchiveError, Listing, MemoryArchive};
pub use contract::*;
pub use endpoints::Registry;
pub use memory::MemoryStore;
pub use namespaces::{Directory, DirectoryError};
pub use order::{Page, SortKey};
pub use spill::{LaneKey, MemorySpill, Spill, SpillError};
pub use tally::Tally;
