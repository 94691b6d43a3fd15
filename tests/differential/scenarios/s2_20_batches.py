"""Batch operations as their clients see them (section 2.20): started, refused, described, listed and stopped."""

from harness import configured, scenario

TERMINATE = {"termination_operation": {"identity": "batcher"}}
MANY = {"executions": [("wf~", "")] * 1001}
ONE = {"executions": ["wf~"]}


def begin(t, job="job~", **fields):
    """Starts a batch operation; terminates what the query finds unless told otherwise."""
    fields = {"job_id": job, "reason": "because", **fields}
    if not any(name.endswith("operation") for name in fields):
        fields.update(TERMINATE)
    return t.call("StartBatchOperation", **fields)


def finished(t, job="job~"):
    """Waits until a job is over and records what it says of itself."""
    t.until("DescribeBatchOperation", lambda answer: answer.state != 1, job_id=job)
    return t.call("DescribeBatchOperation", job_id=job)


def histories(t, *workflow_ids, run_id=""):
    """Records histories, but for who did it: on the reference that is one of its own workers."""
    t.normaliser.fuzzy.add("identity")
    for workflow_id in workflow_ids:
        t.history(workflow_id, run_id=run_id)
    t.normaliser.fuzzy.discard("identity")


def listed(t, count, query="WorkflowType = 'type~'"):
    """Waits until lists show so many workflows: on the reference they come late."""
    t.until("CountWorkflowExecutions", lambda answer: answer.count == count, query=query)


# The reference passes over an operation's own rate: only its server's rate keeps an operation running, for as many seconds as there are workflows.
slowly = configured(worker__batcherRPS=1)
MANY_SECONDS = 30


def several(t, count=3):
    """Starts workflows that a query finds."""
    runs = [t.start(f"wf{number}~", workflow_type="type~") for number in range(count)]
    listed(t, count)
    return runs


@scenario
def start_is_refused(t):
    base = {"job_id": "job~", "reason": "because", "visibility_query": "WorkflowType = 'none~'", **TERMINATE}
    t.table("StartBatchOperation", base, [
        {"namespace": ""}, {"namespace": "nowhere~"}, {"job_id": ""}, {"reason": ""}, {"visibility_query": ""},
        {"termination_operation": None}, ONE, MANY, {"reason": "", **ONE},
        {"visibility_query": "", "job_id": ""}, {"reason": "", "job_id": ""}, {"reason": "", "visibility_query": ""},
        {"job_id": "", "visibility_query": "a b"}, {"job_id": "", **ONE},
        {"job_id": "", "termination_operation": None, "signal_operation": {}},
        {"job_id": "j" * 1001}, {"job_id": "j" * 1001, "visibility_query": "a b"},
    ])


@scenario
def odd_requests_are_taken(t):
    base = {"reason": "because", "visibility_query": "WorkflowType = 'none~'", **TERMINATE}
    t.table("StartBatchOperation", base, [
        {"job_id": "j" * 980 + "~"}, {"job_id": "one~", "reason": "r" * 2000}, {"job_id": "two~", "max_operations_per_second": -1},
        {"job_id": "three~", "max_operations_per_second": 1e9}, {"job_id": "four~", "visibility_query": "", **MANY},
        {"job_id": "five ~/?#"},
    ])
    finished(t, "two~")
    finished(t, "five ~/?#")


@scenario
def executions_are_refused(t):
    base = {"job_id": "job~", "reason": "because", **TERMINATE}
    t.table("StartBatchOperation", base, [
        {"target_executions": [{"business_id": "wf~"}]}, {"target_executions": [{}]},
        {"target_executions": [{"business_id": "wf~", "run_id": "x"}]}, {"target_executions": [{"type": 99, "business_id": "wf~"}]},
        {"target_executions": [{"type": "ACTIVITY", "business_id": "wf~"}]},
        {"target_executions": [{"type": "WORKFLOW", "business_id": "wf~"}, {"type": "NEXUS_OPERATION", "business_id": "wf~"}]},
        {"executions": ["wf~"], "target_executions": [{"business_id": "wf~"}]},
    ])


@scenario
def operations_are_refused(t):
    base = {"job_id": "job~", "reason": "because", "visibility_query": "WorkflowType = 'none~'"}
    t.table("StartBatchOperation", base, [
        {"signal_operation": {}}, {"reset_operation": {}}, {"reset_operation": {"options": {}}}, {"reset_operation": {"reset_type": 7}},
        {"update_workflow_options_operation": {}}, {"update_workflow_options_operation": {"update_mask": ["nonsense"]}},
        {"update_workflow_options_operation": {"workflow_execution_options": {}}},
        {"unpause_activities_operation": {}}, {"unpause_activities_operation": {"type": ""}},
        {"unpause_activities_operation": {"match_all": False}}, {"unpause_activities_operation": {"jitter": 2}},
        {"reset_activities_operation": {}}, {"reset_activities_operation": {"type": ""}},
        {"reset_activities_operation": {"match_all": False}},
        {"update_activity_options_operation": {}}, {"update_activity_options_operation": {"match_all": True}},
        {"update_activity_options_operation": {"match_all": False, "activity_options": {}}},
        {"update_activity_options_operation": {"type": "", "restore_original": True}},
        {"update_activity_options_operation": {"activity_options": {}}},
        {"update_activity_options_operation": {"type": "act", "restore_original": True,
                                               "activity_options": {"start_to_close_timeout": 3}}},
        {"update_activity_options_operation": {"restore_original": True, "activity_options": {}}},
    ])


