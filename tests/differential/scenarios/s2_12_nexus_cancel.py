"""Cancelling Nexus operations (section 2.12)."""

from commands import complete, timer
from harness import scenario
from nexus import acknowledge_cancel, cancel_operation, endpoint, handler_fails, operation_fails, poll, remove, schedule, start_async, succeed
from scenarios.s2_12_nexus_operations import CANCELED, handler


def started(t, **fields):
    t.made = endpoint(t)
    t.start()
    t.step(schedule(**fields))
    task = poll(t)
    start_async(t, task)
    t.first = task
    return t.poll()


@scenario
def of_a_started_one(t):
    task = started(t, nexus_header={"own": "value"})
    t.complete(task, cancel_operation())
    cancel = poll(t)
    t.describe()
    acknowledge_cancel(t, cancel)
    t.wait_event("NexusOperationCancelRequestCompleted")
    t.describe()
    t.history()
    t.terminate()
    remove(t, t.made)


@scenario
def of_a_waiting_one(t):
    """Nobody has it yet: the cancel follows its start."""
    t.made = endpoint(t)
    t.start()
    t.step(schedule(), timer(seconds=0))
    t.step(cancel_operation())
    t.describe()
    t.history()
    task = poll(t)
    start_async(t, task)
    acknowledge_cancel(t, poll(t))
    t.wait_event("NexusOperationCancelRequestCompleted")
    t.history()
    t.terminate()
    remove(t, t.made)


@scenario
def of_one_that_backs_off(t):
    t.made = endpoint(t)
    t.start()
    t.step(schedule(), timer(seconds=0))
    task = t.poll()
    handler_fails(t, poll(t), handler("INTERNAL"))
    t.until("DescribeWorkflowExecution", lambda answer: answer.pending_nexus_operations[0].state == 2, execution="wf~")
    t.complete(task, cancel_operation())
    t.describe()
    t.history()
    t.terminate()
    remove(t, t.made)


@scenario
def that_fails(t):
    task = started(t)
    t.complete(task, cancel_operation())
    handler_fails(t, poll(t), handler("NOT_FOUND"))
    t.wait_event("NexusOperationCancelRequestFailed")
    t.describe()
    t.history()
    t.terminate()
    remove(t, t.made)


@scenario
def that_is_tried_again(t):
    task = started(t)
    t.complete(task, cancel_operation())
    handler_fails(t, poll(t), handler("INTERNAL"))
    t.until("DescribeWorkflowExecution", lambda answer: answer.pending_nexus_operations[0].cancellation_info.attempt == 1, execution="wf~")
    t.describe()
    acknowledge_cancel(t, poll(t))
    t.wait_event("NexusOperationCancelRequestCompleted")
    t.history()
    t.terminate()
    remove(t, t.made)


@scenario
def answered_with_something_else(t):
    from nexus import answer
    task = started(t)
    t.complete(task, cancel_operation())
    answer(t, poll(t), start_operation={"sync_success": {}})
    t.until("DescribeWorkflowExecution", lambda answer: answer.pending_nexus_operations[0].cancellation_info.attempt == 1, execution="wf~")
    t.describe()
    t.terminate()
    remove(t, t.made)


@scenario
def then_canceled(t):
    """The handler's workflow ends as canceled after the request was delivered."""
    from commands import cancel_workflow
    t.made = endpoint(t)
    t.start()
    t.step(schedule())
    task = poll(t)
    asked = task.request.start_operation
    t.start("handler~", task_queue="hq~", request_id=asked.request_id,
            completion_callbacks=[{"nexus": {"url": asked.callback, "header": dict(asked.callback_header)}}])
    start_async(t, task)
    t.step(cancel_operation())
    cancel = poll(t)
    t.cancel("handler~")
    acknowledge_cancel(t, cancel)
    t.wait_event("NexusOperationCancelRequestCompleted")
    t.complete(t.poll("hq~"), cancel_workflow())
    t.wait_event("NexusOperationCanceled")
    t.poll()
    t.history()
    remove(t, t.made)


@scenario
def when_the_run_closes(t):
    """What was asked for is not delivered any more; what is pending stays."""
    task = started(t)
    t.complete(task, cancel_operation(), complete())
    t.describe()
    t.history()
    remove(t, t.made)
