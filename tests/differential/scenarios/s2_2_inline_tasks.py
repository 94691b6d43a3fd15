"""Tasks that bypass the queue, heartbeats of tasks, and stickiness (section 2.2)."""

from commands import activity, complete, timer
from harness import scenario

STICKY = {"worker_task_queue": {"name": "sticky~", "kind": "STICKY", "normal_name": "q~"},
          "schedule_to_start_timeout": 2}


@scenario
def eager_start(t):
    answer = t.start(request_eager_execution=True)
    t.complete(answer.eager_workflow_task, complete())
    t.history()


@scenario
def eager_start_again(t):
    """A repeated request brings the task again, as long as it is the first one and still open."""
    for _ in range(2):
        answer = t.start(request_eager_execution=True, request_id="r~")
    t.complete(answer.eager_workflow_task, timer())
    t.start(request_eager_execution=True, request_id="r~")
    t.start(request_eager_execution=True, workflow_id_conflict_policy="USE_EXISTING")


@scenario
def eager_start_with_delay_or_cron(t):
    t.start("a~", request_eager_execution=True, workflow_start_delay=60)
    t.start("b~", request_eager_execution=True, cron_schedule="0 0 1 1 *")


@scenario
def eager_start_times_out(t):
    t.start(request_eager_execution=True, workflow_task_timeout=1)
    t.step(complete())
    t.history()


eager_start_times_out.slow = True


@scenario
def heartbeat_with_the_next_task_inline(t):
    t.start()
    task = t.poll()
    for _ in range(3):
        task = t.complete(task, force_create_new_workflow_task=True, return_new_workflow_task=True).workflow_task
    t.complete(task, complete())
    t.history()


@scenario
def heartbeat_through_the_queue(t):
    t.start()
    t.step(force_create_new_workflow_task=True)
    t.step(timer(), force_create_new_workflow_task=True)
    t.step(complete())
    t.history()


@scenario
def heartbeat_with_commands(t):
    t.start()
    answer = t.step(timer(), activity(), force_create_new_workflow_task=True, return_new_workflow_task=True)
    t.complete(answer.workflow_task, complete())
    t.history()


@scenario
def next_task_inline_after_a_signal(t):
    t.start()
    task = t.poll()
    t.signal()
    answer = t.complete(task, timer(), return_new_workflow_task=True)
    t.complete(answer.workflow_task, complete(), return_new_workflow_task=True)
    t.history()


@scenario
def no_next_task(t):
    t.start()
    t.step(timer(), return_new_workflow_task=True)


@scenario
def next_task_inline_after_a_canceled_activity(t):
    from commands import cancel_activity

    t.start()
    answer = t.step(activity(), cancel_activity(5), return_new_workflow_task=True)
    t.complete(answer.workflow_task, complete())
    t.history()


@scenario
def next_task_inline_on_the_sticky_queue(t):
    t.start()
    task = t.poll()
    t.signal()
    answer = t.complete(task, timer(), return_new_workflow_task=True, sticky_attributes=STICKY)
    t.complete(answer.workflow_task, complete())
    t.history()


@scenario
def refused_task_is_not_returned_inline(t):
    t.start()
    t.complete(t.poll(), timer(""), return_new_workflow_task=True)
    t.step(complete())
    t.history()


@scenario
def unhandled_command_and_inline(t):
    t.start()
    task = t.poll()
    t.signal()
    t.complete(task, complete(), return_new_workflow_task=True)
    t.step(complete(), return_new_workflow_task=True)
    t.history()


@scenario
def sticky_schedule_to_start_timeout(t):
    """A poller was there a moment ago, but does not come back: the task moves to the normal queue."""
    t.start()
    t.step(timer(), sticky_attributes=STICKY)
    poll = t.begin_poll("sticky~", sticky=True)
    t.wait_poller("sticky~", sticky=True)
    poll.future.cancel()
    t.describe()  # behind the cancellation on the same connection
    t.signal()
    t.step(complete())
    t.history()


sticky_schedule_to_start_timeout.slow = True


@scenario
def reset_sticky(t):
    t.start()
    t.step(timer(), sticky_attributes=STICKY)
    t.call("ResetStickyTaskQueue", execution="wf~")
    t.signal()
    t.step(complete())
    t.history()
    t.call("ResetStickyTaskQueue", execution="wf~")


@scenario
def shutdown_worker(t):
    """After the shutdown of its sticky worker a workflow goes to the normal queue at once."""
    t.start()
    t.step(timer(), sticky_attributes=STICKY)
    poll = t.begin_poll("sticky~", sticky=True)
    t.wait_poller("sticky~", sticky=True)
    t.call("ShutdownWorker", sticky_task_queue="sticky~", identity="worker", reason="bye")
    poll.future.cancel()
    t.signal()
    t.step(complete())
    t.history()


@scenario
def empty_completion(t):
    t.start()
    t.step()
    t.signal()
    t.step(complete())
    t.history()


@scenario
def completion_metadata(t):
    t.start()
    t.step(timer(), binary_checksum="sum", sdk_metadata={"core_used_flags": [1, 2], "sdk_name": "n", "sdk_version": "1"},
           metering_metadata={"nonfirst_local_activity_execution_attempts": 3})
    t.describe()
    t.history()


@scenario
def failed_with_non_determinism(t):
    t.start()
    t.fail_task(t.poll(), cause="NON_DETERMINISTIC_ERROR", binary_checksum="sum")
    t.history()
    t.describe()


@scenario
def reported_problems(t):
    """From the fifth failure on, a search attribute tells of it."""
    t.start()
    for _ in range(5):
        t.fail_task(t.poll())
    t.describe()
    t.step(timer())
    t.describe()
