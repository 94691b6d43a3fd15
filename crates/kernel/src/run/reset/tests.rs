//! Resets of a run whose history is written here by hand.

use std::sync::Arc;

use longhaul_proto::api::history::v1::{
    HistoryEvent, WorkflowExecutionSignaledEventAttributes, WorkflowExecutionStartedEventAttributes,
    WorkflowTaskScheduledEventAttributes, history_event::Attributes,
};

use super::{Reapplied, Reset};
use crate::{
    context::{Context, Limits},
    ids::RunId,
    machine::Draw,
    run::{Change, Effects, Run},
    time::Timestamp,
    visibility,
};

const AT: Timestamp = Timestamp::from_secs(1_767_225_600);

fn event(event_id: i64, attributes: Attributes) -> HistoryEvent {
    HistoryEvent { event_id, attributes: Some(attributes), ..HistoryEvent::default() }
}

fn started() -> HistoryEvent {
    let attributes = WorkflowExecutionStartedEventAttributes::default();
    event(1, Attributes::WorkflowExecutionStartedEventAttributes(attributes))
}

fn scheduled(event_id: i64) -> HistoryEvent {
    let attributes = WorkflowTaskScheduledEventAttributes { attempt: 1, ..Default::default() };
    event(event_id, Attributes::WorkflowTaskScheduledEventAttributes(attributes))
}

fn signaled(event_id: i64, request_id: &str) -> HistoryEvent {
    let attributes =
        WorkflowExecutionSignaledEventAttributes { request_id: request_id.into(), ..Default::default() };
    event(event_id, Attributes::WorkflowExecutionSignaledEventAttributes(attributes))
}

fn reset(
    kept: Vec<HistoryEvent>,
    later: Vec<HistoryEvent>,
) -> Result<(Run, Effects), longhaul_proto::Refusal> {
    let base = Run { run_id: RunId::from_bytes([1; 16]), ..Run::default() };
    let context = Context {
        namespace: "default".into(),
        other_namespaces: Arc::default(),
        retention: std::time::Duration::from_secs(60),
        limits: Arc::new(Limits::default()),
        attributes: Arc::new(visibility::Attributes::system()),
    };
    let reset = Reset {
        run_id: RunId::from_bytes([2; 16]),
        reason: "why".into(),
        kept,
        later,
        successors: Vec::new(),
        reapplied: Reapplied { signals: true, updates: true },
        operations: Vec::new(),
    };
    base.reset(reset, &context, AT, &mut Draw::new(7))
}

#[test]
fn a_task_that_nobody_had_is_started_and_failed_and_scheduled_again() {
    let (run, effects) = reset(vec![started(), scheduled(2)], vec![signaled(3, "twice")]).expect("allowed");
    let written: Vec<(i64, &str)> = effects
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Event(event) => {
                Some((event.event_id, event.event_type().as_str_name().trim_start_matches("EVENT_TYPE_")))
            }
            _ => None,
        })
        .collect();
    let expected = [
        (3, "WORKFLOW_TASK_STARTED"),
        (4, "WORKFLOW_TASK_FAILED"),
        (5, "WORKFLOW_EXECUTION_SIGNALED"),
        (6, "WORKFLOW_TASK_SCHEDULED"),
    ];
    assert_eq!(written, expected);
    assert!(run.signal_request_ids.contains("twice"), "a repeated signal is known");
    assert_eq!(run.start_time, AT, "the time of the new run begins with the reset");
    let restored = Run::restore(&run.snapshot(), &[] as &[Vec<u8>], Vec::new()).expect("readable");
    assert_eq!(restored, run);
}

#[test]
fn a_point_without_a_pending_task_is_refused() {
    let refusal = reset(vec![started()], Vec::new()).expect_err("nothing can fail there");
    let text =
        "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]: 2";
    assert_eq!(refusal, longhaul_proto::Refusal::invalid(text));
}
