#!/usr/bin/env python3
"""Runs the official Python SDK's features against a server.

    run.py --address HOST:PORT      a server that is already running
    run.py --binary PATH            starts PATH as the SDK's local dev server, and stops it

Needs the packages of `tests/requirements.txt`. The last line is `N passed, N failed`.
"""

import argparse
import asyncio
import concurrent.futures
import importlib
import logging
import os
import pathlib
import sys
import tempfile
import uuid

from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import activities
import harness
import workflows

CASE_FILES = sorted(p.stem for p in pathlib.Path(__file__).parent.glob("cases_*.py"))


async def against(client: Client, only: str | None, limit: int) -> tuple[int, int]:
    task_queue = f"features-{uuid.uuid4().hex[:12]}"

    def make_ctx(name: str) -> harness.Ctx:
        return harness.Ctx(client, task_queue, name, workflows.ALL, activities.ALL)

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        worker = Worker(
            client,
            task_queue=task_queue,
            workflows=workflows.ALL,
            activities=[*activities.ALL, *activities.IN_THREADS],
            activity_executor=pool,
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        async with worker:
            return await harness.run_all(make_ctx, only, limit)


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--address", help="HOST:PORT of a running server")
    where.add_argument("--binary", help="server to start for the run")
    where.add_argument("--list", action="store_true", help="print the names of the cases and stop")
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--only", metavar="PATTERN", help="part of a name, or a glob")
    parser.add_argument("--limit", type=int, default=12, help="cases at a time (default %(default)s)")
    options = parser.parse_args()

    for name in CASE_FILES:
        importlib.import_module(name)
    if options.list:
        print("\n".join(harness.CASES))
        return 0

    # Cases fail workflow tasks and activities on purpose; only their verdicts are of interest.
    logging.basicConfig(level=logging.CRITICAL + 1)
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))
    # The workflow sandbox imports modules again and again, which is slow unless their bytecode is kept.
    sys.dont_write_bytecode = False
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TEMPORAL_CONFIG_FILE"] = os.path.join(folder, "temporal.toml")
        if options.address:
            client = await Client.connect(options.address, namespace=options.namespace)
            passed, failed = await against(client, options.only, options.limit)
        else:
            async with await WorkflowEnvironment.start_local(
                namespace=options.namespace,
                dev_server_existing_path=os.path.abspath(options.binary),
                dev_server_log_level="error",
            ) as env:
                passed, failed = await against(env.client, options.only, options.limit)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
