"""Batch operations on activities: on those of workflows, and on those that stand alone (sections 2.20, 2.5, 2.15)."""

from commands import activity
from harness import scenario
from scenarios.s2_15_standalone_activities import describe, outcome, start
from scenarios.s2_20_batches import begin, finished, listed
from scenarios.s2_20_batch_types import with_activity

CANCEL = {"cancel_activities_operation": {"identity": "batcher", "reason": "why"}}
TERMINATE = {"terminate_activities_operation": {"identity": "batcher", "reason": "why"}}
DELETE = {"delete_activities_operation": {}}
UNPAUSE = {"unpause_activities_operation": {"identity": "batcher", "match_all": True}}
RESET = {"reset_activities_operation": {"identity": "batcher", "match_all": True, "jitter": 1}}
OPTIONS = {"update_activity_options_operation": {
    "identity": "batcher", "match_all": True, "activity_options": {"start_to_close_timeout": 7}, "update_mask": ["start_to_close_timeout"]}}
EVERY = {"cancel": CANCEL, "terminate": TERMINATE, "delete": DELETE}


def alone(*names):
    """Standalone activities in a list of executions."""
    return [{"type": "ACTIVITY", "business_id": name} for name in names]


def found(t, count, query):
    """Waits until lists show so many standalone activities: on the reference they come late."""
    t.until("CountActivityExecutions", lambda answer: answer.count == count, query=query.replace("~", t.unique))


def several(t, count=3, kind="a"):
    for number in range(count):
        start(t, activity_id=f"{kind}{number}~", activity_type=f"{kind}~", request_id=f"{kind}{number}")
    found(t, count, f"ActivityType = '{kind}~'")


def several_and_a_closed_one(t):
    start(t, activity_id="a2~", request_id="closed")
    t.complete_activity(t.poll_activity())
    several(t, 2)


def brief(t, *names):
    """Records what is left of standalone activities."""
    for name in names:
        describe(t, activity_id=name)


def paused(t, workflow_id="wf~", **fields):
    with_activity(t, workflow_id, **fields)
    t.call("PauseActivity", execution=workflow_id, type="act", identity="me", reason="r")


@scenario
def canceled_by_list(t):
    several_and_a_closed_one(t)
    begin(t, target_executions=alone("a0~", "a1~", "a2~", "missing~"), **CANCEL)
    finished(t)
    brief(t, "a0~", "a1~", "a2~")


@scenario
def terminated_by_list(t):
    several_and_a_closed_one(t)
    begin(t, target_executions=alone("a0~", "a1~", "a2~", "missing~"), **TERMINATE)
    finished(t)
    brief(t, "a0~", "a1~", "a2~")


@scenario
def deleted_by_list(t):
    several_and_a_closed_one(t)
    begin(t, target_executions=alone("a0~", "a1~", "a2~", "missing~"), **DELETE)
    finished(t)
    for number in range(3):
        t.until_refused("DescribeActivityExecution", activity_id=f"a{number}~")
    brief(t, "a0~", "a1~", "a2~")


@scenario
def older_list(t):
    for number, (name, operation) in enumerate(EVERY.items()):
        start(t, activity_id=f"a{number}~", request_id=name)
        begin(t, f"{name}~", executions=[f"a{number}~", "missing~"], **operation)
        finished(t, f"{name}~")
        brief(t, f"a{number}~")


@scenario
def by_query(t):
    for name, operation in EVERY.items():
        several(t, 2, name)
        begin(t, f"{name}~", visibility_query=f"ActivityType = '{name}~'", **operation)
        finished(t, f"{name}~")
        if name == "delete":
            t.until_refused("DescribeActivityExecution", activity_id="delete0~")
            t.until_refused("DescribeActivityExecution", activity_id="delete1~")
        brief(t, f"{name}0~", f"{name}1~")


@scenario
def closed_ones_by_query(t):
    for name, operation in EVERY.items():
        several(t, 2, name)
        t.call("TerminateActivityExecution", activity_id=f"{name}0~", reason="end", identity="client")
        found(t, 1, f"ActivityType = '{name}~' AND ExecutionStatus = 'Running'")
        begin(t, f"{name}~", visibility_query=f"ActivityType = '{name}~'", **operation)
        finished(t, f"{name}~")


@scenario
def closed_ones_by_their_status(t):
    for name, operation in EVERY.items():
        several(t, 2, name)
        t.call("TerminateActivityExecution", activity_id=f"{name}0~", reason="end", identity="client")
        found(t, 1, f"ActivityType = '{name}~' AND ExecutionStatus = 'Terminated'")
        begin(t, f"{name}~", visibility_query=f"ActivityType = '{name}~' AND ExecutionStatus = 'Terminated'", **operation)
        finished(t, f"{name}~")


