"""Holds the final histories against what the clients were told."""

from collections import Counter

from history import View
from mixes import MIXES, One
from record import Record, Run


def check_run(record: Record, run: Run, v: View, described_run_id: str) -> list[str]:
    """The complaints about one workflow that a client started."""
    mix = MIXES[run.mix]
    wrong = check_history(record, run.workflow_id, run.run_id, v)
    if described_run_id != run.run_id:
        record.doubled.append(f"{run.workflow_id}: acknowledged run {run.run_id}, the current one is {described_run_id}")
        wrong.append("another run took its place")
    for value, acknowledged in run.signals.items():
        wrong += exactly_once(record, run.workflow_id, f"signal {value}", v.signals.count(value), acknowledged)
    for stray in set(v.signals) - run.signals.keys():
        wrong.append(f"a signal nobody sent: {stray}")
    for update_id, acknowledged in run.updates.items():
        for what, seen in (("accepted", v.accepted_updates), ("completed", v.completed_updates)):
            count = seen.count(update_id)
            wrong += exactly_once(record, run.workflow_id, f"update {update_id} {what}", count, acknowledged)
    if not wrong and v.result != mix.expected(v, run.workflow_id):
        wrong.append(f"result {v.result!r}, want {mix.expected(v, run.workflow_id)!r}")
    return wrong


def check_child(record: Record, workflow_id: str, run_ids: list[str], v: View, described_run_id: str) -> list[str]:
    if run_ids != [described_run_id]:
        record.doubled.append(f"{workflow_id}: started as {run_ids}, the current run is {described_run_id}")
        return ["a child was started twice"]
    wrong = check_history(record, workflow_id, described_run_id, v)
    if not wrong and v.result != One().expected(v, workflow_id):
        wrong.append(f"child result {v.result!r}")
    return wrong


def check_chain(record: Record, run: Run, chain: list[tuple[str, View]], described_run_id: str) -> list[str]:
    """A cron chain: every run but the terminated last one returns one more than the run before it."""
    wrong = []
    for number, (run_id, v) in enumerate(chain, start=1):
        closed = "COMPLETED" if number < len(chain) else "TERMINATED"
        wrong += [f"run {number}: {text}" for text in check_history(record, run.workflow_id, run_id, v, closed)]
        if (v.last_result or 0) != number - 1 or (closed == "COMPLETED" and v.result != number):
            record.doubled.append(f"{run.workflow_id}: run {number} was given {v.last_result}, returned {v.result}")
            wrong.append(f"run {number} miscounted")
    if chain[-1][0] != described_run_id:
        wrong.append(f"the chain ends with {chain[-1][0]}, the current run is {described_run_id}")
    if len(chain) < 3:
        record.lost.append(f"{run.workflow_id}: two runs were seen to end, the chain has {len(chain)}")
        wrong.append("runs are missing")
    return wrong


def check_history(
    record: Record, workflow_id: str, run_id: str, v: View, closed: str = "COMPLETED"
) -> list[str]:
    """What holds for every history, whatever the mix."""
    wrong = []
    if v.ids != list(range(1, len(v.ids) + 1)):
        wrong.append(f"event ids are not dense: {v.ids}")
    if v.closed != closed:
        wrong.append(f"closed as {v.closed}")
    for kind in ("WORKFLOW_EXECUTION_STARTED", "WORKFLOW_EXECUTION_COMPLETED"):
        if v.counts[kind] > 1:
            record.doubled.append(f"{workflow_id}: {v.counts[kind]} events {kind}")
            wrong.append(f"{kind} twice")
    key = (workflow_id, run_id)
    for started_event_id in record.tasks.get(key, ()):
        count = v.completed_tasks.count(started_event_id)
        wrong += exactly_once(record, workflow_id, f"workflow task {started_event_id}", count, True)
    for activity_id, result in record.activities.get(key, {}).items():
        results = v.activities.get(activity_id, [])
        wrong += exactly_once(record, workflow_id, f"activity {activity_id}", len(results), True)
        if results and results[0] != result:
            record.lost.append(f"{workflow_id}: {activity_id} was acknowledged as {result}, history says {results[0]}")
            wrong.append(f"activity {activity_id} has another result")
    for activity_id, results in v.activities.items():
        if len(results) > 1:
            record.doubled.append(f"{workflow_id}: activity {activity_id} completed {len(results)} times")
            wrong.append(f"activity {activity_id} completed twice")
    for what, events in (
        ("timer started", v.started_timers),
        ("timer fired", v.fired_timers),
        ("child initiated", v.children_initiated),
        ("update accepted", v.accepted_updates),
        ("update completed", v.completed_updates),
    ):
        for name, count in Counter(events).items():
            if count > 1:
                record.doubled.append(f"{workflow_id}: {what} {name} {count} times")
                wrong.append(f"{what} {name} twice")
    return wrong


def exactly_once(record: Record, workflow_id: str, what: str, count: int, acknowledged: bool) -> list[str]:
    """Acknowledged: once. Never acknowledged: at most once, for the answer may have been lost with the server."""
    if count > 1:
        record.doubled.append(f"{workflow_id}: {what} is there {count} times")
        return [f"{what} twice"]
    if count == 0 and acknowledged:
        record.lost.append(f"{workflow_id}: {what} was acknowledged and is gone")
        return [f"{what} lost"]
    return []
