"""Activities inside workflows (section 2.5)."""

from commands import activity, cancel_activity, complete, timer
from harness import scenario

ONCE = {"maximum_attempts": 1}
QUICK = {"initial_interval": 0.05, "backoff_coefficient": 1.0}


def scheduled(t, **fields):
    """A workflow whose first task schedules one activity."""
    t.start()
    t.step(activity(**fields))


def finish(t):
    t.step(complete())
    t.history()


@scenario
def completes(t):
    scheduled(t)
    t.describe()
    task = t.poll_activity()
    t.describe()
    t.complete_activity(task)
    finish(t)


@scenario
def every_field(t):
    scheduled(t, schedule_to_close_timeout=100, schedule_to_start_timeout=50, start_to_close_timeout=20,
              heartbeat_timeout=5, header={"h": "x"}, priority={"priority_key": 1},
              retry_policy={"initial_interval": 3, "backoff_coefficient": 1.5, "maximum_interval": 9,
                            "maximum_attempts": 4, "non_retryable_error_types": ["Bad", "TemporalTimeout:StartToClose"]})
    t.complete_activity(t.poll_activity(), result=["a", "b"])
    finish(t)


@scenario
def timeouts_are_filled_in(t):
    t.start(workflow_run_timeout=500)
    t.step(
        activity("s2c", start_to_close_timeout=None, schedule_to_close_timeout=30),
        activity("start", start_to_close_timeout=30),
        activity("capped", start_to_close_timeout=90, schedule_to_close_timeout=30, schedule_to_start_timeout=60,
                 heartbeat_timeout=50),
        activity("long", start_to_close_timeout=1000, heartbeat_timeout=2000),
        activity("own-queue", task_queue="other~"),
    )
    t.history()


@scenario
def fails_without_retry(t):
    scheduled(t, retry_policy=ONCE)
    t.fail_activity(t.poll_activity())
    finish(t)


@scenario
def fails_non_retryable(t):
    scheduled(t)
    t.fail_activity(t.poll_activity(), {"message": "no", "source": "me", "stack_trace": "st",
                                        "application_failure_info": {"type": "Bad", "non_retryable": True, "details": "d"}})
    finish(t)


@scenario
def fails_with_listed_type(t):
    scheduled(t, retry_policy={"non_retryable_error_types": ["Oops"]})
    t.fail_activity(t.poll_activity())
    finish(t)


@scenario
def failures_must_be_application_failures(t):
    scheduled(t)
    task = t.poll_activity()
    t.table("RespondActivityTaskFailed", {"task_token": task.task_token}, [
        {"failure": {"message": "c", "canceled_failure_info": {"details": "d"}}},
        {"failure": {"message": "c", "terminated_failure_info": {}}},
        {"failure": {"message": "c", "server_failure_info": {"non_retryable": True}}},
        {"failure": {"message": "c", "timeout_failure_info": {"timeout_type": "HEARTBEAT"}}},
        {"failure": {"message": "c"}}, {"failure": {}},
    ])
    t.complete_activity(task, None)
    finish(t)


@scenario
def fails_without_a_failure(t):
    scheduled(t, retry_policy=ONCE)
    t.fail_activity(t.poll_activity(), None)
    finish(t)


@scenario
def retries_then_completes(t):
    scheduled(t, retry_policy=QUICK)
    t.fail_activity(t.poll_activity(), "first")
    t.fail_activity(t.poll_activity(), "second")
    t.complete_activity(t.poll_activity())
    finish(t)


@scenario
def retries_exhausted(t):
    scheduled(t, retry_policy={**QUICK, "maximum_attempts": 2})
    t.fail_activity(t.poll_activity(), "first")
    t.fail_activity(t.poll_activity(), "second")
    finish(t)


@scenario
def next_retry_delay(t):
    scheduled(t, retry_policy={"initial_interval": 100, "maximum_attempts": 2})
    t.fail_activity(t.poll_activity(), {"message": "soon", "application_failure_info": {"next_retry_delay": 0.1}})
    t.complete_activity(t.poll_activity())
    finish(t)


@scenario
def no_time_for_another_attempt(t):
    scheduled(t, schedule_to_close_timeout=5, retry_policy={"initial_interval": 50})
    t.fail_activity(t.poll_activity())
    finish(t)


@scenario
def start_to_close_timeout(t):
    scheduled(t, start_to_close_timeout=1, retry_policy=ONCE)
    task = t.poll_activity()
    t.wait_event("ActivityTaskTimedOut")
    t.complete_activity(task)
    finish(t)


