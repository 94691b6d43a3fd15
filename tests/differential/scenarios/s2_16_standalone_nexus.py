"""Nexus operations without a workflow (section 2.16)."""

import uuid

from harness import scenario
from nexus import (
    acknowledge_cancel, endpoint, handler_fails, operation_fails, poll, remove, start_async, succeed,
)
from scenarios.s2_12_nexus_operations import CANCELED, FAILED, handler


def start(t, operation_id="op~", **fields):
    return t.call("StartNexusOperationExecution", **{
        "operation_id": operation_id, "endpoint": "ep~", "service": "service", "operation": "operation", "input": "in",
        "identity": "client", "request_id": str(uuid.uuid4()), **fields})


def describe(t, operation_id="op~", **fields):
    return t.call("DescribeNexusOperationExecution", operation_id=operation_id, include_input=True, include_outcome=True, **fields)


def wait(t, operation_id="op~", stage="CLOSED", **fields):
    return t.call("PollNexusOperationExecution", operation_id=operation_id, wait_stage=stage, **fields)


@scenario
def succeeds_at_once(t):
    made = endpoint(t)
    start(t, nexus_header={"Own": "value"}, schedule_to_close_timeout=60, user_metadata={"summary": "short"},
          search_attributes={"OwnKeyword": "k"})
    describe(t)
    succeed(t, poll(t))
    wait(t)
    describe(t)
    t.until("ListNexusOperationExecutions", lambda answer: len(answer.operations) == 1 and answer.operations[0].status == 2,
            query="OperationId = 'op~'")
    t.call("ListNexusOperationExecutions", query="OperationId = 'op~'")
    t.call("CountNexusOperationExecutions", query="OperationId = 'op~'")
    remove(t, made)


@scenario
def starts_and_ends(t):
    made = endpoint(t)
    start(t)
    task = poll(t)
    start_async(t, task)
    wait(t, stage="STARTED")
    describe(t)
    asked = task.request.start_operation
    t.start("handler~", task_queue="hq~",
            completion_callbacks=[{"nexus": {"url": asked.callback, "header": dict(sorted(asked.callback_header.items()))}}])
    from commands import complete
    t.complete(t.poll("hq~"), complete())
    wait(t)
    describe(t)
    remove(t, made)


@scenario
def fails(t):
    made = endpoint(t)
    for number, failure in enumerate((FAILED, CANCELED)):
        start(t, f"op{number}~")
        operation_fails(t, poll(t), failure)
        wait(t, f"op{number}~")
        describe(t, f"op{number}~")
    start(t, "handler~")
    handler_fails(t, poll(t), handler("NOT_FOUND"))
    wait(t, "handler~")
    describe(t, "handler~")
    remove(t, made)


@scenario
def times_out(t):
    made = endpoint(t)
    start(t, schedule_to_close_timeout=2)
    wait(t)
    start(t, "op2~", schedule_to_start_timeout=2)
    wait(t, "op2~")
    start(t, "op3~", start_to_close_timeout=2)
    start_async(t, poll(t))
    wait(t, "op3~")
    remove(t, made)


@scenario
def backs_off(t):
    made = endpoint(t)
    start(t)
    handler_fails(t, poll(t), handler("INTERNAL"))
    t.until("DescribeNexusOperationExecution", lambda answer: answer.info.attempt >= 1 and answer.info.last_attempt_failure.ByteSize(), operation_id="op~")
    describe(t)
    succeed(t, poll(t))
    wait(t)
    remove(t, made)


@scenario
def canceled(t):
    made = endpoint(t)
    start(t)
    start_async(t, poll(t))
    wait(t, stage="STARTED")
    t.call("RequestCancelNexusOperationExecution", operation_id="op~", identity="client", request_id="r~", reason="why")
    cancel = poll(t)
    describe(t)
    acknowledge_cancel(t, cancel)
    t.until("DescribeNexusOperationExecution", lambda answer: answer.info.cancellation_info.state == 3, operation_id="op~")
    describe(t)
    t.call("RequestCancelNexusOperationExecution", operation_id="op~", identity="client", request_id="r~", reason="why")
    t.call("RequestCancelNexusOperationExecution", operation_id="op~", identity="client", request_id="r2~", reason="why")
    t.call("TerminateNexusOperationExecution", operation_id="op~", identity="client", request_id="r~", reason="why")
    remove(t, made)


@scenario
def canceled_before_it_started(t):
    made = endpoint(t)
    start(t)
    t.call("RequestCancelNexusOperationExecution", operation_id="op~", identity="client", request_id="r~", reason="why")
    describe(t)
    start_async(t, poll(t))
    acknowledge_cancel(t, poll(t))
    t.until("DescribeNexusOperationExecution", lambda answer: answer.info.cancellation_info.state == 3, operation_id="op~")
    describe(t)
    remove(t, made)


@scenario
def terminated(t):
    made = endpoint(t)
    start(t)
    t.call("TerminateNexusOperationExecution", operation_id="op~", identity="client", request_id="r~", reason="why")
    describe(t)
    wait(t)
    t.call("TerminateNexusOperationExecution", operation_id="op~", identity="client", request_id="r~", reason="why")
    t.call("TerminateNexusOperationExecution", operation_id="op~", identity="client", request_id="r2~", reason="why")
    t.call("RequestCancelNexusOperationExecution", operation_id="op~", identity="client", request_id="r~", reason="why")
    t.call("DeleteNexusOperationExecution", operation_id="op~")
    t.until_refused("DescribeNexusOperationExecution", operation_id="op~")
    describe(t)
    remove(t, made)


