"""Activities the cases use. State that must outlive an attempt is kept here by a key the case chose."""

import asyncio
import collections
import datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

EXECUTIONS: collections.Counter = collections.Counter()
TOKENS: dict[str, asyncio.Future] = {}
STARTED: dict[str, asyncio.Event] = {}
RELEASED: dict[str, asyncio.Event] = {}


def gate(table: dict[str, asyncio.Event], key: str) -> asyncio.Event:
    return table.setdefault(key, asyncio.Event())


def token_of(key: str) -> asyncio.Future:
    return TOKENS.setdefault(key, asyncio.get_running_loop().create_future())


@activity.defn
async def echo(value):
    return value


@activity.defn
def echo_in_thread(value):
    return value


@activity.defn
async def greet(name: str, greeting: str) -> str:
    return f"{greeting}, {name}"


@activity.defn
async def fail_until(attempt: int) -> int:
    """Fails until the given attempt, which returns its number."""
    now = activity.info().attempt
    if now < attempt:
        raise ApplicationError(f"attempt {now} fails", now, type="NotYet")
    return now


@activity.defn
async def fail_with(message: str, kind: str, non_retryable: bool) -> None:
    raise ApplicationError(message, {"why": message}, type=kind, non_retryable=non_retryable)


@activity.defn
async def ask_delay(milliseconds: int) -> float:
    """Attempt 1 asks for a delay; attempt 2 says how long after the first start it was scheduled."""
    info = activity.info()
    if info.attempt == 1:
        delay = datetime.timedelta(milliseconds=milliseconds)
        raise ApplicationError("later", next_retry_delay=delay)
    return (info.started_time - info.scheduled_time).total_seconds()


@activity.defn
async def resume_from_heartbeat() -> list:
    """Two attempts each leave a detail, the third returns what the second left."""
    info = activity.info()
    seen = list(info.heartbeat_details[0]) if info.heartbeat_details else []
    if info.attempt < 3:
        activity.heartbeat(seen + [info.attempt])
        raise ApplicationError("again")
    return seen


@activity.defn
async def hang() -> None:
    """Never returns by itself and never heartbeats; cancellation ends it."""
    await asyncio.Event().wait()


@activity.defn
async def hang_after_heartbeat(detail: str) -> None:
    activity.heartbeat(detail)
    await asyncio.Event().wait()


@activity.defn
async def wait_for_cancel(key: str, on_cancel: str) -> str:
    """Heartbeats until cancelled. `on_cancel`: `raise`, `return` a result, or `fail`."""
    gate(STARTED, key).set()
    try:
        while True:
            activity.heartbeat("alive")
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        if on_cancel == "return":
            return "finished anyway"
        if on_cancel == "fail":
            raise ApplicationError("cleanup failed", non_retryable=True)
        raise


@activity.defn
async def wait_released(key: str) -> str:
    """Says it started, then waits until the case releases it."""
    gate(STARTED, key).set()
    await gate(RELEASED, key).wait()
    return f"released {key}"


@activity.defn
async def complete_elsewhere(key: str) -> str:
    token_of(key).set_result(activity.info().task_token)
    activity.raise_complete_async()


@activity.defn
async def describe_self() -> dict:
    info = activity.info()
    return {
        "activity_id": info.activity_id,
        "activity_type": info.activity_type,
        "attempt": info.attempt,
        "task_queue": info.task_queue,
        "workflow_id": info.workflow_id,
        "workflow_run_id": info.workflow_run_id,
        "workflow_type": info.workflow_type,
        "namespace": info.workflow_namespace,
        "is_local": info.is_local,
        "start_to_close": info.start_to_close_timeout.total_seconds(),
    }


@activity.defn
async def count_by_key(key: str, fail_first: int) -> int:
    """Counts executions of a key in this process; the first few fail."""
    EXECUTIONS[key] += 1
    if EXECUTIONS[key] <= fail_first:
        raise ApplicationError(f"execution {EXECUTIONS[key]} fails")
    return EXECUTIONS[key]


ALL = [
    ask_delay,
    complete_elsewhere,
    count_by_key,
    describe_self,
    echo,
    fail_until,
    fail_with,
    greet,
    hang,
    hang_after_heartbeat,
    resume_from_heartbeat,
    wait_for_cancel,
    wait_released,
]
IN_THREADS = [echo_in_thread]