@scenario
def other_calls_are_refused(t):
    for method in ("DescribeBatchOperation", "StopBatchOperation"):
        base = {"job_id": "nothing~"} if method[0] == "D" else {"job_id": "nothing~", "reason": "because", "identity": "me"}
        t.table(method, base, [{}, {"job_id": ""}, {"namespace": ""}, {"namespace": "nowhere~"}, {"job_id": "j" * 1001}]
                + ([{"reason": ""}, {"identity": ""}, {"reason": "r" * 1001}] if method[0] == "S" else []))
    t.table("ListBatchOperations", {}, [
        {"namespace": ""}, {"namespace": "nowhere~"}])


@scenario
def terminate_by_query(t):
    several(t)
    t.start("other~", workflow_type="other")
    begin(t, visibility_query="WorkflowType = 'type~'")
    finished(t)
    histories(t, "wf0~", "wf1~", "wf2~", "other~")


@scenario
def nothing_is_found(t):
    begin(t, visibility_query="WorkflowType = 'none~'")
    finished(t)


@scenario
def terminate_by_executions(t):
    first = t.start("wf0~")
    t.start("wf1~")
    t.terminate("wf1~")
    t.start("wf2~")
    begin(t, executions=[("wf0~", first.run_id), "wf1~", "wf2~", "missing~"])
    finished(t)
    histories(t, "wf0~", "wf1~", "wf2~")


@scenario
def one_execution_twice(t):
    t.start()
    begin(t, executions=["wf~", "wf~"])
    finished(t)


@scenario
def closed_workflows_are_not_terminated_by_query(t):
    several(t)
    t.terminate("wf1~")
    listed(t, 2, "WorkflowType = 'type~' AND ExecutionStatus = 'Running'")
    begin(t, visibility_query="WorkflowType = 'type~'")
    finished(t)


@scenario
def cancel_by_query(t):
    several(t, 2)
    begin(t, visibility_query="WorkflowType = 'type~'", cancellation_operation={"identity": "batcher"})
    finished(t)
    histories(t, "wf0~", "wf1~")
    begin(t, "again~", executions=["wf0~", "missing~"], cancellation_operation={"identity": "batcher"})
    finished(t, "again~")


@scenario
def signal_by_query(t):
    several(t, 2)
    begin(t, visibility_query="WorkflowType = 'type~'",
          signal_operation={"signal": "s", "input": ["in", "more"], "identity": "batcher"})
    finished(t)
    t.history("wf0~")
    t.history("wf1~")


@scenario
def details_and_headers_are_passed_on(t):
    t.start("wf0~")
    t.start("wf1~")
    begin(t, executions=["wf0~"], termination_operation={"identity": "batcher", "details": "why"})
    finished(t)
    begin(t, "signal~", executions=["wf1~"], signal_operation={"signal": "s", "header": {"h": "head"}, "identity": "batcher"})
    finished(t, "signal~")
    histories(t, "wf0~", "wf1~")


@scenario
def delete_by_query(t):
    several(t, 2)
    t.terminate("wf1~")
    listed(t, 1, "WorkflowType = 'type~' AND ExecutionStatus = 'Running'")
    begin(t, visibility_query="WorkflowType = 'type~'", deletion_operation={"identity": "batcher"})
    finished(t)
    # The reference takes its time over the closed one.
    t.until_refused("DescribeWorkflowExecution", execution="wf0~")
    t.describe("wf0~")


@scenario
def no_identity(t):
    t.start()
    begin(t, executions=["wf~"], termination_operation={})
    finished(t)
    histories(t, "wf~")


@scenario
def a_job_id_is_taken_once(t):
    begin(t, visibility_query="WorkflowType = 'none~'")
    finished(t)
    begin(t, visibility_query="WorkflowType = 'none~'")
    begin(t, visibility_query="WorkflowType = 'other~'")
    t.call("StopBatchOperation", job_id="job~", reason="late", identity="me")
    finished(t)


