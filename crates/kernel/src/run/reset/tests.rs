//! Resets of a run whose history is written here by hand.

use std::{sync::Arc, time::Duration};

use longhaul_proto::api::history::v1::{
    HistoryEvent, SignalExternalWorkflowExecutionInitiatedEventAttributes,
    StartChildWorkflowExecutionInitiatedEventAttributes, WorkflowExecutionSignaledEventAttributes,
    WorkflowExecutionStartedEventAttributes, WorkflowTaskFailedEventAttributes,
    WorkflowTaskScheduledEventAttributes, history_event::Attributes,
};

use super::{Reapplied, Reset};
use crate::{
    context::{Context, Limits},
    ids::RunId,
    machine::Draw,
    run::{Change, DutyId, Effects, Known, Run, event_type::event_type},
    time::{Timestamp, to_proto},
    visibility,
};

const AT: Timestamp = Timestamp::from_secs(1_767_225_600);

fn event(event_id: i64, attributes: Attributes) -> HistoryEvent {
    let event_type = event_type(&attributes);
    HistoryEvent { event_id, event_type, attributes: Some(attributes), ..HistoryEvent::default() }
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

fn signals_another(event_id: i64) -> HistoryEvent {
    let attributes = SignalExternalWorkflowExecutionInitiatedEventAttributes::default();
    event(event_id, Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(attributes))
}

fn task_failed(event_id: i64) -> HistoryEvent {
    let attributes = WorkflowTaskFailedEventAttributes::default();
    event(event_id, Attributes::WorkflowTaskFailedEventAttributes(attributes))
}

fn starts_a_child(event_id: i64) -> HistoryEvent {
    let attributes = StartChildWorkflowExecutionInitiatedEventAttributes::default();
    event(event_id, Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(attributes))
}

fn name(number: u8) -> RunId {
    RunId::from_bytes([number; 16])
}

fn reset(
    kept: Vec<HistoryEvent>,
    later: Vec<HistoryEvent>,
) -> Result<(Run, Effects), longhaul_proto::Refusal> {
    let base = Run { run_id: name(1), ..Run::default() };
    reset_of(&base, 2, kept, later)
}

fn reset_of(
    base: &Run,
    run_id: u8,
    kept: Vec<HistoryEvent>,
    later: Vec<HistoryEvent>,
) -> Result<(Run, Effects), longhaul_proto::Refusal> {
    let context = Context {
        namespace: "default".into(),
        other_namespaces: Arc::default(),
        retention: Duration::from_secs(60),
        archives: false,
        endpoints: Arc::default(),
        limits: Arc::new(Limits::default()),
        attributes: Arc::new(visibility::Attributes::system()),
        routes: Arc::default(),
        rules: Arc::default(),
    };
    let reset = Reset {
        run_id: name(run_id),
        request_id: "asked once".into(),
        reason: "why".into(),
        kept,
        later,
        successors: Vec::new(),
        reapplied: Reapplied { signals: true, updates: true, nexus: true },
        operations: Vec::new(),
    };
    base.reset(reset, &context, AT, &mut Draw::new(7))
}

#[test]
fn a_repeated_request_finds_the_run_that_it_made() {
    let (run, _) = reset(vec![started(), scheduled(2)], Vec::new()).expect("allowed");
    assert_eq!(run.made_by("asked once"), Some(run.run_id));
    assert_eq!(run.made_by("asked for something else"), None);
    let mut base = Run::default();
    for number in 0..=u8::MAX {
        base.reset_to(RunId::from_bytes([number; 16]), Some(&format!("request {number}")));
    }
    assert_eq!(base.made_by("request 255"), Some(RunId::from_bytes([255; 16])));
    assert_eq!(base.made_by("request 246"), Some(RunId::from_bytes([246; 16])));
    assert_eq!(base.made_by("request 245"), None, "only the newest are remembered");
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
fn a_signal_that_came_to_two_runs_of_the_chain_is_told_once() {
    let later = vec![signaled(4, "kept"), signaled(5, "twice"), signaled(6, "twice"), signaled(7, "")];
    let later = later.into_iter().chain([signaled(8, "")]).collect();
    let kept = vec![started(), signaled(2, "kept"), scheduled(3)];
    let (run, effects) = reset(kept, later).expect("allowed");
    let told = effects.changes.iter().filter(|change| {
        matches!(change, Change::Event(event) if event.event_type().as_str_name().ends_with("EXECUTION_SIGNALED"))
    });
    assert_eq!(told.count(), 3, "one that was repeated, and two that can't be told apart");
    assert!(run.signal_request_ids.contains("twice"));
}

#[test]
fn a_point_without_a_pending_task_is_refused() {
    let refusal = reset(vec![started()], Vec::new()).expect_err("nothing can fail there");
    let text =
        "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]: 2";
    assert_eq!(refusal, longhaul_proto::Refusal::invalid(text));
}

#[test]
fn what_was_sent_before_the_point_is_known_by_who_sent_it_first() {
    let kept = || vec![started(), signals_another(2), starts_a_child(3), scheduled(4)];
    let base = Run { run_id: name(1), ..Run::default() };
    let (second, effects) = reset_of(&base, 2, kept(), Vec::new()).expect("allowed");
    assert_eq!(second.origin(2), name(1));
    assert!(effects.duties.contains(&DutyId::SignalExternal(2)), "it may not have been delivered");
    assert_eq!((second.origin(4), second.origin(5)), (name(1), name(2)));

    let (third, _) = reset_of(&second, 3, kept(), Vec::new()).expect("allowed");
    assert_eq!((third.origin(2), third.origin(4), third.origin(5)), (name(1), name(1), name(3)));
    assert_eq!(third.children[&3].request_id, format!("{}:3:0", name(1)), "the child is found again");

    let longer = [kept(), vec![task_failed(5), signals_another(6), scheduled(7)]].concat();
    let (fourth, _) = reset_of(&second, 4, longer, Vec::new()).expect("allowed");
    let origins = [2, 5, 6, 7, 8].map(|event| fourth.origin(event));
    assert_eq!(origins, [name(1), name(2), name(2), name(2), name(4)]);
}

#[test]
fn a_run_that_a_reset_has_made_can_be_made_of_its_history() {
    let kept = vec![started(), starts_a_child(2), scheduled(3)];
    let (run, effects) = reset_of(
        &Run { run_id: name(1), workflow_id: "order".into(), ..Run::default() },
        2,
        kept.clone(),
        vec![signaled(4, "seen")],
    )
    .expect("allowed");
    let added = effects.changes.iter().filter_map(|change| match change {
        Change::Event(event) | Change::Flushed(event) => Some((**event).clone()),
        Change::Fact(_) | Change::Volatile(_) => None,
    });
    let events: Vec<HistoryEvent> = kept.into_iter().chain(added).collect();
    let known = Known { workflow_id: "order".into(), run_id: name(2), ..Known::default() };
    let rebuilt = Run::from_history(known, &events).expect("it holds together");
    assert_eq!(rebuilt.told(), run.told());
    assert_eq!(rebuilt.children[&2].request_id, run.children[&2].request_id, "the child is the old run's");
    assert_eq!(rebuilt.branches, run.branches);
}

#[test]
fn the_chain_has_its_whole_time_again() {
    let mut begin = started();
    if let Some(Attributes::WorkflowExecutionStartedEventAttributes(a)) = &mut begin.attributes {
        a.workflow_execution_timeout = Some(to_proto(Duration::from_secs(60)));
        a.workflow_execution_expiration_time = Some((AT + Duration::from_secs(1)).to_proto());
    }
    let (run, _) = reset(vec![begin, scheduled(2)], Vec::new()).expect("allowed");
    let until = AT + Duration::from_secs(60);
    assert_eq!(run.execution_deadline, Some(until));
    let inherited = run.start.workflow_execution_expiration_time.as_ref().map(Timestamp::from_proto);
    assert_eq!(inherited, Some(until), "what runs that follow have of it");
}
