//! Which rules match what, as it was seen on the reference, and how many there may be.

use longhaul_proto::api::rules::v1::{
    WorkflowRuleAction, WorkflowRuleSpec,
    workflow_rule_action::{ActionActivityPause, Variant},
    workflow_rule_spec::{ActivityStartingTrigger, Trigger},
};

use super::{ActivityView, Kept, Limits, Rule, Rules, WorkflowView, add, find, remove};
use crate::{codec::Pb, time::Timestamp};

const AT: Timestamp = Timestamp::from_secs(1_767_225_600);

const WORKFLOW: WorkflowView<'_> =
    WorkflowView { workflow_id: "wf", workflow_type: "type", status: "Running", start_time: AT };

const ACTIVITY: ActivityView<'_> = ActivityView {
    activity_id: "a",
    activity_type: "act",
    state: "Scheduled",
    task_queue: "q",
    attempts: 1,
    backoff_seconds: None,
    started: Timestamp(0),
};

fn spec(predicate: &str, visibility_query: &str) -> WorkflowRuleSpec {
    let action = WorkflowRuleAction { variant: Some(Variant::ActivityPause(ActionActivityPause {})) };
    WorkflowRuleSpec {
        id: "rule".into(),
        trigger: Some(Trigger::ActivityStart(ActivityStartingTrigger { predicate: predicate.into() })),
        visibility_query: visibility_query.into(),
        actions: vec![action],
        expiration_time: None,
    }
}

fn rule(spec: WorkflowRuleSpec) -> Rule {
    Rule { spec: Pb(spec), created: AT, identity: "me".into(), description: "why".into() }
}

fn matches(spec: WorkflowRuleSpec, activity: &ActivityView<'_>) -> bool {
    let rules = Rules::of(&Kept::from([("rule".into(), rule(spec))]));
    let found = rules.pausing(&WORKFLOW, activity, AT);
    found
        .inspect(|rule| assert_eq!((&*rule.id, &*rule.identity, &*rule.reason), ("rule", "me", "why")))
        .is_some()
}

#[test]
fn activities_are_matched() {
    for predicate in [
        "ActivityType = 'act'",
        "ActivityType != 'other'",
        "ActivityType starts_with 'ac'",
        "ActivityType not starts_with 'zz'",
        "ActivityId = 'a'",
        "TaskQueue = 'q'",
        "ActivityState = 'Scheduled'",
        "ActivityState starts_with 'S'",
        "Attempts = 1",
        "Attempts != 5",
        "Attempts < 2",
        "Attempts >= 1",
        "StartedTime = '1970-01-01T00:00:00Z'",
        "StartedTime < 5",
        "ActivityType = 'act' AND (ActivityId = 'x' OR ActivityId = 'a')",
        "ActivityType = 'x' AND Foo = 1 OR ActivityType = 'act'",
        "ActivityType = 'act' OR Foo = 'x'",
        "LastFailure = 'x' OR ActivityType = 'act'",
        "BackoffInterval = 7 OR ActivityType = 'act'",
        "`ActivityType` = \"act\"",
        "ActivityType = 'act' ORDER BY ActivityType",
    ] {
        assert!(matches(spec(predicate, ""), &ACTIVITY), "{predicate}");
    }
}

#[test]
fn what_can_not_be_told_matches_nothing() {
    for predicate in [
        "",
        "nonsense(",
        "ActivityType = act",
        "ActivityType = 5",
        "ActivityType in ('act', 'b')",
        "ActivityType > 'a'",
        "ActivityType between 'a' and 'b'",
        "ActivityType is not null",
        "ActivityType like 'ac%'",
        "activitytype = 'act'",
        "NOT ActivityType = 'x'",
        "ActivityType = ActivityId",
        "'act' = ActivityType",
        "ActivityType = 'act' AND Foo = 'x'",
        "Foo = 'x' OR ActivityType = 'act'",
        "Attempts = '1'",
        "Attempts = 1.0",
        "Attempts between 1 and 2",
        "StartedTime > '2020-01-01T00:00:00Z'",
        "StartedTime between '1900-01-01T00:00:00Z' and '2020-01-01T00:00:00Z'",
        "StartedTime < 'x'",
        "LastFailure != 'x'",
        "BackoffInterval != 5",
        "WorkflowType = 'type'",
        "ActivityType = 'act'; x",
    ] {
        assert!(!matches(spec(predicate, ""), &ACTIVITY), "{predicate}");
    }
}

