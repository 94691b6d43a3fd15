"""2.5 Activity operator commands on activities of workflows: pause, unpause, reset, options; by id, type or all; and their successors."""

from commands import activity, cancel_activity, complete
from harness import scenario

BASE = {"execution": "wf~", "identity": "operator"}
NEXT = {"workflow_id": "wf~", "activity_id": "a", "identity": "operator"}


def options(t, **fields):
    return t.call("UpdateActivityOptions", **{**BASE, "id": "a", **fields})


def begin(t, *commands):
    t.start()
    t.step(*(commands or (activity(retry_policy={"initial_interval": 60}),)))


@scenario
def paused_before_start(t):
    """A paused activity is not dispatched; unpaused it is, with the same attempt."""
    begin(t)
    t.call("PauseActivity", **BASE, id="a", reason="why", request_id="p1")
    t.call("PauseActivity", **BASE, id="a", reason="other", request_id="p1")
    t.call("PauseActivity", **BASE, id="a", reason="other", request_id="p2")
    t.describe()
    pending = t.begin("PollActivityTaskQueue", task_queue="q~", identity="worker")
    t.call("UnpauseActivity", **BASE, id="a")
    t.complete_activity(t.take(pending))
    t.step(complete())
    t.history()
    t.describe()


@scenario
def paused_by_type(t):
    begin(t, activity("a"), activity("b"), activity("c", activity_type="other"))
    t.call("PauseActivity", **BASE, type="act", reason="many")
    t.describe()
    t.call("UnpauseActivity", **BASE, unpause_all=True)
    t.describe()
    t.call("UnpauseActivity", **BASE, type="other")
    t.call("UnpauseActivity", **BASE, unpause_all=True)


@scenario
def paused_activity_canceled(t):
    """The workflow cancels an activity that is paused and was not started."""
    begin(t)
    t.call("PauseActivity", **BASE, id="a")
    t.signal()
    t.step(cancel_activity(5))
    t.describe()
    t.step(complete())
    t.history()


@scenario
def paused_started_activity_canceled(t):
    """The workflow cancels an activity that is paused while a worker has it."""
    begin(t, activity(heartbeat_timeout=10, retry_policy={"initial_interval": 60}))
    task = t.poll_activity()
    t.call("PauseActivity", **BASE, id="a")
    t.signal()
    t.step(cancel_activity(5))
    t.describe()
    t.heartbeat(task)
    t.call("RespondActivityTaskCanceled", task_token=task.task_token, identity="worker")
    t.history()


@scenario
def pause_of_the_canceled(t):
    """An activity that was asked to cancel is paused."""
    begin(t, activity(heartbeat_timeout=10, retry_policy={"initial_interval": 60}))
    task = t.poll_activity()
    t.signal()
    t.step(cancel_activity(5))
    t.call("PauseActivity", **BASE, id="a")
    t.describe()
    t.heartbeat(task)
    t.fail_activity(task)
    t.history()


@scenario
def completed_while_paused(t):
    begin(t)
    task = t.poll_activity()
    t.call("PauseActivity", **BASE, id="a")
    t.complete_activity(task)
    t.history()


@scenario
def completed_by_id_while_paused(t):
    """A paused activity that no worker has is completed by id."""
    begin(t)
    t.call("PauseActivity", **BASE, id="a")
    t.call("RespondActivityTaskCompletedById", workflow_id="wf~", activity_id="a", result="r", identity="worker")
    t.history()


@scenario
def unpaused_with_attempts_reset(t):
    begin(t, activity(heartbeat_timeout=10, retry_policy={"initial_interval": 60}))
    task = t.poll_activity()
    t.heartbeat(task, "one")
    t.fail_activity(task)
    t.describe()
    t.call("PauseActivity", **BASE, id="a")
    t.describe()
    t.call("UnpauseActivity", **BASE, id="a", reset_attempts=True, reset_heartbeat=True)
    t.describe()
    task = t.poll_activity()
    t.complete_activity(task)
    t.history()


@scenario
def unpaused_during_backoff(t):
    """Unpausing an activity that waits for its retry dispatches it at once."""
    begin(t)
    t.fail_activity(t.poll_activity())
    t.call("PauseActivity", **BASE, id="a")
    t.call("UnpauseActivity", **BASE, id="a")
    t.describe()
    t.complete_activity(t.poll_activity())


