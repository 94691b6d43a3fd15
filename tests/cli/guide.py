#!/usr/bin/env python3
"""Runs the shell examples of a guide against our server: each command has to succeed, as it stands on the page.

    guide.py --binary PATH docs/guide/schedules.md

The line that starts the server is left out: this program starts one of its own. The last line is `N passed, N failed`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

import servers


def commands(page: str) -> list[str]:
    """The commands of the page's shell examples, continued lines joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("longhaul start-dev")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("page")
    options = parser.parse_args()
    with open(options.page) as file:
        found = commands(file.read())
    folder = tempfile.mkdtemp(prefix="guide-")
    server = servers.ours(os.path.abspath(options.binary), folder)
    path = os.path.dirname(servers.official_cli()) + os.pathsep + os.environ["PATH"]
    environment = {**os.environ, "PATH": path, "TEMPORAL_ADDRESS": server.address,
                   "TEMPORAL_CONFIG_FILE": os.path.join(folder, "none.toml")}
    failed = 0
    try:
        for command in found:
            ran = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True, timeout=60)
            if ran.returncode:
                failed += 1
                print(f"FAILED {command}\n{ran.stdout}{ran.stderr}")
            else:
                print(f"ok {command}")
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
