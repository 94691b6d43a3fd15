#!/usr/bin/env python3
"""Runs the shell examples of guides against our server: each command has to succeed, as it stands on its page.

    guide.py --binary PATH [PAGE ...]

Without pages, every page of `docs/guide` is run whose commands need nothing but the server and the official command
line. Each page has a server of its own; the lines that start one are left out. What follows `#> ` behind a command has
to be in its output, if not at once then within ten seconds. A block of TOML that begins with `# longhaul.toml` is the server's configuration;
`/var/lib/longhaul` and ports of the loopback interface in a page stand for free ones. The last line is `N passed, M failed`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import servers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = ("archival", "batches", "http", "namespaces", "repair", "schedules", "visibility")
SECONDS_MAX = 10


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[str]:
    """The commands of the page's shell examples, continued lines joined."""
    lines = "".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("longhaul start-dev")]


def run(command: str, environment: dict) -> str:
    """Runs a command; answers what is wrong, or nothing."""
    command, _, expected = command.partition("#> ")
    # A stream of events has no end.
    is_stream = command.startswith("curl -N")
    shown = command.replace("curl -N", "curl -sSfN --max-time 2") if is_stream else command.replace("curl ", "curl -sSf ")
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        ran = subprocess.run(shown, shell=True, env=environment, capture_output=True, text=True, timeout=60)
        failed = ran.returncode and not (is_stream and ran.returncode == 28)
        if not failed and expected in ran.stdout:
            return ""
        if not expected or time.monotonic() > deadline:
            return f"{ran.stdout}{ran.stderr}" + (f"\nexpected: {expected}" if expected else "")
        time.sleep(0.1)


def play(page: str, binary: str) -> tuple[int, int]:
    """Runs a page's commands; answers how many passed and how many failed."""
    folder = tempfile.mkdtemp(prefix="guide-")
    with open(page) as file:
        text = file.read().replace("/var/lib/longhaul", folder)
    config = next((block for block in blocks(text, "toml") if block.startswith("# longhaul.toml")), None)
    arguments = []
    if config and "archival" in config:
        with open(os.path.join(folder, "longhaul.toml"), "w") as file:
            file.write(config)
        arguments = ["--config", file.name]
    server = servers.ours(binary, folder, arguments)
    text = text.replace("localhost:7243", server.http_address)
    # Our own commands are told where the server is.
    wrapper = os.path.join(folder, "longhaul")
    with open(wrapper, "w") as file:
        file.write(f'#!/bin/sh\nexec {binary} "$@" --address {server.address}\n')
    os.chmod(wrapper, 0o755)
    path = os.pathsep.join((folder, os.path.dirname(servers.official_cli()), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "TEMPORAL_ADDRESS": server.address,
                   "TEMPORAL_CONFIG_FILE": os.path.join(folder, "none.toml")}
    passed = failed = 0
    try:
        for command in commands(text):
            wrong = run(command, environment)
            if wrong:
                failed += 1
                print(f"FAILED {command}\n{wrong}")
            else:
                passed += 1
                print(f"ok {command}")
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return passed, failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("pages", nargs="*")
    options = parser.parse_args()
    pages = options.pages or [os.path.join(ROOT, "docs", "guide", f"{name}.md") for name in PAGES]
    counts = [play(page, os.path.abspath(options.binary)) for page in pages]
    passed, failed = (sum(numbers) for numbers in zip(*counts))
    if any(count == (0, 0) for count in counts):
        print("FAILED a page has no commands")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
