#!/usr/bin/env python3
"""The loads of `longhaul-load`, made by an ordinary user of the official Python SDK: client and worker in one process.

    python_load.py --address HOST:PORT latency --workflows 60
    python_load.py --address HOST:PORT throughput --rate 5 --seconds 20
    python_load.py --address HOST:PORT capacity --workflows 300 --in-flight 50

Starts of `throughput` are scheduled ahead, and latencies count from the scheduled time. The last line is JSON.
"""

import argparse
import asyncio
import datetime
import json
import math
import os
import tempfile
import time
import uuid

# Set before the SDK is imported, so that no profile of the user's takes part.
os.environ["TEMPORAL_CONFIG_FILE"] = os.path.join(tempfile.gettempdir(), "longhaul-load-no-profile.toml")

from temporalio import activity, workflow  # noqa: E402
from temporalio.client import Client  # noqa: E402
from temporalio.worker import UnsandboxedWorkflowRunner, Worker  # noqa: E402


@activity.defn
async def echo(text: str) -> str:
    return text


@workflow.defn
class Load:
    @workflow.run
    async def run(self, activities: int) -> int:
        for _ in range(activities):
            await workflow.execute_activity(echo, "some text", start_to_close_timeout=datetime.timedelta(seconds=10))
        return activities


def summary(latencies):
    """Percentiles by nearest rank, in milliseconds."""
    ordered = sorted(latencies)

    def percentile(part):
        return round(ordered[min(len(ordered), max(1, math.ceil(len(ordered) * part))) - 1] * 1e3, 3)

    return {"p50": percentile(0.5), "p90": percentile(0.9), "p99": percentile(0.99), "max": percentile(1.0)}


class Starter:
    """Starts workflows and keeps what each took."""

    def __init__(self, client, options):
        self.client, self.options = client, options
        self.task_queue = f"load-{uuid.uuid4().hex[:12]}"
        self.starts, self.results = [], []

    async def one(self, number, scheduled):
        handle = await self.client.start_workflow(
            Load.run, self.options.activities, id=f"{self.task_queue}/{number}", task_queue=self.task_queue
        )
        self.starts.append(time.monotonic() - scheduled)
        await handle.result()
        self.results.append(time.monotonic() - scheduled)

    async def latency(self):
        for number in range(self.options.workflows):
            await self.one(number, time.monotonic())

    async def throughput(self):
        began = time.monotonic()

        async def later(number):
            scheduled = began + number / self.options.rate
            await asyncio.sleep(max(0.0, scheduled - time.monotonic()))
            await self.one(number, scheduled)

        await asyncio.gather(*(later(number) for number in range(int(self.options.rate * self.options.seconds))))

    async def capacity(self):
        free = asyncio.Semaphore(self.options.in_flight)

        async def bounded(number):
            async with free:
                await self.one(number, time.monotonic())

        await asyncio.gather(*(bounded(number) for number in range(self.options.workflows)))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="127.0.0.1:7233")
    parser.add_argument("--activities", type=int, default=1)
    modes = parser.add_subparsers(dest="mode", required=True)
    for mode in ("latency", "capacity"):
        modes.add_parser(mode).add_argument("--workflows", type=int, default=100)
    modes.choices["capacity"].add_argument("--in-flight", type=int, default=50)
    throughput = modes.add_parser("throughput")
    throughput.add_argument("--rate", type=float, default=5.0)
    throughput.add_argument("--seconds", type=float, default=20.0)
    return parser.parse_args()


async def main():
    options = arguments()
    starter = Starter(await Client.connect(options.address), options)
    worker = Worker(
        starter.client,
        task_queue=starter.task_queue,
        workflows=[Load],
        activities=[echo],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        began = time.monotonic()
        await getattr(starter, options.mode)()
        seconds = time.monotonic() - began
    completed = len(starter.results)
    print(
        json.dumps(
            {
                "mode": options.mode,
                "workflows": completed,
                "completed": completed,
                "failed": 0,
                "seconds": seconds,
                "per_second": completed / seconds,
                "start_ms": summary(starter.starts),
                "result_ms": summary(starter.results),
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main())
