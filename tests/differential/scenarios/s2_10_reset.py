"""Resetting workflows (section 2.10)."""

from commands import activity, child, complete, continue_as_new, fail, timer
from harness import scenario
from scenarios.s2_9_updates import begin, poll_update
from updates import both


def reset(t, event_id, workflow_id="wf~", run_id="", **fields):
    return t.call("ResetWorkflowExecution", **{
        "workflow_execution": (workflow_id, run_id), "workflow_task_finish_event_id": event_id, "reason": "why",
        "request_id": "reset~", "identity": "client", **fields})


def both_runs(t, first):
    t.history(run_id=first.run_id, label="the base run")
    t.history(label="the new run")


@scenario
def first_task_of_a_running_workflow(t):
    first = t.start()
    t.step(timer())
    t.signal(input="kept")
    reset(t, 4)
    t.describe()
    t.describe(run_id=first.run_id)
    t.step(complete())
    both_runs(t, first)


@scenario
def closed_workflow(t):
    first = t.start(memo={"k": "v"})
    t.step(timer())
    t.signal()
    t.step(complete())
    reset(t, 8)
    t.step(complete("again"))
    both_runs(t, first)


@scenario
def failed_workflow(t):
    first = t.start()
    t.step(fail())
    reset(t, 4)
    t.step(complete())
    both_runs(t, first)


@scenario
def while_a_task_runs(t):
    first = t.start()
    t.step(timer())
    t.signal()
    task = t.poll()
    reset(t, 4)
    t.complete(task, complete())
    t.step(complete())
    both_runs(t, first)


@scenario
def to_a_started_or_failed_task(t):
    first = t.start()
    t.fail_task(t.poll())
    t.step(timer())
    reset(t, 4, request_id="one~")
    t.history(label="reset to the failed task")
    reset(t, 3, run_id=first.run_id, request_id="two~")
    t.history(label="reset to the started task")


@scenario
def reapply_choices(t):
    first = t.start()
    t.step(timer())
    t.signal("one")
    t.cancel()
    for index, fields in enumerate(({"reset_reapply_type": "NONE"}, {"reset_reapply_type": "SIGNAL"},
                                    {"reset_reapply_type": "ALL_ELIGIBLE"},
                                    {"reset_reapply_exclude_types": ["SIGNAL"]})):
        reset(t, 4, run_id=first.run_id, request_id=f"r{index}~", **fields)
        t.history(label=str(fields))


@scenario
def updates_are_reapplied(t):
    t.start()
    t.step(timer())
    update = begin(t)
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(update)
    reset(t, 4)
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]) if task.messages else [])
    t.history()


@scenario
def reapplied_update_is_handled(t):
    """It is admitted by an event, so that the worker gets no message and its acceptance repeats no request."""
    t.start()
    t.step(timer())
    update = begin(t)
    task = t.poll()
    brought = task.messages[0]
    t.complete(task, messages=both(brought))
    t.end(update)
    reset(t, 4)
    poll_update(t, stage="ADMITTED")
    again = begin(t)
    t.complete(t.poll(), messages=both(brought))
    t.end(again)
    poll_update(t)
    t.history()


@scenario
def same_request_again(t):
    t.start()
    t.step(timer())
    reset(t, 4)
    reset(t, 4)
    reset(t, 4, request_id="other~")


@scenario
def pending_activities(t):
    first = t.start()
    t.step(activity("started", task_queue="s~", heartbeat_timeout=10), activity("waiting", task_queue="w~"), timer())
    task = t.poll_activity("s~")
    t.heartbeat(task, "half")
    t.signal()
    t.step(timer("t2"))
    reset(t, 11)
    t.complete_activity(task)
    t.describe()
    both_runs(t, first)


@scenario
def started_child(t):
    first = t.start()
    t.step(child())
    t.step(timer())
    t.signal()
    t.step(timer("t2"))
    reset(t, 13)
    t.complete(t.poll("cq~"), complete())
    t.wait_event("ChildWorkflowExecutionCompleted")
    both_runs(t, first)


@scenario
def post_reset_operations(t):
    t.start()
    t.step(timer())
    reset(t, 4, post_reset_operations=[{"signal_workflow": {"signal_name": "after", "input": "x"}}])
    reset(t, 4, post_reset_operations=[{"update_workflow_options": {
        "workflow_execution_options": {"versioning_override": {"auto_upgrade": True}},
        "update_mask": ["versioning_override"]}}])
    t.step(complete())
    t.history()


