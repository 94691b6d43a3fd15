//! Runs made of histories that are written here by hand: what they owe, and what is refused.

use std::sync::Arc;

use longhaul_proto::api::history::v1::{
    ActivityTaskCompletedEventAttributes, ActivityTaskScheduledEventAttributes, HistoryEvent,
    WorkflowExecutionCompletedEventAttributes, WorkflowExecutionSignaledEventAttributes,
    WorkflowExecutionStartedEventAttributes, WorkflowTaskCompletedEventAttributes,
    WorkflowTaskScheduledEventAttributes, WorkflowTaskStartedEventAttributes, history_event::Attributes as E,
};

use super::{Broken, Known};
use crate::{
    context::{Context, Limits},
    machine::Draw,
    run::{DutyId, Effects, Run, event_type::event_type},
    time::Timestamp,
    visibility::Attributes,
};

const AT: Timestamp = Timestamp::from_secs(1_767_225_600);

fn history(attributes: impl IntoIterator<Item = E>) -> Vec<HistoryEvent> {
    let numbered = (1..).zip(attributes);
    numbered.map(|(event_id, attributes)| HistoryEvent { event_id, ..event(attributes) }).collect()
}

fn event(attributes: E) -> HistoryEvent {
    HistoryEvent {
        event_time: Some(AT.to_proto()),
        event_type: event_type(&attributes),
        attributes: Some(attributes),
        ..HistoryEvent::default()
    }
}

fn start() -> E {
    E::WorkflowExecutionStartedEventAttributes(WorkflowExecutionStartedEventAttributes::default())
}

fn task(scheduled_event_id: i64) -> [E; 3] {
    let scheduled = WorkflowTaskScheduledEventAttributes { attempt: 1, ..Default::default() };
    let started = WorkflowTaskStartedEventAttributes { scheduled_event_id, ..Default::default() };
    let started_event_id = scheduled_event_id + 1;
    let completed =
        WorkflowTaskCompletedEventAttributes { scheduled_event_id, started_event_id, ..Default::default() };
    [
        E::WorkflowTaskScheduledEventAttributes(scheduled),
        E::WorkflowTaskStartedEventAttributes(started),
        E::WorkflowTaskCompletedEventAttributes(completed),
    ]
}

fn activity() -> E {
    E::ActivityTaskScheduledEventAttributes(ActivityTaskScheduledEventAttributes::default())
}

fn activity_completed(scheduled_event_id: i64) -> E {
    let attributes = ActivityTaskCompletedEventAttributes { scheduled_event_id, ..Default::default() };
    E::ActivityTaskCompletedEventAttributes(attributes)
}

fn signal() -> E {
    E::WorkflowExecutionSignaledEventAttributes(WorkflowExecutionSignaledEventAttributes::default())
}

fn completed() -> E {
    E::WorkflowExecutionCompletedEventAttributes(WorkflowExecutionCompletedEventAttributes::default())
}

/// A run that waits for an activity.
fn waits_for_activity() -> Vec<HistoryEvent> {
    history([start()].into_iter().chain(task(2)).chain([activity()]))
}

fn rebuild(known: Known, events: &[HistoryEvent]) -> Result<(Run, Effects), Broken> {
    let context = Context {
        namespace: "default".into(),
        other_namespaces: Arc::default(),
        retention: std::time::Duration::from_secs(60),
        archives: false,
        endpoints: Arc::default(),
        limits: Arc::new(Limits::default()),
        attributes: Arc::new(Attributes::system()),
        routes: Arc::default(),
        rules: Arc::default(),
    };
    Run::rebuild(known, events, &context, AT, &mut Draw::new(7))
}

fn refused(events: &[HistoryEvent]) -> String {
    rebuild(Known::default(), events).expect_err("it does not hold together").to_string()
}

#[test]
fn what_is_pending_is_owed_again() {
    let known = Known { version: 9, ..Known::default() };
    let (run, effects) = rebuild(known, &waits_for_activity()).expect("it holds together");
    assert_eq!(run.transitions, 10, "the version behind the stored one");
    let owed: Vec<DutyId> = run.duties.iter().copied().collect();
    assert_eq!(owed, [DutyId::WorkflowTask, DutyId::Activity(5)]);
    assert_eq!(effects.duties.len(), 2);
    assert!(run.duty(DutyId::Activity(5)).is_some());
}

#[test]
fn what_had_waited_for_the_workflow_task_is_told_once() {
    let mut events = waits_for_activity();
    let waited = vec![event(signal()), event(activity_completed(5)), event(activity_completed(4))];
    let known = Known { waited: waited.clone(), ..Known::default() };
    let (run, _) = rebuild(known.clone(), &events).expect("it holds together");
    assert_eq!((run.signal_count, run.activities.len(), run.next_event_id), (1, 0, 9));
    // Both are in the history by now.
    events.extend(
        [(6, signal()), (7, activity_completed(5))]
            .map(|(event_id, attributes)| HistoryEvent { event_id, ..event(attributes) }),
    );
    let (run, _) = rebuild(known, &events).expect("it holds together");
    assert_eq!((run.signal_count, run.activities.len(), run.next_event_id), (1, 0, 9));
}

#[test]
fn a_closed_run_owes_what_the_outbox_says() {
    let events = history([start(), completed()]);
    let owed = vec![DutyId::NotifyParent, DutyId::WorkflowTask, DutyId::Activity(5)];
    let known = Known { owed, version: 3, ..Known::default() };
    let (run, effects) = rebuild(known, &events).expect("it holds together");
    assert_eq!(run.duties.iter().copied().collect::<Vec<_>>(), [DutyId::NotifyParent]);
    assert!(!run.is_running());
    assert_eq!(run.transitions, 4);
    assert!(effects.visible);
}

#[test]
fn the_first_event_that_is_wrong_is_named() {
    let whole = waits_for_activity();
    assert_eq!(refused(&[]), "event 1 of the history is missing");
    assert_eq!(refused(&whole[1..]), "event 1 of the history is missing");
    let mut gap = whole.clone();
    gap.remove(3);
    assert_eq!(refused(&gap), "event 4 of the history is missing");
    let mut bare = whole.clone();
    bare[2].attributes = None;
    assert_eq!(refused(&bare), "event 3 of the history has no attributes");
    let mut other = whole;
    other[4].event_type = 1;
    assert_eq!(refused(&other), "event 5 of the history is of another type than its attributes");
    for (attributes, text) in [
        (vec![signal()], "event 1 of the history is no beginning"),
        (vec![start(), start()], "event 2 of the history begins the run a second time"),
        (vec![start(), completed(), signal()], "event 3 of the history comes after the end of the run"),
        (
            vec![start(), activity_completed(5)],
            "event 2 of the history is about an activity that is not pending",
        ),
        (
            [start()].into_iter().chain(task(4)).collect(),
            "event 3 of the history is about a workflow task that is not pending",
        ),
    ] {
        assert_eq!(refused(&history(attributes)), text);
    }
}