@scenario
def nothing_is_found(t):
    for name, operation in EVERY.items():
        begin(t, f"{name}~", visibility_query="ActivityType = 'none~'", **operation)
        finished(t, f"{name}~")


@scenario
def of_one_run(t):
    first = start(t)
    t.complete_activity(t.poll_activity())
    second = start(t, request_id="r2", id_reuse_policy="ALLOW_DUPLICATE")
    begin(t, target_executions=[{"type": "ACTIVITY", "business_id": "a~", "run_id": first.run_id}], **TERMINATE)
    finished(t)
    describe(t)
    begin(t, "second~", target_executions=[{"type": "ACTIVITY", "business_id": "a~", "run_id": second.run_id}], **TERMINATE)
    finished(t, "second~")
    describe(t)


@scenario
def wrong_run_ids(t):
    start(t)
    for name, operation in EVERY.items():
        begin(t, f"{name}~", target_executions=[
            {"type": "ACTIVITY", "business_id": "a~", "run_id": "nonsense"}, {"type": "ACTIVITY"},
            {"type": "ACTIVITY", "business_id": "a~", "run_id": "7e5b1f6a-7d0d-4f2e-9e65-6a35e7a0a9a1"}], **operation)
        finished(t, f"{name}~")


@scenario
def no_identity(t):
    t.normaliser.fuzzy.add("identity")
    start(t)
    begin(t, target_executions=alone("a~"), cancel_activities_operation={})
    finished(t)
    describe(t)
    begin(t, "terminate~", target_executions=alone("a~"), terminate_activities_operation={})
    finished(t, "terminate~")
    describe(t)
    outcome(t)


@scenario
def one_activity_twice(t):
    for number, (name, operation) in enumerate(EVERY.items()):
        start(t, activity_id=f"a{number}~", request_id=name)
        begin(t, f"{name}~", target_executions=alone(f"a{number}~", f"a{number}~"), **operation)
        finished(t, f"{name}~")


@scenario
def canceled_twice(t):
    start(t)
    t.poll_activity()
    begin(t, target_executions=alone("a~"), **CANCEL)
    finished(t)
    describe(t)
    begin(t, "again~", target_executions=alone("a~"), **CANCEL)
    finished(t, "again~")
    describe(t)
    t.call("RequestCancelActivityExecution", activity_id="a~", identity="client", reason="other", request_id="other")


@scenario
def long_texts(t):
    for number, (name, operation) in enumerate(EVERY.items()):
        start(t, activity_id=f"a{number}~", request_id=name)
        (key, fields), = operation.items()
        for what in fields:
            job = f"{name}-{what}~"
            begin(t, job, target_executions=alone(f"a{number}~"), **{key: {**fields, what: "x" * 1001}})
            finished(t, job)


@scenario
def queries_of_activities(t):
    start(t, activity_id="x~", activity_type="x~", task_queue="x~")
    found(t, 1, "ActivityId = 'x~'")
    queries = ("WorkflowId = 'x~'", "ActivityId = 'x~'", "TaskQueue = 'x~'", "ActivityType = 'x~' AND RunId = 'y'",
               "ExecutionStatus = 'Paused' AND ActivityId = 'x~'")
    for number, query in enumerate(queries):
        begin(t, f"job{number}~", visibility_query=query, **TERMINATE)
        t.until("DescribeBatchOperation", lambda answer: answer.state != 1, job_id=f"job{number}~")
        answer = t.quiet("DescribeBatchOperation", job_id=f"job{number}~")
        t.note(f"{query.replace(t.unique, '~')} {answer.state} {answer.total_operation_count} {answer.complete_operation_count} {answer.failure_operation_count}")


@scenario
def activities_of_workflows_in_queries_of_workflows(t):
    t.table("StartBatchOperation", {"job_id": "job~", "reason": "because", "visibility_query": "a b"},
            [*EVERY.values(), UNPAUSE, RESET, OPTIONS])


@scenario
def listed_jobs(t):
    start(t)
    for name, operation in {"unpause": UNPAUSE, "reset": RESET, "options": OPTIONS}.items():
        begin(t, f"{name}~", executions=["missing~"], **operation)
        finished(t, f"{name}~")
    for name, operation in EVERY.items():
        begin(t, f"{name}~", target_executions=alone("missing~"), **operation)
        finished(t, f"{name}~")

    def mine(answer):
        return [info for info in answer.operation_info if t.unique in info.job_id]

    answer = t.until("ListBatchOperations", lambda answer: len(mine(answer)) == 6 and all(
        info.state == 2 for info in mine(answer)), page_size=1000)
    for info in mine(answer):
        t.note(f"{info.job_id.replace(t.unique, '~')} {info.state} {info.operation_type} {info.HasField('close_time')}")