@scenario
def id_policies(t):
    made = endpoint(t)
    start(t, request_id="r~")
    start(t, request_id="r~")
    start(t)
    start(t, id_conflict_policy="USE_EXISTING")
    start(t, id_conflict_policy="FAIL")
    t.call("TerminateNexusOperationExecution", operation_id="op~", identity="client", request_id="t~", reason="why")
    start(t, request_id="r~")
    start(t, id_reuse_policy="REJECT_DUPLICATE")
    start(t, id_reuse_policy="ALLOW_DUPLICATE_FAILED_ONLY")
    succeed(t, poll(t))
    wait(t)
    start(t, id_reuse_policy="ALLOW_DUPLICATE_FAILED_ONLY")
    start(t, id_reuse_policy="ALLOW_DUPLICATE")
    t.call("TerminateNexusOperationExecution", operation_id="op~", identity="client", request_id="t~", reason="why")
    remove(t, made)


@scenario
def unknown_operations(t):
    for run_id in ("", "11111111-2222-3333-4444-555555555555", "nonsense"):
        describe(t, "nobody~", run_id=run_id)
        wait(t, "nobody~", run_id=run_id)
        for method in ("RequestCancelNexusOperationExecution", "TerminateNexusOperationExecution"):
            t.call(method, operation_id="nobody~", run_id=run_id, identity="client", request_id="r", reason="why")
        t.call("DeleteNexusOperationExecution", operation_id="nobody~", run_id=run_id)
    for method in ("DescribeNexusOperationExecution", "PollNexusOperationExecution", "RequestCancelNexusOperationExecution",
                   "TerminateNexusOperationExecution", "DeleteNexusOperationExecution"):
        t.call(method)
        t.call(method, operation_id="o" * 1001)
        t.call(method, operation_id="op~", namespace="nobody~")
    wait(t, "nobody~", stage="UNSPECIFIED")
    t.call("RequestCancelNexusOperationExecution", operation_id="nobody~", reason="r" * 1001)
    t.call("TerminateNexusOperationExecution", operation_id="nobody~", reason="r" * 1001)
    t.call("RequestCancelNexusOperationExecution", operation_id="nobody~", request_id="r" * 1001)
    t.call("DescribeNexusOperationExecution", operation_id="nobody~", long_poll_token=b"nonsense", run_id="11111111-2222-3333-4444-555555555555")
    t.call("DescribeNexusOperationExecution", operation_id="nobody~", long_poll_token=b"nonsense")


@scenario
def bad_starts(t):
    made = endpoint(t)
    t.table("StartNexusOperationExecution", {"operation_id": "op~", "endpoint": "ep~", "service": "service", "operation": "operation", "request_id": "r"}, [
        {"operation_id": ""}, {"operation_id": "o" * 1001}, {"endpoint": ""}, {"endpoint": "nobody~"}, {"service": ""}, {"operation": ""},
        {"service": "s" * 1001}, {"operation": "o" * 1001}, {"request_id": "r" * 1001}, {"identity": "i" * 1001},
        {"schedule_to_close_timeout": -1}, {"schedule_to_start_timeout": -1}, {"start_to_close_timeout": -1},
        {"input": "x" * (2 << 20)}, {"nexus_header": {"request-timeout": "x"}}, {"nexus_header": {"big": "x" * 8190}},
        {"id_reuse_policy": 9}, {"id_conflict_policy": 9}, {"search_attributes": {"Nonsense": "x"}},
        {"namespace": "nobody~"}, {"user_metadata": {"summary": "x" * 401}},
        {"completion_callbacks": [{"nexus": {"url": "temporal://system"}}]},
    ])
    remove(t, made)


@scenario
def lists(t):
    made = endpoint(t)
    start(t, "one~")
    start(t, "two~", service="other")
    t.until("CountNexusOperationExecutions", lambda answer: answer.count == 2, query="Endpoint = 'ep~'")
    t.call("CountNexusOperationExecutions", query="Endpoint = 'ep~'")
    t.call("CountNexusOperationExecutions", query="Endpoint = 'ep~' GROUP BY ExecutionStatus")
    t.call("ListNexusOperationExecutions", query="Endpoint = 'ep~' AND Service = 'other'")
    t.call("ListNexusOperationExecutions", query="Endpoint = 'ep~' AND Operation = 'operation' AND OperationId = 'one~' AND ExecutionStatus = 'Running'")
    t.call("ListNexusOperationExecutions", query="WorkflowId = 'x'")
    t.call("ListNexusOperationExecutions", query="Nonsense = 'x'")
    t.call("ListNexusOperationExecutions", query="nonsense")
    t.call("ListNexusOperationExecutions", page_size=-1, query="Endpoint = 'ep~'")
    t.call("ListNexusOperationExecutions", next_page_token=b"nonsense", query="Endpoint = 'ep~'")
    t.call("ListWorkflowExecutions", query="WorkflowId = 'one~'")
    for name in ("one~", "two~"):
        t.call("TerminateNexusOperationExecution", operation_id=name, identity="client", request_id="t~", reason="why")
    remove(t, made)


SYSTEM = {"nexus": {"url": "temporal://system", "header": {"Temporal-Callback-Token": "nobody's"}}}


@scenario
def callbacks(t):
    """Whoever is to be told of the end, from the start or attached by another one."""
    made = endpoint(t)
    start(t, completion_callbacks=[SYSTEM])
    describe(t)
    start(t, completion_callbacks=[SYSTEM], id_conflict_policy="USE_EXISTING",
          on_conflict_options={"attach_completion_callbacks": True, "attach_request_id": True})
    start(t, completion_callbacks=[SYSTEM], id_conflict_policy="USE_EXISTING")
    start(t, completion_callbacks=[{"nexus": {"url": "http://example.com"}}])
    start(t, completion_callbacks=[{}])
    describe(t)
    succeed(t, poll(t))
    wait(t)
    remove(t, made)
