#!/usr/bin/env python3
"""Resets a run with a long history, and says what that takes.

    resets.py --binary PATH [--events 50000] [--resets 5]

Starts a server on a folder, gives one run a history of that many events, and resets it several times to the newest
workflow task. Then the run and all but the last of those made of it are deleted, and the last one has to tell its whole
history still. The last line on standard output is one JSON object: seconds of the quickest reset, and the bytes that the
server has handed to the system by all of them, divided by their number. Needs Linux, and the packages of
`tests/requirements.txt`.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
import uuid

import grpc
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import CommandType
from temporalio.api.workflowservice.v1 import request_response_pb2 as api
from temporalio.api.workflowservice.v1.service_pb2_grpc import WorkflowServiceStub

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "chaos"))

from server import Server  # noqa: E402

NAMESPACE, QUEUE, ID = "default", "resets", "long"

# Markers of one workflow task.
MARKERS = 5000


def written(server) -> int:
    """Bytes that the process has handed to the system."""
    with open(f"/proc/{server.process.pid}/io") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


async def task(stub):
    poll = api.PollWorkflowTaskQueueRequest(namespace=NAMESPACE)
    poll.task_queue.name = QUEUE
    return await stub.PollWorkflowTaskQueue(poll, timeout=60)


def marker() -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_RECORD_MARKER)
    command.record_marker_command_attributes.marker_name = "m"
    command.record_marker_command_attributes.details["d"].payloads.add().data = b"x" * 64
    return command


async def grow(stub, events: int) -> int:
    """Gives the run its history. Answers the point to which it can be reset."""
    while True:
        done = await task(stub)
        left = events - done.started_event_id - 4
        await stub.RespondWorkflowTaskCompleted(api.RespondWorkflowTaskCompletedRequest(
            task_token=done.task_token, commands=[marker()] * max(0, min(left, MARKERS)),
            force_create_new_workflow_task=True), timeout=60)
        if left <= 0:
            return done.started_event_id + 1


async def measure(options, server) -> dict:
    unbounded = [("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(server.address, options=unbounded) as channel:
        stub = WorkflowServiceStub(channel)
        start = api.StartWorkflowExecutionRequest(namespace=NAMESPACE, workflow_id=ID, request_id=str(uuid.uuid4()))
        start.workflow_type.name, start.task_queue.name = "resets", QUEUE
        runs = [(await stub.StartWorkflowExecution(start, timeout=60)).run_id]
        point = await grow(stub, options.events)
        seconds, before = [], written(server)
        for _ in range(options.resets):
            began = time.monotonic()
            made = await stub.ResetWorkflowExecution(api.ResetWorkflowExecutionRequest(
                namespace=NAMESPACE, workflow_execution=WorkflowExecution(workflow_id=ID, run_id=runs[0]),
                workflow_task_finish_event_id=point, request_id=str(uuid.uuid4()), reason="a measurement"), timeout=60)
            seconds.append(time.monotonic() - began)
            runs.append(made.run_id)
        taken = written(server) - before
        for run in runs[:-1]:
            await stub.DeleteWorkflowExecution(api.DeleteWorkflowExecutionRequest(
                namespace=NAMESPACE, workflow_execution=WorkflowExecution(workflow_id=ID, run_id=run)), timeout=60)
        count, token = 0, b""
        while True:
            page = await stub.GetWorkflowExecutionHistory(api.GetWorkflowExecutionHistoryRequest(
                namespace=NAMESPACE, execution=WorkflowExecution(workflow_id=ID, run_id=runs[-1]),
                next_page_token=token), timeout=60)
            for event in page.history.events:
                count += 1
                if event.event_id != count:
                    raise SystemExit(f"FAILED event {event.event_id} stands where {count} has to be")
            token = page.next_page_token
            if not token:
                break
        if count < point:
            raise SystemExit(f"FAILED {count} events are left of {point}")
        return {"events_kept": point - 1, "resets": options.resets, "seconds": round(min(seconds), 3),
                "bytes_per_reset": taken // options.resets}


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--resets", type=int, default=5)
    options = parser.parse_args()
    folder = tempfile.mkdtemp()
    server = Server(os.path.abspath(options.binary), folder)
    try:
        await server.start()
        print(json.dumps(await measure(options, server)))
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


asyncio.run(main())
