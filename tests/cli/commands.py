"""The runnable commands of the official command line, read off its own `--help`, and those that no step needs to run.

So a command that a new version brings is missed here first, and not by a user.
"""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from servers import official_cli

ENTRY = re.compile(r"^  ([a-z][a-z-]*) +\S")
# Commands that print or do the same whatever server there is, or that are a server themselves, with the reason.
NOT_RUN = {
    "server start-dev": "it is the reference; its flags are those that ours takes, see docs/guide/quickstart.md",
    "help": "text of the program itself",
    "options": "text of the program itself",
    "completion bash": "text of the program itself",
    "completion fish": "text of the program itself",
    "completion powershell": "text of the program itself",
    "completion zsh": "text of the program itself",
}


def _read(path: tuple) -> tuple[bool, list[tuple]]:
    """Whether a command can be run, and the commands below it. A few are both."""
    shown = subprocess.run([official_cli(), *path, "--help"], capture_output=True, text=True, check=True).stdout
    lines = iter(shown.splitlines())
    usage = []
    for line in lines:
        if line == "Available Commands:":
            break
        usage.append(line)
    names = []
    for line in lines:
        if line and not line.startswith("  "):
            break
        if found := ENTRY.match(line):
            names.append(found.group(1))
    # What only has others below it is used as `... [command]`, what can be run as `... [flags]` or with its arguments.
    takes = [line.strip() for line in usage if line.startswith("  temporal ")]
    is_run = any(not line.endswith("[command]") for line in takes)
    return is_run or not names, [(*path, name) for name in names]


def runnable() -> list[str]:
    """Every command that can be run, in order."""
    found, level = [], [()]
    with ThreadPoolExecutor(4) as pool:
        while level:
            read = list(pool.map(_read, level))
            found += [path for path, (is_run, _) in zip(level, read) if is_run]
            level = [child for _, children in read for child in children]
    return sorted(" ".join(path) for path in found if path)


def missed(steps) -> list[str]:
    """What is wrong with the steps: commands that none of them runs, and reasons that are not needed any more."""
    commands = runnable()
    # The longest one that fits is meant: `workflow reset` is both a command and the parent of one.
    fitting = [[command for command in commands if f"{step.command} ".startswith(f"{command} ")] for step in steps]
    run = {max(fits, key=len) for fits in fitting if fits}
    wrong = [f"no step runs `{command}`" for command in commands if command not in run and command not in NOT_RUN]
    wrong += [f"`{command}` is run by a step and needs no reason" for command in NOT_RUN if command in run]
    wrong += [f"there is no `{command}`" for command in NOT_RUN if command not in commands]
    return wrong
