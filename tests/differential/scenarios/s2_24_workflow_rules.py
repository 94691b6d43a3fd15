"""2.24 Workflow rules, with `frontend.workflowRulesAPIsEnabled`.

The reference acts by rules that it reads now and then; `settle` waits until it acts by those that there are."""

import time
import uuid

from commands import activity
from harness import Stop, configured, scenario
from temporalio.api.enums.v1.workflow_pb2 import PENDING_ACTIVITY_STATE_PAUSED, PENDING_ACTIVITY_STATE_SCHEDULED

PAUSE = [{"activity_pause": {}}]
RULE = {"id": "rule~", "activity_start": {"predicate": "ActivityType = 'act~'"}, "actions": PAUSE}
ENABLED = {"frontend__workflowRulesAPIsEnabled": True, "frontend__maxWorkflowRulesPerNamespace": 1000}
SETTLE_SECONDS_MAX = 30


def rules(**more):
    return configured(**ENABLED, **more)


def rule(predicate, **more):
    return {**RULE, "activity_start": {"predicate": f"ActivityType = 'act~' AND {predicate}"}, **more}


def settle(t):
    """Waits until rules that were made before pause activities, by one that is made now."""
    t.quiet("CreateWorkflowRule", spec={"id": "probe~", "activity_start": {"predicate": "ActivityType = 'probe~'"}, "actions": PAUSE})
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    for n in range(1000):
        name = f"probe-{n}~"
        t.quiet("StartWorkflowExecution", workflow_id=name, workflow_type="probe", task_queue="probe~", request_id=str(uuid.uuid4()))
        task = t.quiet("PollWorkflowTaskQueue", task_queue="probe~")
        t.quiet("RespondWorkflowTaskCompleted", task_token=task.task_token, commands=[activity(activity_type="probe~", task_queue="probe~")])
        poll = t.begin("PollActivityTaskQueue", task_queue="probe~")  # Kept: a call that nobody has is cancelled.
        found = t.until("DescribeWorkflowExecution", lambda answer: state(answer) != PENDING_ACTIVITY_STATE_SCHEDULED, execution=(name, ""))
        t.quiet("TerminateWorkflowExecution", workflow_execution=name)
        if state(found) == PENDING_ACTIVITY_STATE_PAUSED:
            return
        if time.monotonic() > deadline:
            break
    raise Stop("no rule is acted by")


def state(described):
    return described.pending_activities[0].state if described.pending_activities else PENDING_ACTIVITY_STATE_SCHEDULED


def wait_paused(t, again_after=None):
    """Waits until the activity is paused, by another pause than that of `again_after` if that is given."""
    before = again_after.pending_activities[0].pause_info.pause_time if again_after else None
    return t.until("DescribeWorkflowExecution",
                   lambda answer: state(answer) == PENDING_ACTIVITY_STATE_PAUSED and answer.pending_activities[0].pause_info.pause_time != before,
                   execution=("wf~", ""))


@scenario
@rules()
def life(t):
    t.call("CreateWorkflowRule", spec=RULE, identity="operator", description="why", request_id="r1")
    t.call("CreateWorkflowRule", spec=RULE, identity="operator", description="why", request_id="r1")
    t.call("CreateWorkflowRule", spec=RULE, identity="operator", request_id="r2")
    t.call("DescribeWorkflowRule", rule_id="rule~")
    t.call("TriggerWorkflowRule", execution="wf~", id="rule~")
    t.call("DeleteWorkflowRule", rule_id="rule~")
    t.call("DeleteWorkflowRule", rule_id="rule~")
    t.call("DescribeWorkflowRule", rule_id="rule~")


@scenario
@rules()
def refused(t):
    for spec in (None, {}, {**RULE, "id": ""}, {**RULE, "id": "x" * 1001}, {**RULE, "actions": []}, {"id": "other~"},
                 {**RULE, "activity_start": {}}, {**RULE, "activity_start": {"predicate": "nonsense("}},
                 {**RULE, "visibility_query": "nonsense("}):
        t.call("CreateWorkflowRule", spec=spec)
    t.call("DescribeWorkflowRule", rule_id="")
    t.call("DescribeWorkflowRule", rule_id="none")
    t.call("DeleteWorkflowRule", rule_id="")
    for method in ("CreateWorkflowRule", "DescribeWorkflowRule", "ListWorkflowRules", "DeleteWorkflowRule"):
        t.call(method, namespace="none~")
        t.call(method, namespace="")


@scenario
@rules()
def whatever_can_be_written_down(t):
    specs = (
        {"id": "a~"}, {"id": "b~", "activity_start": {}}, {"id": "c~", "activity_start": {"predicate": "nonsense("}, "actions": PAUSE},
        {"id": "d~", "visibility_query": "nonsense(", "actions": PAUSE + PAUSE}, {"id": "e~", "expiration_time": "2020-01-01T00:00:00Z"},
        {"id": "x" * 990 + "~"}, {"id": "\u00e4 b/c~"})
    for spec in specs:
        t.call("CreateWorkflowRule", spec=spec, description="d" * 5000, identity="i" * 2000, force_scan=True)
        t.call("DescribeWorkflowRule", rule_id=spec["id"])


@scenario
def switched_off(t):
    for method in ("CreateWorkflowRule", "DescribeWorkflowRule", "ListWorkflowRules", "DeleteWorkflowRule", "TriggerWorkflowRule"):
        t.call(method)
        t.call(method, namespace="none~")