@scenario
def unpaused_with_jitter(t):
    begin(t)
    t.fail_activity(t.poll_activity())
    t.call("PauseActivity", **BASE, id="a")
    t.call("UnpauseActivity", **BASE, id="a", jitter=0.5, reset_heartbeat=True)
    t.complete_activity(t.poll_activity())


@scenario
def unpaused_while_running(t):
    begin(t, activity(heartbeat_timeout=10))
    task = t.poll_activity()
    t.call("PauseActivity", **BASE, id="a")
    t.call("UnpauseActivity", **BASE, id="a", reset_attempts=True, reset_heartbeat=True)
    t.describe()
    t.heartbeat(task)
    t.complete_activity(task)
    t.history()


@scenario
def reset_before_start(t):
    begin(t)
    t.call("ResetActivity", **BASE, id="a")
    t.describe()
    t.complete_activity(t.poll_activity())


@scenario
def reset_during_backoff(t):
    begin(t, activity(heartbeat_timeout=10, retry_policy={"initial_interval": 60}))
    task = t.poll_activity()
    t.heartbeat(task, "one")
    t.fail_activity(task)
    t.call("ResetActivity", **BASE, id="a", reset_heartbeat=True)
    t.describe()
    t.complete_activity(t.poll_activity())
    t.history()


@scenario
def reset_during_backoff_keeps_heartbeat(t):
    begin(t, activity(heartbeat_timeout=10, retry_policy={"initial_interval": 60}))
    task = t.poll_activity()
    t.heartbeat(task, "one")
    t.fail_activity(task)
    t.call("ResetActivity", **BASE, id="a", jitter=0.4)
    task = t.poll_activity()
    t.describe()
    t.complete_activity(task)


@scenario
def reset_while_running(t):
    """A running attempt is told that it was reset, and its failure is followed by the second one."""
    begin(t, activity(start_to_close_timeout=2, retry_policy={"initial_interval": 0.1}))
    t.fail_activity(t.poll_activity())
    task = t.poll_activity()
    t.heartbeat(task, "one")
    t.call("ResetActivity", **BASE, id="a", reset_heartbeat=True)
    t.describe()
    t.heartbeat(task, "two")
    t.fail_activity(task)
    task = t.poll_activity()
    t.describe()
    t.heartbeat(task, "three")
    t.complete_activity(task)
    t.history()


@scenario
def reset_of_the_paused(t):
    begin(t)
    t.call("PauseActivity", **BASE, id="a", reason="why")
    t.call("ResetActivity", **BASE, id="a", keep_paused=True)
    t.describe()
    t.call("ResetActivity", **BASE, id="a")
    t.describe()
    t.complete_activity(t.poll_activity())


@scenario
def reset_of_the_paused_running(t):
    begin(t, activity(heartbeat_timeout=10, retry_policy={"initial_interval": 0.1}))
    task = t.poll_activity()
    t.call("PauseActivity", **BASE, id="a", reason="why")
    t.call("ResetActivity", **BASE, id="a")
    t.describe()
    t.heartbeat(task)
    t.fail_activity(task)
    t.complete_activity(t.poll_activity())


@scenario
def reset_of_all(t):
    begin(t, activity("a"), activity("b", activity_type="other", task_queue="b~"), activity("c"))
    t.fail_activity(t.poll_activity("b~"))
    t.call("ResetActivity", **BASE, match_all=True)
    t.describe()
    t.call("ResetActivity", **BASE, type="act")
    t.call("ResetActivity", **BASE, type="none")


@scenario
def reset_restores_options(t):
    begin(t)
    options(t, activity_options={"start_to_close_timeout": 33, "task_queue": "c~"},
            update_mask=["start_to_close_timeout", "task_queue.name"])
    t.call("ResetActivity", **BASE, id="a", restore_original_options=True)
    t.describe()
    t.complete_activity(t.poll_activity())