#[test]
fn a_later_attempt_is_matched_by_what_came_before() {
    let later = ActivityView { attempts: 2, backoff_seconds: Some(1), ..ACTIVITY };
    for (predicate, expected) in [
        ("BackoffInterval = 1", true),
        ("BackoffInterval > 0", true),
        ("BackoffInterval = 2", false),
        ("Attempts > 1", true),
    ] {
        assert_eq!(matches(spec(predicate, ""), &later), expected, "{predicate}");
    }
}

#[test]
fn workflows_are_matched() {
    for (query, expected) in [
        ("WorkflowType = 'type'", true),
        ("WorkflowType != 'x'", true),
        ("WorkflowId starts_with 'w'", true),
        ("WorkflowId not starts_with 'x'", true),
        ("ExecutionStatus = 'Running'", true),
        ("ExecutionStatus != 'Completed'", true),
        ("StartTime > '2020-01-01T00:00:00Z'", true),
        ("StartTime > 0", true),
        ("StartTime between '2020-01-01T00:00:00Z' and '2099-01-01T00:00:00Z'", true),
        ("StartTime not between '2020-01-01T00:00:00Z' and '2021-01-01T00:00:00Z'", true),
        ("ExecutionStatus = 'x' OR WorkflowId = 'wf'", true),
        ("WorkflowType = 'x'", false),
        ("WorkflowType in ('type')", false),
        ("ExecutionStatus = 'running'", false),
        ("ExecutionStatus = 1", false),
        ("ExecutionStatus starts_with 'R'", false),
        ("StartTime < '2020-01-01T00:00:00Z'", false),
        ("TaskQueue = 'q'", false),
        ("RunId != 'x' OR WorkflowId = 'wf'", false),
        ("WorkflowId > 'a'", false),
        ("nonsense(", false),
    ] {
        assert_eq!(matches(spec("ActivityType = 'act'", query), &ACTIVITY), expected, "{query}");
    }
}

#[test]
fn a_rule_needs_an_action_and_a_trigger_and_ends() {
    let whole = spec("ActivityType = 'act'", "");
    let until = |at: Timestamp| Some(at.to_proto());
    for (spec, expected) in [
        (whole.clone(), true),
        (WorkflowRuleSpec { actions: Vec::new(), ..whole.clone() }, false),
        (WorkflowRuleSpec { trigger: None, ..whole.clone() }, false),
        (WorkflowRuleSpec { expiration_time: until(AT), ..whole.clone() }, false),
        (WorkflowRuleSpec { expiration_time: until(Timestamp(AT.0 + 1)), ..whole }, true),
    ] {
        assert_eq!(matches(spec.clone(), &ACTIVITY), expected, "{spec:?}");
    }
}

#[test]
fn one_that_has_expired_makes_room() {
    let limits = Limits { rules_max: 2, id_bytes_max: 10 };
    let mut kept = Kept::new();
    let named = |id: &str, expires: Option<i64>| {
        let expiration_time = expires.map(|seconds| Timestamp(AT.0 + seconds * 1_000_000_000).to_proto());
        rule(WorkflowRuleSpec { id: id.into(), expiration_time, ..spec("", "") })
    };
    let mut put = |id: &str, expires| add(&mut kept, named(id, expires), limits, AT);
    assert_eq!(put("a", Some(-1)), Ok(()));
    assert_eq!(put("b", Some(-2)), Ok(()));
    assert_eq!(put("c", Some(1)), Ok(()));
    assert_eq!(put("d", None), Ok(()));
    let full = put("e", None).expect_err("nothing has expired");
    assert_eq!(full, crate::Refusal::invalid("Workflow Rule limit exceeded. Max: 2"));
    assert!(put("d", None).is_err() && put("", None).is_err() && put("12345678901", None).is_err());
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["c", "d"]);
    assert!(find(&kept, "c").is_ok() && find(&kept, "a").is_err());
    assert_eq!(remove(&mut kept, "c"), Ok(()));
    assert!(remove(&mut kept, "c").is_err());
}