@scenario
@configured(frontend__workflowRulesAPIsEnabled=True, frontend__maxWorkflowRulesPerNamespace=2)
def full(t):
    t.call("ListWorkflowRules")
    t.call("CreateWorkflowRule", spec={**RULE, "id": "a"})
    t.call("ListWorkflowRules")
    t.call("ListWorkflowRules", next_page_token=b"nonsense")
    t.call("CreateWorkflowRule", spec={**RULE, "id": "b"})
    t.call("CreateWorkflowRule", spec={**RULE, "id": "c"})
    t.call("DeleteWorkflowRule", rule_id="a")
    t.call("CreateWorkflowRule", spec={**RULE, "id": "d", "expiration_time": "2020-01-02T00:00:00Z"})
    t.call("CreateWorkflowRule", spec={**RULE, "id": "e", "expiration_time": "2020-01-01T00:00:00Z"})
    t.call("CreateWorkflowRule", spec={**RULE, "id": "f"})
    t.call("CreateWorkflowRule", spec={**RULE, "id": "g"})
    for name in "bdefg":
        t.call("DescribeWorkflowRule", rule_id=name)
    t.call("DeleteWorkflowRule", rule_id="b")
    t.call("ListWorkflowRules")


@scenario
@rules()
def pauses_activities(t):
    t.call("CreateWorkflowRule", spec=RULE, identity="operator", description="why")
    settle(t)
    t.start()
    t.step(activity(activity_type="act~", retry_policy={"initial_interval": 0.1}))
    _poll = t.begin("PollActivityTaskQueue", task_queue="q~", identity="worker")
    first = wait_paused(t)
    t.describe()
    t.call("UnpauseActivity", execution="wf~", id="a", identity="operator")
    wait_paused(t, again_after=first)
    t.describe()
    t.call("DeleteWorkflowRule", rule_id="rule~")
    t.history()


@scenario
@rules()
def pauses_what_has_failed(t):
    t.call("CreateWorkflowRule", spec=rule("ActivityState = 'Started'"), identity="operator")
    settle(t)
    t.start()
    t.step(activity(activity_type="act~", retry_policy={"initial_interval": 0.1}))
    t.fail_activity(t.poll_activity())
    t.describe()
    t.call("DeleteWorkflowRule", rule_id="rule~")


@scenario
@rules()
def pauses_instead_of_the_end(t):
    t.call("CreateWorkflowRule", spec=rule("ActivityState = 'Started'"))
    settle(t)
    t.start()
    t.step(activity(activity_type="act~", retry_policy={"maximum_attempts": 1}))
    t.fail_activity(t.poll_activity())
    t.describe()
    t.history()


@scenario
@rules()
def does_not_pause_what_ends(t):
    t.call("CreateWorkflowRule", spec=rule("ActivityState = 'Started'"))
    settle(t)
    t.start()
    t.step(activity(activity_type="act~"))
    t.fail_activity(t.poll_activity(), failure={"message": "boom", "application_failure_info": {"non_retryable": True}})
    t.describe()
    t.history()


@scenario
@rules()
def pauses_a_second_attempt(t):
    t.call("CreateWorkflowRule", spec=rule("Attempts > 1 AND BackoffInterval = 1"))
    settle(t)
    t.start()
    t.step(activity(activity_type="act~", retry_policy={"initial_interval": 1}))
    t.fail_activity(t.poll_activity())
    _poll = t.begin("PollActivityTaskQueue", task_queue="q~", identity="worker")
    wait_paused(t)
    t.describe()


@scenario
@rules()
def pauses_a_second_attempt_without_a_poller(t):
    t.call("CreateWorkflowRule", spec=rule("Attempts > 1"))
    settle(t)
    t.start()
    t.step(activity(activity_type="act~", retry_policy={"initial_interval": 1}))
    t.fail_activity(t.poll_activity())
    wait_paused(t)
    t.describe()


@scenario
@rules()
def only_some_workflows(t):
    query = "WorkflowId = 'wf~' AND WorkflowType = 'type' AND ExecutionStatus = 'Running' AND StartTime > '2020-01-01T00:00:00Z'"
    t.call("CreateWorkflowRule", spec={**RULE, "visibility_query": query})
    settle(t)
    t.start("other~", task_queue="other~")
    task = t.poll("other~")
    t.complete(task, activity(activity_type="act~", task_queue="other~"))
    t.poll_activity("other~")
    t.start()
    t.step(activity(activity_type="act~"))
    _poll = t.begin("PollActivityTaskQueue", task_queue="q~", identity="worker")
    wait_paused(t)
    t.describe()


@scenario
@rules()
def what_has_expired_pauses_nothing(t):
    t.call("CreateWorkflowRule", spec={**RULE, "expiration_time": "2020-01-01T00:00:00Z"})
    t.call("CreateWorkflowRule", spec={**RULE, "id": "no-action~", "actions": []})
    t.call("CreateWorkflowRule", spec=rule("Foo = 'x'", id="unknown~"))
    settle(t)
    t.start()
    t.step(activity(activity_type="act~"))
    t.poll_activity()
    t.describe()


@scenario
@rules()
def eager_activities_are_not_looked_at(t):
    t.call("CreateWorkflowRule", spec=RULE)
    settle(t)
    t.start()
    task = t.poll()
    t.complete(task, activity(activity_type="act~", request_eager_execution=True))
    t.describe()


@scenario
@rules()
def standalone_activities_are_not_looked_at(t):
    t.call("CreateWorkflowRule", spec=RULE)
    settle(t)
    t.call("StartActivityExecution", activity_id="alone~", activity_type="act~", task_queue="q~", start_to_close_timeout=10,
           request_id="r", identity="client")
    t.poll_activity()