@scenario
def every_option(t):
    begin(t)
    options(t, activity_options={"schedule_to_close_timeout": 100, "schedule_to_start_timeout": 50, "start_to_close_timeout": 20,
                                 "heartbeat_timeout": 5, "retry_policy": {"initial_interval": 2, "backoff_coefficient": 3,
                                 "maximum_interval": 30, "maximum_attempts": 7}, "task_queue": "c~", "priority": {"priority_key": 2}},
            update_mask=["schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout", "heartbeat_timeout",
                         "retry_policy.initial_interval", "retry_policy.backoff_coefficient", "retry_policy.maximum_interval",
                         "retry_policy.maximum_attempts", "task_queue.name", "priority.priority_key"])
    t.describe()
    task = t.poll_activity("c~")
    t.describe()
    t.complete_activity(task)
    t.history()


@scenario
def options_in_other_forms(t):
    begin(t)
    for mask, wanted in (
        (["retry_policy"], {"retry_policy": {"maximum_attempts": 3}}),
        (["retry_policy"], {}),
        (["retryPolicy.maximumAttempts"], {"retry_policy": {"maximum_attempts": 4}}),
        (["task_queue"], {"task_queue": "d~"}),
        (["task_queue.name"], {}),
        (["taskQueue.name"], {"task_queue": "e~"}),
        (["priority"], {"priority": {"priority_key": 4, "fairness_key": "f"}}),
        (["priority.fairness_key", "priority.fairness_weight"], {"priority": {"fairness_key": "g", "fairness_weight": 2.5}}),
        (["priority.priority_key"], {}),
        (["priority"], {}),
        (["heartbeat_timeout"], {}),
        (["start_to_close_timeout"], {}),
        (["schedule_to_close_timeout"], {"schedule_to_close_timeout": 7}),
        (["schedule_to_close_timeout"], {}),
        (["heartbeat_timeout"], {"heartbeat_timeout": 1000}),
        (["start_delay"], {"start_delay": 5}),
        (["*"], {"start_to_close_timeout": 9}),
    ):
        options(t, activity_options=wanted, update_mask=mask)


@scenario
def options_refused(t):
    begin(t)
    for mask, wanted in (
        (["start_to_close_timeout"], {"start_to_close_timeout": -1}),
        (["schedule_to_close_timeout"], {"schedule_to_close_timeout": -1}),
        (["schedule_to_start_timeout"], {"schedule_to_start_timeout": -1}),
        (["heartbeat_timeout"], {"heartbeat_timeout": -1}),
        (["retry_policy"], {"retry_policy": {"backoff_coefficient": 0.5}}),
        (["retry_policy.maximum_attempts"], {"retry_policy": {"maximum_attempts": -1}}),
        (["retry_policy.initial_interval"], {}),
        (["priority.priority_key"], {"priority": {"priority_key": -1}}),
        (["task_queue.name"], {"task_queue": ""}),
        (["task_queue.name"], {"task_queue": "x" * 1001}),
        (["task_queue.kind"], {"task_queue": "x"}),
        (["retry_policy.nonsense"], {}),
        (["nonsense"], {}),
        (["start_to_close_timeout", "nonsense"], {"start_to_close_timeout": 11}),
        ([], {"start_to_close_timeout": 12}),
    ):
        options(t, activity_options=wanted, update_mask=mask)
    options(t, update_mask=["start_to_close_timeout"])
    options(t, activity_options={}, restore_original=True)
    options(t, update_mask=["start_to_close_timeout"], restore_original=True)
    t.describe()


@scenario
def options_of_many(t):
    begin(t, activity("a"), activity("b"), activity("c", activity_type="other"))
    options(t, id=None, type="act", activity_options={"heartbeat_timeout": 3}, update_mask=["heartbeat_timeout"])
    t.describe()
    options(t, id=None, match_all=True, activity_options={"heartbeat_timeout": 4}, update_mask=["heartbeat_timeout"])
    options(t, id=None, match_all=True, restore_original=True)
    t.describe()


@scenario
def options_while_running(t):
    """A running attempt keeps its worker; the next attempt has the new options."""
    begin(t, activity(retry_policy={"initial_interval": 0.1}))
    task = t.poll_activity()
    options(t, activity_options={"task_queue": "c~", "start_to_close_timeout": 44}, update_mask=["task_queue.name", "start_to_close_timeout"])
    t.describe()
    t.fail_activity(task)
    t.complete_activity(t.poll_activity("c~"))
    t.history()


