#!/usr/bin/env python3
"""Makes many schedules that act on the same second, and says how long it takes until every workflow is started.

    schedules.py --address HOST:PORT --schedules 100000
    schedules.py --binary PATH --schedules 100000 --kills 3

With a binary the server is this program's own, and is killed with SIGKILL some times while the schedules act: there
must be one run for each schedule in the end, none lost and none twice. The last line on standard output is one JSON
object.
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
from temporalio.api.workflowservice.v1 import request_response_pb2 as api
from temporalio.api.workflowservice.v1.service_pb2_grpc import WorkflowServiceStub

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "chaos"))
from server import Server  # noqa: E402 - lives beside the other programs that kill servers

NAMESPACE = "default"
# Seconds without another run after which nothing more is expected.
QUIET = 5


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


def connect(address: str) -> tuple:
    channels = [grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) for _ in range(4)]
    return channels, [WorkflowServiceStub(channel) for channel in channels]


async def count(stub, tag: str, known: int) -> int:
    """Runs that were started; `known` if a server that is busy or was killed does not answer in time."""
    query = f'WorkflowId STARTS_WITH "load-{tag}-"'
    request = api.CountWorkflowExecutionsRequest(namespace=NAMESPACE, query=query)
    try:
        return (await stub.CountWorkflowExecutions(request, timeout=60)).count
    except grpc.aio.AioRpcError as error:
        print(f"no count: {error.code().name}", file=sys.stderr)
        return known


async def make(stubs, tag: str, options, at: time.struct_time) -> float:
    """Makes the schedules; answers how long it took."""
    numbers = iter(range(options.schedules))
    began = time.monotonic()

    async def maker(stub) -> None:
        for n in numbers:
            await stub.CreateSchedule(schedule(f"load-{tag}-{n}", at), timeout=60)

    await asyncio.gather(*(maker(stubs[n % 4]) for n in range(options.in_flight)))
    return time.monotonic() - began


async def measure(options, server=None) -> dict:
    channels, stubs = connect(server.address if server else options.address)
    tag = uuid.uuid4().hex[:8]
    due = time.time() + options.ahead
    made = await make(stubs, tag, options, time.gmtime(due))
    late = time.time() - due
    if late > 0:
        raise SystemExit(f"the schedules were made {late:.0f} s too late: give more time with --ahead")
    await asyncio.sleep(due - time.time())
    started, changed, kills, took = 0, time.time(), 0, 0.0
    while time.time() < due + 600 and time.time() < changed + QUIET:
        # The kills are spread over the time in which the schedules act.
        if server and kills < options.kills and started > options.schedules * kills / (options.kills + 1):
            server.kill()
            await server.start()
            kills += 1
            changed = time.time()
            for channel in channels:
                await channel.close()
            channels, stubs = connect(server.address)
        asked = time.time()
        now = await count(stubs[0], tag, started)
        # Time in which nothing could be asked is no time in which nothing happened.
        changed = max(changed, changed + time.time() - asked)
        if now != started:
            started, changed = now, time.time()
        if started >= options.schedules and not took:
            took = time.time() - int(due)
            if not server:
                break
        await asyncio.sleep(0.5)
    for channel in channels:
        await channel.close()
    return {"schedules": options.schedules, "made_per_second": round(options.schedules / made, 1), "kills": kills,
            "started": started, "seconds_until_all_started": round(took, 2)}


async def with_kills(options) -> dict:
    """Measures a server of its own, which is killed."""
    folder = tempfile.mkdtemp(prefix="load-schedules-")
    server = Server(os.path.abspath(options.binary), folder)
    try:
        await server.start()
        return await measure(options, server)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="127.0.0.1:7233")
    parser.add_argument("--binary")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--ahead", type=float, default=240.0, help="seconds until the schedules are due")
    options = parser.parse_args()
    if not options.binary:
        print(json.dumps(asyncio.run(measure(options))))
        return
    result = asyncio.run(with_kills(options))
    print(json.dumps(result))
    if result["started"] != options.schedules:
        raise SystemExit("schedules were lost or acted twice")


if __name__ == "__main__":
    main()
