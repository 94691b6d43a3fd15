"""Calls over HTTP: bindings of path, query and body, and the form of answers (section 6)."""

from commands import complete
from harness import scenario

START = {"workflowType": {"name": "type"}, "taskQueue": {"name": "q~"}, "identity": "client"}


def start(t, workflow="wf~", **fields):
    return t.http("POST", f"workflows/{workflow}", {**START, "requestId": "request~", **fields})


@scenario
def start_and_describe(t):
    start(t)
    t.http("GET", "workflows/wf~")
    t.http("GET", "/namespaces/default/workflows/wf~")


@scenario
def start_with_everything(t):
    start(t, input=[{"b": 1, "a": [True, None]}, "text", 1.5], memo={"fields": {"k": {"z": 1}}},
          searchAttributes={"indexedFields": {"OwnKeyword": "word", "OwnInt": 5}},
          header={"fields": {"h": "head"}}, retryPolicy={"backoffCoefficient": 1.5, "initialInterval": "1.5s"},
          workflowRunTimeout="100s", priority={"priorityKey": 2},
          userMetadata={"summary": "short", "details": {"long": "text"}})
    t.http("GET", "workflows/wf~")
    t.http("GET", "workflows/wf~/history")
    t.http("GET", "workflows/wf~/history?noPayloadShorthand")


@scenario
def names_of_fields(t):
    t.http("POST", "workflows/wf~", {"workflow_type": {"name": "type"}, "task_queue": {"name": "q~"}, "request_id": "r~",
                                     "workflow_id_reuse_policy": "RejectDuplicate"})
    t.http("GET", "workflows/wf~?execution.run_id=nonsense")
    t.http("GET", "workflows/wf~?execution.runId=nonsense")


@scenario
def enums(t):
    for number, policy in enumerate(("RejectDuplicate", "WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE", 3, "3", "Nope", 1.5, None)):
        start(t, f"wf{number}~", workflowIdReusePolicy=policy)
    t.http("GET", "workflows/wf0~/history?historyEventFilterType=HISTORY_EVENT_FILTER_TYPE_ALL_EVENT")
    t.http("GET", "workflows/wf0~/history?historyEventFilterType=1&maximumPageSize=50")
    t.http("GET", "workflows/wf0~/history?historyEventFilterType=AllEvent")


@scenario
def history_pages(t):
    start(t)
    page = t.http("GET", "workflows/wf~/history-reverse?maximumPageSize=1")
    t.http("GET", f"workflows/wf~/history-reverse?maximumPageSize=1&noPayloadShorthand")
    t.note("a token" if page and page.get("nextPageToken") else "no token")


@scenario
def signal(t):
    start(t)
    t.http("POST", "workflows/wf~/signal/s", {"input": [1, {"a": None}], "requestId": "s~", "identity": "me"})
    t.http("POST", "workflows/wf~/signal/s", "")
    t.http("POST", "workflows/nope~/signal/s", {})
    t.http("GET", "workflows/wf~/history-reverse")


@scenario
def signal_with_start(t):
    t.http("POST", "workflows/wf~/signal-with-start/s", {**START, "requestId": "r~", "signalInput": ["x"]})
    t.http("GET", "workflows/wf~/history")


@scenario
def cancel_and_terminate(t):
    start(t)
    t.http("POST", "workflows/wf~/cancel", {"reason": "why", "requestId": "c~"})
    t.http("POST", "workflows/wf~/terminate", {"reason": "enough", "details": ["x", {"y": 1}]})
    t.http("POST", "workflows/wf~/terminate", {})
    t.http("POST", "workflows/wf~/cancel", {})
    t.http("GET", "workflows/wf~/history")


@scenario
def path_wins_over_body(t):
    start(t)
    t.http("POST", "workflows/wf~/terminate?reason=query", {"workflowExecution": {"workflowId": "other"}, "namespace": "nope"})
    t.http("GET", "workflows/wf~/history-reverse?maximumPageSize=1&execution.workflowId=other")


@scenario
def query(t):
    start(t)
    t.step()
    t.http("POST", "workflows/wf~/query/q", {}, grpc_timeout="100m")


@scenario
def reset(t):
    start(t)
    t.step()
    t.http("POST", "workflows/wf~/reset", {"reason": "again", "requestId": "x~", "workflowTaskFinishEventId": "4"})
    t.http("POST", "workflows/wf~/reset", {"reason": "again", "requestId": "y~", "workflowTaskFinishEventId": "99"})


@scenario
def lists_and_counts(t):
    start(t)
    t.until("CountWorkflowExecutions", lambda answer: answer.count == 1, query="WorkflowId = 'wf~'")
    t.http("GET", "workflows?query=WorkflowId%3D%22wf~%22")
    t.http("GET", "workflow-count?query=WorkflowId%3D%22wf~%22")
    t.http("GET", "workflow-count?query=WorkflowId%3D%22wf~%22+GROUP+BY+ExecutionStatus")
    t.http("GET", "workflows?query=WorkflowId%3D%22nobody~%22")
    t.http("GET", "workflows?query=a+b")
    t.http("GET", "workflows?query=Nonsense%3D1")


@scenario
def parameters_of_queries(t):
    for query in ("pageSize=x", "pageSize=1&pageSize=2", "pageSize=99999999999", "nextPageToken=%21%21", "nextPageToken=abc",
                  "namespaceFilter=true", "namespaceFilter.includeDeleted=maybe", "pageSize.x=1"):
        t.http("GET", f"/api/v1/namespaces?{query}")
    t.http("GET", "workflows?bogus=1&query=WorkflowId%3D%22nobody~%22&pretty=1")


@scenario
def namespaces(t):
    t.http("POST", "/api/v1/namespaces", {"namespace": "ns~"})
    t.http("POST", "/api/v1/namespaces", {"namespace": "ns~", "workflowExecutionRetentionPeriod": "86400s"})
    t.http("POST", "/api/v1/namespaces", {"namespace": "ns~", "workflowExecutionRetentionPeriod": "86400s"})
    t.http("GET", "/api/v1/namespaces/nope~")
    t.http("GET", "/cluster/namespaces/nope~")


@scenario
def search_attributes(t):
    t.http("GET", "/cluster/namespaces/default/search-attributes?pretty")
    t.http("GET", "/api/v1/namespaces/nope~/search-attributes")


@scenario
def activities_by_id(t):
    start(t)
    for verb in ("complete", "fail", "heartbeat", "cancel"):
        t.http("POST", f"workflows/wf~/activities/a/{verb}", {})
        t.http("POST", f"activities/{verb}", {"taskToken": "bm9uc2Vuc2U="})
        t.http("POST", f"activity-{verb}", {})


@scenario
def update(t):
    start(t)
    t.http("POST", "workflows/wf~/update/u", {})
    t.http("POST", "workflows/wf~/update/u", {"request": {"input": {"args": [1]}}, "waitPolicy": {"lifecycleStage": "Nope"}})
    t.http("POST", "workflows/nope~/update/u", {"waitPolicy": {"lifecycleStage": "Completed"}})


@scenario
def results_and_failures(t):
    start(t)
    t.step(complete("done"))
    t.http("GET", "workflows/wf~/history-reverse")
    t.http("GET", "workflows/wf~?pretty")


@scenario
def task_queue(t):
    t.http("GET", "task-queues/q~?taskQueueType=Workflow")
    t.http("GET", "task-queues/q~?taskQueueType=99")