@scenario
def of_closed_workflows(t):
    with_activity(t)
    t.terminate()
    for name, operation in {"unpause": UNPAUSE, "reset": RESET, "options": OPTIONS}.items():
        begin(t, f"{name}~", executions=["wf~", "missing~"], **operation)
        finished(t, f"{name}~")


@scenario
def of_workflows_without_activities(t):
    t.start()
    for name, operation in {"unpause": UNPAUSE, "reset": RESET, "options": OPTIONS}.items():
        begin(t, f"{name}~", executions=["wf~"], **operation)
        finished(t, f"{name}~")
    t.describe()


@scenario
def of_workflows_with_wrong_runs(t):
    with_activity(t)
    for name, operation in {"unpause": UNPAUSE, "reset": RESET, "options": OPTIONS}.items():
        begin(t, f"{name}~", executions=[("wf~", "nonsense"), "", ("wf~", "7e5b1f6a-7d0d-4f2e-9e65-6a35e7a0a9a1")], **operation)
        finished(t, f"{name}~")


@scenario
def of_several_workflows_unpaused(t):
    paused(t, "one~")
    paused(t, "two~")
    with_activity(t, "three~")
    listed(t, 3)
    begin(t, visibility_query="WorkflowType = 'type~'", **UNPAUSE)
    finished(t)
    t.describe("one~")
    t.describe("two~")
    t.describe("three~")


@scenario
def of_two_types(t):
    t.start(workflow_type="type~")
    t.step(activity("one", activity_type="first", start_to_close_timeout=60), activity("two", activity_type="second", start_to_close_timeout=60))
    for kind in ("first", "second"):
        t.call("PauseActivity", execution="wf~", type=kind, identity="me", reason="r")
    begin(t, executions=["wf~"], unpause_activities_operation={"identity": "batcher", "type": "first", "jitter": 100_000})
    finished(t)
    t.describe()


@scenario
def attempts_are_reset(t):
    with_activity(t, retry_policy={"initial_interval": 60})
    task = t.poll_activity()
    t.heartbeat(task)
    t.fail_activity(task)
    t.describe()
    begin(t, executions=["wf~"], reset_activities_operation={"identity": "batcher", "type": "act", "reset_heartbeat": True, "jitter": 0.001})
    finished(t)
    t.poll_activity()
    t.describe()


@scenario
def kept_paused_at_a_reset(t):
    paused(t)
    begin(t, executions=["wf~"], reset_activities_operation={"identity": "batcher", "type": "act", "keep_paused": True, "jitter": 1})
    finished(t)
    t.describe()
    begin(t, "go~", executions=["wf~"], reset_activities_operation={"identity": "batcher", "type": "act", "jitter": 100_000})
    finished(t, "go~")
    t.describe()


@scenario
def options_of_all(t):
    with_activity(t)
    begin(t, executions=["wf~"], update_activity_options_operation={
        "identity": "batcher", "match_all": True, "activity_options": {"start_to_close_timeout": 7, "heartbeat_timeout": 3},
        "update_mask": ["start_to_close_timeout"]})
    finished(t)
    t.describe()
    begin(t, "back~", executions=["wf~"], update_activity_options_operation={
        "identity": "batcher", "match_all": True, "restore_original": True, "activity_options": {}})


@scenario
def options_of_no_one(t):
    with_activity(t)
    begin(t, executions=["wf~"], update_activity_options_operation={
        "identity": "batcher", "activity_options": {"start_to_close_timeout": 7}, "update_mask": ["start_to_close_timeout"]})
    finished(t)
    t.describe()


@scenario
def wrong_options(t):
    with_activity(t)
    for number, (options, mask) in enumerate((
            ({"start_to_close_timeout": -1}, "start_to_close_timeout"), ({"retry_policy": {"maximum_attempts": -1}}, "retry_policy"),
            ({"task_queue": "other~"}, "task_queue.name"), ({"heartbeat_timeout": 0}, "heartbeat_timeout"),
            ({"schedule_to_close_timeout": 9}, "schedule_to_close_timeout"))):
        begin(t, f"job{number}~", executions=["wf~"], update_activity_options_operation={
            "identity": "batcher", "match_all": True, "activity_options": options, "update_mask": [mask]})
        finished(t, f"job{number}~")
        t.describe()


@scenario
def standalone_ones_over_http(t):
    start(t)
    body = {"reason": "because", "targetExecutions": [{"type": "EXECUTION_TYPE_ACTIVITY", "businessId": "a~"}],
            "terminateActivitiesOperation": {"identity": "me", "reason": "why"}}
    t.http("POST", "batch-operations/job~", body)
    t.until("DescribeBatchOperation", lambda answer: answer.state != 1, job_id="job~")
    t.http("GET", "batch-operations/job~")
    describe(t)
