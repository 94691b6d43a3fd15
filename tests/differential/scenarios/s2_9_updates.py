"""Updates: the ways of one update through its states (section 2.9)."""

from commands import activity, complete, continue_as_new, message, timer
from harness import scenario
from updates import accept, both, reject, request, respond

STICKY = {"worker_task_queue": {"name": "sticky~", "kind": "STICKY", "normal_name": "q~"},
          "schedule_to_start_timeout": 5}


def idle(t, **fields):
    t.start()
    t.step(timer(), **fields)


def begin(t, update_id="u", **fields):
    return t.begin("UpdateWorkflowExecution", **request(update_id, **fields))


def poll_update(t, update_id="u", stage="COMPLETED", **fields):
    return t.call("PollWorkflowExecutionUpdate", **{
        "update_ref": {"workflow_execution": "wf~", "update_id": update_id},
        "wait_policy": {"lifecycle_stage": stage} if stage else None, **fields})


def finish(t):
    t.signal("end")
    t.step(complete())
    t.history()


@scenario
def accepted_and_completed_in_one_task(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(update)
    t.history()
    finish(t)


@scenario
def accepted_then_completed_later(t):
    idle(t)
    update = begin(t)
    first = t.poll()
    t.complete(first, messages=[accept(first.messages[0])])
    t.signal()
    second = t.poll()
    t.complete(second, messages=[respond(first.messages[0])])
    t.end(update)
    finish(t)


@scenario
def completed_with_a_failure(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    t.complete(task, messages=[accept(task.messages[0]), respond(task.messages[0], failure="bad")])
    t.end(update)
    finish(t)


@scenario
def rejected_leaves_no_history(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    t.complete(task, messages=[reject(task.messages[0])])
    t.end(update)
    t.history()
    t.describe()
    finish(t)


@scenario
def rejected_in_a_normal_task(t):
    idle(t)
    t.signal()
    update = begin(t)
    wait_for_update(t)
    task = t.poll()
    t.complete(task, messages=[reject(task.messages[0])])
    t.end(update)
    t.history()


@scenario
def rejected_in_the_first_task(t):
    t.start()
    update = begin(t)
    wait_for_update(t)
    task = t.poll()
    t.complete(task, messages=[reject(task.messages[0])])
    t.end(update)
    t.history()


@scenario
def rejected_with_commands(t):
    """A rejection that comes with a command keeps its task."""
    idle(t)
    update = begin(t)
    task = t.poll()
    t.complete(task, timer("t2"), messages=[reject(task.messages[0])])
    t.end(update)
    finish(t)


@scenario
def in_the_first_task(t):
    t.start()
    update = begin(t)
    wait_for_update(t)
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(update)
    finish(t)


@scenario
def waits_for_acceptance_only(t):
    idle(t)
    update = begin(t, stage="ACCEPTED")
    task = t.poll()
    t.complete(task, messages=[accept(task.messages[0])])
    t.end(update)
    poll_update(t, stage=None)
    poll_update(t, stage="ACCEPTED")
    poll = t.begin("PollWorkflowExecutionUpdate", update_ref={"workflow_execution": "wf~", "update_id": "u"},
                   wait_policy={"lifecycle_stage": "COMPLETED"})
    t.signal()
    t.complete(t.poll(), messages=[respond(task.messages[0])])
    t.end(poll)
    poll_update(t)
    poll_update(t, stage=None)
    finish(t)


@scenario
def wait_stages(t):
    idle(t)
    for stage in (0, 1, 9, None):
        t.end(begin(t, f"u{stage}", stage=stage, timeout=2))


@scenario
def same_id_in_flight(t):
    idle(t)
    first = begin(t)
    task = t.poll()
    second = begin(t)
    for _ in range(20):  # Nothing shows that a second caller has attached.
        t.quiet("DescribeWorkflowExecution", execution="wf~")
    t.complete(task, messages=both(task.messages[0]))
    t.end(first)
    t.end(second)
    finish(t)


@scenario
def same_id_after_completion(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(update)
    t.end(begin(t))
    finish(t)
    t.end(begin(t))
    poll_update(t)


@scenario
def same_id_after_rejection(t):
    idle(t)
    for _ in range(2):
        update = begin(t)
        task = t.poll()
        t.complete(task, messages=[reject(task.messages[0])])
        t.end(update)


@scenario
def without_an_id(t):
    idle(t)
    update = begin(t, "")
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(update)


@scenario
def two_in_one_task(t):
    t.start()
    first = begin(t, "one")
    wait_for_update(t, "one")
    second = begin(t, "two")
    wait_for_update(t, "two")
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]) + [reject(task.messages[1])])
    t.end(first)
    t.end(second)
    finish(t)


@scenario
def two_accepted_then_completed_in_reverse(t):
    t.start()
    first = begin(t, "one")
    wait_for_update(t, "one")
    second = begin(t, "two")
    wait_for_update(t, "two")
    task = t.poll()
    one, two = task.messages
    t.complete(task, messages=[accept(one), accept(two), respond(two), respond(one)])
    t.end(first)
    t.end(second)
    t.history()


@scenario
def commands_give_the_order(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    given = both(task.messages[0])
    t.complete(task, timer("before"), message(given[0].id), timer("between"), message(given[1].id), timer("after"),
               messages=given)
    t.end(update)
    t.history()


@scenario
def messages_without_commands_come_last(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    t.complete(task, timer("first"), messages=both(task.messages[0]))
    t.end(update)
    t.history()


@scenario
def completes_with_the_workflow(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    given = both(task.messages[0])
    t.complete(task, message(given[0].id), message(given[1].id), complete(), messages=given)
    t.end(update)
    t.history()


@scenario
def completes_after_the_closing_command(t):
    """Messages without commands are handled after the commands, so after the close."""
    idle(t)
    update = begin(t)
    task = t.poll()
    t.complete(task, complete(), messages=both(task.messages[0]))
    t.end(update)
    t.history()


@scenario
def while_a_task_runs(t):
    idle(t)
    t.signal()
    running = t.poll()
    update = begin(t)
    wait_for_update(t)
    t.complete(running)
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(update)
    t.history()


@scenario
def while_a_task_runs_and_closes(t):
    idle(t)
    t.signal()
    running = t.poll()
    update = begin(t)
    wait_for_update(t)
    t.complete(running, complete())
    t.end(update)
    t.history()


@scenario
def on_the_sticky_queue(t):
    idle(t, sticky_attributes=STICKY)
    poll = t.begin_poll("sticky~", sticky=True)
    t.wait_poller("sticky~", sticky=True)
    update = begin(t)
    task = t.take(poll)
    t.complete(task, messages=[reject(task.messages[0])], sticky_attributes=STICKY)
    t.end(update)
    poll = t.begin_poll("sticky~", sticky=True)
    t.wait_poller("sticky~", sticky=True)
    update = begin(t, "second")
    task = t.take(poll)
    t.complete(task, messages=both(task.messages[0]), sticky_attributes=STICKY)
    t.end(update)
    t.history()


@scenario
def first_execution_run_id(t):
    first = t.start()
    t.step(timer())
    t.call("UpdateWorkflowExecution", **request(), first_execution_run_id="00000000-0000-4000-8000-000000000000")
    update = begin(t, first_execution_run_id=first.run_id)
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(update)


@scenario
def eleven_in_flight(t):
    t.start()
    held = []
    for index in range(10):
        held.append(begin(t, f"u{index}"))
        wait_for_update(t, f"u{index}")
    t.call("UpdateWorkflowExecution", timeout=3, **request("u10"))


@scenario
def task_keeps_failing(t):
    t.start()
    for _ in range(3):
        t.fail_task(t.poll())
    t.call("UpdateWorkflowExecution", **request())


@scenario
def during_start_delay(t):
    t.start(workflow_start_delay=60)
    t.call("UpdateWorkflowExecution", timeout=3, **request())
    t.history()


@scenario
def poll_of_unknown_updates(t):
    idle(t)
    poll_update(t, "none")
    poll_update(t, "none", stage=None)
    poll_update(t, "")
    poll_update(t, stage="ADMITTED")
    t.call("PollWorkflowExecutionUpdate")
    t.call("PollWorkflowExecutionUpdate", update_ref={"workflow_execution": "none~", "update_id": "u"})
    t.call("PollWorkflowExecutionUpdate", update_ref={"update_id": "u"})


@scenario
def completion_with_activity_and_continue_as_new(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    given = both(task.messages[0])
    t.complete(task, message(given[0].id), message(given[1].id), activity(), continue_as_new(), messages=given)
    t.end(update)
    t.step(complete())
    t.history()


def wait_for_update(t, update_id="u"):
    """Waits until the server has admitted an update."""
    t.until("PollWorkflowExecutionUpdate", lambda answer: True,
            update_ref={"workflow_execution": "wf~", "update_id": update_id})
