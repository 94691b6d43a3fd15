"""Nexus operations that a workflow schedules and a worker handles: outcomes and what is seen of them (section 2.12)."""

from commands import cancel_workflow, complete, continue_as_new, fail
from harness import scenario
from nexus import (
    Several, answer, endpoint, handler_error, handler_fails, operation_fails, poll, remove, schedule, start_async, succeed,
    worker_target,
)


def begin(t, *commands, **fields):
    """Starts a workflow and completes its first task with the commands."""
    t.made = endpoint(t)
    t.start(**fields)
    t.step(*commands)


def begin_several(t, count):
    """Starts a workflow that schedules operations of endpoints of their own."""
    t.several = Several(t, count)
    t.start()
    t.step(*t.several.commands())
    return t.several.tasks()


CANCELED = {"message": "canceled", "canceled_failure_info": {}}
FAILED = {"message": "failed", "application_failure_info": {"type": "Odd", "non_retryable": True}}


@scenario
def succeeds_at_once(t):
    begin(t, schedule(nexus_header={"Own": "value", "other": "Value"}, schedule_to_close_timeout=60))
    t.describe()
    task = poll(t)
    t.note(f"headers: {sorted(task.request.header)}")
    t.note(f"Own: {task.request.header.get('own')}")
    succeed(t, task)
    t.poll()
    t.describe()
    t.history()
    remove(t, t.made)


@scenario
def bare_success(t):
    """A result is not a must, and neither is an input."""
    begin(t, schedule(input=None))
    succeed(t, poll(t), result=None)
    t.poll()
    t.history()
    remove(t, t.made)


@scenario
def succeeds_with_links(t):
    begin(t, schedule(user_metadata={"summary": "short"}))
    link = {"url": "temporal:///namespaces/default/workflows/w/r/history?referenceType=EventReference&eventID=1&eventType=WorkflowExecutionStarted",
            "type": "temporal.api.common.v1.Link.WorkflowEvent"}
    succeed(t, poll(t), links=[link, {"url": "http://example.com/", "type": "something.else"}])
    t.poll()
    t.history()
    remove(t, t.made)


@scenario
def starts(t):
    """The operation runs on; its workflow completes while it does."""
    begin(t, schedule())
    task = poll(t)
    t.note(f"callback headers: {sorted(task.request.start_operation.callback_header)}")
    start_async(t, task)
    t.poll_task = t.poll()
    t.describe()
    t.history()
    t.complete(t.poll_task, complete())
    t.describe()
    t.history()
    remove(t, t.made)


@scenario
def starts_with_links(t):
    begin(t, schedule())
    link = {"url": "temporal:///namespaces/default/workflows/w/r/history?referenceType=EventReference&eventID=1&eventType=EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
            "type": "temporal.api.common.v1.Link.WorkflowEvent"}
    start_async(t, poll(t), links=[link])
    t.poll()
    t.history()
    remove(t, t.made)


def by_workflow(t, end):
    """An operation that another workflow carries out: its callback tells how it ended."""
    begin(t, schedule())
    task = poll(t)
    asked = task.request.start_operation
    header = dict(sorted(asked.callback_header.items()))
    t.start("handler~", task_queue="hq~", request_id=asked.request_id,
            completion_callbacks=[{"nexus": {"url": asked.callback, "header": header}}],
            links=[{"workflow_event": {"namespace": "default", "workflow_id": "wf~", "run_id": "r",
                    "event_ref": {"event_id": 5, "event_type": "NEXUS_OPERATION_SCHEDULED"}}}])
    start_async(t, task)
    t.wait_event("NexusOperationStarted")
    t.describe("handler~")
    end(t)
    t.wait_event(t.awaited)
    t.until("DescribeWorkflowExecution", lambda answer: answer.callbacks[0].state == 5, execution="handler~")
    t.describe("handler~")
    t.describe()
    t.history()
    remove(t, t.made)


@scenario
def completed_by_a_workflow(t):
    t.awaited = "NexusOperationCompleted"
    by_workflow(t, lambda t: t.complete(t.poll("hq~"), complete()))


@scenario
def failed_by_a_workflow(t):
    t.awaited = "NexusOperationFailed"
    by_workflow(t, lambda t: t.complete(t.poll("hq~"), fail()))


@scenario
def terminated_in_a_workflow(t):
    t.awaited = "NexusOperationFailed"
    by_workflow(t, lambda t: t.terminate("handler~"))


@scenario
def canceled_in_a_workflow(t):
    t.awaited = "NexusOperationCanceled"
    by_workflow(t, lambda t: t.complete(t.poll("hq~"), cancel_workflow()))


@scenario
def timed_out_in_a_workflow(t):
    t.awaited = "NexusOperationFailed"
    begin(t, schedule())
    task = poll(t)
    asked = task.request.start_operation
    t.start("handler~", task_queue="hq~", workflow_run_timeout=1,
            completion_callbacks=[{"nexus": {"url": asked.callback, "header": dict(asked.callback_header)}}])
    start_async(t, task)
    t.wait_event(t.awaited)
    t.history()
    remove(t, t.made)


@scenario
def continued_by_the_handler(t):
    """The end of the chain is told."""
    t.awaited = "NexusOperationCompleted"

    def end(t):
        t.complete(t.poll("hq~"), continue_as_new(task_queue="hq~"))
        t.complete(t.poll("hq~"), complete())
    by_workflow(t, end)


