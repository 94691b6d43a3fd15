"""Nexus over HTTP: callers from outside of the cluster, and callbacks (section 6)."""

import concurrent.futures

from harness import scenario
from nexus import (
    acknowledge_cancel, answer, endpoint, handler_error, handler_fails, operation_fails, poll, remove, start_async, succeed,
    worker_target,
)
from scenarios.s2_12_nexus_operations import CANCELED, FAILED, KINDS, RETRYABLE, handler

UNKNOWN = "11111111-2222-3333-4444-555555555555"


def queue_path(service="service", operation="operation", queue="nq~", namespace="default"):
    return f"/namespaces/{namespace}/task-queues/{queue}/nexus-services/{service}/{operation}"


def asking(t, handle, path=None, body='"in"', verb="POST", **headers):
    """Sends a request and handles it as the worker meanwhile; both are recorded, the worker's part first."""
    headers.setdefault("Content_Type", "application/json")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        blocks, t.blocks = t.blocks, []
        sent = pool.submit(t.http, verb, path or queue_path(), body, **headers)
        task = poll(t)
        handle(task)
        sent.result()
        made, t.blocks = t.blocks, blocks
        t.blocks += [block for block in made if not block[0].startswith("> POST")]
        t.blocks += [block for block in made if block[0].startswith("> POST")]


@scenario
def succeeds_at_once(t):
    asking(t, lambda task: succeed(t, task), own="value", Nexus_Request_Id="request", Nexus_Link='<http://x/>; type="odd"')


@scenario
def other_contents(t):
    for kind, body, result in (
        ("application/octet-stream", "bytes", b"bytes"), ("text/plain", "text", "out"), ("", "", None),
        ("application/json; charset=utf-8", "1", {"metadata": {"encoding": b"binary/protobuf", "messageType": b"m"}, "data": b"d"}),
        ('application/json; format=protobuf; message-type="m"', "{}", {"metadata": {"encoding": b"json/protobuf", "messageType": b"m"}, "data": b"{}"}),
        ('application/x-protobuf; message-type="m"', "x", {"metadata": {"encoding": b"binary/null"}}),
        ("application/json", "1", {"metadata": {"encoding": b"odd"}, "data": b"d"}),
        ("application/json", "1", {"metadata": {"encoding": b"json/plain", "more": b"x"}, "data": b"1"}),
    ):
        asking(t, lambda task: succeed(t, task, result=result), body=body, Content_Type=kind)


@scenario
def starts(t):
    link = {"url": "temporal:///namespaces/default/workflows/w/r/history?referenceType=EventReference&eventID=1&eventType=WorkflowExecutionStarted",
            "type": "temporal.api.common.v1.Link.WorkflowEvent"}
    asking(t, lambda task: start_async(t, task, links=[link]), path=queue_path() + "?callback=http%3A%2F%2Fexample.com%2F",
           Nexus_Callback_Token="secret", Operation_Timeout="10s", Request_Timeout="5s")


@scenario
def cancels(t):
    asking(t, lambda task: acknowledge_cancel(t, task), path=queue_path() + "/cancel", body="", Nexus_Operation_Token="token")
    t.http("POST", queue_path() + "/cancel", "")
    asking(t, lambda task: acknowledge_cancel(t, task), path=queue_path() + "/cancel?token=token", body="")
    asking(t, lambda task: handler_fails(t, task, handler("NOT_FOUND")), path=queue_path() + "/cancel", body="", Nexus_Operation_Token="token")


@scenario
def operation_failures(t):
    for failure in (CANCELED, FAILED):
        asking(t, lambda task: operation_fails(t, task, failure))
        asking(t, lambda task: operation_fails(t, task, failure), Temporal_Nexus_Failure_Support="true")
    for state in ("failed", "canceled"):
        asking(t, lambda task: answer(t, task, start_operation={"operation_error": {"operation_state": state, "failure": {
            "message": state, "metadata": {"key": "value"}, "details": b'"x"'}}}))


