#!/usr/bin/env python3
"""Kills the server with SIGKILL again and again under load, and checks that nothing it acknowledged was lost or doubled.

    kill9.py --binary PATH --kills 100 --in-flight 50 [--seed 7] [--mix one,steps]

The server keeps its data in a folder of this program's own and comes back on the same port. Clients and the worker
speak raw gRPC and repeat what went unanswered. The last line is `N passed, N failed`, a workflow each.
Needs the packages of `tests/requirements.txt`.
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

import checker
import rpc
from client import Client
from mixes import MIXES
from record import Record
from server import Server
from worker import Worker

DRAIN_SECONDS = 120


async def kill_repeatedly(server: Server, kills: int, rng: random.Random, alive, call: rpc.Caller) -> None:
    """Each time waits until the server has work again, lets it run for a moment, and kills it."""
    for n in range(kills):
        await alive()
        await asyncio.sleep(rng.uniform(0.02, 0.9))  # the moment of the kill, not a synchronisation
        server.kill()
        call.was_killed()
        await server.start()
        if (n + 1) % 25 == 0:
            print(f"... {n + 1} kills", flush=True)


async def chaos(options, folder: str) -> int:
    rng = random.Random(options.seed)
    mixes = [MIXES[name] for name in options.mix.split(",")] if options.mix else list(MIXES.values())
    record = Record()
    server = Server(os.path.abspath(options.binary), folder)
    began = time.monotonic()
    await server.start()
    channel = rpc.channel(server.address)
    stub = rpc.stub(channel)
    call = rpc.Caller(DRAIN_SECONDS)
    queue = f"chaos-{rng.getrandbits(32):08x}"
    worker = Worker(stub, call, queue, record)
    worker.start(workflow_pollers=8, activity_pollers=8)
    client = Client(stub, call, queue, record, rng)
    stop = asyncio.Event()
    load = [asyncio.create_task(client.keep_busy(mixes, stop)) for _ in range(options.in_flight)]
    try:
        await until_first(load, kill_repeatedly(server, options.kills, rng, client.some_progress, call))
        killing = time.monotonic() - began
        stop.set()
        _, late = await asyncio.wait(load, timeout=DRAIN_SECONDS)
        for task in load:
            if task.done() and task.exception():
                record.problem(f"client: {one_line(task.exception())}")
            task.cancel()
        failed = await judge(client, record)
    finally:
        await worker.stop()
        await channel.close()
        server.stop()
    report(options, record, server, call, killing, len(late))
    passed = len(record.runs) - failed
    wrong = failed + len(record.problems) + (server.kills < options.kills)
    print(f"{passed} passed, {wrong} failed")
    return 0 if wrong == 0 and passed > 0 and not record.lost and not record.doubled else 1


async def until_first(load: list[asyncio.Task], killing) -> None:
    """Runs the kills to their end, unless a client breaks first."""
    kills = asyncio.ensure_future(killing)
    while not kills.done():
        done, _ = await asyncio.wait([kills, *load], return_when=asyncio.FIRST_COMPLETED)
        if kills not in done:
            kills.cancel()
            await asyncio.gather(kills, return_exceptions=True)
            return
    kills.result()


def one_line(error: BaseException) -> str:
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return f"{type(error).__name__}: {error}".replace("\n", " ")


async def judge(client: Client, record: Record) -> int:
    """Reads every final history. Returns the number of workflows with a complaint, and prints them."""
    failed = 0
    gate = asyncio.Semaphore(8)

    async def one(run) -> None:
        nonlocal failed
        async with gate:
            try:
                wrong = await judge_run(client, record, run)
            except (grpc.aio.AioRpcError, rpc.GaveUp, KeyError, IndexError) as error:
                if isinstance(error, grpc.aio.AioRpcError) and error.code() == grpc.StatusCode.NOT_FOUND and run.starts:
                    record.lost.append(f"{run.workflow_id}: the start was acknowledged and the workflow is gone")
                wrong = [one_line(error)]
        if wrong:
            failed += 1
            print(f"FAILED {run.workflow_id}: {'; '.join(wrong)}", flush=True)

    await asyncio.gather(*(one(run) for run in record.runs))
    return failed


async def judge_run(client: Client, record: Record, run) -> list[str]:
    if not run.run_id:
        return ["its start was never acknowledged"]
    v = await client.history(run.workflow_id, run.run_id)
    if MIXES[run.mix].cron:
        chain = [(run.run_id, v)]
        while chain[-1][1].next_run_id:
            next_run_id = chain[-1][1].next_run_id
            chain.append((next_run_id, await client.history(run.workflow_id, next_run_id)))
        return checker.check_chain(record, run, chain, await client.current_run(run.workflow_id))
    wrong = checker.check_run(record, run, v, await client.current_run(run.workflow_id))
    for child_id in MIXES[run.mix].children(v, run.workflow_id):
        current = await client.current_run(child_id)
        child = await client.history(child_id, current)
        wrong += checker.check_child(record, child_id, v.children_started.get(child_id, []), child, current)
    return wrong


def report(options, record: Record, server: Server, call: rpc.Caller, killing: float, late: int) -> None:
    by_mix = {}
    for run in record.runs:
        by_mix[run.mix] = by_mix.get(run.mix, 0) + 1
    for text in record.problems[:20]:
        print(f"FAILED problem: {text}")
    print(f"seed: {options.seed}")
    print(f"kills: {server.kills} in {killing:.1f}s, restarts took {server.restart_summary()}")
    print(f"workflows: {len(record.runs)} ({', '.join(f'{k} {n}' for k, n in sorted(by_mix.items()))}), unfinished: {late}")
    print(f"acks: {', '.join(f'{k} {n}' for k, n in sorted(record.acks.items()))}; stale tasks refused: {record.stale}")
    print(f"calls repeated: {', '.join(f'{k} {n}' for k, n in sorted(call.retried.items())) or 'none'}")
    for title, found in (("lost", record.lost), ("doubled", record.doubled)):
        print(f"{title}: {len(found)}")
        for text in found[:20]:
            print(f"    {text}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--in-flight", type=int, default=50)
    parser.add_argument("--seed", type=int, default=uuid.uuid4().int & 0xFFFFFFFF)
    parser.add_argument("--mix", help=f"comma list of {', '.join(MIXES)} (default: all)")
    parser.add_argument("--keep", action="store_true", help="keep the data folder when something failed")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="kill9-")
    code = 1
    try:
        os.environ["TEMPORAL_CONFIG_FILE"] = os.path.join(folder, "temporal.toml")
        code = asyncio.run(chaos(options, folder))
    finally:
        if code and options.keep:
            print(f"data and log kept in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
