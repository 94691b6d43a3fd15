//! How a chain goes on after a run: by continue-as-new, by the retry policy, by the cron schedule. The run that closes
//! and the one that follows are made durable in one commit.

use std::time::Duration;

use longhaul_proto::api::{
    common::v1::{Link, Payloads},
    enums::v1::{ContinueAsNewInitiator as Initiator, ParentClosePolicy, RetryState},
    failure::v1::Failure,
    history::v1::{
        WorkflowExecutionStartedEventAttributes, WorkflowExecutionTimedOutEventAttributes,
        history_event::Attributes,
    },
    sdk::v1::UserMetadata,
    workflow::v1::{ResetPointInfo, ResetPoints, VersioningOverride, versioning_override::Override},
};

use super::{
    DutyId, Effects, Input, NextRun, Run, Start, What,
    retry::{self, Verdict},
    transition::Transition,
};
use crate::{
    context::Context,
    ids::RunId,
    machine::{Draw, Machine as _},
    time::{Timestamp, to_proto},
};

/// Least time between two runs of a chain, or a broken workflow would spin.
const SPACING: Duration = Duration::from_secs(1);

/// What the run that follows will be like.
pub(super) struct Successor {
    pub run_id: RunId,
    pub attributes: Box<WorkflowExecutionStartedEventAttributes>,
}

impl Run {
    /// Creates a run and makes its first step.
    ///
    /// # Panics
    /// Never: a start is not refused.
    pub fn begin(
        start: Start,
        context: &std::sync::Arc<Context>,
        at: Timestamp,
        draw: &mut Draw,
    ) -> (Self, Effects) {
        let mut run = Self::default();
        let input = Input { context: context.clone(), what: What::Start(Box::new(start)), state_bytes: 0 };
        let effects = run.step(input, at, draw).expect("a start is not refused");
        (run, effects)
    }

    /// Where the chain can be reset to, once this run is over and kept until `expires`.
    pub(super) fn reset_points_until(&self, expires: Timestamp) -> Vec<ResetPointInfo> {
        let own = self.run_id.to_string();
        let mut points: Vec<_> = self.reset_points.iter().map(|point| point.0.clone()).collect();
        for point in points.iter_mut().filter(|point| point.run_id == own) {
            point.expire_time = Some(expires.to_proto());
        }
        points
    }

    /// The choice of workers that holds for the whole chain: one that names them.
    fn inherited_override(&self) -> Option<VersioningOverride> {
        let chosen = self.attached.versioning_override.as_ref()?;
        matches!(chosen.r#override, Some(Override::Pinned(_))).then(|| chosen.0.clone())
    }

    /// The started event of the run that follows, as far as every initiator has it in common.
    fn successor_attributes(
        &self,
        initiator: Initiator,
        backoff: Duration,
        points_expire_at: Timestamp,
    ) -> WorkflowExecutionStartedEventAttributes {
        let mut next = self.start.0.clone();
        let callbacks = self.attached.callbacks.iter().map(|registered| registered.callback.0.clone());
        next.completion_callbacks = callbacks.collect();
        next.versioning_override = self.inherited_override();
        next.continued_execution_run_id = self.run_id.to_string();
        next.original_execution_run_id = String::new();
        next.initiator = initiator as i32;
        next.first_workflow_task_backoff = Some(to_proto(backoff));
        next.prev_auto_reset_points = Some(ResetPoints { points: self.reset_points_until(points_expire_at) });
        next.attempt = 1;
        next.eager_execution_accepted = false;
        next.identity = String::new();
        (next.time_skipping_config, next.time_skipping_state_propagation) = self.skipping_for_successor();
        self.bequeath(&mut next, initiator);
        next
    }
}

impl Transition<'_> {
    /// What follows a failure: the next attempt by the retry policy, else the next run by the cron schedule.
    pub fn after_failure(&mut self, failure: &Failure) -> Result<(Successor, RetryState), RetryState> {
        let state = match &self.run.start.retry_policy {
            None => RetryState::RetryPolicyNotSet,
            Some(policy) => {
                let attempt = self.run.start.attempt.max(1);
                match retry::decide(policy, attempt, failure, self.at, self.run.execution_deadline) {
                    Verdict::Again(due) => {
                        let backoff = self.spaced(due.since(self.at));
                        let mut next = self.successor_attributes(Initiator::Retry, backoff);
                        next.attempt = attempt + 1;
                        next.continued_failure = Some(failure.clone());
                        return Ok((self.successor(next), RetryState::InProgress));
                    }
                    Verdict::Over(state) => state,
                }
            }
        };
        let last = self.run.start.last_completion_result.clone();
        match self.cron_successor(last, Some(failure.clone())) {
            Some(successor) => Ok((successor, state)),
            None => Err(state),
        }
    }

    /// The next run by the cron schedule, if there is one.
    pub fn cron_successor(
        &mut self,
        last_result: Option<Payloads>,
        failure: Option<Failure>,
    ) -> Option<Successor> {
        if self.run.start.cron_schedule.is_empty() {
            return None;
        }
        let started = self.run.first_task_at.unwrap_or(self.run.start_time);
        let due = crate::cron::next(&self.run.start.cron_schedule, started, self.at)?;
        if self.run.execution_deadline.is_some_and(|deadline| due > deadline) {
            return None;
        }
        let mut next = self.successor_attributes(Initiator::CronSchedule, due.since(self.at));
        next.last_completion_result = last_result;
        next.continued_failure = failure;
        Some(self.successor(next))
    }