@scenario
def start_to_close_timeout_is_retried(t):
    scheduled(t, start_to_close_timeout=1, retry_policy=QUICK)
    t.poll_activity()
    t.complete_activity(t.poll_activity())
    finish(t)


@scenario
def start_to_close_timeout_listed_as_non_retryable(t):
    scheduled(t, start_to_close_timeout=1, retry_policy={"non_retryable_error_types": ["TemporalTimeout:StartToClose"]})
    t.poll_activity()
    t.wait_event("ActivityTaskTimedOut")
    finish(t)


@scenario
def start_to_close_timeout_leaves_no_time(t):
    scheduled(t, start_to_close_timeout=1, schedule_to_close_timeout=3, retry_policy={"initial_interval": 50})
    t.poll_activity()
    t.wait_event("ActivityTaskTimedOut")
    finish(t)


@scenario
def schedule_to_start_timeout(t):
    scheduled(t, schedule_to_start_timeout=1)
    t.wait_event("ActivityTaskTimedOut")
    finish(t)


@scenario
def schedule_to_close_timeout_unstarted(t):
    scheduled(t, start_to_close_timeout=None, schedule_to_close_timeout=1)
    t.wait_event("ActivityTaskTimedOut")
    finish(t)


@scenario
def schedule_to_close_timeout_started(t):
    scheduled(t, start_to_close_timeout=None, schedule_to_close_timeout=1)
    t.poll_activity()
    t.wait_event("ActivityTaskTimedOut")
    finish(t)


@scenario
def schedule_to_close_timeout_during_backoff(t):
    scheduled(t, schedule_to_close_timeout=2, retry_policy={"initial_interval": 1, "backoff_coefficient": 1.0})
    t.fail_activity(t.poll_activity(), "first")
    t.poll_activity()
    t.wait_event("ActivityTaskTimedOut")
    finish(t)


@scenario
def heartbeat_timeout(t):
    scheduled(t, heartbeat_timeout=1, retry_policy=ONCE)
    task = t.poll_activity()
    t.heartbeat(task, "halfway")
    t.wait_event("ActivityTaskTimedOut")
    t.heartbeat(task)
    finish(t)


@scenario
def heartbeat_details_reach_the_next_attempt(t):
    scheduled(t, retry_policy=QUICK)
    task = t.poll_activity()
    t.heartbeat(task, "one")
    t.describe()
    t.fail_activity(task, last_heartbeat_details="two")
    task = t.poll_activity()
    t.heartbeat(task, None)
    t.describe()
    t.complete_activity(task)
    finish(t)


@scenario
def cancel_before_start(t):
    scheduled(t)
    t.signal()
    t.step(cancel_activity(5))
    finish(t)


@scenario
def cancel_in_the_same_task(t):
    t.start()
    t.step(activity(), cancel_activity(5))
    finish(t)


@scenario
def cancel_while_running(t):
    scheduled(t, heartbeat_timeout=10)
    task = t.poll_activity()
    t.heartbeat(task)
    t.signal()
    t.step(cancel_activity(5))
    t.describe()
    t.heartbeat(task)
    t.call("RespondActivityTaskCanceled", task_token=task.task_token, details="bye", identity="worker")
    finish(t)


@scenario
def cancel_requested_then_completes(t):
    scheduled(t)
    task = t.poll_activity()
    t.signal()
    t.step(cancel_activity(5))
    t.complete_activity(task)
    finish(t)


@scenario
def cancel_requested_then_fails(t):
    scheduled(t, retry_policy=QUICK)
    task = t.poll_activity()
    t.signal()
    t.step(cancel_activity(5))
    t.fail_activity(task)
    finish(t)


@scenario
def cancel_requested_during_backoff(t):
    scheduled(t, retry_policy={"initial_interval": 60})
    t.fail_activity(t.poll_activity())
    t.describe()
    t.signal()
    t.step(cancel_activity(5))
    finish(t)


@scenario
def cancel_twice(t):
    scheduled(t)
    t.poll_activity()
    t.signal()
    t.step(cancel_activity(5))
    t.signal()
    t.step(cancel_activity(5))
    t.step(complete())
    t.history()


@scenario
def cancel_a_finished_activity(t):
    """The result came while the task ran: the cancel is recorded. Once seen, it is a bad command."""
    scheduled(t)
    activity_task = t.poll_activity()
    t.signal()
    task = t.poll()
    t.complete_activity(activity_task)
    t.complete(task, cancel_activity(5))
    t.complete(t.poll(), cancel_activity(5))
    finish(t)


@scenario
def activities_without_a_queue(t):
    t.start()
    t.step(activity(task_queue=None))
    t.terminate()