@scenario
def completed_before_started(t):
    """The end comes before the answer to the start."""
    begin(t, schedule())
    task = poll(t)
    asked = task.request.start_operation
    header = dict(sorted(asked.callback_header.items()))
    header["nexus-operation-token"] = "early"
    t.start("handler~", task_queue="hq~", request_id=asked.request_id,
            completion_callbacks=[{"nexus": {"url": asked.callback, "header": header}}])
    t.complete(t.poll("hq~"), complete())
    t.wait_event("NexusOperationCompleted")
    start_async(t, task)
    t.history()
    t.describe()
    remove(t, t.made)


@scenario
def operation_failures(t):
    """What a handler says an operation came to."""
    failures = (CANCELED, FAILED, {"message": "", "application_failure_info": {}},
                {"message": "terminated", "terminated_failure_info": {}})
    for task, failure in zip(begin_several(t, 4), failures):
        operation_fails(t, task, failure)
    t.wait_event("NexusOperationCanceled", count=1)
    t.wait_event("NexusOperationFailed", count=3)
    t.describe()
    t.poll()
    t.history()
    t.several.remove()


@scenario
def operation_errors(t):
    """The same, from workers that know no failures of Temporal."""
    for task, state in zip(begin_several(t, 2), ("failed", "canceled")):
        answer(t, task, start_operation={"operation_error": {"operation_state": state, "failure": {
            "message": state, "metadata": {"key": "value"}, "details": b'"x"'}}})
    t.wait_event("NexusOperationCanceled", count=1)
    t.wait_event("NexusOperationFailed", count=1)
    t.history()
    t.several.remove()


@scenario
def bad_answers(t):
    begin(t, schedule())
    task = poll(t)
    for response in ({}, {"start_operation": {}}, {"cancel_operation": {}},
                     {"start_operation": {"operation_error": {"operation_state": "odd"}}},
                     {"start_operation": {"async_success": {}}},
                     {"start_operation": {"async_success": {"operation_token": "t" * 5000}}},
                     {"start_operation": {"operation_error": {"operation_state": "failed"}}}):
        answer(t, task, **response)
    handler_error(t, task, "ODD")
    handler_error(t, task, "")
    t.call("RespondNexusTaskFailed", task_token=task.task_token, identity="handler")
    handler_fails(t, task, "not a handler's")
    t.call("RespondNexusTaskCompleted", task_token=b"", response={})
    t.call("RespondNexusTaskCompleted", task_token=b"nonsense", response={})
    t.call("RespondNexusTaskFailed", task_token=b"nonsense", error={})
    t.call("RespondNexusTaskFailed", task_token=b"")
    t.describe()
    t.terminate()
    remove(t, t.made)


def handler(kind, retry="UNSPECIFIED", cause=None):
    return {"message": f"handler says {kind}", "nexus_handler_failure_info": {"type": kind, "retry_behavior": retry},
            **({"cause": cause} if cause else {})}


KINDS = ("BAD_REQUEST", "UNAUTHENTICATED", "UNAUTHORIZED", "NOT_FOUND", "CONFLICT", "NOT_IMPLEMENTED")
RETRYABLE = ("RESOURCE_EXHAUSTED", "INTERNAL", "UNAVAILABLE", "UPSTREAM_TIMEOUT", "REQUEST_TIMEOUT", "", "ODD")


@scenario
def handler_failures_that_last(t):
    tasks = begin_several(t, len(KINDS) + 1)
    for kind in KINDS:
        handler_fails(t, next(tasks), handler(kind, cause=FAILED))
    handler_fails(t, next(tasks), handler("INTERNAL", "NON_RETRYABLE"))
    t.wait_event("NexusOperationFailed", count=len(KINDS) + 1)
    t.history()
    t.several.remove()


@scenario
def handler_errors_that_last(t):
    tasks = begin_several(t, len(KINDS) + 1)
    for kind in KINDS:
        handler_error(t, next(tasks), kind)
    handler_error(t, next(tasks), "INTERNAL", retry_behavior="NON_RETRYABLE")
    t.wait_event("NexusOperationFailed", count=len(KINDS) + 1)
    t.history()
    t.several.remove()


def each_passes(t, handles):
    """Has the handler of an operation fail, once for each way, and looks at the operation before it is tried again."""
    for number, handle in enumerate(handles):
        made = endpoint(t, f"ep{number}~", target=worker_target(f"nq{number}~"))
        t.start(f"wf{number}~", task_queue=f"q{number}~")
        t.complete(t.poll(f"q{number}~"), schedule(endpoint=f"ep{number}~"))
        handle(poll(t, f"nq{number}~"))
        t.until("DescribeWorkflowExecution", lambda answer: answer.pending_nexus_operations[0].last_attempt_failure.ByteSize(),
                execution=f"wf{number}~")
        t.describe(f"wf{number}~")
        t.terminate(f"wf{number}~")
        remove(t, made)


@scenario
def handler_failures_that_pass(t):
    failures = [handler(kind) for kind in RETRYABLE] + [handler("NOT_FOUND", "RETRYABLE")]
    each_passes(t, [lambda task, failure=failure: handler_fails(t, task, failure) for failure in failures])


@scenario
def handler_errors_that_pass(t):
    errors = [(kind, {}) for kind in RETRYABLE] + [("NOT_FOUND", {"retry_behavior": "RETRYABLE"})]
    each_passes(t, [lambda task, kind=kind, more=more: handler_error(t, task, kind, **more) for kind, more in errors])


@scenario
def tried_again(t):
    begin(t, schedule())
    handler_fails(t, poll(t), handler("INTERNAL"))
    succeed(t, poll(t))
    t.poll()
    t.history()
    remove(t, t.made)
