"""Activities: results, retries, timeouts, heartbeats, cancellation, local ones, asynchronous completion."""

import asyncio

from temporalio.client import AsyncActivityCancelledError, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, TimeoutError, TimeoutType
from temporalio.exceptions import RetryState
from temporalio.service import RPCError, RPCStatusCode

import activities as act
import workflows as wf
from harness import case, equal, event_names, eventually, is_in, raises


async def activity_failure(t, name: str, args: list, options: dict) -> ActivityError:
    error = await raises(WorkflowFailureError, t.run(wf.OneActivity.run, name, args, options))
    assert isinstance(error.cause, ActivityError), f"cause is {error.cause!r}"
    return error.cause


@case
async def activity_result(t):
    equal(await t.run(wf.OneActivity.run, "greet", ["Ada", "Hello"], {}), "Hello, Ada")


@case
async def activity_in_thread(t):
    value = {"list": [1, 2.5, None, "ü"], "flag": True}
    equal(await t.run(wf.OneActivity.run, "echo_in_thread", [value], {}), value)


@case
async def activity_info(t):
    handle = await t.start(wf.OneActivity.run, "describe_self", [], {"start_to_close_timeout": 7})
    info = await handle.result()
    equal(info["workflow_id"], handle.id, "workflow id")
    equal(info["workflow_run_id"], handle.first_execution_run_id, "run id")
    equal(info["workflow_type"], "OneActivity", "workflow type")
    equal(info["activity_type"], "describe_self", "activity type")
    equal(info["task_queue"], t.task_queue, "task queue")
    equal((info["attempt"], info["is_local"], info["start_to_close"]), (1, False, 7.0), "attempt, local, timeout")


@case
async def activity_retried_until_success(t):
    handle = await t.start(wf.OneActivity.run, "fail_until", [3], {"max_attempts": 0})
    equal(await handle.result(), 3)
    started = [e for e in (await handle.fetch_history()).events if e.HasField("activity_task_started_event_attributes")]
    equal(len(started), 1, "started events")
    attributes = started[0].activity_task_started_event_attributes
    equal(attributes.attempt, 3, "attempt in history")
    is_in("attempt 2 fails", attributes.last_failure.message, "last failure")


@case
async def activity_attempts_used_up(t):
    error = await activity_failure(t, "fail_until", [9], {"max_attempts": 2})
    equal(error.retry_state, RetryState.MAXIMUM_ATTEMPTS_REACHED, "retry state")
    equal((error.cause.message, error.cause.type), ("attempt 2 fails", "NotYet"), "cause")
    equal(list(error.cause.details), [2], "details")


@case
async def activity_non_retryable_flag(t):
    error = await activity_failure(t, "fail_with", ["no", "Fatal", True], {"max_attempts": 0})
    equal(error.retry_state, RetryState.NON_RETRYABLE_FAILURE, "retry state")
    equal((error.cause.type, error.cause.non_retryable), ("Fatal", True), "cause")
    equal(error.cause.details[0], {"why": "no"}, "details")


@case
async def activity_non_retryable_type(t):
    options = {"max_attempts": 0, "non_retryable": ["Fatal"]}
    error = await activity_failure(t, "fail_with", ["no", "Fatal", False], options)
    equal(error.retry_state, RetryState.NON_RETRYABLE_FAILURE, "retry state")
    equal(error.cause.non_retryable, False, "flag")


@case
async def activity_next_retry_delay(t):
    waited = await t.run(wf.OneActivity.run, "ask_delay", [400], {"max_attempts": 2})
    assert 0.4 <= waited < 10, f"waited {waited}s"


@case
async def activity_heartbeat_details_carried(t):
    options = {"max_attempts": 3, "heartbeat_timeout": 5}
    equal(await t.run(wf.OneActivity.run, "resume_from_heartbeat", [], options), [1, 2])


@case
async def activity_unknown_type(t):
    error = await activity_failure(t, "nobody", [], {"max_attempts": 1})
    is_in("nobody", error.cause.message)


@case
async def activity_many_at_once(t):
    equal(await t.run(wf.ManyActivities.run, 40), sum(range(40)))


