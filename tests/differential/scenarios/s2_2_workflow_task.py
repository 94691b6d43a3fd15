"""Workflow tasks: completion, failure, timeout, stickiness (section 2.2)."""

from commands import complete, timer
from harness import scenario

STICKY = {"worker_task_queue": {"name": "sticky~", "kind": "STICKY", "normal_name": "q~"},
          "schedule_to_start_timeout": 1}


@scenario
def completes(t):
    t.start(input="hello")
    t.step(complete())
    t.history()
    t.describe()


@scenario
def two_tasks(t):
    t.start()
    t.step(timer())
    t.signal(input="x")
    t.step(complete())
    t.history()


@scenario
def fails_then_completes(t):
    """The second attempt is transient: its events are written only when it completes."""
    t.start()
    t.fail_task(t.poll())
    task = t.poll()
    t.describe()
    t.history(label="wf~ during the second attempt")
    t.complete(task, complete())
    t.history()


@scenario
def fails_three_times(t):
    t.start()
    for _ in range(3):
        t.fail_task(t.poll())
    t.describe()
    t.history(label="wf~ before completion")
    t.step(complete())
    t.history()


@scenario
def signal_during_transient_attempt(t):
    t.start()
    t.fail_task(t.poll())
    task = t.poll()
    t.signal()
    t.complete(task, timer())
    t.step(complete())
    t.history()


@scenario
def signal_before_transient_attempt_starts(t):
    t.start()
    t.fail_task(t.poll())
    t.signal()
    t.step(complete())
    t.history()


@scenario
def start_to_close_timeout(t):
    t.start(workflow_task_timeout=1)
    task = t.poll()
    t.wait_event("WorkflowTaskTimedOut")
    t.complete(task, complete())
    t.step(complete())
    t.history()


start_to_close_timeout.slow = True


@scenario
def sticky_ships_only_new_events(t):
    t.start()
    t.step(timer(), sticky_attributes=STICKY)
    poll = t.begin_poll("sticky~", sticky=True)
    t.wait_poller("sticky~", sticky=True)
    t.signal()
    t.complete(t.take(poll), complete())
    t.history()


@scenario
def sticky_without_poller_falls_back(t):
    t.start()
    t.step(timer(), sticky_attributes=STICKY)
    t.signal()
    t.step(complete())
    t.history()


@scenario
def sticky_failure_clears_stickiness(t):
    t.start()
    t.step(timer(), sticky_attributes=STICKY)
    poll = t.begin_poll("sticky~", sticky=True)
    t.wait_poller("sticky~", sticky=True)
    t.signal()
    t.fail_task(t.take(poll))
    t.step(complete())
    t.history()
