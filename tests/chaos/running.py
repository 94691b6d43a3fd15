#!/usr/bin/env python3
"""A maximum of running tasks holds, also across `kill -9` of the server.

    running.py --binary PATH [--most 3] [--activities 24]

Starts a server whose queue may have only so many tasks with workers, a worker with room for many more, and workflows
with an activity each; kills the server in between. The last line is `N passed, N failed`.
"""

import argparse
import asyncio
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import Priority, RetryPolicy
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

SECONDS_MAX = 120
RUNNING: set[str] = set()
SEEN: list[int] = []
OF_KEY: list[int] = []


@activity.defn
async def hold(key: str) -> None:
    name = f"{key}/{activity.info().workflow_id}"
    RUNNING.add(name)
    SEEN.append(len(RUNNING))
    OF_KEY.append(sum(other.startswith(key + "/") for other in RUNNING))
    try:
        await asyncio.sleep(0.4)
    finally:
        RUNNING.discard(name)


@workflow.defn
class Holder:
    @workflow.run
    async def run(self, queue: str, key: str) -> None:
        await workflow.execute_activity(
            hold, key, task_queue=queue, start_to_close_timeout=timedelta(seconds=5), priority=Priority(fairness_key=key),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), backoff_coefficient=1.0))


class Server:
    def __init__(self, binary, folder, settings):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.command = [binary, "start-dev", "--headless", "--port", str(self.port), "--db-filename", folder]
        for key, value in settings.items():
            self.command += ["--dynamic-config-value", f"{key}={value}"]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    async def client(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                return await Client.connect(f"127.0.0.1:{self.port}")
            except Exception:  # it is not there yet
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)


async def play(server, count):
    queue = f"limited-{uuid.uuid4().hex[:8]}"
    client = await server.client()
    workflows = Worker(client, task_queue=queue + "-w", workflows=[Holder], workflow_runner=UnsandboxedWorkflowRunner())
    activities = Worker(client, task_queue=queue, activities=[hold], max_concurrent_activities=100)
    async with workflows, activities:
        handles = [await client.start_workflow(Holder.run, args=[queue, f"k{n % 4}"], id=f"{queue}-{n}", task_queue=queue + "-w")
                   for n in range(count)]
        while len(SEEN) < count // 3:
            await asyncio.sleep(0.05)
        server.kill()
        server.start()
        await server.client()
        for handle in handles:
            await handle.result()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--most", type=int, default=3)
    parser.add_argument("--of-key", type=int, default=1)
    parser.add_argument("--activities", type=int, default=24)
    options = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL + 1)
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))
    folder = tempfile.mkdtemp(prefix="running-")
    os.environ["TEMPORAL_CONFIG_FILE"] = os.path.join(folder, "none.toml")
    server = Server(os.path.abspath(options.binary), os.path.join(folder, "state"), {
        "matching.runningTasksMax": options.most, "matching.runningTasksPerFairnessKeyMax": options.of_key})
    # The workflow queue is limited too, by the same setting: it has one task for each workflow at a time.
    server.start()
    try:
        asyncio.run(asyncio.wait_for(play(server, options.activities), SECONDS_MAX))
    except Exception as error:
        print(f"FAILED {type(error).__name__}: {error}")
        print("0 passed, 1 failed")
        return 1
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(SEEN)} activities began; at most {max(SEEN)} of {options.most} at a time, "
          f"{max(OF_KEY)} of {options.of_key} of one key")
    held = [max(SEEN) == options.most, max(OF_KEY) <= options.of_key]
    print(f"{sum(held)} passed, {len(held) - sum(held)} failed")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
