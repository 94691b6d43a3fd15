"""The runner: a registry of named cases, run concurrently, one line of output for each.

A case is an async function that takes a `Ctx` and raises when the server did something else than promised.
"""

import asyncio
import fnmatch
import time
import traceback
import uuid
from dataclasses import dataclass, field
from typing import Awaitable, Callable

from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

Case = Callable[["Ctx"], Awaitable[None]]
CASES: dict[str, Case] = {}

CASE_SECONDS_MAX = 60.0


def case(function: Case) -> Case:
    name = function.__name__
    assert name not in CASES, f"two cases are called {name}"
    CASES[name] = function
    return function


@dataclass
class Ctx:
    """What one case may use: a client, the shared worker's task queue, and ids nobody else has."""

    client: Client
    task_queue: str
    name: str
    workflows: list = field(default_factory=list)
    activities: list = field(default_factory=list)

    def id(self, suffix: str = "") -> str:
        return f"{self.name}-{uuid.uuid4().hex[:12]}{suffix}"

    async def start(self, workflow, *args, **options) -> WorkflowHandle:
        options.setdefault("id", self.id())
        options.setdefault("task_queue", self.task_queue)
        return await self.client.start_workflow(workflow, args=args, **options)

    async def run(self, workflow, *args, **options):
        handle = await self.start(workflow, *args, **options)
        return await handle.result()

    def worker(self, task_queue: str, client: Client | None = None, **options) -> Worker:
        """A worker of the case's own, for cases that stop it or look at its task queue."""
        options.setdefault("workflows", self.workflows)
        options.setdefault("activities", self.activities)
        return Worker(
            client or self.client,
            task_queue=task_queue,
            workflow_runner=UnsandboxedWorkflowRunner(),
            **options,
        )


def equal(actual, expected, what: str = "value") -> None:
    if actual != expected:
        raise AssertionError(f"{what}: got {actual!r}, want {expected!r}")


def is_in(part, whole, what: str = "value") -> None:
    if part not in whole:
        raise AssertionError(f"{what}: {part!r} is not in {whole!r}")


async def raises(kind: type, awaitable: Awaitable) -> BaseException:
    """Awaits something that must fail with an exception of `kind`, and returns that exception."""
    try:
        result = await awaitable
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}: it returned {result!r}")


async def eventually(probe: Callable[[], Awaitable], what: str, seconds: float = 15.0):
    """Polls what the API only promises eventually (visibility, pending state) until it is truthy."""
    deadline = time.monotonic() + seconds
    while True:
        value = await probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f}s: {what}; last answer {value!r}")
        await asyncio.sleep(0.05)


def event_names(history) -> list[str]:
    """Event types without the constant's prefix, such as `WORKFLOW_EXECUTION_STARTED`."""
    from temporalio.api.enums.v1 import EventType

    return [EventType.Name(e.event_type).removeprefix("EVENT_TYPE_") for e in history.events]


def _reason(error: BaseException) -> str:
    """One line: the error, its causes, and the last line of ours on the way."""
    parts, seen = [], error
    while seen is not None and len(parts) < 4:
        parts.append(f"{type(seen).__name__}: {seen}" if str(seen) else type(seen).__name__)
        seen = seen.__cause__
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "cases_" in f.filename]
    where = f" (line {frames[-1].lineno} of {frames[-1].filename.rsplit('/', 1)[-1]})" if frames else ""
    return " <- ".join(parts).replace("\n", " ") + where


async def run_all(make_ctx: Callable[[str], Ctx], only: str | None, limit: int) -> tuple[int, int]:
    """Runs every case that matches `only`, at most `limit` at a time. Returns (passed, failed)."""
    names = [n for n in CASES if only is None or only in n or fnmatch.fnmatch(n, only)]
    gate = asyncio.Semaphore(limit)
    passed = failed = 0

    async def one(name: str) -> None:
        nonlocal passed, failed
        async with gate:
            began = time.monotonic()
            try:
                await asyncio.wait_for(CASES[name](make_ctx(name)), CASE_SECONDS_MAX)
            except Exception as error:  # a case may fail in any way
                failed += 1
                print(f"FAILED {name}: {_reason(error)}", flush=True)
            else:
                passed += 1
                print(f"ok {name} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)

    await asyncio.gather(*(one(n) for n in names))
    return passed, failed
