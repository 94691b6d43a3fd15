"""Runs the same calls against the reference server and ours, and shows where the answers differ.

    python tests/differential/run.py --ours-binary target/release/longhaul
    python tests/differential/run.py --self      # reference against reference: must be all equal
"""

import argparse
import concurrent.futures
import fnmatch
import importlib
import os
import sys
import time

# So many scenarios at most are played again, and so often.
AGAIN_MAX = 40
AGAIN_TIMES = 2
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import compare  # noqa: E402
import harness  # noqa: E402
import record  # noqa: E402
import servers  # noqa: E402
from known_differences import KNOWN, settled  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    side = parser.add_mutually_exclusive_group(required=True)
    side.add_argument("--ours", metavar="HOST:PORT", help="our server, already running")
    side.add_argument("--ours-binary", metavar="PATH", help="our program, to be started")
    side.add_argument("--self", action="store_true", help="compare two reference servers")
    side.add_argument("--show", action="store_true", help="only run the reference and print the transcripts")
    parser.add_argument("--ours-http", metavar="HOST:PORT", help="our HTTP listener, with --ours")
    parser.add_argument("--reference", metavar="HOST:PORT", help="a running reference server")
    parser.add_argument("--only", metavar="PATTERN", default="*", help="part of a name, or a pattern with *")
    parser.add_argument("--jobs", type=int, default=10, help="scenarios at a time")
    parser.add_argument("--once", action="store_true", help="play nothing again that differs: shows which scenarios race")
    parser.add_argument("--record", metavar="DIR", help="write the reference's transcripts, a file for each section")
    parser.add_argument("--report", metavar="FILE", help="write a table of the results")
    return parser.parse_args()


def load(pattern):
    """The scenarios whose names match, in order of name."""
    for file in sorted(os.listdir(os.path.join(HERE, "scenarios"))):
        if file.endswith(".py") and file != "__init__.py":
            importlib.import_module(f"scenarios.{file[:-3]}")
    pattern = pattern if "*" in pattern else f"*{pattern}*"
    return {name: harness.SCENARIOS[name] for name in sorted(harness.SCENARIOS) if fnmatch.fnmatch(name, pattern)}


def main():
    options = arguments()
    scenarios = load(options.only)
    plain = {name: function for name, function in scenarios.items() if not getattr(function, "settings", ())}
    began = time.monotonic()
    transcripts = on_servers(plain, (), options) if plain else {}
    for settings, group in grouped(scenarios).items():
        if options.ours or options.reference:
            print(f"left out, for they need servers of their own: {', '.join(group)}")
        else:
            transcripts.update(on_servers(group, settings, options))
    if options.record:
        record.write(options.record, transcripts)
    if options.show:
        for name, (blocks, _) in transcripts.items():
            print(f"\n## {name}\n" + "\n".join(compare.flatten(blocks)))
        return 0
    return report(transcripts, options, time.monotonic() - began)


def grouped(scenarios):
    """The scenarios that want settings, by those settings."""
    groups = {}
    for name, function in scenarios.items():
        if getattr(function, "settings", ()):
            groups.setdefault(function.settings, {})[name] = function
    return groups


def on_servers(scenarios, settings, options):
    """Plays the scenarios; what differs is played up to twice more, for the reference races with itself: it tells a task
    before another or after it, or comes too late on a busy machine. The last play of ours must equal one that the
    reference was seen to give. Each time on new servers, which do not count what was played before."""
    transcripts = on_new_servers(scenarios, settings, options, options.jobs)
    seen = {name: [pair[0]] for name, pair in transcripts.items()}
    for _ in range(0 if options.show or options.once else AGAIN_TIMES):
        again = {name: scenarios[name] for name, pair in transcripts.items() if name not in KNOWN and differs(name, pair)}
        if not 0 < len(again) <= AGAIN_MAX:
            break
        print(f"played again: {', '.join(again)}")
        for name, (theirs, ours) in on_new_servers(again, settings, options, 2).items():
            seen[name].append(theirs)
            alike = [kept for kept in seen[name] if not differs(name, (kept, ours))]
            transcripts[name] = (alike[0] if alike else theirs, ours)
    return transcripts


def on_new_servers(scenarios, settings, options, jobs):
    """Starts the servers, plays the scenarios on them and stops what was started."""
    started = [servers.Server(options.reference) if options.reference else servers.reference(settings)]
    try:
        if options.self:
            started.append(servers.reference(settings))
        elif not options.show:
            started.append(servers.Server(options.ours, http=options.ours_http) if options.ours else servers.ours(options.ours_binary, settings))
        for server in started:
            server.wait()
            server.prepare()
        return play(scenarios, started, jobs)
    finally:
        for server in started:
            server.stop()


def differs(name, pair):
    return fault(pair[0]) or settled(name, pair[0]) != settled(name, pair[1])


def play(scenarios, sides, jobs):
    """Runs every scenario against each side; name -> (theirs, ours)."""
    slow_first = sorted(scenarios, key=lambda name: not getattr(scenarios[name], "slow", False))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = {name: [pool.submit(harness.run, scenarios[name], side) for side in sides]
                   for name in slow_first}
        results = {name: [future.result() for future in futures[name]] for name in slow_first}
    return {name: (results[name][0], results[name][-1]) for name in sorted(results)}


def report(transcripts, options, seconds):
    passed, failed, rows = 0, 0, []
    for name, (theirs, ours) in transcripts.items():
        theirs, ours = settled(name, theirs), settled(name, ours)
        text = compare.difference(theirs, ours)
        stop = fault(theirs)
        if name in KNOWN and text:
            rows.append((name, f"differs: {KNOWN[name]}"))
            print(f"{name} differs: {KNOWN[name]}")
        elif text or stop:
            failed += 1
            reason = compare.first(theirs, ours) if text else f"the reference {stop}"
            rows.append((name, reason))
            print(f"\nFAILED {name}" + (f"\n{text}" if text else f"\n    {stop}"))
        else:
            passed += 1
            rows.append((name, "equal"))
    if options.report:
        write_report(options.report, rows)
    print(f"\n{len(rows)} scenarios in {seconds:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def fault(blocks):
    """The line that tells why a scenario could not go on, if it could not."""
    return next((block[0] for block in blocks if block[0].startswith(("# fault", "# stopped"))), "")


def write_report(path, rows):
    """Writes the table of results; `|` inside a reason is escaped."""
    escaped = [(name, reason.replace("|", "\\|").replace("\n", " ")) for name, reason in rows]
    with open(path, "w") as out:
        out.write("# Differential results\n\nGenerated by `tests/differential/run.py`: the same calls against the "
                  "reference server and ours.\n\n| Scenario | Result |\n|---|---|\n")
        out.writelines(f"| {name} | {reason} |\n" for name, reason in escaped)


if __name__ == "__main__":
    sys.exit(main())
