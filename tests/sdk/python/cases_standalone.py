"""Standalone activities: started by a client, without a workflow."""

import asyncio
from datetime import timedelta

from temporalio.client import ActivityFailureError
from temporalio.common import ActivityIDConflictPolicy, RetryPolicy
from temporalio.exceptions import ActivityAlreadyStartedError, ApplicationError, CancelledError, TerminatedError

import activities as act
from harness import case, equal, eventually, raises

SECOND = timedelta(seconds=1)


async def begin(t, activity, *args, **options):
    return await t.client.start_activity(activity, args=args, **{
        "id": t.id(), "task_queue": t.task_queue, "start_to_close_timeout": 30 * SECOND, **options})


@case
async def standalone_result(t):
    handle = await begin(t, act.greet, "Ada", "Hello")
    equal(await handle.result(), "Hello, Ada")
    description = await handle.describe()
    equal((description.activity_type, description.attempt), ("greet", 1), "type and attempt")
    equal(description.status.name, "COMPLETED", "status")


@case
async def standalone_executed(t):
    equal(await t.client.execute_activity(act.echo, [1, "ü"], id=t.id(), task_queue=t.task_queue, start_to_close_timeout=30 * SECOND), [1, "ü"])


@case
async def standalone_retried(t):
    handle = await begin(t, act.fail_until, 3, retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50)))
    equal(await handle.result(), 3)
    equal((await handle.describe()).attempt, 3, "attempt")


@case
async def standalone_failure(t):
    handle = await begin(t, act.fail_with, "broken", "Kind", True)
    error = await raises(ActivityFailureError, handle.result())
    assert isinstance(error.cause, ApplicationError), f"cause is {error.cause!r}"
    equal((error.cause.message, error.cause.type), ("broken", "Kind"), "cause")


@case
async def standalone_terminated(t):
    handle = await begin(t, act.hang)
    await handle.terminate(reason="enough")
    error = await raises(ActivityFailureError, handle.result())
    assert isinstance(error.cause, TerminatedError), f"cause is {error.cause!r}"


@case
async def standalone_canceled_before_start(t):
    handle = await begin(t, act.hang, task_queue=t.id("-nobody"))
    await handle.cancel(reason="why")
    error = await raises(ActivityFailureError, handle.result())
    assert isinstance(error.cause, CancelledError), f"cause is {error.cause!r}"


@case
async def standalone_canceled_by_heartbeat(t):
    key = t.id("-key")
    handle = await begin(t, act.wait_for_cancel, key, "raise", heartbeat_timeout=2 * SECOND)
    await act.gate(act.STARTED, key).wait()
    await handle.cancel()
    error = await raises(ActivityFailureError, handle.result())
    assert isinstance(error.cause, CancelledError), f"cause is {error.cause!r}"


@case
async def standalone_id_taken(t):
    handle = await begin(t, act.hang, task_queue=t.id("-nobody"))
    await raises(ActivityAlreadyStartedError, begin(t, act.hang, id=handle.id))
    other = await begin(t, act.hang, id=handle.id, id_conflict_policy=ActivityIDConflictPolicy.USE_EXISTING)
    equal(other.run_id, handle.run_id, "run")
    await handle.terminate()


@case
async def standalone_paused(t):
    handle = await begin(t, act.echo, "late", start_delay=SECOND)
    await handle.pause()
    description = await handle.describe()
    equal(description.status.name, "PAUSED", "status")
    await handle.unpause()
    equal(await handle.result(), "late")


@case
async def standalone_listed(t):
    queue = t.id("-nobody")
    handles = [await begin(t, act.hang, task_queue=queue) for _ in range(3)]
    query = f"TaskQueue = '{queue}' AND ExecutionStatus = 'Running'"

    async def count():
        return (await t.client.count_activities(query)).count == 3

    await eventually(count, "all are counted")
    ids = sorted([found.activity_id async for found in t.client.list_activities(query)])
    equal(ids, sorted(handle.id for handle in handles), "ids")
    await asyncio.gather(*(handle.terminate() for handle in handles))


@case
async def standalone_completed_elsewhere(t):
    handle = await begin(t, "hang")

    async def started():
        return (await handle.describe()).last_started_time is not None

    await eventually(started, "a worker has it")
    await t.client.get_async_activity_handle(activity_id=handle.id, run_id=handle.run_id).complete("from afar")
    equal(await handle.result(), "from afar")