@scenario
@slowly
def stopped_while_it_runs(t):
    # The reference forgets the counts of an operation that is stopped, and tells none before its first report.
    t.normaliser.fuzzy.update(("total_operation_count", "complete_operation_count"))
    several(t, MANY_SECONDS)
    begin(t, visibility_query="WorkflowType = 'type~'")
    answer = t.until("DescribeBatchOperation", lambda answer: answer.state == 1, job_id="job~")
    t.note(f"{answer.state} {answer.HasField('start_time')} {answer.HasField('close_time')}")
    begin(t, visibility_query="WorkflowType = 'none~'")
    t.call("StopBatchOperation", job_id="job~", reason="enough", identity="me")
    answer = t.until("DescribeBatchOperation", lambda answer: answer.state != 1, job_id="job~")
    t.note(f"{answer.state} {answer.HasField('close_time')} {answer.reason} {answer.identity}")
    t.call("StopBatchOperation", job_id="job~", reason="enough", identity="me")


@scenario
def lists_and_pages(t):
    for number in range(3):
        begin(t, f"job{number}~", visibility_query="WorkflowType = 'none~'")
        finished(t, f"job{number}~")

    def mine(answer):
        return [info for info in answer.operation_info if t.unique in info.job_id]

    answer = t.until("ListBatchOperations", lambda answer: len(mine(answer)) == 3 and all(
        info.state == 2 for info in mine(answer)), page_size=1000)
    for info in mine(answer):
        t.note(f"{info.job_id.replace(t.unique, '~')} {info.state} {info.operation_type} {info.HasField('close_time')}")


@scenario
def a_namespace_of_its_own(t):
    t.call("RegisterNamespace", namespace="ns~", workflow_execution_retention_period=86400 * 3)
    t.namespace = "ns" + t.unique
    t.until("ListBatchOperations", lambda answer: True)
    t.call("ListBatchOperations")
    t.call("ListBatchOperations", page_size=-1)
    t.call("ListBatchOperations", page_size=5)


@scenario
@slowly
def pages_of_running_ones(t):
    t.call("RegisterNamespace", namespace="pages~", workflow_execution_retention_period=86400 * 3)
    t.namespace = "pages" + t.unique
    t.until("ListBatchOperations", lambda answer: True)
    for number in range(MANY_SECONDS):
        t.start(f"wf{number}~", workflow_type="type~")
    for number in range(3):
        begin(t, f"job{number}~", visibility_query="WorkflowType = 'type~'")
        t.until("ListBatchOperations", lambda answer: len(answer.operation_info) == number + 1)
    first = t.call("ListBatchOperations", page_size=2)
    second = t.call("ListBatchOperations", page_size=2, next_page_token=first.next_page_token)
    if second.next_page_token:
        t.call("ListBatchOperations", page_size=2, next_page_token=second.next_page_token)
    t.call("ListBatchOperations", page_size=3)
    for number in range(3):
        t.call("StopBatchOperation", job_id=f"job{number}~", reason="enough", identity="me")


@scenario
def hidden_from_workflow_lists(t):
    t.call("RegisterNamespace", namespace="hidden~", workflow_execution_retention_period=86400 * 3)
    t.namespace = "hidden" + t.unique
    t.until("ListBatchOperations", lambda answer: True)
    begin(t, visibility_query="WorkflowType = 'none~'")
    finished(t)
    t.call("ListWorkflowExecutions", query="WorkflowId = 'job~'")
    t.call("CountWorkflowExecutions", query="WorkflowId = 'job~'")
    t.call("ListSchedules")


@scenario
def over_http(t):
    t.start()
    body = {"reason": "because", "executions": [{"workflowId": "wf~"}], "terminationOperation": {"identity": "me"}}
    t.http("POST", "batch-operations/job~", body)
    t.until("DescribeBatchOperation", lambda answer: answer.state != 1, job_id="job~")
    t.http("GET", "batch-operations/job~")
    t.http("POST", "batch-operations/job~", body)
    t.http("POST", "batch-operations/job~/stop", {"reason": "late"})
    t.http("POST", "batch-operations/none~", {"reason": "because"})
    t.http("GET", "batch-operations/missing~")


@scenario
@configured(frontend__MaxConcurrentBatchOperationPerNamespace=1, worker__batcherRPS=1)
def too_many_at_once(t):
    several(t, MANY_SECONDS)
    begin(t, visibility_query="WorkflowType = 'type~'")
    t.until("ListBatchOperations", lambda answer: len(answer.operation_info) == 1)
    begin(t, "two~", visibility_query="WorkflowType = 'none~'")
    begin(t, "two~", visibility_query="a b")
    begin(t, visibility_query="WorkflowType = 'type~'")
    t.call("StopBatchOperation", job_id="job~", reason="enough", identity="me")
    t.until("ListBatchOperations", lambda answer: answer.operation_info[0].state != 1)
    begin(t, "two~", visibility_query="WorkflowType = 'none~'")
    finished(t, "two~")


@scenario
@configured(frontend__MaxExecutionCountBatchOperationPerNamespace=2)
def long_lists(t):
    begin(t, executions=["wf0~", "wf1~"])
    begin(t, "two~", executions=["wf0~", "wf1~", "wf2~"])
    begin(t, "three~", target_executions=[{"type": "WORKFLOW", "business_id": f"wf{number}~"} for number in range(3)])