@scenario
def options_during_backoff(t):
    """A new interval counts from the end of the last attempt."""
    begin(t)
    t.fail_activity(t.poll_activity())
    options(t, activity_options={"retry_policy": {"initial_interval": 1}}, update_mask=["retry_policy.initial_interval"])
    t.describe()
    t.complete_activity(t.poll_activity())


@scenario
def options_of_the_paused(t):
    begin(t)
    t.call("PauseActivity", **BASE, id="a")
    options(t, activity_options={"task_queue": "c~"}, update_mask=["task_queue.name"])
    t.describe()
    t.call("UnpauseActivity", **BASE, id="a")
    t.complete_activity(t.poll_activity("c~"))


@scenario
def shorter_timeout_takes_effect(t):
    """A schedule-to-start timeout that is shortened counts for the attempt that waits."""
    begin(t)
    options(t, activity_options={"schedule_to_start_timeout": 1}, update_mask=["schedule_to_start_timeout"])
    t.wait_event("ActivityTaskTimedOut")
    t.history()


@scenario
def shorter_attempt_takes_effect(t):
    begin(t, activity(retry_policy={"maximum_attempts": 1}))
    t.poll_activity()
    options(t, activity_options={"start_to_close_timeout": 1}, update_mask=["start_to_close_timeout"])
    t.wait_event("ActivityTaskTimedOut")
    t.history()


@scenario
def timeouts_of_the_paused(t):
    """Nothing of a paused activity times out; when it goes on, its whole time may be up."""
    begin(t, activity(schedule_to_close_timeout=1), activity("timer", schedule_to_start_timeout=3))
    t.call("PauseActivity", **BASE, id="a")
    t.wait_event("ActivityTaskTimedOut")
    t.describe()
    t.call("UnpauseActivity", **BASE, id="a")
    t.wait_event("ActivityTaskTimedOut", count=2)
    t.history()


@scenario
def attempt_of_the_paused_times_out(t):
    """The attempt of a paused activity is not timed out before it goes on."""
    begin(t, activity(start_to_close_timeout=1, retry_policy={"initial_interval": 0.1}), activity("timer", task_queue="other~", schedule_to_start_timeout=3))
    t.poll_activity()
    t.call("PauseActivity", **BASE, id="a")
    t.wait_event("ActivityTaskTimedOut")
    t.describe()
    t.call("UnpauseActivity", **BASE, id="a")
    t.complete_activity(t.poll_activity())


@scenario
def last_attempt_of_the_paused(t):
    """A paused activity whose attempts are used up fails."""
    begin(t, activity(retry_policy={"maximum_attempts": 1}))
    task = t.poll_activity()
    t.call("PauseActivity", **BASE, id="a")
    t.fail_activity(task)
    t.describe()
    t.history()


@scenario
def fatal_failure_of_the_paused(t):
    begin(t)
    task = t.poll_activity()
    t.call("PauseActivity", **BASE, id="a")
    t.fail_activity(task, failure={"message": "no", "application_failure_info": {"type": "T", "non_retryable": True}})
    t.describe()
    t.history()


@scenario
def targets_refused(t):
    begin(t)
    for method in ("PauseActivity", "UnpauseActivity", "ResetActivity", "UpdateActivityOptions"):
        more = {"activity_options": {"heartbeat_timeout": 3}, "update_mask": ["heartbeat_timeout"]} if method == "UpdateActivityOptions" else {}
        t.call(method, identity="operator", id="a", **more)
        t.call(method, **{**BASE, "execution": ""}, id="a", **more)
        t.call(method, **{**BASE, "execution": "none~"}, id="a", **more)
        t.call(method, **{**BASE, "execution": ("wf~", "bad")}, id="a", **more)
        t.call(method, **{**BASE, "execution": ("wf~", "00000000-0000-4000-8000-000000000000")}, id="a", **more)
        t.call(method, **BASE, id="", **more)
        t.call(method, **BASE, type="", **more)
        t.call(method, **BASE, id="x" * 1001, **more)
        t.call(method, execution="wf~", id="none", identity="x" * 1001, **more)
    t.call("PauseActivity", **BASE, id="a", reason="r" * 5000)
    t.call("PauseActivity", **BASE, id="a", request_id="r" * 1001)
    t.call("UnpauseActivity", **BASE, id="a", jitter=-1)
    t.terminate()
    for method in ("PauseActivity", "UnpauseActivity", "ResetActivity", "UpdateActivityOptions"):
        more = {"activity_options": {"heartbeat_timeout": 3}, "update_mask": ["heartbeat_timeout"]} if method == "UpdateActivityOptions" else {}
        t.call(method, **BASE, id="a", **more)


