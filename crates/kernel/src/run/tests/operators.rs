//! Words of scripts for what operators do to activities: `pause-activity a`, `unpause-activity a attempts heartbeat`,
//! `reset-activity a keep-paused heartbeat restore`, `change-activity a start_to_close=5s on=queue`; `*` is all of them.

use std::time::Duration;

use longhaul_proto::api::{
    activity::v1::ActivityOptions,
    rules::v1::{
        WorkflowRuleAction, WorkflowRuleSpec,
        workflow_rule_action::{ActionActivityPause, Variant},
        workflow_rule_spec::{ActivityStartingTrigger, Trigger},
    },
    taskqueue::v1::TaskQueue,
};

use super::{script::BEGIN, words::Words};
use crate::{
    activity::{Dialect, Operation, Paused},
    codec::Pb,
    run::{ActivityCommand, ActivityTarget},
    workflow_rule::Rule,
};

/// Reads one of them.
pub fn command(w: &Words) -> ActivityCommand {
    let target = match w.word(1) {
        all if all == "*" => ActivityTarget::All,
        id => ActivityTarget::Id(id),
    };
    let operation = match w.word(0).as_str() {
        "pause-activity" => Operation::Pause(Paused {
            identity: "operator".into(),
            request_id: w.option("request").unwrap_or_default(),
            ..Paused::default()
        }),
        "unpause-activity" => Operation::Unpause {
            reset_attempts: w.has("attempts"),
            reset_heartbeat: w.has("heartbeat"),
            jitter: Duration::ZERO,
        },
        "reset-activity" => Operation::Reset {
            keep_paused: w.has("keep-paused"),
            reset_heartbeat: w.has("heartbeat"),
            restore: w.has("restore"),
            jitter: Duration::ZERO,
        },
        _ => change(w),
    };
    ActivityCommand { target, operation }
}

fn change(w: &Words) -> Operation {
    let mut wanted = ActivityOptions::default();
    let mut mask = Vec::new();
    if let Some(timeout) = w.duration("start_to_close") {
        wanted.start_to_close_timeout = Some(timeout);
        mask.push("start_to_close_timeout".to_owned());
    }
    if let Some(name) = w.option("on") {
        wanted.task_queue = Some(TaskQueue { name, ..TaskQueue::default() });
        mask.push("task_queue.name".to_owned());
    }
    Operation::Change { wanted: Box::new(wanted), mask, dialect: Dialect::Strict }
}

/// A rule that pauses activities of which a field is as given.
pub fn pausing_rule(field: &str, value: &str) -> Rule {
    let action = WorkflowRuleAction { variant: Some(Variant::ActivityPause(ActionActivityPause {})) };
    let predicate = format!("{field} = '{value}'");
    let spec = WorkflowRuleSpec {
        id: "rule".into(),
        trigger: Some(Trigger::ActivityStart(ActivityStartingTrigger { predicate })),
        actions: vec![action],
        ..WorkflowRuleSpec::default()
    };
    Rule { spec: Pb(spec), created: BEGIN, identity: "me".into(), description: "why".into() }
}