    /// Draws the run id of the run that follows.
    pub fn successor(&mut self, attributes: WorkflowExecutionStartedEventAttributes) -> Successor {
        let run_id = RunId::from_bytes(self.draw.uuid());
        let mut attributes = Box::new(attributes);
        attributes.original_execution_run_id = run_id.to_string();
        Successor { run_id, attributes }
    }

    /// The started event of a run that follows by continue-as-new.
    pub fn continued_attributes(&self, backoff: Duration) -> WorkflowExecutionStartedEventAttributes {
        self.successor_attributes(Initiator::Workflow, backoff)
    }

    fn successor_attributes(
        &self,
        initiator: Initiator,
        backoff: Duration,
    ) -> WorkflowExecutionStartedEventAttributes {
        self.run.successor_attributes(initiator, backoff, self.at + self.context.retention)
    }

    /// A backoff made so long that the run that follows keeps its distance from this one.
    pub fn spaced(&self, backoff: Duration) -> Duration {
        backoff.max((self.run.execution_time() + SPACING).since(self.at))
    }

    /// Creates the run that follows.
    pub fn start_successor(&mut self, successor: Successor) {
        // What an operator set is not tried again with a retry or the next tick: these begin as the chain began.
        let continues = successor.attributes.initiator == Initiator::Workflow as i32;
        let priority = self.run.priority.as_ref().filter(|_| continues);
        let start = Start {
            namespace: self.run.namespace,
            workflow_id: self.run.workflow_id.clone(),
            run_id: successor.run_id,
            request_id: uuid::Uuid::from_bytes(self.draw.uuid()).to_string(),
            attributes: successor.attributes,
            user_metadata: self.run.user_metadata.as_ref().map(|metadata| metadata.0.clone()),
            links: Vec::new(),
            signal: None,
            eager: None,
            priority: priority.map(|priority| priority.0.clone()),
            scheduled_by: self.run.scheduled_by.clone(),
        };
        let context = std::sync::Arc::new(self.context.clone());
        let now = self.run.outside(self.at);
        let (run, effects) = Run::begin(start, &context, now, self.draw);
        self.effects.next_run = Some(Box::new(NextRun { run, effects }));
    }

    /// Closes the run because its time is up.
    pub fn close_timed_out(&mut self, next: Result<(Successor, RetryState), RetryState>) {
        let (successor, state) = match next {
            Ok((successor, state)) => (Some(successor), state),
            Err(state) => (None, state),
        };
        let timed_out = WorkflowExecutionTimedOutEventAttributes {
            retry_state: state as i32,
            new_execution_run_id: successor.as_ref().map_or_else(String::new, |next| next.run_id.to_string()),
        };
        self.force_close_task();
        self.close_with(Attributes::WorkflowExecutionTimedOutEventAttributes(timed_out), Vec::new(), None);
        if let Some(successor) = successor {
            self.start_successor(successor);
        }
    }

    /// Writes the close event and takes on what the run owes its parent and its children.
    pub fn close_with(&mut self, attributes: Attributes, links: Vec<Link>, metadata: Option<UserMetadata>) {
        self.drop_buffer();
        self.event_of(self.at, attributes, metadata, links);
        self.effects.visible = true;
        let was_reset = self.run.reset_run.is_some();
        self.close_children(was_reset);
        let goes_on = self.run.closed.as_ref().is_some_and(|closed| closed.new_run_id.is_some());
        self.close_updates(goes_on);
        if self.run.start.parent_workflow_execution.is_some() && !goes_on && !was_reset {
            self.duty(DutyId::NotifyParent);
        }
        if self.run.scheduled_by.is_some() && !goes_on && !was_reset {
            self.duty(DutyId::NotifySchedule);
        }
        if self.context.archives {
            self.duty(DutyId::Archive);
        }
        if !goes_on && !was_reset {
            self.owe_callbacks();
        }
    }

    /// Applies the parent close policy, unless another run has taken over the children. A child that was commanded by
    /// this very step never starts, as on the reference. The start of an older one may be under way: nobody knows before
    /// it was looked for, so the duty stays, and means that from now on.
    fn close_children(&mut self, was_reset: bool) {
        let children: Vec<(i64, bool, i32)> = self
            .run
            .children
            .iter()
            .map(|(event, child)| (*event, child.started.is_some(), child.initiated.parent_close_policy))
            .collect();
        for (event, started, policy) in children {
            let abandoned = was_reset || policy == ParentClosePolicy::Abandon as i32;
            match (started, abandoned) {
                (true, true) => {}
                (true, false) => self.duty(DutyId::CloseChild(event)),
                (false, _) if self.effects.duties.contains(&DutyId::StartChild(event)) => {
                    self.duty_done(DutyId::StartChild(event));
                }
                (false, _) => {}
            }
        }
    }
}
