//! A worker deployment: the versions of its workers, and which of them new work goes to. Versions come with their
//! first poll or by a request; one that is let go is watched until no run is bound to it any more.
//!
//! It decides by itself and at once; what the shell looks up for it (pollers, backlogs, runs that are still bound to a
//! version) comes with the input or as the report on a duty.

mod change;
mod compute;
mod input;
pub mod name;
pub mod routing;
mod steps;
mod version;
mod view;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use longhaul_proto::Refusal;
use minicbor::{Decode, Encode};

use crate::{
    context::Context,
    hosted::{DutyName, Hosted},
    ids::{ExecutionKey, Kind, NamespaceId, RunId, RunKey},
    machine::{Draw, Machine},
    time::Timestamp,
    visibility::Row,
};

pub use change::Change;
pub use compute::{changed_groups, check_compute};
pub use input::{Effects, Input, Reply, SetCurrent, SetRamping, compute_summary};
pub use name::VersionName;
pub(crate) use routing::place;
pub use routing::{Goal, Published, QueueName, QueueRoute, Ramping, Routes, Routing};
pub use version::{Drainage, Version};

/// A worker deployment.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Deployment {
    /// Its namespace.
    #[n(0)]
    pub namespace: NamespaceId,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// Tells it from an earlier one of that name.
    #[n(2)]
    pub run: RunId,
    /// When it was made.
    #[n(3)]
    pub created: Timestamp,
    /// Request that made it, if one did.
    #[n(4)]
    pub request_id: String,
    /// Who changed it last.
    #[n(5)]
    pub last_modifier: String,
    /// Who alone may change it, if anybody said so.
    #[n(6)]
    pub manager: String,
    /// Where new work goes.
    #[n(7)]
    pub routing: Routing,
    /// Its versions by build.
    #[n(8)]
    pub versions: BTreeMap<String, Version>,
    /// Versions it ever had.
    #[n(9)]
    made: i64,
    /// Looks for runs it ever began.
    #[n(10)]
    looks: i64,
    /// Changes that a client may not overlook.
    #[n(11)]
    token: u64,
    /// Whether it is to be removed.
    #[n(12)]
    gone: bool,
}

/// What a deployment owes: a look whether runs are still bound to a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The version.
    pub version: VersionName,
}

impl Deployment {
    /// A deployment that was just made.
    pub fn new(
        namespace: NamespaceId,
        name: &str,
        request_id: &str,
        by: &str,
        at: Timestamp,
        draw: &mut Draw,
    ) -> Self {
        Self {
            namespace,
            name: name.to_owned(),
            run: RunId::from_bytes(draw.uuid()),
            created: at,
            request_id: request_id.to_owned(),
            last_modifier: by.to_owned(),
            manager: String::new(),
            routing: Routing::default(),
            versions: BTreeMap::new(),
            made: 0,
            looks: 0,
            token: 0,
            gone: false,
        }
    }

    /// What its queues and runs have to know.
    pub fn published(&self) -> Published {
        let queues = |version: &Version| version.queues.iter().cloned().collect();
        Published {
            routing: self.routing.clone(),
            builds: self.versions.iter().map(|(build, version)| (build.clone(), queues(version))).collect(),
        }
    }

    /// A version's whole name.
    pub fn version_name(&self, build: &str) -> VersionName {
        VersionName::new(&self.name, build)
    }
}

impl Machine for Deployment {
    type Input = Input;
    type Change = Change;
    type Effects = Effects;

    fn step(&mut self, input: Input, at: Timestamp, _: &mut Draw) -> Result<Effects, Refusal> {
        let effects = self.decide(input, at)?;
        effects.changes.iter().for_each(|change| self.fold(change));
        Ok(effects)
    }

    fn apply(&mut self, change: &Change) {
        self.fold(change);
    }
}

impl Hosted for Deployment {
    const KIND: Kind = Kind::Deployment;
    type Reply = Reply;
    type Duty = Look;

    fn effects(effects: Effects) -> (Vec<Change>, Reply) {
        (effects.changes, effects.reply)
    }

    fn key(&self) -> RunKey {
        let execution =
            ExecutionKey { namespace: self.namespace, kind: Kind::Deployment, id: self.name.as_str().into() };
        RunKey { execution, run: self.run }
    }

    fn tick(_: &Arc<Context>) -> Input {
        Input::Tick
    }

    fn wake(&self) -> Option<Timestamp> {
        let due = |version: &Version| version.drainage.as_ref().and_then(|drainage| drainage.due);
        self.versions.values().filter_map(due).min()
    }

    fn owed(&self) -> BTreeSet<DutyName> {
        let looking = |version: &Version| version.drainage.as_ref().and_then(|drainage| drainage.looking);
        self.versions.values().filter_map(looking).map(|number| DutyName { sort: 1, number }).collect()
    }

    fn duty(&self, name: DutyName) -> Option<Look> {
        let is_meant = |version: &Version| {
            version.drainage.as_ref().is_some_and(|drainage| drainage.looking == Some(name.number))
        };
        let (build, _) = self.versions.iter().find(|(_, version)| is_meant(version))?;
        Some(Look { version: self.version_name(build) })
    }

    fn row(&self, _: &Context) -> Option<Row> {
        Some(self.list_row())
    }

    fn rests(&self) -> bool {
        false
    }

    fn is_gone(&self) -> bool {
        self.gone
    }
}
