#!/usr/bin/env python3
"""The official Python SDK's time-skipping environments: the one with a test server, on ours, and the one that sets the
clocks of single runs forward, on our development server.

    time_skipping.py --binary PATH      PATH of `longhaul` or of `longhaul-test-server` beside it

The last line is `N passed, N failed`.
"""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
import uuid
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, TimeoutError as TemporalTimeout
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import harness
from harness import case, equal

CASE_SECONDS_MAX = 30.0
DAY = 86400


@workflow.defn
class Sleeper:
    """Sleeps; a signal wakes it early."""

    def __init__(self):
        self.woken = False

    @workflow.run
    async def run(self, seconds: float) -> float:
        began = workflow.time()
        try:
            await workflow.wait_condition(lambda: self.woken, timeout=seconds)
        except asyncio.TimeoutError:
            pass
        return workflow.time() - began

    @workflow.signal
    def wake(self):
        self.woken = True

    @workflow.query
    def is_woken(self) -> bool:
        return self.woken

    @workflow.update
    async def nap(self, seconds: float) -> float:
        began = workflow.time()
        await asyncio.sleep(seconds)
        return workflow.time() - began


@workflow.defn
class Stubborn:
    """Tries an activity that fails again and again, with a day in between."""

    @workflow.run
    async def run(self, attempts: int) -> int:
        return await workflow.execute_activity(
            fail_until, attempts, start_to_close_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(initial_interval=timedelta(days=1), backoff_coefficient=1.0))


@workflow.defn
class Busy:
    """Runs an activity that takes real time, beside a timer."""

    @workflow.run
    async def run(self, seconds: float) -> list[str]:
        order = []

        async def work():
            await workflow.execute_activity(take, seconds, start_to_close_timeout=timedelta(hours=1))
            order.append("activity")

        async def wait():
            await asyncio.sleep(5)
            order.append("timer")

        await asyncio.gather(work(), wait())
        return order


@workflow.defn
class Parent:
    @workflow.run
    async def run(self, seconds: float) -> float:
        return await workflow.execute_child_workflow(Sleeper.run, seconds, id=workflow.info().workflow_id + "-child")


@activity.defn
async def fail_until(attempts: int) -> int:
    attempt = activity.info().attempt
    if attempt < attempts:
        raise ApplicationError(f"attempt {attempt}")
    return attempt


@activity.defn
async def take(seconds: float) -> None:
    await asyncio.sleep(seconds)


class Ctx:
    def __init__(self, env, task_queue, name):
        self.env, self.client, self.task_queue, self.name = env, env.client, task_queue, name

    def options(self, **options):
        return {"id": f"{self.name}-{uuid.uuid4().hex[:12]}", "task_queue": self.task_queue, **options}


def near(actual, expected, what="seconds", within=5.0):
    if abs(actual - expected) > within:
        raise AssertionError(f"{what}: got {actual}, want about {expected}")


@case
async def a_timer_of_a_hundred_days(ctx):
    near(await ctx.client.execute_workflow(Sleeper.run, 100 * DAY, **ctx.options()), 100 * DAY)


@case
async def the_environment_sleeps_and_tells_the_time(ctx):
    before = await ctx.env.get_current_time()
    handle = await ctx.client.start_workflow(Sleeper.run, 30 * DAY, **ctx.options())
    await ctx.env.sleep(timedelta(days=3))
    near((await ctx.env.get_current_time() - before).total_seconds(), 3 * DAY)
    equal(await handle.query(Sleeper.is_woken), False)
    await handle.signal(Sleeper.wake)
    near(await handle.result(), 3 * DAY, within=60.0)


@case
async def nothing_is_skipped_while_it_is_locked(ctx):
    with ctx.env.auto_time_skipping_disabled():
        began = time.monotonic()
        await ctx.client.execute_workflow(Sleeper.run, 2, **ctx.options())
        if time.monotonic() - began < 1.9:
            raise AssertionError("a timer fired early")


@case
async def an_activity_takes_the_time_it_takes(ctx):
    equal(await ctx.client.execute_workflow(Busy.run, 1.0, **ctx.options()), ["activity", "timer"])


@case
async def retries_a_day_apart(ctx):
    before = await ctx.env.get_current_time()
    equal(await ctx.client.execute_workflow(Stubborn.run, 4, **ctx.options()), 4)
    near((await ctx.env.get_current_time() - before).total_seconds(), 3 * DAY, within=30.0)


