"""A workflow that tries to close while something has happened that it has not seen (section 2.4)."""

from commands import activity, cancel_activity, complete, continue_as_new, fail, marker, timer
from harness import scenario
from updates import both, reject, request


def refused_close(t, *closing):
    """Leaves a workflow whose worker has tried to close it and holds the next task."""
    t.start()
    task = t.poll()
    t.signal("unseen")
    t.complete(task, *(closing or (complete(),)))
    return t.poll()


@scenario
def signals_while_closing(t):
    task = refused_close(t)
    t.signal("while closing")
    t.start(method="SignalWithStartWorkflowExecution", signal_name="with start")
    t.complete(task, timer())
    t.signal("between")
    task = t.poll()
    t.signal("during the next")
    t.complete(task, timer("t2"))
    t.step(complete())
    t.history()


@scenario
def signal_before_the_next_task_is_taken(t):
    t.start()
    task = t.poll()
    t.signal("unseen")
    t.complete(task, complete())
    t.signal("still open")
    task = t.poll()
    t.signal("closing")
    t.complete(task, complete())
    t.history()


@scenario
def everything_else_while_closing(t):
    task = refused_close(t)
    t.call("UpdateWorkflowExecution", **request())
    t.cancel()
    t.start()
    t.start(workflow_id_conflict_policy="USE_EXISTING")
    t.fail_task(task)
    t.signal("after a failure")
    task = t.poll()
    t.signal("during the one after")
    t.complete(task, complete())
    t.history()


@scenario
def failures_while_closing(t):
    """Only a task that completes lets signals in again."""
    refused = refused_close(t)
    t.fail_task(refused)
    t.signal("before the second attempt")
    task = t.poll()
    t.signal("during the second attempt")
    t.fail_task(task)
    task = t.poll()
    t.signal("during the third attempt")
    t.complete(task, timer())
    t.signal("after it")
    task = t.poll()
    t.signal("with the next")
    t.complete(task, complete())
    t.signal("refused again")
    t.poll()
    t.signal("still")
    t.history()


@scenario
def timeout_while_closing(t):
    t.start(workflow_task_timeout=1)
    task = t.poll()
    t.signal("unseen")
    t.complete(task, complete())
    t.poll()
    t.signal("while closing")
    t.cancel()
    t.wait_event("WorkflowTaskTimedOut")
    t.signal("after the timeout")
    task = t.poll()
    t.signal("while the next is with a worker")
    t.complete(task, timer())
    t.history()


@scenario
def every_closing_command(t):
    for number, command in enumerate((complete(), fail(), continue_as_new())):
        t.start(workflow_id=f"w{number}~", task_queue=f"q{number}~")
        task = t.poll(f"q{number}~")
        t.signal("unseen", workflow_id=f"w{number}~")
        t.complete(task, command)
        t.poll(f"q{number}~")
        t.signal("while closing", workflow_id=f"w{number}~")


@scenario
def terminate_while_closing(t):
    refused_close(t)
    t.terminate()
    t.history()


@scenario
def unstarted_activity_is_canceled_between_commands(t):
    t.start()
    t.step(activity())
    t.signal()
    t.step(cancel_activity(5), marker(), timer())
    t.history()


@scenario
def unstarted_activity_is_canceled_by_the_closing_task(t):
    t.start()
    t.step(activity())
    t.signal()
    t.step(cancel_activity(5), complete())
    t.history()


@scenario
def update_is_rejected_by_the_closing_task(t):
    t.start()
    t.step(timer())
    update = t.begin("UpdateWorkflowExecution", **request())
    task = t.poll()
    t.complete(task, complete(), messages=[reject(task.messages[0])])
    t.end(update)
    t.history()


@scenario
def update_is_accepted_by_the_closing_task(t):
    t.start()
    t.step(timer())
    update = t.begin("UpdateWorkflowExecution", **request())
    task = t.poll()
    t.complete(task, complete(), messages=both(task.messages[0]))
    t.end(update)
    t.history()


@scenario
def update_is_rejected_twice(t):
    t.start()
    t.step(timer())
    update = t.begin("UpdateWorkflowExecution", **request())
    task = t.poll()
    t.complete(task, complete(), messages=[reject(task.messages[0])] * 2)
    t.end(update)
    t.history()


@scenario
def update_is_rejected_behind_its_acceptance(t):
    t.start()
    t.step(timer())
    update = t.begin("UpdateWorkflowExecution", **request())
    task = t.poll()
    t.complete(task, complete(), messages=[*both(task.messages[0]), reject(task.messages[0])])
    t.end(update)
    t.history()


@scenario
def update_of_a_task_refused_twice(t):
    """The second refusal leaves the task with its worker, and gives the update up."""
    t.start()
    t.step(timer())
    t.signal()
    t.fail_task(t.poll())
    task = t.poll()
    update = t.begin("UpdateWorkflowExecution", **request())
    t.complete(task, marker(), force_create_new_workflow_task=True)
    task = t.poll()
    t.complete(task, timer("a"), timer("a"), messages=both(task.messages[0]))
    t.end(update)
    t.complete(task, timer("a"))
    t.history()
