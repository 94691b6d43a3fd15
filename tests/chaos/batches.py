#!/usr/bin/env python3
"""Kills the server with SIGKILL again and again while batch operations run, and checks that each workflow was met once.

    batches.py --binary PATH --kills 10 --workflows 100 [--seed 7]

Seven operations run side by side, slowly enough to be met by the kills: one signals, one cancels, one resets, one
deletes what a query finds, one terminates what a list names without run ids, while clients start each terminated
workflow again, and two cancel and delete standalone activities. There must be one signal, one cancel request and one new
run for each workflow, nothing left of what was deleted, no second run may be terminated, and each activity is canceled.
The last line is `N passed, N failed`, an operation each.
"""

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
import uuid

import grpc
from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.workflowservice.v1 import request_response_pb2 as api

import rpc
from server import Server

QUEUE = "chaos"
RUNNING, COMPLETED = 1, 2
CANCELED = 4  # of activities
WORKFLOWS = ("signal", "cancel", "reset", "delete", "terminate")
ACTIVITIES = ("actcancel", "actdelete")
SETS = WORKFLOWS + ACTIVITIES


def start(name: str) -> api.StartWorkflowExecutionRequest:
    request = api.StartWorkflowExecutionRequest(
        namespace=rpc.NAMESPACE, workflow_id=name, request_id=str(uuid.uuid4()), identity="chaos")
    request.workflow_type.name, request.task_queue.name = name.split("-")[0], f"{QUEUE}-{name.split('-')[0]}"
    return request


def start_activity(name: str) -> api.StartActivityExecutionRequest:
    request = api.StartActivityExecutionRequest(
        namespace=rpc.NAMESPACE, activity_id=name, request_id=str(uuid.uuid4()), identity="chaos")
    request.activity_type.name, request.task_queue.name = name.split("-")[0], QUEUE
    request.start_to_close_timeout.FromSeconds(3600)
    return request


async def complete_first_tasks(stub, call, count: int) -> None:
    """Takes the first workflow task of each workflow that is going to be reset."""
    for _ in range(count):
        poll = api.PollWorkflowTaskQueueRequest(namespace=rpc.NAMESPACE, identity="chaos")
        poll.task_queue.name = f"{QUEUE}-reset"
        task = await call(stub.PollWorkflowTaskQueue, poll, timeout=60)
        timer = Command(command_type=CommandType.COMMAND_TYPE_START_TIMER)
        timer.start_timer_command_attributes.timer_id = "t"
        timer.start_timer_command_attributes.start_to_fire_timeout.FromSeconds(3600)
        await call(stub.RespondWorkflowTaskCompleted, api.RespondWorkflowTaskCompletedRequest(
            namespace=rpc.NAMESPACE, task_token=task.task_token, commands=[timer]))


def operation(kind: str, names: list[str], rate: float) -> api.StartBatchOperationRequest:
    request = api.StartBatchOperationRequest(
        namespace=rpc.NAMESPACE, job_id=kind, reason="chaos", max_operations_per_second=rate)
    if kind == "terminate":
        for name in names:
            request.executions.add(workflow_id=name)
        request.termination_operation.identity = "chaos"
    else:
        request.visibility_query = f"{'ActivityType' if kind in ACTIVITIES else 'WorkflowType'} = '{kind}'"
    if kind == "actcancel":
        request.cancel_activities_operation.identity = "chaos"
    if kind == "actdelete":
        request.delete_activities_operation.SetInParent()
    if kind == "signal":
        request.signal_operation.signal = "s"
    if kind == "cancel":
        request.cancellation_operation.identity = "chaos"
    if kind == "delete":
        request.deletion_operation.identity = "chaos"
    if kind == "reset":
        request.reset_operation.options.first_workflow_task.SetInParent()
    return request


async def describe(stub, call, job: str):
    return await call(stub.DescribeBatchOperation, api.DescribeBatchOperationRequest(
        namespace=rpc.NAMESPACE, job_id=job))


async def restart_terminated(stub, call, names: list[str], stop: asyncio.Event) -> None:
    """Starts each workflow again as soon as it was terminated. A second start of a running one is refused."""
    left = set(names)
    while left and not stop.is_set():
        for name in sorted(left):
            try:
                request = start(name)
                request.workflow_id_conflict_policy = 1  # fail
                await call(stub.StartWorkflowExecution, request)
                left.discard(name)
            except grpc.aio.AioRpcError as error:
                if error.code() != grpc.StatusCode.ALREADY_EXISTS:
                    raise
        await asyncio.sleep(0.01)


