"""The worker behind the commands under test: a few small workflows, served by the official Python SDK."""

import datetime

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

SOON = datetime.timedelta(seconds=30)


@activity.defn
async def double(n: int) -> int:
    return 2 * n


@activity.defn
async def refuse() -> None:
    raise ApplicationError("refused by the activity", type="Refused", non_retryable=True)


@workflow.defn
class Echo:
    @workflow.run
    async def run(self, *values):
        return list(values) if len(values) > 1 else (values[0] if values else None)


@workflow.defn
class Double:
    @workflow.run
    async def run(self, n: int) -> int:
        return await workflow.execute_activity(double, n, start_to_close_timeout=SOON, activity_id="double")


@workflow.defn
class Refused:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            refuse, start_to_close_timeout=SOON, retry_policy=RetryPolicy(maximum_attempts=1)
        )


@workflow.defn
class Fail:
    @workflow.run
    async def run(self) -> None:
        raise ApplicationError("it broke", {"code": 7}, type="Broken")


@workflow.defn
class Parent:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_child_workflow(Echo.run, "child", id=workflow.info().workflow_id + "-child")


@workflow.defn
class Box:
    def __init__(self) -> None:
        self.items, self.stopped = [], False

    @workflow.run
    async def run(self) -> list:
        await workflow.wait_condition(lambda: self.stopped)
        return self.items

    @workflow.signal
    def add(self, item) -> None:
        self.items.append(item)

    @workflow.signal
    def stop(self) -> None:
        self.stopped = True

    @workflow.query
    def all(self) -> list:
        return self.items

    @workflow.query
    def broken(self) -> None:
        raise ApplicationError("the query broke")

    @workflow.update
    async def put(self, item) -> int:
        self.items.append(item)
        return len(self.items)

    @put.validator
    def check_put(self, item) -> None:
        if item == "":
            raise ApplicationError("empty items are refused", type="Refused")


@workflow.defn
class Waits:
    @workflow.run
    async def run(self) -> int:
        return await workflow.execute_activity(
            "of-nobody", task_queue=workflow.info().task_queue + "-of-nobody", start_to_close_timeout=SOON,
            activity_id="nobody-activity", result_type=int
        )


async def serve(address: str, task_queue: str) -> Worker:
    """A worker that is not yet running; use it with `async with`."""
    client = await Client.connect(address)
    return Worker(
        client,
        task_queue=task_queue,
        identity="worker-of-the-test",
        workflows=[Echo, Double, Refused, Fail, Parent, Box, Waits],
        activities=[double, refuse],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
