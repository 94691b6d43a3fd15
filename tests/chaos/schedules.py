#!/usr/bin/env python3
"""Kills the server with SIGKILL again and again while schedules act, and checks that each of their times was used once.

    schedules.py --binary PATH --kills 20 --schedules 20 [--seed 7]

Half of the schedules allow overlaps and act every second: for every second of their lives there must be exactly one
workflow. The other half skips overlaps: never may two of its workflows run at once, the end of each must reach the
schedule, and every second must be told as an action or as skipped. The last line is `N passed, N failed`.
"""

import argparse
import asyncio
import calendar
import os
import random
import shutil
import sys
import tempfile
import time
import uuid

import grpc
from temporalio.api.enums.v1 import ScheduleOverlapPolicy as Overlap
from temporalio.api.workflowservice.v1 import request_response_pb2 as api

import rpc
from server import Server

QUEUE = "nobody"


def definition(request, schedule_id: str, overlap: int):
    schedule = request.schedule
    schedule.spec.interval.add().interval.FromSeconds(1)
    schedule.policies.overlap_policy = overlap
    start = schedule.action.start_workflow
    start.workflow_id, start.workflow_type.name, start.task_queue.name = schedule_id, "type", QUEUE
    return request


async def executions(stub, call, schedule_id: str) -> list:
    """Every workflow of a schedule."""
    found, token = [], b""
    while True:
        page = await call(stub.ListWorkflowExecutions, api.ListWorkflowExecutionsRequest(
            namespace=rpc.NAMESPACE, query=f'TemporalScheduledById = "{schedule_id}"', page_size=1000,
            next_page_token=token))
        found += page.executions
        token = page.next_page_token
        if not token:
            return found


async def end_some(stub, call, names: list[str], stop: asyncio.Event, rng: random.Random) -> None:
    """Terminates the workflow that runs of one schedule after the other, so that the next one may start."""
    while not stop.is_set():
        described = await call(stub.DescribeSchedule, api.DescribeScheduleRequest(
            namespace=rpc.NAMESPACE, schedule_id=rng.choice(names)))
        for execution in described.info.running_workflows:
            request = api.TerminateWorkflowExecutionRequest(namespace=rpc.NAMESPACE)
            request.workflow_execution.workflow_id = execution.workflow_id
            try:
                await call(stub.TerminateWorkflowExecution, request)
            except grpc.aio.AioRpcError as error:
                if error.code() != grpc.StatusCode.NOT_FOUND:
                    raise
        await asyncio.sleep(0.02)


async def settled(stub, call, name: str):
    """Pauses a schedule and waits until nothing of it is under way."""
    request = api.PatchScheduleRequest(namespace=rpc.NAMESPACE, schedule_id=name, request_id=str(uuid.uuid4()))
    request.patch.pause = "the end"
    await call(stub.PatchSchedule, request)
    before = None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        described = await call(stub.DescribeSchedule, api.DescribeScheduleRequest(
            namespace=rpc.NAMESPACE, schedule_id=name))
        workflows = await executions(stub, call, name)
        now = (described.info.action_count, len(workflows), len(described.info.running_workflows))
        if now == before and now[0] == now[1]:
            break
        before = now
        await asyncio.sleep(0.3)
    return described, workflows


async def judge(stub, call, name: str, overlapping: bool) -> list[str]:
    described, workflows = await settled(stub, call, name)
    info, wrong = described.info, []
    ids = [execution.execution.workflow_id for execution in workflows]
    if len(set(ids)) != len(ids):
        wrong.append("a time was used twice")
    if info.action_count != len(ids):
        wrong.append(f"{info.action_count} actions are told and there are {len(ids)} workflows")
    if not ids:
        return wrong + ["it never acted"]
    if overlapping:
        first = min(execution.execution.workflow_id for execution in workflows)
        last = max(execution.execution.workflow_id for execution in workflows)
        span = int(parse(last) - parse(first)) + 1
        if span != len(ids):
            wrong.append(f"{span} seconds and {len(ids)} workflows")
        return wrong
    told = info.action_count + info.overlap_skipped
    alive = int(time.time() - info.create_time.seconds)
    if told < len(ids) or told > alive + 1:
        wrong.append(f"{told} times are told in {alive} seconds")
    ordered = sorted(workflows, key=lambda execution: execution.start_time.ToNanoseconds())
    for one, other in zip(ordered, ordered[1:]):
        if not one.HasField("close_time") or one.close_time.ToNanoseconds() > other.start_time.ToNanoseconds():
            wrong.append(f"{other.execution.workflow_id} began while {one.execution.workflow_id} was running")
    running = [execution.execution.workflow_id for execution in workflows if not execution.HasField("close_time")]
    if [execution.workflow_id for execution in info.running_workflows] != running:
        wrong.append("the end of a workflow was lost")
    return wrong


def parse(workflow_id: str) -> float:
    """The nominal time behind a workflow id."""
    return calendar.timegm(time.strptime(workflow_id[-20:], "%Y-%m-%dT%H:%M:%SZ"))


async def chaos(options, folder: str) -> int:
    rng = random.Random(options.seed)
    server = Server(os.path.abspath(options.binary), folder)
    await server.start()
    channel = rpc.channel(server.address)
    stub, call = rpc.stub(channel), rpc.Caller(60)
    names = {}
    for n in range(options.schedules):
        overlap = Overlap.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL if n % 2 else Overlap.SCHEDULE_OVERLAP_POLICY_SKIP
        name = f"s{n}"
        names[name] = bool(n % 2)
        await call(stub.CreateSchedule, definition(api.CreateScheduleRequest(
            namespace=rpc.NAMESPACE, schedule_id=name, request_id=str(uuid.uuid4())), name, overlap))
    stop = asyncio.Event()
    alone = [name for name, overlapping in names.items() if not overlapping]
    ender = asyncio.create_task(end_some(stub, call, alone, stop, rng))
    for _ in range(options.kills):
        await asyncio.sleep(rng.uniform(0.2, 1.6))  # the moment of the kill, not a synchronisation
        server.kill()
        await server.start()
    stop.set()
    await ender
    failed = 0
    for name, overlapping in names.items():
        wrong = await judge(stub, call, name, overlapping)
        if wrong:
            failed += 1
            print(f"FAILED {name}: {'; '.join(wrong)}")
    await channel.close()
    server.stop()
    print(f"seed: {options.seed}\nkills: {server.kills}, restarts took {server.restart_summary()}")
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--schedules", type=int, default=20)
    parser.add_argument("--seed", type=int, default=uuid.uuid4().int & 0xFFFFFFFF)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="schedules-")
    try:
        os.environ["TEMPORAL_CONFIG_FILE"] = os.path.join(folder, "temporal.toml")
        return asyncio.run(chaos(options, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
