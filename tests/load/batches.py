#!/usr/bin/env python3
"""Starts many workflows and terminates them by one batch operation, and says how long that takes.

    batches.py --address HOST:PORT --workflows 20000

The last line on standard output is one JSON object.
"""

import argparse
import asyncio
import json
import time
import uuid

import grpc
from temporalio.api.workflowservice.v1 import request_response_pb2 as api
from temporalio.api.workflowservice.v1.service_pb2_grpc import WorkflowServiceStub

NAMESPACE = "default"
RUNNING = 1


async def measure(options) -> dict:
    channels = [grpc.aio.insecure_channel(options.address, options=[("grpc.use_local_subchannel_pool", 1)])
                for _ in range(4)]
    stubs = [WorkflowServiceStub(channel) for channel in channels]
    tag = uuid.uuid4().hex[:8]
    numbers = iter(range(options.workflows))

    async def starter(stub) -> None:
        for n in numbers:
            request = api.StartWorkflowExecutionRequest(
                namespace=NAMESPACE, workflow_id=f"load-{tag}-{n}", request_id=str(uuid.uuid4()))
            request.workflow_type.name, request.task_queue.name = f"load-{tag}", "nobody"
            await stub.StartWorkflowExecution(request, timeout=60)

    began = time.monotonic()
    await asyncio.gather(*(starter(stubs[n % 4]) for n in range(options.in_flight)))
    started = time.monotonic() - began

    request = api.StartBatchOperationRequest(
        namespace=NAMESPACE, job_id=f"load-{tag}", reason="a measurement", visibility_query=f"WorkflowType = 'load-{tag}'")
    request.termination_operation.identity = "load"
    began = time.monotonic()
    await stubs[0].StartBatchOperation(request, timeout=60)
    while True:
        described = await stubs[0].DescribeBatchOperation(
            api.DescribeBatchOperationRequest(namespace=NAMESPACE, job_id=f"load-{tag}"), timeout=60)
        if described.state != RUNNING:
            break
        await asyncio.sleep(0.05)
    took = time.monotonic() - began
    left = await stubs[0].CountWorkflowExecutions(api.CountWorkflowExecutionsRequest(
        namespace=NAMESPACE, query=f"WorkflowType = 'load-{tag}' AND ExecutionStatus = 'Running'"), timeout=60)
    for channel in channels:
        await channel.close()
    return {"workflows": options.workflows, "started_per_second": round(options.workflows / started, 1),
            "done": described.complete_operation_count, "refused": described.failure_operation_count,
            "still_running": left.count, "seconds": round(took, 2),
            "terminated_per_second": round(options.workflows / took, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="127.0.0.1:7233")
    parser.add_argument("--workflows", type=int, default=20_000)
    parser.add_argument("--in-flight", type=int, default=200)
    print(json.dumps(asyncio.run(measure(parser.parse_args()))))


if __name__ == "__main__":
    main()
