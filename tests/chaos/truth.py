#!/usr/bin/env python3
"""Asks lists and counts right after acknowledged changes, under load: they have to tell the truth at once.

    truth.py --binary PATH [--rounds 1000] [--load 8] [--clients 4]

Each round starts a workflow, changes a search attribute of it by a worker's upsert, closes it and deletes it; after
each of the four acknowledgements a list and a count by search attribute, status and id are asked once, and compared
with what was acknowledged. Meanwhile other clients start and terminate workflows as fast as they can. The last line
is `N passed, N failed`, a change each. Needs the packages of `tests/requirements.txt`.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import uuid

import grpc
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payload, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import CommandType, IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.operatorservice.v1.service_pb2_grpc import OperatorServiceStub
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest, DeleteWorkflowExecutionRequest, ListWorkflowExecutionsRequest,
    PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest)
from temporalio.api.workflowservice.v1.service_pb2_grpc import WorkflowServiceStub

from server import Server

NAMESPACE = "default"

# Workflows that one connection of the load starts.
BURST = 100


def keyword(text):
    return Payload(metadata={"encoding": b"json/plain", "type": b"Keyword"}, data=f'"{text}"'.encode())


def start(workflow_id, queue, **fields):
    return StartWorkflowExecutionRequest(
        namespace=NAMESPACE, workflow_id=workflow_id, request_id=str(uuid.uuid4()), workflow_type=WorkflowType(name="truth"),
        task_queue=TaskQueue(name=queue), **fields)


class Round:
    """One workflow's life, with a question after each change."""

    def __init__(self, stub, wrong):
        self.stub, self.wrong, self.asked = stub, wrong, 0
        self.id = f"truth-{uuid.uuid4().hex}"

    async def holds(self, what, query, found):
        """Asks a list and a count once each."""
        self.asked += 1
        listed = await self.stub.ListWorkflowExecutions(ListWorkflowExecutionsRequest(namespace=NAMESPACE, query=query))
        counted = await self.stub.CountWorkflowExecutions(CountWorkflowExecutionsRequest(namespace=NAMESPACE, query=query))
        if len(listed.executions) != found or counted.count != found:
            self.wrong.append(f"{what}: {query}: listed {len(listed.executions)}, counted {counted.count}, true {found}")

    async def live(self):
        mine = f"WorkflowId = '{self.id}'"
        request = start(self.id, self.id)
        request.search_attributes.indexed_fields["Truth"].CopyFrom(keyword(self.id))
        run = await self.stub.StartWorkflowExecution(request)
        await self.holds("started", f"Truth = '{self.id}' AND ExecutionStatus = 'Running'", 1)
        task = await self.stub.PollWorkflowTaskQueue(
            PollWorkflowTaskQueueRequest(namespace=NAMESPACE, task_queue=TaskQueue(name=self.id)), timeout=70)
        upsert = Command(command_type=CommandType.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
        fields = upsert.upsert_workflow_search_attributes_command_attributes.search_attributes.indexed_fields
        fields["Truth"].CopyFrom(keyword("changed-" + self.id))
        await self.stub.RespondWorkflowTaskCompleted(
            RespondWorkflowTaskCompletedRequest(namespace=NAMESPACE, task_token=task.task_token, commands=[upsert]))
        await self.holds("upserted", f"Truth STARTS_WITH 'changed-{self.id}'", 1)
        await self.holds("upserted", f"Truth = '{self.id}'", 0)
        execution = WorkflowExecution(workflow_id=self.id, run_id=run.run_id)
        await self.stub.TerminateWorkflowExecution(
            TerminateWorkflowExecutionRequest(namespace=NAMESPACE, workflow_execution=execution))
        await self.holds("closed", f"{mine} AND ExecutionStatus = 'Terminated' AND CloseTime IS NOT NULL", 1)
        await self.holds("closed", f"{mine} AND ExecutionStatus = 'Running'", 0)
        await self.stub.DeleteWorkflowExecution(
            DeleteWorkflowExecutionRequest(namespace=NAMESPACE, workflow_execution=execution))
        await self.holds("deleted", mine, 0)
        await self.holds("deleted", f"Truth STARTS_WITH 'changed-{self.id}'", 0)


def connect(server):
    """A connection of its own: the server closes each gently after some minutes."""
    return grpc.aio.insecure_channel(server.address, options=[("grpc.use_local_subchannel_pool", 1)])


async def load(server, stop):
    """Starts and terminates workflows until told to stop."""
    while not stop.is_set():
        async with connect(server) as channel:
            await burst(WorkflowServiceStub(channel), stop)


async def burst(stub, stop):
    for _ in range(BURST):
        if stop.is_set():
            return
        name = f"load-{uuid.uuid4().hex}"
        await stub.StartWorkflowExecution(start(name, "nobody"))
        await stub.TerminateWorkflowExecution(TerminateWorkflowExecutionRequest(
            namespace=NAMESPACE, workflow_execution=WorkflowExecution(workflow_id=name)))


async def truth(options, folder):
    server = Server(os.path.abspath(options.binary), folder)
    await server.start()
    wrong, asked, left = [], 0, list(range(options.rounds))
    async with connect(server) as channel:
        kind = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        await OperatorServiceStub(channel).AddSearchAttributes(
            AddSearchAttributesRequest(namespace=NAMESPACE, search_attributes={"Truth": kind}), wait_for_ready=True)
    stop = asyncio.Event()
    others = [asyncio.create_task(load(server, stop)) for _ in range(options.load)]

    async def client():
        nonlocal asked
        while left:
            left.pop()
            async with connect(server) as channel:
                one = Round(WorkflowServiceStub(channel), wrong)
                await one.live()
                asked += one.asked

    await asyncio.gather(*(client() for _ in range(options.clients)))
    stop.set()
    await asyncio.gather(*others)
    server.kill()
    for line in wrong[:20]:
        print("WRONG", line)
    print(f"{options.rounds} lives, {asked} questions after an acknowledgement")
    print(f"{asked - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--load", type=int, default=8)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="longhaul-truth-")
    try:
        return asyncio.run(truth(options, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
