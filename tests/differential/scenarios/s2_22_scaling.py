"""What workers are told of how many polls to keep (section 2.22)."""

import time

from commands import activity
from harness import scenario

AUTO = {"task_queue": "q~", "identity": "worker"}


def told(t, what, answer):
    decision = answer.poller_scaling_decision
    present = answer.HasField("poller_scaling_decision")
    t.note(f"{what}: {decision.poll_request_delta_suggestion if present else 'nothing'}")


def schedule(t, count):
    t.start(task_queue="w~")
    t.complete(t.poll("w~"), *(activity(f"a{n}", task_queue="q~", start_to_close_timeout=60) for n in range(count)))


def grown_old(t, kind):
    """Waits until the backlog is older than a worker is to tolerate."""
    t.until("DescribeTaskQueue", lambda answer: answer.stats.approximate_backlog_age.ToMilliseconds() > 400,
            task_queue="q~", task_queue_type=kind, report_stats=True)


@scenario
def a_poll_that_waited_is_one_too_many(t):
    poll = t.begin("PollActivityTaskQueue", **AUTO)
    t.wait_poller(kind="ACTIVITY")
    due = time.monotonic() + 1.3
    t.until("GetSystemInfo", lambda _: time.monotonic() > due)
    schedule(t, 1)
    told(t, "after a wait", poll.future.result())


@scenario
def an_old_backlog_wants_more_polls(t):
    schedule(t, 12)
    grown_old(t, "ACTIVITY")
    told(t, "before a backlog", t.quiet("PollActivityTaskQueue", **AUTO))


@scenario
def the_last_of_a_backlog(t):
    schedule(t, 1)
    grown_old(t, "ACTIVITY")
    told(t, "the last", t.quiet("PollActivityTaskQueue", **AUTO))


@scenario
def workflow_tasks_too(t):
    for n in range(12):
        t.quiet("StartWorkflowExecution", workflow_id=f"wf{n}~", workflow_type="type", task_queue="q~", request_id=f"r{n}~")
    grown_old(t, "WORKFLOW")
    told(t, "before a backlog", t.quiet("PollWorkflowTaskQueue", **AUTO))
