"""Workflows the cases run."""

import asyncio
import datetime
import uuid

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.workflow import ActivityCancellationType, ParentClosePolicy

import activities as act

SOON = datetime.timedelta(seconds=30)
FAST = datetime.timedelta(milliseconds=20)


def seconds(value: float) -> datetime.timedelta:
    return datetime.timedelta(seconds=value)


@workflow.defn
class Echo:
    @workflow.run
    async def run(self, value):
        return value


@workflow.defn
class OneActivity:
    """Calls one activity by name. `options` is a plain dict, since it crosses the wire."""

    @workflow.run
    async def run(self, name: str, args: list, options: dict):
        local = options.pop("local", False)
        retry = None
        if "max_attempts" in options or "non_retryable" in options:
            retry = RetryPolicy(
                initial_interval=FAST,
                backoff_coefficient=1.0,
                maximum_attempts=options.pop("max_attempts", 0),
                non_retryable_error_types=options.pop("non_retryable", []),
            )
        timeouts = {k: seconds(v) for k, v in options.items() if k.endswith("_timeout")}
        rest = {k: v for k, v in options.items() if not k.endswith("_timeout")}
        if not {"start_to_close_timeout", "schedule_to_close_timeout"} & timeouts.keys():
            timeouts["schedule_to_close_timeout"] = SOON
        call = workflow.execute_local_activity if local else workflow.execute_activity
        return await call(name, args=args, retry_policy=retry, **timeouts, **rest)


@workflow.defn
class ManyActivities:
    """Runs `count` activities side by side and adds their results."""

    @workflow.run
    async def run(self, count: int) -> int:
        calls = [workflow.execute_activity(act.echo, i, start_to_close_timeout=SOON) for i in range(count)]
        return sum(await asyncio.gather(*calls))


@workflow.defn
class Timers:
    """Starts timers of the given milliseconds at once; returns them in the order they fired."""

    @workflow.run
    async def run(self, milliseconds: list) -> list:
        fired = []

        async def one(ms: int) -> None:
            await workflow.sleep(seconds(ms / 1000))
            fired.append(ms)

        await asyncio.gather(*(one(ms) for ms in milliseconds))
        return fired


@workflow.defn
class TimerCancel:
    @workflow.run
    async def run(self) -> str:
        long = asyncio.create_task(asyncio.sleep(3600))
        await asyncio.sleep(0.01)
        long.cancel()
        try:
            await long
        except asyncio.CancelledError:
            return "cancelled"
        return "fired"


@workflow.defn
class Box:
    """Collects signals until told to stop; answers queries; takes updates. The work horse of the cases."""

    def __init__(self) -> None:
        self.items: list = []
        self.stopped = False
        self.unlocked = False

    @workflow.run
    async def run(self) -> list:
        await workflow.wait_condition(lambda: self.stopped)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.items

    @workflow.signal
    def add(self, item) -> None:
        self.items.append(item)

    @workflow.signal
    def stop(self) -> None:
        self.stopped = True

    @workflow.signal
    def unlock(self) -> None:
        self.unlocked = True

    @workflow.query
    def all(self) -> list:
        return self.items

    @workflow.query
    def divide(self, by: int) -> float:
        return len(self.items) / by

    @workflow.update
    async def put(self, item) -> int:
        self.items.append(item)
        return len(self.items)

    @put.validator
    def check_put(self, item) -> None:
        if item == "":
            raise ApplicationError("empty items are refused", type="Refused")

    @workflow.update
    async def put_when_unlocked(self, item) -> str:
        await workflow.wait_condition(lambda: self.unlocked)
        self.items.append(item)
        return f"put {item}"

    @workflow.update
    async def put_by_activity(self, item):
        result = await workflow.execute_activity(act.echo, item, start_to_close_timeout=SOON)
        self.items.append(result)
        return result

    @workflow.update
    async def put_and_fail(self, item) -> None:
        self.items.append(item)
        raise ApplicationError("update fails", item, type="Broken")


@workflow.defn
class Fail:
    @workflow.run
    async def run(self, message: str, kind: str, non_retryable: bool) -> None:
        raise ApplicationError(message, {"a": 1}, type=kind, non_retryable=non_retryable)


@workflow.defn
class FailUntilAttempt:
    @workflow.run
    async def run(self, attempt: int) -> int:
        now = workflow.info().attempt
        if now < attempt:
            raise ApplicationError(f"attempt {now}")
        return now


@workflow.defn
class Sleeper:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


@workflow.defn
class CancelCleanup:
    """On cancellation runs one more activity, shielded, then ends as cancelled or as completed."""

    @workflow.run
    async def run(self, swallow: bool) -> str:
        try:
            await workflow.wait_condition(lambda: False)
        except asyncio.CancelledError:
            cleanup = workflow.execute_activity(act.echo, "clean", start_to_close_timeout=SOON)
            result = await asyncio.shield(cleanup)
            if not swallow:
                raise
        return result