async def runs(stub, call, name: str) -> list:
    listed = await call(stub.ListWorkflowExecutions, api.ListWorkflowExecutionsRequest(
        namespace=rpc.NAMESPACE, query=f"WorkflowId = '{name}'"))
    return sorted(listed.executions, key=lambda execution: execution.close_time.ToNanoseconds() or float("inf"))


async def events(stub, call, name: str) -> list[int]:
    request = api.GetWorkflowExecutionHistoryRequest(namespace=rpc.NAMESPACE)
    request.execution.workflow_id = name
    return [event.event_type for event in (await call(stub.GetWorkflowExecutionHistory, request)).history.events]


async def judge(stub, call, kind: str, names: list[str]) -> list[str]:
    """What is wrong with the workflows of an operation."""
    told, wrong = await describe(stub, call, kind), []
    counts = (told.state, told.total_operation_count, told.complete_operation_count, told.failure_operation_count)
    if counts != (COMPLETED, len(names), len(names), 0):
        wrong.append(f"state, total, complete, failed: {counts}")
    if kind in ACTIVITIES:
        listed = await call(stub.ListActivityExecutions, api.ListActivityExecutionsRequest(
            namespace=rpc.NAMESPACE, query=f"ActivityType = '{kind}'", page_size=1000))
        statuses = sorted(execution.status for execution in listed.executions)
        if statuses != {"actcancel": [CANCELED] * len(names), "actdelete": []}[kind]:
            wrong.append(f"activities have statuses {statuses}")
        return wrong
    for name in names:
        found = await runs(stub, call, name)
        statuses = [execution.status for execution in found]
        expected = {"signal": [1], "cancel": [1], "reset": [5, 1], "delete": [], "terminate": [5, 1]}[kind]
        if statuses != expected:
            wrong.append(f"{name} has runs of status {statuses}")
        if kind in ("signal", "cancel"):
            event = {"signal": EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
                     "cancel": EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED}[kind]
            times = (await events(stub, call, name)).count(event)
            if times != 1:
                wrong.append(f"{name} was met {times} times")
    return wrong


async def chaos(options, folder: str) -> int:
    rng = random.Random(options.seed)
    server = Server(os.path.abspath(options.binary), folder)
    await server.start()
    channel = rpc.channel(server.address)
    stub, call = rpc.stub(channel), rpc.Caller(60)
    names = {kind: [f"{kind}-{n}" for n in range(options.workflows)] for kind in SETS}
    await asyncio.gather(*(call(stub.StartWorkflowExecution, start(name)) for kind in WORKFLOWS for name in names[kind]))
    await asyncio.gather(*(call(stub.StartActivityExecution, start_activity(name))
                           for kind in ACTIVITIES for name in names[kind]))
    await complete_first_tasks(stub, call, options.workflows)
    # As slow as it takes for the kills to meet it, about one each second.
    rate = options.workflows / max(1.0, options.kills)
    for kind in SETS:
        await call(stub.StartBatchOperation, operation(kind, names[kind], rate))
    stop = asyncio.Event()
    again = asyncio.create_task(restart_terminated(stub, call, names["terminate"], stop))
    for _ in range(options.kills):
        await asyncio.sleep(rng.uniform(0.1, 1.2))  # the moment of the kill, not a synchronisation
        server.kill()
        await server.start()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        states = [(await describe(stub, call, kind)).state for kind in SETS]
        if RUNNING not in states:
            break
        await asyncio.sleep(0.1)
    await asyncio.wait([again], timeout=30)
    stop.set()
    await again
    failed = 0
    for kind in SETS:
        wrong = await judge(stub, call, kind, names[kind])
        if wrong:
            failed += 1
            print(f"FAILED {kind}: {'; '.join(wrong[:10])}")
    await channel.close()
    server.stop()
    print(f"seed: {options.seed}\nkills: {server.kills}, restarts took {server.restart_summary()}")
    print(f"{len(SETS) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workflows", type=int, default=100)
    parser.add_argument("--seed", type=int, default=uuid.uuid4().int & 0xFFFFFFFF)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="batches-")
    try:
        os.environ["TEMPORAL_CONFIG_FILE"] = os.path.join(folder, "temporal.toml")
        return asyncio.run(chaos(options, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
