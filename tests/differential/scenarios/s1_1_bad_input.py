"""Input that every call refuses: unknown namespaces, missing and overlong fields, garbage tokens (sections 1.1 to 1.3)."""

from commands import timer
from harness import scenario

LONG = "x" * 1001

# The least that each call needs to pass its first checks.
CALLS = {
    "StartWorkflowExecution": {"workflow_id": "wf~", "workflow_type": "type", "task_queue": "q~"},
    "SignalWorkflowExecution": {"workflow_execution": "wf~", "signal_name": "s"},
    "SignalWithStartWorkflowExecution": {"workflow_id": "wf~", "workflow_type": "type", "task_queue": "q~",
                                         "signal_name": "s"},
    "RequestCancelWorkflowExecution": {"workflow_execution": "wf~"},
    "TerminateWorkflowExecution": {"workflow_execution": "wf~"},
    "DeleteWorkflowExecution": {"workflow_execution": "wf~"},
    "ResetWorkflowExecution": {"workflow_execution": "wf~", "workflow_task_finish_event_id": 4},
    "UpdateWorkflowExecution": {"workflow_execution": "wf~", "request": {
        "meta": {"update_id": "u"}, "input": {"name": "n"}}},
    "PollWorkflowExecutionUpdate": {"update_ref": {"workflow_execution": "wf~", "update_id": "u"}},
    "QueryWorkflow": {"execution": "wf~", "query": {"query_type": "q"}},
    "DescribeWorkflowExecution": {"execution": "wf~"},
    "GetWorkflowExecutionHistory": {"execution": "wf~"},
    "GetWorkflowExecutionHistoryReverse": {"execution": "wf~"},
    "PollWorkflowTaskQueue": {"task_queue": "q~"},
    "PollActivityTaskQueue": {"task_queue": "q~"},
    "PollNexusTaskQueue": {"task_queue": "q~"},
    "RespondWorkflowTaskCompleted": {"task_token": b"t"},
    "RespondWorkflowTaskFailed": {"task_token": b"t"},
    "RespondQueryTaskCompleted": {"task_token": b"t"},
    "RespondActivityTaskCompleted": {"task_token": b"t"},
    "RespondActivityTaskFailed": {"task_token": b"t"},
    "RespondActivityTaskCanceled": {"task_token": b"t"},
    "RecordActivityTaskHeartbeat": {"task_token": b"t"},
    "RespondActivityTaskCompletedById": {"workflow_id": "wf~", "activity_id": "a"},
    "RespondActivityTaskFailedById": {"workflow_id": "wf~", "activity_id": "a"},
    "RespondActivityTaskCanceledById": {"workflow_id": "wf~", "activity_id": "a"},
    "RecordActivityTaskHeartbeatById": {"workflow_id": "wf~", "activity_id": "a"},
    "ResetStickyTaskQueue": {"execution": "wf~"},
    "ListWorkflowExecutions": {}, "CountWorkflowExecutions": {}, "ScanWorkflowExecutions": {},
    "ListOpenWorkflowExecutions": {}, "ListClosedWorkflowExecutions": {}, "ListArchivedWorkflowExecutions": {},
    "DescribeTaskQueue": {"task_queue": "q~"}, "ListTaskQueuePartitions": {"task_queue": "q~"},
    "UpdateWorkflowExecutionOptions": {"workflow_execution": "wf~", "update_mask": ["priority"]},
    "UpdateActivityOptions": {"execution": "wf~", "id": "a"}, "PauseActivity": {"execution": "wf~", "id": "a"},
    "UnpauseActivity": {"execution": "wf~", "id": "a"}, "ResetActivity": {"execution": "wf~", "id": "a"},
    "ShutdownWorker": {"sticky_task_queue": "s~"}, "ListSchedules": {}, "ListBatchOperations": {}, "ListWorkers": {},
    "ListWorkerDeployments": {}, "CreateSchedule": {"schedule_id": "s~"}, "DescribeSchedule": {"schedule_id": "s~"},
    "ListSearchAttributes": {},
}


@scenario
def unknown_namespace(t):
    for method, fields in CALLS.items():
        t.call(method, namespace="none~", timeout=5, **fields)


@scenario
def empty_namespace(t):
    for method, fields in CALLS.items():
        t.call(method, namespace="", timeout=5, **fields)


@scenario
def overlong_namespace(t):
    for method in ("StartWorkflowExecution", "DescribeWorkflowExecution", "ListWorkflowExecutions"):
        t.call(method, namespace=LONG, **CALLS[method])


@scenario
def only_the_namespace(t):
    """Every other field missing."""
    for method in CALLS:
        if method not in ("ListBatchOperations", "ListWorkers", "ListWorkerDeployments", "ListSchedules") \
                and not method.startswith(("List", "Count", "Scan")):
            t.call(method, timeout=5)


@scenario
def unknown_workflow(t):
    for method, fields in CALLS.items():
        if any(key in fields for key in ("workflow_execution", "execution", "workflow_id")) and "Start" not in method:
            t.call(method, timeout=5, **fields)


@scenario
def bad_run_id(t):
    for method, fields in CALLS.items():
        for key in ("workflow_execution", "execution"):
            if key in fields:
                t.call(method, timeout=5, **{**fields, key: ("wf~", "nonsense")})


@scenario
def empty_workflow_id(t):
    for method, fields in CALLS.items():
        for key in ("workflow_execution", "execution", "workflow_id"):
            if key in fields:
                t.call(method, timeout=5, **{**fields, key: ""})


@scenario
def overlong_workflow_id(t):
    for method, fields in CALLS.items():
        for key in ("workflow_execution", "execution", "workflow_id"):
            if key in fields:
                t.call(method, timeout=5, **{**fields, key: LONG})