@scenario
def bad_resets(t):
    t.start()
    t.step(timer())
    for event_id in (-1, 0, 1, 2, 5, 6, 99):
        reset(t, event_id, request_id=f"r{event_id}~")
    reset(t, 4, "none~")
    reset(t, 4, run_id="nonsense")
    reset(t, 4, run_id="00000000-0000-4000-8000-000000000000")
    reset(t, 4, request_id="")
    reset(t, 4, reset_reapply_type="NONE", reason="")


@scenario
def no_task_at_the_point(t):
    t.start()
    t.step(timer())
    t.signal()
    reset(t, 6)
    t.history()


@scenario
def signals_after_continuing_as_new(t):
    first = t.start()
    t.step(timer())
    t.signal("one")
    t.step(continue_as_new())
    t.signal("two")
    reset(t, 4, run_id=first.run_id)
    t.history()


@scenario
def older_run(t):
    first = t.start()
    t.step(complete())
    second = t.start()
    t.step(timer())
    reset(t, 4, run_id=first.run_id)
    for run_id in (first.run_id, second.run_id, ""):
        t.describe(run_id=run_id)
    t.history(run_id=second.run_id)


@scenario
def end_of_a_child_is_reapplied(t):
    t.start()
    t.step(child())
    task = t.poll("cq~")
    t.step(timer())
    t.complete(task, complete())
    t.wait_event("ChildWorkflowExecutionCompleted")
    t.step(timer("t2"))
    reset(t, 9)
    t.history()


@scenario
def without_a_completed_task(t):
    t.start()
    reset(t, 2)
    t.poll()
    reset(t, 3)
    t.history()


@scenario
def post_reset_options_of_every_kind(t):
    t.start(priority={"priority_key": 2})
    t.step(timer())
    both_options = {"priority": {"priority_key": 4}, "versioning_override": {"auto_upgrade": True}}
    for index, operations in enumerate((
        [{"update_workflow_options": {"workflow_execution_options": both_options, "update_mask": ["priority.priority_key"]}}],
        [{"update_workflow_options": {"workflow_execution_options": both_options,
                                      "update_mask": ["priority", "versioning_override"]}}] * 2,
        [{"update_workflow_options": {"workflow_execution_options": {}, "update_mask": ["nonsense"]}}],
        [{"update_workflow_options": {"workflow_execution_options": {}, "update_mask": ["versioning_override"]}}],
        [{"update_workflow_options": {"workflow_execution_options": {"versioning_override": {}},
                                      "update_mask": ["versioning_override"]}}],
        [{"update_workflow_options": {"workflow_execution_options": {"priority": {"priority_key": -1}},
                                      "update_mask": ["priority"]}}],
        [{"update_workflow_options": {"update_mask": ["priority"]}}],
        [{}],
    )):
        t.note(str(operations))
        reset(t, 4, request_id=f"r{index}~", post_reset_operations=operations)
        t.describe()
    t.history()


@scenario
def options_are_reapplied(t):
    """Those that came by a call and those that came with a start, whatever is said of signals and updates."""
    first = t.start()
    t.step(timer())
    t.call("UpdateWorkflowExecutionOptions", workflow_execution="wf~", identity="client",
           update_mask=["priority", "versioning_override"],
           workflow_execution_options={"priority": {"priority_key": 3}, "versioning_override": {"auto_upgrade": True}})
    t.start(workflow_id_conflict_policy="USE_EXISTING", request_id="attached~",
            on_conflict_options={"attach_request_id": True})
    for index, fields in enumerate(({}, {"reset_reapply_type": "SIGNAL"}, {"reset_reapply_type": "NONE"},
                                    {"reset_reapply_exclude_types": ["SIGNAL", "UPDATE"]})):
        reset(t, 4, run_id=first.run_id, request_id=f"r{index}~", **fields)
        t.describe()
        t.history(label=str(fields))
    t.start(workflow_id_conflict_policy="USE_EXISTING", request_id="attached~")


@scenario
def time_of_the_chain_begins_anew(t):
    """A reset gives the chain its whole time again, and the runs that follow have what is left of that."""
    first = t.start(workflow_execution_timeout=5)
    t.step(timer(seconds=3))
    t.step(timer("later"))
    reset(t, 4)
    t.step(continue_as_new())
    t.step(timer(seconds=2))
    t.step(complete())
    both_runs(t, first)
