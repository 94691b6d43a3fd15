#!/usr/bin/env python3
"""Makes many schedules that act on the same second, and says how long it takes until every workflow is started.

    schedules.py --address HOST:PORT --schedules 100000

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


def schedule(name: str, at: time.struct_time):
    """Acts once, on one second."""
    request = api.CreateScheduleRequest(namespace=NAMESPACE, schedule_id=name, request_id=str(uuid.uuid4()))
    calendar = request.schedule.spec.structured_calendar.add()
    for field, value in (("second", at.tm_sec), ("minute", at.tm_min), ("hour", at.tm_hour),
                         ("day_of_month", at.tm_mday), ("month", at.tm_mon), ("year", at.tm_year)):
        getattr(calendar, field).add(start=value)
    calendar.day_of_week.add(start=0, end=6)
    start = request.schedule.action.start_workflow
    start.workflow_id, start.workflow_type.name, start.task_queue.name = name, "type", "nobody"
    return request


async def measure(options) -> dict:
    channels = [grpc.aio.insecure_channel(options.address, options=[("grpc.use_local_subchannel_pool", 1)])
                for _ in range(4)]
    stubs = [WorkflowServiceStub(channel) for channel in channels]
    tag = uuid.uuid4().hex[:8]
    due = time.time() + options.ahead
    at = time.gmtime(due)
    numbers = iter(range(options.schedules))
    began = time.monotonic()

    async def maker(stub) -> None:
        for n in numbers:
            await stub.CreateSchedule(schedule(f"load-{tag}-{n}", at), timeout=60)

    await asyncio.gather(*(maker(stubs[n % 4]) for n in range(options.in_flight)))
    made = time.monotonic() - began
    late = time.time() - due
    if late > 0:
        raise SystemExit(f"the schedules were made {late:.0f} s too late: give more time with --ahead")
    query = f'WorkflowId STARTS_WITH "load-{tag}-"'
    count = 0
    while count < options.schedules:
        if time.time() > due + 600:
            break
        await asyncio.sleep(0.5 if time.time() > due else max(0.05, due - time.time()))
        answer = await stubs[0].CountWorkflowExecutions(
            api.CountWorkflowExecutionsRequest(namespace=NAMESPACE, query=query), timeout=60)
        count = answer.count
    took = time.time() - int(due)
    for channel in channels:
        await channel.close()
    return {"schedules": options.schedules, "made_per_second": round(options.schedules / made, 1),
            "started": count, "seconds_until_all_started": round(took, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="127.0.0.1:7233")
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--ahead", type=float, default=240.0, help="seconds until the schedules are due")
    print(json.dumps(asyncio.run(measure(parser.parse_args()))))


if __name__ == "__main__":
    main()