@case
async def activity_timeout_start_to_close(t):
    error = await activity_failure(t, "hang", [], {"start_to_close_timeout": 0.3, "max_attempts": 1})
    assert isinstance(error.cause, TimeoutError), repr(error.cause)
    equal(error.cause.type, TimeoutType.START_TO_CLOSE, "timeout")
    equal(error.retry_state, RetryState.MAXIMUM_ATTEMPTS_REACHED, "retry state")


@case
async def activity_timeout_schedule_to_start(t):
    options = {"schedule_to_start_timeout": 0.3, "start_to_close_timeout": 5, "task_queue": t.id()}
    error = await activity_failure(t, "echo", [1], options)
    equal(error.cause.type, TimeoutType.SCHEDULE_TO_START, "timeout")
    equal(error.retry_state, RetryState.TIMEOUT, "retry state")


@case
async def activity_timeout_schedule_to_close(t):
    options = {"schedule_to_close_timeout": 0.5, "max_attempts": 0}
    error = await activity_failure(t, "hang", [], options)
    equal(error.cause.type, TimeoutType.SCHEDULE_TO_CLOSE, "timeout")


@case
async def activity_timeout_no_time_for_retry(t):
    options = {"schedule_to_close_timeout": 0.6, "start_to_close_timeout": 30}
    error = await activity_failure(t, "fail_until", [99], options)
    equal(error.retry_state, RetryState.TIMEOUT, "retry state")
    assert isinstance(error.cause, ApplicationError), repr(error.cause)


@case
async def activity_timeout_heartbeat(t):
    options = {"heartbeat_timeout": 0.4, "start_to_close_timeout": 20, "max_attempts": 1}
    error = await activity_failure(t, "hang_after_heartbeat", ["detail"], options)
    equal(error.cause.type, TimeoutType.HEARTBEAT, "timeout")
    equal(list(error.cause.last_heartbeat_details), ["detail"], "last details")


async def cancel_activity(t, on_cancel: str, kind: str) -> str:
    key = t.id()
    handle = await t.start(wf.CancelActivity.run, key, on_cancel, kind)
    await act.gate(act.STARTED, key).wait()
    await handle.signal(wf.CancelActivity.cancel_now)
    return await handle.result()


@case
async def activity_cancel_wait(t):
    equal(await cancel_activity(t, "raise", "WAIT_CANCELLATION_COMPLETED"), "error: CancelledError")


@case
async def activity_cancel_wait_but_completes(t):
    equal(await cancel_activity(t, "return", "WAIT_CANCELLATION_COMPLETED"), "result: finished anyway")


@case
async def activity_cancel_wait_but_fails(t):
    equal(await cancel_activity(t, "fail", "WAIT_CANCELLATION_COMPLETED"), "error: ApplicationError")


@case
async def activity_cancel_try(t):
    equal(await cancel_activity(t, "raise", "TRY_CANCEL"), "error: CancelledError")


@case
async def activity_cancel_abandon(t):
    equal(await cancel_activity(t, "raise", "ABANDON"), "error: CancelledError")


@case
async def activity_cancelled_with_workflow(t):
    key = t.id()
    handle = await t.start(
        wf.OneActivity.run, "wait_for_cancel", [key, "raise"], {"heartbeat_timeout": 2, "start_to_close_timeout": 20}
    )
    await act.gate(act.STARTED, key).wait()
    await handle.cancel()
    error = await raises(WorkflowFailureError, handle.result())
    assert isinstance(error.cause, CancelledError), repr(error.cause)
    is_in("ACTIVITY_TASK_CANCEL_REQUESTED", event_names(await handle.fetch_history()))


@case
async def activity_pending_in_describe(t):
    key = t.id()
    handle = await t.start(wf.OneActivity.run, "wait_released", [key], {})
    await act.gate(act.STARTED, key).wait()
    pending = (await handle.describe()).raw_description.pending_activities
    equal([(p.activity_type.name, p.attempt, p.state) for p in pending], [("wait_released", 1, 2)], "pending")
    act.gate(act.RELEASED, key).set()
    equal(await handle.result(), f"released {key}")
    equal(len((await handle.describe()).raw_description.pending_activities), 0, "pending after the end")


