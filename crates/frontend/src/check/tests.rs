//! Shapes that are refused, and with which words.

use longhaul_proto::api::common::v1::link::WorkflowEvent;

use super::*;

fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

fn said(result: Result<impl Sized, Refusal>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(Refusal::InvalidArgument(text)) => text,
        Err(other) => format!("{other:?}"),
    }
}

#[test]
fn retry_policies() {
    let good = RetryPolicy::default;
    let cases = [
        (good(), "ok"),
        (
            RetryPolicy { initial_interval: seconds(-1), ..good() },
            "invalid InitialInterval set on retry policy: negative duration",
        ),
        (
            RetryPolicy { backoff_coefficient: 0.5, ..good() },
            "BackoffCoefficient cannot be less than 1 on retry policy.",
        ),
        (
            RetryPolicy { initial_interval: seconds(5), maximum_interval: seconds(1), ..good() },
            "MaximumInterval cannot be less than InitialInterval on retry policy.",
        ),
        (
            RetryPolicy { maximum_attempts: -1, ..good() },
            "MaximumAttempts cannot be negative on retry policy.",
        ),
        (
            RetryPolicy { non_retryable_error_types: vec!["TemporalTimeout:Foo".into()], ..good() },
            "Invalid timeout type value: Foo.",
        ),
        (RetryPolicy { non_retryable_error_types: vec!["TemporalTimeout:Heartbeat".into()], ..good() }, "ok"),
    ];
    for (policy, expected) in cases {
        assert_eq!(said(retry_policy(Some(&policy))), expected);
    }
    assert_eq!(said(retry_policy(None)), "ok");
}

#[test]
fn durations() {
    let wire = |seconds, nanos| prost_types::Duration { seconds, nanos };
    assert_eq!(duration_fault(Some(&wire(1, 5))), None);
    assert_eq!(duration_fault(Some(&wire(0, -5))), Some("negative duration"));
    assert_eq!(
        duration_fault(Some(&wire(1, -5))),
        Some("duration has seconds and nanos with different signs")
    );
    assert_eq!(duration_fault(None), None);
}

#[test]
fn task_queues() {
    let named = |name: &str| TaskQueue { name: name.into(), ..TaskQueue::default() };
    let long = "q".repeat(1001);
    for (queue, expected) in [
        (None, "taskQueue is not set"),
        (Some(named("")), "missing task queue name"),
        (Some(named(&long)), "taskQueue length exceeds limit"),
        (Some(named("/_sys/q/1")), "task queue name cannot start with reserved prefix /_sys/"),
        (Some(named("q")), "ok"),
    ] {
        assert_eq!(said(task_queue(queue.as_ref(), 1000)), expected);
    }
}

#[test]
fn linked_things_are_named_in_full() {
    let event = |namespace: &str| Link {
        variant: Some(link::Variant::WorkflowEvent(WorkflowEvent {
            namespace: namespace.into(),
            workflow_id: "w".into(),
            run_id: "r".into(),
            ..WorkflowEvent::default()
        })),
    };
    assert_eq!(said(links(&[event("default")], &Limits::default())), "ok");
    assert_eq!(said(links(&[Link::default()], &Limits::default())), "unsupported link variant");
    assert_eq!(
        said(links(&[event("")], &Limits::default())),
        "workflow event link must not have an empty namespace field"
    );
    assert_eq!(
        said(links(&vec![event("default"); 11], &Limits::default())),
        "cannot attach more than 10 links per request, got 11"
    );
    assert_eq!(
        said(links(&[event(&"n".repeat(4000))], &Limits::default())),
        "link exceeds allowed size of 4000, got 4012"
    );
}
