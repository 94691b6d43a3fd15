//! What is said of the versions of workers on a task queue, in the two older forms of worker versioning.

mod rules;
mod sets;

pub use rules::{RuleLimits, VersioningRules, check_versioning_rules};
pub use sets::{SetLimits, VersionSets, check_version_sets};

use minicbor::{Decode, Encode};

/// What was said of the versions of one queue.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Versions {
    /// The first form.
    #[n(0)]
    pub sets: VersionSets,
    /// The second form.
    #[n(1)]
    pub rules: VersioningRules,
}