@workflow.defn
class CancelActivity:
    """Cancels its own activity when signalled, and reports what the workflow saw."""

    def __init__(self) -> None:
        self.go = False

    @workflow.run
    async def run(self, key: str, on_cancel: str, kind: str) -> str:
        handle = workflow.start_activity(
            act.wait_for_cancel,
            args=[key, on_cancel],
            start_to_close_timeout=SOON,
            heartbeat_timeout=seconds(0.8),
            cancellation_type=ActivityCancellationType[kind],
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
        await workflow.wait_condition(lambda: self.go)
        handle.cancel()
        try:
            return f"result: {await handle}"
        except asyncio.CancelledError:
            return "cancelled"
        except ActivityError as error:
            return f"error: {type(error.cause).__name__}"

    @workflow.signal
    def cancel_now(self) -> None:
        self.go = True


@workflow.defn
class CountDown:
    """Continues as new until it reaches zero."""

    @workflow.run
    async def run(self, left: int, runs: list) -> list:
        runs = runs + [workflow.info().run_id]
        if left > 0:
            workflow.continue_as_new(args=[left - 1, runs])
        return runs


@workflow.defn
class CarryOver:
    """Continues as new once, dropping nothing that the caller attached; reports what the second run sees."""

    @workflow.run
    async def run(self, second: bool) -> dict:
        if not second:
            workflow.continue_as_new(True)
        info = workflow.info()
        return {
            "memo": workflow.memo_value("colour", ""),
            "continued": info.continued_run_id is not None,
            "first": info.first_execution_run_id,
        }


@workflow.defn
class CronTick:
    """Each run returns one more than the last one."""

    @workflow.run
    async def run(self) -> int:
        last = workflow.get_last_completion_result(int) if workflow.has_last_completion_result() else 0
        return last + 1


@workflow.defn
class Children:
    @workflow.run
    async def run(self, count: int) -> list:
        base = workflow.info().workflow_id
        calls = [workflow.execute_child_workflow(Echo.run, i, id=f"{base}/{i}") for i in range(count)]
        return await asyncio.gather(*calls)


@workflow.defn
class OneChild:
    """Runs one child by type name and lets its failure through."""

    @workflow.run
    async def run(self, name: str, args: list, child_id: str):
        return await workflow.execute_child_workflow(name, args=args, id=child_id)


@workflow.defn
class ChildCancel:
    def __init__(self) -> None:
        self.go = False

    @workflow.run
    async def run(self, child_id: str) -> str:
        child = await workflow.start_child_workflow(Sleeper.run, id=child_id)
        child.cancel()
        try:
            await child
        except BaseException as error:
            return type(error.__cause__ or error).__name__
        return "completed"


@workflow.defn
class ParentOf:
    """Starts a child with a close policy, then completes without waiting for it."""

    @workflow.run
    async def run(self, child_id: str, policy: str) -> str:
        child = await workflow.start_child_workflow(
            CancelCleanup.run, False, id=child_id, parent_close_policy=ParentClosePolicy[policy]
        )
        return child.first_execution_run_id


@workflow.defn
class External:
    """Signals or cancels another workflow; says what came of it."""

    @workflow.run
    async def run(self, action: str, workflow_id: str) -> str:
        handle = workflow.get_external_workflow_handle(workflow_id)
        try:
            if action == "cancel":
                await handle.cancel()
            else:
                await handle.signal("add", "from outside")
        except ApplicationError as error:
            return f"{error.type}: {error.message}"
        return "done"


@workflow.defn
class Versioned:
    """Takes the new path only where history allows it. Stays open so that two workers can share a run."""

    OLD_CODE = set()

    def __init__(self) -> None:
        self.go = False

    @workflow.run
    async def run(self) -> str:
        is_old = workflow.info().workflow_id in Versioned.OLD_CODE
        path = "new" if not is_old and workflow.patched("step-one") else "old"
        await workflow.wait_condition(lambda: self.go)
        value = await workflow.execute_activity(act.echo, path, start_to_close_timeout=SOON)
        return value

    @workflow.signal
    def proceed(self) -> None:
        self.go = True


@workflow.defn
class Seeded:
    """Random values must be the same in every replay of a run and different in the next run."""

    @workflow.run
    async def run(self) -> list:
        first = str(workflow.uuid4())
        number = workflow.random().randint(0, 1 << 30)
        echoed = await workflow.execute_activity(act.echo, first, start_to_close_timeout=SOON)
        uuid.UUID(first)
        return [first == echoed, first, number, workflow.now().timestamp()]


@workflow.defn
class Attributes:
    """Changes its memo and search attributes from inside, then waits."""

    def __init__(self) -> None:
        self.stopped = False

    @workflow.run
    async def run(self, upsert_keyword: str | None, memo: dict | None) -> dict:
        from temporalio.common import SearchAttributeKey

        if upsert_keyword is not None:
            key = SearchAttributeKey.for_keyword("FeatureKeyword")
            workflow.upsert_search_attributes([key.value_set(upsert_keyword)])
        if memo is not None:
            workflow.upsert_memo(memo)
        await workflow.wait_condition(lambda: self.stopped)
        return dict(workflow.memo())

    @workflow.signal
    def stop(self) -> None:
        self.stopped = True


@workflow.defn
class Summaries:
    """Leaves a summary on an activity and on a timer."""

    @workflow.run
    async def run(self) -> None:
        workflow.set_current_details("half way")
        await workflow.sleep(seconds(0.01), summary="a short nap")
        await workflow.execute_activity(
            act.echo, 1, start_to_close_timeout=SOON, summary="says one"
        )


@workflow.defn
class BadThenGood:
    """Its workflow task fails on the first attempts; the server must try it again."""

    FAILURES: dict[str, int] = {}

    @workflow.run
    async def run(self, key: str, fail_first: int) -> int:
        failed = BadThenGood.FAILURES.get(key, 0)
        if failed < fail_first:
            BadThenGood.FAILURES[key] = failed + 1
            raise RuntimeError("not a workflow failure")
        return failed


@workflow.defn
class LongRun:
    """Steps of an activity and a timer; queries show the progress."""

    def __init__(self) -> None:
        self.done = 0

    @workflow.run
    async def run(self, steps: int) -> int:
        for i in range(steps):
            await workflow.execute_activity(act.echo, i, start_to_close_timeout=SOON)
            await workflow.sleep(seconds(0.01))
            self.done = i + 1
        return self.done

    @workflow.query
    def progress(self) -> int:
        return self.done


ALL = [v for v in list(globals().values()) if hasattr(v, "__temporal_workflow_definition")]
