//! What can happen to a deployment, and what it answers.

use std::{collections::BTreeMap, time::Duration};

use longhaul_proto::api::{
    common::v1::Payload,
    compute::v1::{ComputeConfig, ComputeConfigScalingGroupSummary, ComputeConfigSummary},
};

use super::{change::Change, routing::QueueName, routing::Ramping};

/// An input.
#[derive(Clone, Debug)]
pub enum Input {
    /// Workers of a version poll a queue.
    Seen {
        /// The build.
        build: String,
        /// The queue.
        queue: QueueName,
        /// Versions that the deployment may have.
        versions_max: usize,
        /// Queues that a version may have.
        queues_max: usize,
        /// Drained versions without workers, which make way for a new one.
        idle: Vec<String>,
    },
    /// Somebody makes a version before its workers come.
    CreateVersion {
        /// The build.
        build: String,
        /// The request.
        request_id: String,
        /// Who asks.
        by: String,
        /// What is to start its workers.
        compute: Option<ComputeConfig>,
        /// Versions that the deployment may have.
        versions_max: usize,
        /// Drained versions without workers, which make way for a new one.
        idle: Vec<String>,
    },
    /// Somebody sets the current version.
    SetCurrent(Box<SetCurrent>),
    /// Somebody sets the ramp.
    SetRamping(Box<SetRamping>),
    /// Somebody takes the deployment over, or lets it go.
    SetManager {
        /// Who alone may change it; empty is everybody.
        manager: String,
        /// Who asks.
        by: String,
        /// What the asker has seen, if that matters to him.
        token: Vec<u8>,
    },
    /// Somebody changes the notes on a version.
    UpdateMetadata {
        /// The build.
        build: String,
        /// Notes to make.
        upserted: BTreeMap<String, Payload>,
        /// Notes to take away.
        removed: Vec<String>,
        /// Who asks.
        by: String,
    },
    /// Somebody changes what starts the workers of a version.
    SetCompute {
        /// The build.
        build: String,
        /// What does from now on.
        compute: Option<ComputeConfig>,
        /// Who asks.
        by: String,
    },
    /// Somebody removes a version.
    DeleteVersion {
        /// The build.
        build: String,
        /// Whether runs that are bound to it do not matter.
        skip_drainage: bool,
        /// Whether workers of it polled lately.
        has_pollers: bool,
        /// Who asks.
        by: String,
    },
    /// Somebody removes the deployment.
    Delete,
    /// A run was bound to a version.
    Bound {
        /// The build.
        build: String,
        /// How long to wait before runs are looked for.
        grace: Duration,
    },
    /// Runs of a version were looked for.
    Looked {
        /// The build.
        build: String,
        /// Whether any are left.
        are_left: bool,
        /// How long to wait before they are looked for again.
        refresh: Duration,
    },
    /// Time has passed.
    Tick,
}

/// A wish to set the current version.
#[derive(Clone, Debug, Default)]
pub struct SetCurrent {
    /// The build; `None` is the workers without a version.
    pub build: Option<String>,
    /// Who asks.
    pub by: String,
    /// What the asker has seen, if that matters to him.
    pub token: Vec<u8>,
    /// Whether a version that nobody knows is made.
    pub makes: bool,
    /// Queues of the version before that have work, if that matters to the asker.
    pub busy: Vec<QueueName>,
    /// How long the runs of the version before are left alone.
    pub grace: Duration,
}

/// A wish to set the ramp.
#[derive(Clone, Debug, Default)]
pub struct SetRamping {
    /// The ramp; `None` ends it.
    pub ramping: Option<Ramping>,
    /// Who asks.
    pub by: String,
    /// What the asker has seen, if that matters to him.
    pub token: Vec<u8>,
    /// Whether a version that nobody knows is made.
    pub makes: bool,
    /// Queues of the current version that have work, if that matters to the asker.
    pub busy: Vec<QueueName>,
    /// How long the runs of the version before are left alone.
    pub grace: Duration,
}

/// What a step leads to.
#[derive(Debug, Default)]
pub struct Effects {
    /// Changes to make durable.
    pub changes: Vec<Change>,
    /// The answer.
    pub reply: Reply,
}

/// The answer to an input.
#[derive(Debug, Default)]
pub enum Reply {
    /// It was taken.
    #[default]
    Done,
    /// The current build before.
    Current(Option<String>),
    /// The ramp before.
    Ramping(Option<Ramping>),
    /// The manager before.
    Manager(String),
    /// The notes as they are then.
    Metadata(BTreeMap<String, Payload>),
}

/// What is told in short of what starts the workers of a version.
pub fn compute_summary(compute: &ComputeConfig) -> ComputeConfigSummary {
    let groups = compute.scaling_groups.iter().map(|(name, group)| {
        let summary = ComputeConfigScalingGroupSummary {
            task_queue_types: group.task_queue_types.clone(),
            provider_type: group
                .provider
                .as_ref()
                .map_or_else(String::new, |provider| provider.r#type.clone()),
        };
        (name.clone(), summary)
    });
    ComputeConfigSummary { scaling_groups: groups.collect() }
}
