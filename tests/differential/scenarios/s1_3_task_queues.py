"""Task queues: description, partitions, configuration (section 1.3)."""

from commands import activity
from harness import scenario


@scenario
def unknown_queue(t):
    for kind in (1, 2, 3):
        t.call("DescribeTaskQueue", task_queue="q~", task_queue_type=kind)


@scenario
def queue_with_a_poller(t):
    poll = t.begin_poll(worker_version_capabilities={"build_id": "b"})
    t.wait_poller()
    t.call("DescribeTaskQueue", task_queue="q~", task_queue_type="WORKFLOW")
    poll.future.cancel()


@scenario
def queue_with_a_backlog(t):
    t.normaliser.fuzzy |= {"approximate_backlog_age", "tasks_add_rate", "tasks_dispatch_rate"}
    t.start()
    t.until("DescribeTaskQueue", lambda answer: answer.stats.approximate_backlog_count == 1, task_queue="q~",
            task_queue_type="WORKFLOW", report_stats=True)
    t.call("DescribeTaskQueue", task_queue="q~", task_queue_type="WORKFLOW", report_stats=True)
    t.call("DescribeTaskQueue", task_queue="q~", task_queue_type="WORKFLOW", include_task_queue_status=True)


@scenario
def bad_descriptions(t):
    t.table("DescribeTaskQueue", {"task_queue": "q~", "task_queue_type": 1}, [
        {"task_queue": None}, {"task_queue": ""}, {"task_queue": "x" * 1001}, {"task_queue_type": 0}, {"task_queue_type": 9},
        {"task_queue": {"name": "s~", "kind": "STICKY"}}, {"task_queue": "/_sys/q~/1"}])


@scenario
def partitions(t):
    t.normaliser.fuzzy |= {"owner_host_name"}
    t.call("ListTaskQueuePartitions", task_queue="q~")
    t.call("ListTaskQueuePartitions")


@scenario
def configuration(t):
    base = {"task_queue": "q~", "task_queue_type": "ACTIVITY", "identity": "client"}
    t.call("UpdateTaskQueueConfig", **base, update_queue_rate_limit={
        "rate_limit": {"requests_per_second": 7}, "reason": "slow"})
    rate_is(t, 7)
    t.call("DescribeTaskQueue", task_queue="q~", task_queue_type="ACTIVITY", report_config=True)
    t.call("UpdateTaskQueueConfig", **base, update_queue_rate_limit={})
    rate_is(t, None)
    t.call("DescribeTaskQueue", task_queue="q~", task_queue_type="ACTIVITY", report_config=True)
    t.call("UpdateTaskQueueConfig", **{**base, "task_queue_type": "WORKFLOW"},
           update_queue_rate_limit={"rate_limit": {"requests_per_second": 7}})
    t.call("UpdateTaskQueueConfig", **base, update_queue_rate_limit={"rate_limit": {"requests_per_second": -1}})
    t.call("UpdateTaskQueueConfig")


def rate_is(t, rate):
    """Waits until every part of the queue has heard of its rate; `None` is the system's, which is another on each side."""
    t.until("DescribeTaskQueue", lambda answer: answer.effective_rate_limit.requests_per_second in ((rate,) if rate else (4000, 100000)),
            task_queue="q~", task_queue_type="ACTIVITY", report_config=True)


@scenario
def activity_commands(t):
    """Pausing, resetting and changing an activity of a workflow."""
    t.start()
    t.step(activity(retry_policy={"initial_interval": 60}), activity("b", task_queue="b~", activity_type="other"))
    t.fail_activity(t.poll_activity())
    base = {"execution": "wf~", "identity": "client"}
    t.call("PauseActivity", **base, id="a", reason="why")
    t.describe()
    t.call("PauseActivity", **base, id="a")
    t.call("UpdateActivityOptions", **base, id="a", activity_options={"start_to_close_timeout": 33, "task_queue": "c~"},
           update_mask=["start_to_close_timeout", "task_queue.name"])
    t.call("ResetActivity", **base, id="a", keep_paused=True)
    t.describe()
    t.call("UnpauseActivity", **base, id="a")
    t.complete_activity(t.poll_activity("c~"))
    t.call("PauseActivity", **base, type="other")
    t.call("ResetActivity", **base, type="other")
    t.call("UnpauseActivity", **base, type="other")
    t.complete_activity(t.poll_activity("b~"))
    t.history()


@scenario
def activity_commands_refused(t):
    t.start()
    t.step(activity())
    base = {"execution": "wf~", "identity": "client"}
    for method in ("PauseActivity", "UnpauseActivity", "ResetActivity", "UpdateActivityOptions"):
        t.call(method, **base, id="none")
        t.call(method, **base)
        t.call(method, **base, type="none")
    t.call("UpdateActivityOptions", **base, id="a", activity_options={"start_to_close_timeout": -1},
           update_mask=["start_to_close_timeout"])
    t.call("UpdateActivityOptions", **base, id="a", activity_options={}, update_mask=["nonsense"])
    t.call("UpdateActivityOptions", **base, id="a", activity_options={"start_to_close_timeout": 5})
    t.call("UpdateActivityOptions", **base, id="a", restore_original=True)


@scenario
def pause_while_running(t):
    t.start()
    t.step(activity(retry_policy={"initial_interval": 0.1}, heartbeat_timeout=10))
    task = t.poll_activity()
    t.call("PauseActivity", execution="wf~", id="a", identity="client", reason="why")
    t.describe()
    t.heartbeat(task)
    t.fail_activity(task)
    t.describe()
    t.call("UnpauseActivity", execution="wf~", id="a", identity="client")
    t.complete_activity(t.poll_activity())
    t.history()
