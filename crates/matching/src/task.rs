//! A task as it waits: a compact reference to what a run has scheduled.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes};
use longhaul_kernel::{deployment::VersionName, ids::RunId, time::Timestamp};
use longhaul_proto::{Refusal, api::common::v1 as common};
use longhaul_runtime::peers::AddTask;

use crate::builds::Wanted;

/// Urgency of a task, from 1 to 5; lower goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Priority(u8);

impl Priority {
    /// What a task has that says nothing.
    pub(crate) const DEFAULT: Self = Self(3);

    /// Reads the wire form; values beyond the range count as its ends.
    pub(crate) fn of(wire: Option<&common::Priority>) -> Self {
        match wire.map_or(0, |priority| priority.priority_key) {
            ..=0 => Self::DEFAULT,
            key => Self(u8::try_from(key.min(5)).unwrap_or(5)),
        }
    }

    /// The number.
    pub(crate) const fn get(self) -> u8 {
        self.0
    }
}

/// The fairness key that a priority tells.
pub(crate) fn fairness_key(wire: Option<&common::Priority>) -> Option<Arc<str>> {
    wire.map(|priority| priority.fairness_key.as_str()).filter(|key| !key.is_empty()).map(Arc::from)
}

/// A reference to a task of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    pub(crate) workflow_id: Box<str>,
    pub(crate) run: RunId,
    pub(crate) scheduled_event_id: i64,
    pub(crate) attempt: i32,
    pub(crate) stamp: i32,
    pub(crate) priority: Priority,
    /// Whose share of the queue it takes; none is a share of its own.
    pub(crate) fairness_key: Option<Arc<str>>,
    /// Size of that share, compared with that of others.
    pub(crate) weight: f32,
    /// When its run scheduled it.
    pub(crate) scheduled_at: Timestamp,
    /// From here on it need not be dispatched; [`Timestamp::MAX`] is never.
    pub(crate) expires_at: Timestamp,
    /// When it came to this room.
    pub(crate) added_at: Timestamp,
    /// The version whose workers alone may have it.
    pub(crate) pinned: Option<Arc<VersionName>>,
    /// Whether it prefers the ramping version.
    pub(crate) ramps: bool,
    /// The build whose workers may have it, where deployments have no say.
    pub(crate) wanted: Wanted,
}

/// Bytes of a spilled task in front of its workflow id and its fairness key.
const FIXED_BYTES: usize = 16 + 8 + 4 + 4 + 1 + 8 + 8 + 8 + 4 + 4 + 4 + 1 + 1;

impl Task {
    /// Reads an added task.
    pub(crate) fn parse(add: &AddTask, now: Timestamp) -> Result<Self, Refusal> {
        let run = RunId::parse(&add.execution.run_id).ok_or_else(|| Refusal::invalid("Invalid RunId."))?;
        let positive = |nanos: i64, otherwise| if nanos > 0 { Timestamp(nanos) } else { otherwise };
        Ok(Self {
            workflow_id: add.execution.workflow_id.as_str().into(),
            run,
            scheduled_event_id: add.scheduled_event_id,
            attempt: add.attempt,
            stamp: add.stamp,
            priority: Priority::of(add.priority.as_ref()),
            fairness_key: fairness_key(add.priority.as_ref()),
            weight: add.priority.as_ref().map_or(0.0, |priority| priority.fairness_weight),
            scheduled_at: positive(add.scheduled_at, now),
            expires_at: positive(add.expires_at, Timestamp::MAX),
            added_at: now,
            pinned: add.pinned.as_ref().map(|version| Arc::new(VersionName::of(version))),
            ramps: add.ramps,
            wanted: Wanted::read(&add.build, add.is_new),
        })
    }

    /// The run, as the wire names it.
    pub(crate) fn execution(&self) -> common::WorkflowExecution {
        common::WorkflowExecution { workflow_id: self.workflow_id.to_string(), run_id: self.run.to_string() }
    }

    /// Its fairness key; the empty one stands for none.
    pub(crate) fn key(&self) -> Arc<str> {
        self.fairness_key.clone().unwrap_or_default()
    }

    /// Memory it takes while it waits.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.workflow_id.len() + self.fairness_key.as_ref().map_or(0, |key| key.len())
    }

    /// Whether nobody needs it any more.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// The form in which it is spilled.
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(FIXED_BYTES + self.workflow_id.len() + 64);
        out.put_slice(self.run.as_bytes());
        out.put_i64_le(self.scheduled_event_id);
        out.put_i32_le(self.attempt);
        out.put_i32_le(self.stamp);
        out.put_u8(self.priority.0);
        out.put_i64_le(self.scheduled_at.0);
        out.put_i64_le(self.expires_at.0);
        out.put_i64_le(self.added_at.0);
        out.put_u8(u8::from(self.ramps));
        let pinned = self.pinned.as_ref();
        let wanted = self.wanted.build.as_deref().unwrap_or_default();
        for part in [pinned.map_or("", |own| &own.deployment), pinned.map_or("", |own| &own.build), wanted] {
            out.put_u32_le(u32::try_from(part.len()).unwrap_or(0));
            out.put_slice(part.as_bytes());
        }
        out.put_u8(u8::from(self.wanted.is_new));
        out.put_f32_le(self.weight);
        out.put_u32_le(self.workflow_id.len() as u32);
        out.put_slice(self.workflow_id.as_bytes());
        out.put_slice(self.fairness_key.as_deref().unwrap_or_default().as_bytes());
        out.into()
    }

    /// Reads a spilled task; `None` if these are no such bytes.
    pub(crate) fn decode(mut bytes: Bytes) -> Option<Self> {
        if bytes.len() < FIXED_BYTES {
            return None;
        }
        let mut run = [0; 16];
        bytes.copy_to_slice(&mut run);
        let mut task = Self {
            run: RunId::from_bytes(run),
            scheduled_event_id: bytes.get_i64_le(),
            attempt: bytes.get_i32_le(),
            stamp: bytes.get_i32_le(),
            priority: Priority(bytes.get_u8()),
            scheduled_at: Timestamp(bytes.get_i64_le()),
            expires_at: Timestamp(bytes.get_i64_le()),
            added_at: Timestamp(bytes.get_i64_le()),
            ramps: bytes.get_u8() != 0,
            pinned: {
                let (deployment, build) = (text(&mut bytes)?, text(&mut bytes)?);
                (!deployment.is_empty()).then(|| Arc::new(VersionName { deployment, build }))
            },
            wanted: Wanted::read(&text(&mut bytes)?, bytes.try_get_u8().ok()? != 0),
            weight: bytes.try_get_f32_le().ok()?,
            workflow_id: Box::default(),
            fairness_key: None,
        };
        let workflow_id_bytes = usize::try_from(bytes.try_get_u32_le().ok()?).ok()?;
        if bytes.len() < workflow_id_bytes {
            return None;
        }
        task.workflow_id = std::str::from_utf8(&bytes.split_to(workflow_id_bytes)).ok()?.into();
        task.fairness_key =
            (!bytes.is_empty()).then(|| std::str::from_utf8(&bytes)).transpose().ok()?.map(Arc::from);
        Some(task)
    }
}

/// Reads a text with its length in front.
fn text(bytes: &mut Bytes) -> Option<String> {
    let length = usize::try_from(bytes.try_get_u32_le().ok()?).ok()?;
    if bytes.len() < length {
        return None;
    }
    String::from_utf8(bytes.split_to(length).to_vec()).ok()
}
