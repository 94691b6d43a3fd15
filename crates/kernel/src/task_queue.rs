//! What is decided about task queues: their configuration, and whose turn it is.

mod config;
pub mod turns;
mod versions;

pub use config::{Config, Rate, check};
pub use turns::{Turns, Weight};
pub use versions::{
    Led, RuleLimits, SetLimits, VersionSets, VersioningRules, Versions, check_version_sets,
    check_versioning_rules,
};