@case
async def activity_pending_failure_in_describe(t):
    handle = await t.start(wf.OneActivity.run, "fail_until", [99], {})

    async def second_attempt():
        pending = (await handle.describe()).raw_description.pending_activities
        return pending and pending[0].attempt >= 2 and pending[0]

    pending = await eventually(second_attempt, "a second attempt")
    is_in("fails", pending.last_failure.message)
    await handle.terminate()


@case
async def local_activity(t):
    handle = await t.start(wf.OneActivity.run, "describe_self", [], {"local": True})
    equal((await handle.result())["is_local"], True, "is local")
    names = event_names(await handle.fetch_history())
    is_in("MARKER_RECORDED", names)
    assert "ACTIVITY_TASK_SCHEDULED" not in names, names


@case
async def local_activity_retried(t):
    options = {"local": True, "max_attempts": 5}
    equal(await t.run(wf.OneActivity.run, "fail_until", [3], options), 3)


@case
async def local_activity_fails(t):
    failing = t.run(wf.OneActivity.run, "fail_with", ["no", "Fatal", True], {"local": True})
    error = await raises(WorkflowFailureError, failing)
    equal((error.cause.message, error.cause.type), ("no", "Fatal"), "failure")


@case
async def async_completion_by_token(t):
    key = t.id()
    handle = await t.start(wf.OneActivity.run, "complete_elsewhere", [key], {})
    token = await act.token_of(key)
    await t.client.get_async_activity_handle(task_token=token).complete("by token")
    equal(await handle.result(), "by token")
    error = await raises(RPCError, t.client.get_async_activity_handle(task_token=token).complete("again"))
    equal(error.status, RPCStatusCode.NOT_FOUND, "second completion")


@case
async def async_completion_by_id(t):
    key = t.id()
    handle = await t.start(wf.OneActivity.run, "complete_elsewhere", [key], {"activity_id": "the-one"})
    await act.token_of(key)
    by_id = t.client.get_async_activity_handle(workflow_id=handle.id, run_id=None, activity_id="the-one")
    await by_id.heartbeat("alive")
    await by_id.complete("by id")
    equal(await handle.result(), "by id")


@case
async def async_failure_by_id(t):
    key = t.id()
    options = {"activity_id": "the-one", "max_attempts": 1}
    handle = await t.start(wf.OneActivity.run, "complete_elsewhere", [key], options)
    await act.token_of(key)
    by_id = t.client.get_async_activity_handle(
        workflow_id=handle.id, run_id=handle.first_execution_run_id, activity_id="the-one"
    )
    await by_id.fail(ApplicationError("from elsewhere", type="Remote"), last_heartbeat_details=["last"])
    error = await raises(WorkflowFailureError, handle.result())
    equal((error.cause.cause.message, error.cause.cause.type), ("from elsewhere", "Remote"), "failure")


@case
async def async_cancel_seen_by_heartbeat(t):
    key = t.id()
    handle = await t.start(wf.OneActivity.run, "complete_elsewhere", [key], {"cancellation_type": 1})
    by_token = t.client.get_async_activity_handle(task_token=await act.token_of(key))
    await by_token.heartbeat()
    await handle.cancel()

    async def told():
        try:
            await by_token.heartbeat()
        except AsyncActivityCancelledError:
            return True

    await eventually(told, "heartbeat says cancelled")
    await by_token.report_cancellation("over")
    error = await raises(WorkflowFailureError, handle.result())
    assert isinstance(error.cause, CancelledError), repr(error.cause)


@case
async def activity_unknown_token(t):
    stray = t.client.get_async_activity_handle(workflow_id=t.id(), run_id=None, activity_id="none")
    error = await raises(RPCError, stray.complete(1))
    equal(error.status, RPCStatusCode.NOT_FOUND, "status")


@case
async def activity_on_other_task_queue(t):
    queue = t.id()
    async with t.worker(queue, workflows=[], activities=[act.describe_self]):
        info = await t.run(wf.OneActivity.run, "describe_self", [], {"task_queue": queue})
    equal(info["task_queue"], queue)


@case
async def activity_large_payload(t):
    text = "x" * 1_000_000
    equal(len(await t.run(wf.OneActivity.run, "echo", [text], {})), len(text))


@case
async def activities_of_many_workflows(t):
    runs = [t.run(wf.ManyActivities.run, 3) for _ in range(15)]
    equal(await asyncio.gather(*runs), [3] * 15)