@scenario
def oversize_results(t):
    big = {"metadata": {"encoding": b"json/plain"}, "data": b"x" * (2 * 1024 * 1024 + 1)}
    t.start()
    t.step(*[activity(name, task_queue=name + "~", retry_policy=ONCE) for name in ("result", "failure", "beat")])
    t.complete_activity(t.poll_activity("result~"), big)
    t.fail_activity(t.poll_activity("failure~"), {"message": "big", "application_failure_info": {"type": "T", "details": big}})
    task = t.poll_activity("beat~")
    t.heartbeat(task, big)
    t.heartbeat(task)
    finish(t)


@scenario
def canceled_without_request(t):
    scheduled(t)
    task = t.poll_activity()
    t.call("RespondActivityTaskCanceled", task_token=task.task_token, details="bye")
    t.complete_activity(task)
    finish(t)


@scenario
def by_id(t):
    t.start()
    t.step(*[activity(name, task_queue=name + "~", retry_policy=ONCE) for name in ("done", "fail", "cancel")])
    for name in ("done", "fail", "cancel"):
        t.poll_activity(name + "~")
    t.call("RecordActivityTaskHeartbeatById", workflow_id="wf~", activity_id="done", details="beat")
    t.call("RespondActivityTaskCompletedById", workflow_id="wf~", activity_id="done", result="done", identity="me")
    t.call("RespondActivityTaskFailedById", workflow_id="wf~", activity_id="fail", failure="bad", identity="me")
    t.call("RespondActivityTaskCanceledById", workflow_id="wf~", activity_id="cancel", details="x", identity="me")
    t.call("RespondActivityTaskCompletedById", workflow_id="wf~", activity_id="done", result="again")
    t.call("RespondActivityTaskCompletedById", workflow_id="wf~", activity_id="none", result="again")
    t.call("RespondActivityTaskCompletedById", workflow_id="none~", activity_id="none", result="again")
    t.call("RespondActivityTaskFailedById", workflow_id="wf~", activity_id="none", failure="again")
    t.call("RecordActivityTaskHeartbeatById", workflow_id="wf~", activity_id="none")
    finish(t)


@scenario
def by_id_before_it_started(t):
    t.start()
    t.step(activity("heartbeat", task_queue="h~"), activity("fail", task_queue="f~"), activity("done", task_queue="d~"))
    t.call("RecordActivityTaskHeartbeatById", workflow_id="wf~", activity_id="heartbeat", details="beat")
    t.call("RespondActivityTaskFailedById", workflow_id="wf~", activity_id="fail", failure="bad", identity="me")
    t.call("RespondActivityTaskCanceledById", workflow_id="wf~", activity_id="fail", identity="me")
    t.call("RespondActivityTaskCompletedById", workflow_id="wf~", activity_id="done", result="early", identity="me")
    finish(t)


@scenario
def stale_tokens(t):
    scheduled(t, retry_policy=QUICK)
    first = t.poll_activity()
    t.fail_activity(first)
    second = t.poll_activity()
    t.complete_activity(first)
    t.fail_activity(first)
    t.heartbeat(first)
    t.complete_activity(second)
    t.complete_activity(second)
    t.step(complete())
    t.complete_activity(second)
    t.heartbeat(second)
    t.call("RespondActivityTaskCanceled", task_token=second.task_token)


@scenario
def workflow_closes_while_running(t):
    scheduled(t)
    task = t.poll_activity()
    t.terminate()
    t.heartbeat(task)
    t.complete_activity(task)
    t.fail_activity(task)


@scenario
def results_while_a_task_runs_are_buffered(t):
    """Completions are flushed after other events."""
    t.start()
    t.step(activity("a", task_queue="a~"), activity("b", task_queue="b~", retry_policy=ONCE), timer())
    first, second = t.poll_activity("a~"), t.poll_activity("b~")
    t.signal("one")
    task = t.poll()
    t.complete_activity(first)
    t.signal("two")
    t.fail_activity(second)
    t.cancel()
    t.complete(task, timer("t2"))
    finish(t)


@scenario
def eager_activity(t):
    t.start()
    answer = t.step(activity(request_eager_execution=True), activity("b", request_eager_execution=True, task_queue="b~"))
    t.describe()
    t.call("RespondActivityTaskCompleted", task_token=answer.activity_tasks[0].task_token, result="fast")
    finish(t)


for slow in (start_to_close_timeout, start_to_close_timeout_is_retried, start_to_close_timeout_listed_as_non_retryable,
             schedule_to_start_timeout, heartbeat_timeout, schedule_to_close_timeout_during_backoff,
             start_to_close_timeout_leaves_no_time):
    slow.slow = True
