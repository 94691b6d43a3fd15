//! The default store: one node, one folder on disk. A log-structured engine keeps the keys in order; one committer
//! thread makes everything that waits durable with one write batch and one `fdatasync`.

mod apply;
mod committer;
mod count;
mod engine;
mod error;
mod group;
mod heads;
mod index;
mod journal;
mod key;
mod list;
mod lock;
mod options;
mod pace;
mod places;
mod plan;
mod queue;
mod read;
mod readers;
mod record;
mod row;
mod seal;
mod share;
mod spill;
mod stats;
mod store;
mod tide;
mod upgrade;
mod walk;
mod young;

pub use error::{Failure, OpenError};
pub use options::Options;
pub use spill::FileSpill;
pub use stats::Stats;
pub use store::EmbeddedStore;
