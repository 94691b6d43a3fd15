"""Updates that end badly: closes, failed and timed out tasks, bad messages, bad requests (section 2.9)."""

from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Response

from commands import cancel_workflow, complete, continue_as_new, fail, message, timer
from harness import scenario
from updates import accept, both, raw, reject, request, respond
from scenarios.s2_9_updates import begin, finish, idle, wait_for_update


@scenario
def not_handled_by_the_worker(t):
    idle(t)
    update = begin(t)
    t.complete(t.poll())
    t.end(update)
    t.history()


@scenario
def not_handled_by_a_heartbeat(t):
    """A heartbeat of the task may leave the update for later."""
    idle(t)
    update = begin(t)
    task = t.poll()
    answer = t.complete(task, force_create_new_workflow_task=True, return_new_workflow_task=True)
    t.complete(answer.workflow_task, messages=both(task.messages[0]))
    t.end(update)
    t.history()


@scenario
def sent_then_workflow_completes(t):
    idle(t)
    update = begin(t)
    t.complete(t.poll(), complete())
    t.end(update)
    t.history()


@scenario
def sent_then_workflow_fails(t):
    idle(t)
    update = begin(t)
    t.complete(t.poll(), fail())
    t.end(update)


@scenario
def sent_then_terminated(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    t.terminate()
    t.end(update)
    t.complete(task, messages=both(task.messages[0]))
    t.history()


@scenario
def admitted_then_terminated(t):
    """The reference's message varies: aborted by the close, or refused by a second try on the closed run."""
    t.start()
    update = begin(t)
    wait_for_update(t)
    t.terminate()
    t.note(t._wait(update).code)


@scenario
def accepted_then_workflow_completes(t):
    idle(t)
    update, task = accepted(t)
    t.signal()
    t.step(complete())
    t.end(update)
    poll(t)
    t.end(begin(t))
    t.history()


@scenario
def accepted_and_workflow_completes_in_one_task(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    given = accept(task.messages[0])
    t.complete(task, message(given.id), complete(), messages=[given])
    t.end(update)
    t.history()


@scenario
def accepted_then_terminated(t):
    idle(t)
    update, _ = accepted(t)
    t.terminate()
    t.end(update)
    poll(t)


@scenario
def accepted_then_canceled(t):
    idle(t)
    update, _ = accepted(t)
    t.cancel()
    t.step(cancel_workflow())
    t.end(update)


@scenario
def accepted_then_continued_as_new(t):
    idle(t)
    update, _ = accepted(t)
    t.signal()
    t.step(continue_as_new())
    t.end(update)
    t.history()


@scenario
def sent_then_continued_as_new(t):
    idle(t)
    update = begin(t)
    t.complete(t.poll(), continue_as_new())
    t.end(update)
    t.step(complete())
    t.history()


@scenario
def accepted_then_retried(t):
    t.start(retry_policy={"initial_interval": 0.1, "maximum_attempts": 2})
    t.step(timer())
    update, _ = accepted(t)
    t.signal()
    t.step(fail())
    t.end(update)


@scenario
def task_fails(t):
    """The update is sent again with the next attempt."""
    idle(t)
    update = begin(t)
    t.fail_task(t.poll())
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(update)
    t.history()


@scenario
def task_times_out(t):
    t.start(workflow_task_timeout=1)
    t.step(timer())
    update = begin(t)
    late = t.poll()
    task = t.poll()
    t.complete(late, messages=both(late.messages[0]))
    t.complete(task, messages=both(task.messages[0]))
    t.end(update)
    t.history()


task_times_out.slow = True


@scenario
def signal_turns_the_task_into_a_normal_one(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    t.signal()
    t.history(label="wf~ after the signal")
    t.complete(task, messages=[reject(task.messages[0])])
    t.end(update)
    finish(t)


@scenario
def refused_commands_beside_an_update(t):
    idle(t)
    update = begin(t)
    task = t.poll()
    t.complete(task, timer(""), messages=both(task.messages[0]))
    t.end(update)
    t.history()


@scenario
def bad_messages(t):
    for index, make in enumerate((
        lambda asked: [raw("m", "unknown", Acceptance())],
        lambda asked: [raw("m", asked.protocol_instance_id)],
        lambda asked: [raw("m", asked.protocol_instance_id, Message(id="odd"))],
        lambda asked: [accept(asked), accept(asked)],
        lambda asked: [respond(asked)],
        lambda asked: [reject(asked), accept(asked)],
        lambda asked: [accept(asked), reject(asked)],
        lambda asked: [accept(asked), respond(asked), respond(asked)],
        lambda asked: [raw("m", asked.protocol_instance_id, Acceptance())],
        lambda asked: [accept(asked), raw("m", asked.protocol_instance_id, Response())],
        lambda asked: [raw("", asked.protocol_instance_id, Acceptance())],
    )):
        workflow_id, queue = f"wf{index}~", f"q{index}~"
        t.quiet("StartWorkflowExecution", workflow_id=workflow_id, workflow_type="type", task_queue=queue,
                request_id=f"r{index}~")
        task = t.quiet("PollWorkflowTaskQueue", task_queue=queue, identity="worker")
        t.quiet("RespondWorkflowTaskCompleted", task_token=task.task_token)
        update = t.begin("UpdateWorkflowExecution", **request(workflow_id=workflow_id))
        task = t.quiet("PollWorkflowTaskQueue", task_queue=queue, identity="worker")
        t.note(f"case {index}")
        t.complete(task, messages=make(task.messages[0]))
        t.end(update)
        t.history(workflow_id)


@scenario
def closed_or_unknown(t):
    t.start()
    t.terminate()
    t.call("UpdateWorkflowExecution", **request())
    t.call("UpdateWorkflowExecution", **request(workflow_id="none~"))
    t.call("UpdateWorkflowExecution", **request(run_id="00000000-0000-4000-8000-000000000000"))


@scenario
def bad_requests(t):
    t.start()
    long_text = "x" * 1001
    t.table("UpdateWorkflowExecution", request(), [
        {"workflow_execution": None}, {"workflow_execution": ""}, {"workflow_execution": ("wf~", "nonsense")},
        {"request": None}, {"request": {}}, {"request": {"meta": {"update_id": "u"}}},
        {"request": {"meta": {"update_id": "u"}, "input": {"name": ""}}},
        {"request": {"meta": {"update_id": long_text}, "input": {"name": "n"}}},
        {"request": {"meta": {"update_id": "u"}, "input": {"name": long_text}}, "timeout": 1},
        {"wait_policy": {"lifecycle_stage": "ADMITTED"}},
    ])


def accepted(t):
    """An update that was accepted and goes on."""
    update = begin(t)
    task = t.poll()
    t.complete(task, messages=[accept(task.messages[0])])
    return update, task


def poll(t):
    return t.call("PollWorkflowExecutionUpdate", update_ref={"workflow_execution": "wf~", "update_id": "u"},
                  wait_policy={"lifecycle_stage": "COMPLETED"})
