"""What happens at the limits (section 2b)."""

from commands import (activity, child, complete, continue_as_new, fail, marker, modify_memo, signal_external, timer,
                      upsert)
from harness import scenario

BIG = {"metadata": {"encoding": b"json/plain"}, "data": b"x" * (2 * 1024 * 1024 + 1)}


def sent_alone(t, workflow_id, queue, *commands):
    t.quiet("StartWorkflowExecution", workflow_id=workflow_id, workflow_type="type", task_queue=queue, request_id=workflow_id)
    task = t.quiet("PollWorkflowTaskQueue", task_queue=queue, identity="worker")
    t.complete(task, *commands)
    events = t.quiet("GetWorkflowExecutionHistory", execution=workflow_id).history.events
    t.block(f"= after event 3 of {workflow_id.replace('~', '')}",
            [line for event in events[3:] for line in t.normaliser.event(event)])


@scenario
def oversize_commands(t):
    """A payload over the limit in a command ends the workflow."""
    for index, command in enumerate((
        activity(input=BIG), complete(BIG), fail({"message": "m", "application_failure_info": {"details": BIG}}),
        marker(details={"d": BIG}), continue_as_new(input=BIG), child(input=BIG), signal_external(input=BIG),
        modify_memo({"m": BIG}), child(memo={"m": BIG}), continue_as_new(memo={"m": BIG}), upsert({"OwnKeyword": BIG}),
        activity(header={"h": BIG}),
    )):
        sent_alone(t, f"wf{index}~", f"q{index}~", command)


@scenario
def oversize_user_metadata(t):
    for index, note in enumerate(({"summary": "x" * 500}, {"details": "x" * 30000})):
        sent_alone(t, f"wf{index}~", f"q{index}~", {**timer(), "user_metadata": note})


@scenario
def oversize_query_result(t):
    t.start()
    t.step(timer())
    query = t.begin_query()
    t.call("RespondQueryTaskCompleted", task_token=t.poll().task_token, completed_type="ANSWERED", query_result=BIG)
    t.end(query)


@scenario
def oversize_query_argument_and_others(t):
    t.start()
    t.query(query={"query_type": "q", "query_args": BIG})
    t.terminate(details=BIG)
    t.call("UpdateWorkflowExecution", workflow_execution="wf~", timeout=3, request={
        "meta": {"update_id": "u"}, "input": {"name": "n", "args": BIG}})


@scenario
def oversize_workflow_task_failure(t):
    t.start()
    t.fail_task(t.poll(), failure={"message": "m", "application_failure_info": {"details": BIG}})
    events = t.quiet("GetWorkflowExecutionHistory", execution="wf~").history.events
    t.block("= the failed task", t.normaliser.event(events[3]))


@scenario
def hundred_buffered_events(t):
    """One event more than the buffer holds fails the running task."""
    t.start(workflow_task_timeout=100)
    task = t.poll()
    for index in range(100):
        t.quiet("SignalWorkflowExecution", workflow_execution="wf~", signal_name=f"s{index}")
    t.describe()
    t.signal("last")
    t.complete(task, complete())
    events = t.quiet("GetWorkflowExecutionHistory", execution="wf~").history.events
    for event in events:
        if not event.HasField("workflow_execution_signaled_event_attributes"):
            t.block("= event", t.normaliser.event(event))


@scenario
def long_ids_that_fit(t):
    name = "y" * 980
    t.start(name + "~", workflow_type="z" * 1000, identity="i" * 1000)
    t.history(name + "~", label="it")


@scenario
def history_suggests_continuing(t):
    """From 4096 events on, tasks suggest to continue as new."""
    t.start()
    task = t.quiet("PollWorkflowTaskQueue", task_queue="q~", identity="worker")
    t.quiet("RespondWorkflowTaskCompleted", task_token=task.task_token, commands=[
        marker(f"m{index}") for index in range(4095)])
    t.signal()
    task = t.quiet("PollWorkflowTaskQueue", task_queue="q~", identity="worker")
    events = t.quiet("GetWorkflowExecutionHistoryReverse", execution="wf~", maximum_page_size=1).history.events
    t.block("= the newest event", t.normaliser.event(events[0]))
    t.quiet("RespondWorkflowTaskCompleted", task_token=task.task_token, commands=[complete()])


history_suggests_continuing.slow = True