@scenario
def unpause_of_the_unpaused(t):
    begin(t)
    t.call("UnpauseActivity", **BASE, id="a")
    t.call("UnpauseActivity", **BASE, id="a", reset_attempts=True)
    t.describe()
    t.fail_activity(t.poll_activity())
    t.call("UnpauseActivity", **BASE, id="a", reset_attempts=True)
    t.describe()


@scenario
def successors(t):
    """The newer calls address activities of workflows when a workflow is named."""
    begin(t, activity(heartbeat_timeout=10, retry_policy={"initial_interval": 60}))
    t.call("PauseActivityExecution", **NEXT, reason="why", request_id="p1")
    t.call("PauseActivityExecution", **NEXT, reason="why", request_id="p2")
    t.describe()
    t.call("UpdateActivityExecutionOptions", **NEXT, activity_options={"start_to_close_timeout": 33}, update_mask=["start_to_close_timeout"])
    t.call("ResetActivityExecution", **NEXT, keep_paused=True)
    t.describe()
    t.call("UnpauseActivityExecution", **NEXT, reason="enough")
    t.call("UnpauseActivityExecution", **NEXT, reason="enough")
    task = t.poll_activity()
    t.heartbeat(task)
    t.call("ResetActivityExecution", **NEXT, reset_heartbeat=True, restore_original_options=True)
    t.describe()
    t.heartbeat(task)
    t.complete_activity(task)
    t.history()


@scenario
def successors_refused(t):
    begin(t)
    for method in ("PauseActivityExecution", "UnpauseActivityExecution", "ResetActivityExecution", "UpdateActivityExecutionOptions"):
        more = {"activity_options": {"heartbeat_timeout": 3}, "update_mask": ["heartbeat_timeout"]} if method == "UpdateActivityExecutionOptions" else {}
        t.call(method, **{**NEXT, "activity_id": ""}, **more)
        t.call(method, **{**NEXT, "activity_id": "none"}, **more)
        t.call(method, **{**NEXT, "activity_id": "x" * 1001}, **more)
        t.call(method, **{**NEXT, "workflow_id": "none~"}, **more)
        t.call(method, **{**NEXT, "workflow_id": "x" * 1001}, **more)
        t.call(method, **NEXT, run_id="bad", **more)
        t.call(method, **NEXT, run_id="00000000-0000-4000-8000-000000000000", **more)
        t.call(method, **{**NEXT, "workflow_id": ""}, **more)
        t.call(method, **{**NEXT, "identity": "x" * 1001}, **more)
        t.call(method, **NEXT, request_id="x" * 1001, **more)
        t.call(method, **NEXT, resource_id="nonsense", **more)
    t.call("UpdateActivityExecutionOptions", **NEXT)
    t.call("UpdateActivityExecutionOptions", **NEXT, activity_options={"heartbeat_timeout": 3})
    t.call("UpdateActivityExecutionOptions", **NEXT, activity_options={"heartbeat_timeout": 3}, update_mask=["nonsense"])
    t.call("UpdateActivityExecutionOptions", **NEXT, restore_original=True)
    t.call("UpdateActivityExecutionOptions", **NEXT, activity_options={"heartbeat_timeout": 3}, update_mask=["heartbeat_timeout"], restore_original=True)
    t.call("PauseActivityExecution", **NEXT, reason="r" * 5000)
    t.call("ResetActivityExecution", **NEXT, jitter=-1)
    t.terminate()
    for method in ("PauseActivityExecution", "UnpauseActivityExecution", "ResetActivityExecution"):
        t.call(method, **NEXT)
