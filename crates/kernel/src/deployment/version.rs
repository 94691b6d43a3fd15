//! One version of a deployment: its queues, its metadata, and where it stands between its first poll and its end.

use std::{collections::BTreeMap, time::Duration};

use longhaul_proto::api::{
    common::v1::Payload,
    compute::v1::ComputeConfig,
    deployment::v1::VersionDrainageInfo,
    enums::v1::{VersionDrainageStatus, WorkerDeploymentVersionStatus as Status},
};
use minicbor::{Decode, Encode};

use super::routing::QueueName;
use crate::{codec::Pb, time::Timestamp};

/// A version.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Version {
    /// Counts the versions of the deployment, in the order in which they came.
    #[n(0)]
    pub number: i64,
    /// When it came.
    #[n(1)]
    pub created: Timestamp,
    /// Request that created it, if one did.
    #[n(2)]
    pub request_id: String,
    /// The queues that its workers have polled, oldest first.
    #[n(3)]
    pub queues: Vec<QueueName>,
    /// What clients noted.
    #[n(4)]
    pub metadata: BTreeMap<String, Pb<Payload>>,
    /// Who changed it last by itself.
    #[n(5)]
    pub last_modifier: String,
    /// When its place in the routing changed last.
    #[n(6)]
    pub routing_changed: Option<Timestamp>,
    /// Since when it is current, if it is.
    #[n(7)]
    pub current_since: Option<Timestamp>,
    /// Since when it ramps, if it does.
    #[n(8)]
    pub ramping_since: Option<Timestamp>,
    /// When it became current or ramping for the first time.
    #[n(9)]
    pub first_activated: Option<Timestamp>,
    /// When it was current for the last time.
    #[n(10)]
    pub last_current: Option<Timestamp>,
    /// When it was let go for the last time.
    #[n(11)]
    pub last_deactivated: Option<Timestamp>,
    /// How its runs leave it, once it was let go.
    #[n(12)]
    pub drainage: Option<Drainage>,
    /// Whether it was only announced: no worker of it has polled.
    #[n(13)]
    pub is_announced: bool,
    /// What starts its workers.
    #[n(14)]
    pub compute: Option<Pb<ComputeConfig>>,
}

/// How the runs of a version leave it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Drainage {
    /// Whether none is left.
    #[n(0)]
    pub is_done: bool,
    /// Since when that is so.
    #[n(1)]
    pub changed: Timestamp,
    /// When it was looked for last.
    #[n(2)]
    pub checked: Timestamp,
    /// When it is to be looked for next.
    #[n(3)]
    pub due: Option<Timestamp>,
    /// Number of the look that is under way.
    #[n(4)]
    pub looking: Option<i64>,
}

impl Version {
    /// Whether new work goes to it.
    pub const fn is_active(&self) -> bool {
        self.current_since.is_some() || self.ramping_since.is_some()
    }

    /// Its public status.
    pub fn status(&self) -> Status {
        match &self.drainage {
            _ if self.current_since.is_some() => Status::Current,
            _ if self.ramping_since.is_some() => Status::Ramping,
            Some(drainage) if drainage.is_done => Status::Drained,
            Some(_) => Status::Draining,
            None if self.is_announced => Status::Created,
            None => Status::Inactive,
        }
    }

    /// Number of its public drainage status.
    pub fn drainage_status(&self) -> i32 {
        self.drainage_info().map_or(0, |info| info.status)
    }

    /// How far its runs have left it; nothing is told while new ones come.
    pub fn drainage_info(&self) -> Option<VersionDrainageInfo> {
        let drainage = self.drainage.as_ref().filter(|_| !self.is_active())?;
        let status =
            if drainage.is_done { VersionDrainageStatus::Drained } else { VersionDrainageStatus::Draining };
        Some(VersionDrainageInfo {
            status: status as i32,
            last_changed_time: Some(drainage.changed.to_proto()),
            last_checked_time: Some(drainage.checked.to_proto()),
        })
    }

    /// Begins to watch its runs leave.
    pub(super) fn let_go(&mut self, at: Timestamp, grace: Duration) {
        self.last_deactivated = Some(at);
        self.drain(at, grace);
    }

    /// Looks for runs again, from now on.
    pub(super) fn drain(&mut self, at: Timestamp, grace: Duration) {
        self.drainage =
            Some(Drainage { is_done: false, changed: at, checked: at, due: Some(at + grace), looking: None });
    }

    /// Takes it into service.
    pub(super) fn activate(&mut self, at: Timestamp) {
        self.first_activated.get_or_insert(at);
        self.drainage = None;
    }
}