@case
async def a_workflow_runs_into_its_timeout(ctx):
    try:
        await ctx.client.execute_workflow(Sleeper.run, 100 * DAY, **ctx.options(execution_timeout=timedelta(days=10)))
    except WorkflowFailureError as error:
        equal(type(error.cause), TemporalTimeout)
    else:
        raise AssertionError("it did not time out")


@case
async def a_child_sleeps(ctx):
    near(await ctx.client.execute_workflow(Parent.run, 50 * DAY, **ctx.options()), 50 * DAY)


@case
async def an_update_sleeps(ctx):
    handle = await ctx.client.start_workflow(Sleeper.run, 20 * DAY, **ctx.options())
    nap = asyncio.create_task(handle.execute_update(Sleeper.nap, 2 * DAY))
    near(await handle.result(), 20 * DAY)
    near(await nap, 2 * DAY)


@case
async def a_start_is_delayed(ctx):
    before = await ctx.env.get_current_time()
    await ctx.client.execute_workflow(Sleeper.run, 1, **ctx.options(start_delay=timedelta(days=5)))
    near((await ctx.env.get_current_time() - before).total_seconds(), 5 * DAY)


@case
async def two_at_a_time(ctx):
    lengths = [5 * DAY, 9 * DAY]
    runs = [ctx.client.execute_workflow(Sleeper.run, length, **ctx.options()) for length in lengths]
    for length, slept in zip(lengths, await asyncio.gather(*runs)):
        near(slept, length)


@case
async def own_a_timer_of_a_hundred_days(ctx):
    near(await ctx.client.execute_workflow(Sleeper.run, 100 * DAY, **ctx.options()), 100 * DAY)


@case
async def own_retries_a_day_apart(ctx):
    equal(await ctx.client.execute_workflow(Stubborn.run, 4, **ctx.options()), 4)


@case
async def own_a_child_sleeps(ctx):
    near(await ctx.client.execute_workflow(Parent.run, 50 * DAY, **ctx.options()), 50 * DAY)


@case
async def own_a_fast_forward(ctx):
    with ctx.env.with_time_skipping_disabled():
        handle = await ctx.client.start_workflow(Sleeper.run, 30 * DAY, **ctx.options())
    before = await ctx.env.get_current_time(handle)
    equal(await ctx.env.fast_forward(handle, timedelta(days=3)), True)
    near((await ctx.env.get_current_time(handle) - before).total_seconds(), 3 * DAY)
    equal(await handle.query(Sleeper.is_woken), False)
    equal(await ctx.env.fast_forward(handle, timedelta(days=60)), False, "the workflow ends first")
    near(await handle.result(), 30 * DAY)


def environment(name: str, folder: str):
    """Cases whose names begin with `own` are about runs with clocks of their own."""
    if not name.startswith("own_"):
        return WorkflowEnvironment.start_time_skipping(test_server_existing_path=os.path.join(folder, "longhaul-test-server"))
    return WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=os.path.join(folder, "longhaul"), dev_server_log_level="error",
        dev_server_extra_args=["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"])


async def play(folder: str, only: str | None) -> tuple[int, int]:
    passed = failed = 0
    for name, run in harness.CASES.items():
        if only and only not in name:
            continue
        began = time.monotonic()
        async with await environment(name, folder) as env:
            queue = f"skip-{uuid.uuid4().hex[:12]}"
            worker = Worker(env.client, task_queue=queue, workflows=[Sleeper, Stubborn, Busy, Parent],
                            activities=[fail_until, take], workflow_runner=UnsandboxedWorkflowRunner())
            async with worker:
                try:
                    await asyncio.wait_for(run(Ctx(env, queue, name)), CASE_SECONDS_MAX)
                except Exception as error:  # a case may fail in any way
                    failed += 1
                    print(f"FAILED {name}: {type(error).__name__}: {error}", flush=True)
                else:
                    passed += 1
                    print(f"ok {name} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)
    return passed, failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True, help="`longhaul` or `longhaul-test-server`")
    parser.add_argument("--only", help="part of a name")
    options = parser.parse_args()
    program = os.path.dirname(os.path.abspath(options.binary))
    logging.basicConfig(level=logging.CRITICAL + 1)
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TEMPORAL_CONFIG_FILE"] = os.path.join(folder, "temporal.toml")
        passed, failed = asyncio.run(play(program, options.only))
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