@scenario
def task_tokens(t):
    """Empty, garbage, and of a task that is not there."""
    for method, fields in CALLS.items():
        if "task_token" in fields:
            for token in (b"", b"garbage", b"\xff\xff"):
                t.call(method, task_token=token)


@scenario
def tokens_of_another_kind(t):
    t.start()
    task = t.poll()
    for method, fields in CALLS.items():
        if "task_token" in fields and "WorkflowTask" not in method:
            t.call(method, task_token=task.task_token, timeout=5)
    t.call("RespondWorkflowTaskCompleted", task_token=task.task_token[:-1])
    t.call("RespondWorkflowTaskCompleted", task_token=task.task_token, namespace="temporal-system")
    t.call("RespondWorkflowTaskCompleted", task_token=task.task_token, namespace="")


@scenario
def stale_workflow_task_token(t):
    t.start()
    task = t.poll()
    t.complete(task, timer())
    t.complete(task, timer("again"))
    t.fail_task(task)
    t.terminate()
    t.complete(task)
    t.fail_task(task)


@scenario
def start_fields(t):
    base = CALLS["StartWorkflowExecution"]
    big = {"metadata": {"encoding": b"json/plain"}, "data": b"x" * (2 * 1024 * 1024 + 1)}
    t.table("StartWorkflowExecution", base, [
        {"workflow_id": ""}, {"workflow_id": LONG}, {"workflow_type": None}, {"workflow_type": ""}, {"workflow_type": LONG},
        {"task_queue": None}, {"task_queue": ""}, {"task_queue": LONG}, {"task_queue": "/_sys/x"},
        {"task_queue": {"name": "s~", "kind": "STICKY"}}, {"request_id": LONG}, {"identity": LONG, "workflow_id": "long~"},
        {"workflow_execution_timeout": -1}, {"workflow_run_timeout": -1}, {"workflow_task_timeout": -1},
        {"workflow_start_delay": -1}, {"cron_schedule": "nonsense"},
        {"retry_policy": {"backoff_coefficient": 0.5}}, {"retry_policy": {"initial_interval": -1}},
        {"retry_policy": {"initial_interval": 5, "maximum_interval": 1}}, {"retry_policy": {"maximum_attempts": -1}},
        {"search_attributes": {"Nonsense": "x"}}, {"search_attributes": {"WorkflowId": "x"}},
        {"search_attributes": {"OwnInt": "not a number"}},
        {"priority": {"priority_key": -1}}, {"priority": {"fairness_key": "x" * 65}}, {"priority": {"fairness_weight": -1}},
        {"user_metadata": {"summary": "x" * 401}}, {"user_metadata": {"details": "x" * 20001}},
        {"input": big}, {"memo": {"m": big}}, {"header": {"h": big}},
        {"links": [{"workflow_event": {"namespace": "", "workflow_id": "l", "run_id": "r"}}]},
        {"links": [{"workflow_event": {"namespace": "n", "workflow_id": "", "run_id": "r"}}]},
        {"links": [{"workflow_event": {"namespace": "n", "workflow_id": "l", "run_id": "r"}}] * 11},
        {"links": [{"workflow_event": {"namespace": "n", "workflow_id": "x" * 4000, "run_id": "r"}}]},
        {"completion_callbacks": [{"nexus": {"url": "http://example.com"}}]}, {"completion_callbacks": [{}]},
        {"versioning_override": {"pinned": {}}},
    ])


@scenario
def signal_fields(t):
    t.start()
    big = {"metadata": {"encoding": b"json/plain"}, "data": b"x" * (2 * 1024 * 1024 + 1)}
    t.table("SignalWorkflowExecution", {"workflow_execution": "wf~", "signal_name": "s"}, [
        {"signal_name": ""}, {"signal_name": LONG}, {"request_id": LONG}, {"identity": LONG}, {"input": big},
        {"workflow_execution": None},
        {"links": [{"workflow_event": {"namespace": "n", "workflow_id": "x" * 4000, "run_id": "r"}}]},
    ])


@scenario
def poll_fields(t):
    for method in ("PollWorkflowTaskQueue", "PollActivityTaskQueue", "PollNexusTaskQueue"):
        t.table(method, {"task_queue": "q~", "timeout": 5}, [
            {"task_queue": None}, {"task_queue": ""}, {"task_queue": LONG}, {"identity": LONG},
            {"task_queue": "/_sys/q/1"}, {"task_queue": {"name": "q~", "kind": "STICKY"}, "timeout": 3},
            {"timeout": 1}, {"timeout": None},
        ] if method != "PollNexusTaskQueue" else [{"task_queue": None}, {"task_queue": ""}, {"task_queue": LONG}])


@scenario
def empty_polls(t):
    """A poll that finds nothing answers with an empty response before its deadline."""
    t.call("PollWorkflowTaskQueue", task_queue="q~", timeout=3)
    t.call("PollActivityTaskQueue", task_queue="q~", timeout=3)


@scenario
def workflow_task_failed_fields(t):
    t.start()
    t.fail_task(t.poll(), cause=0)
    t.fail_task(t.poll(), cause=99, failure=None)
    t.fail_task(t.poll(), identity=LONG)
    t.history()


@scenario
def identity_too_long(t):
    t.start()
    t.table("TerminateWorkflowExecution", {"workflow_execution": "wf~", "identity": LONG}, [
        {"reason": LONG}, {"first_execution_run_id": "nonsense"}])
    t.table("RequestCancelWorkflowExecution", {"workflow_execution": "wf~", "identity": "client"}, [
        {"request_id": LONG}, {"first_execution_run_id": "nonsense"}, {"reason": LONG}])
    t.history()