@scenario
def handler_failures(t):
    for kind in KINDS + RETRYABLE:
        asking(t, lambda task: handler_fails(t, task, handler(kind, cause=FAILED if kind == "NOT_FOUND" else None)))
        asking(t, lambda task: handler_error(t, task, kind))
    asking(t, lambda task: handler_fails(t, task, handler("INTERNAL", "NON_RETRYABLE")))
    asking(t, lambda task: handler_fails(t, task, handler("NOT_FOUND", "RETRYABLE")), Temporal_Nexus_Failure_Support="true")


@scenario
def bad_answers(t):
    asking(t, lambda task: answer(t, task))
    asking(t, lambda task: answer(t, task, start_operation={}))
    asking(t, lambda task: answer(t, task, cancel_operation={}))


@scenario
def nobody_polls(t):
    """A caller that cannot wait for the queue to be loaded gets another text on the reference: these can."""
    t.http("POST", queue_path(), '"in"', Content_Type="application/json", Request_Timeout="4s")
    t.http("POST", queue_path(), '"in"', Content_Type="application/json", Request_Timeout="1500ms")


@scenario
def by_endpoint(t):
    made = endpoint(t)
    asking(t, lambda task: succeed(t, task), path=f"/nexus/endpoints/{made.id}/services/service/operation")
    remove(t, made)


@scenario
def bad_paths(t):
    for path in (queue_path(namespace="nobody"), queue_path(queue="q" * 1001), queue_path(service="%2F", queue="nobody~"),
                 queue_path(operation="a/b"), "/nexus/endpoints/nonsense/services/s/o", f"/nexus/endpoints/{UNKNOWN}/services/s/o",
                 "/namespaces/default/task-queues/q/nexus-services/s", "/namespaces/default/task-queues/q/nexus-services",
                 f"/nexus/endpoints/{UNKNOWN}/services/s", queue_path(service="s" * 1001), queue_path(operation="o" * 1001)):
        t.http("POST", path, "1", Content_Type="application/json", Request_Timeout="4s")
    t.http("GET", queue_path())
    t.http("PUT", queue_path(), "1")
    t.http("POST", queue_path(), "1", Request_Timeout="nonsense")
    t.http("POST", queue_path(), "1", Request_Timeout="-1s")
    t.http("POST", queue_path(), "1" * (3 << 20), Content_Type="application/json", Request_Timeout="2s")


@scenario
def bad_callbacks(t):
    for path in ("/namespaces/default/nexus/callback", "/namespaces/nobody/nexus/callback", "/nexus/callback"):
        t.http("POST", path, "1")
        t.http("GET", path)
        t.http("POST", path, "1", Nexus_Operation_State="odd")
        t.http("POST", path, "1", Nexus_Operation_State="succeeded")
        t.http("POST", path, "1", Nexus_Operation_State="succeeded", Temporal_Callback_Token="nonsense")
        t.http("POST", path, "1", Nexus_Operation_State="succeeded", Temporal_Callback_Token='{"v":1,"d":""}')


@scenario
def called_back(t):
    """Operations whose ends come over HTTP."""
    from nexus import schedule
    made = endpoint(t)
    for number, (state, body, kind) in enumerate((
        ("succeeded", '"out"', "application/json"), ("failed", '{"message":"no"}', "application/json"),
        ("canceled", '{"message":"stop"}', "application/json"), ("succeeded", "", ""), ("failed", "nonsense", "application/json"))):
        t.start(f"wf{number}~", task_queue=f"q{number}~")
        t.complete(t.poll(f"q{number}~"), schedule())
        task = poll(t)
        token = task.request.start_operation.callback_header["temporal-callback-token"]
        start_async(t, task)
        t.wait_event("NexusOperationStarted", f"wf{number}~")
        path = "/nexus/callback" if number % 2 else "/namespaces/default/nexus/callback"
        hide(t, lambda: t.http("POST", path, body, Content_Type=kind, Nexus_Operation_State=state, Temporal_Callback_Token=token))
        hide(t, lambda: t.http("POST", path, body, Content_Type=kind, Nexus_Operation_State=state, Temporal_Callback_Token=token))
        del t.blocks[-1][3:]
        t.history(f"wf{number}~")
        t.terminate(f"wf{number}~")
    remove(t, made)


def hide(t, call):
    """Records a request without its token."""
    call()
    head = t.blocks[-1][0]
    t.blocks[-1][0] = head.split("Temporal-Callback-Token")[0]
