"""What the clients were told. Only what stands here is held against the server."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Run:
    mix: str
    workflow_id: str
    argument: object
    request_id: str
    run_id: str = ""
    starts: int = 0
    """acknowledged starts, the repeated ones included"""
    signals: dict = field(default_factory=dict)
    """signal value -> whether it was acknowledged"""
    updates: dict = field(default_factory=dict)
    finished: bool = False


@dataclass
class Record:
    runs: list = field(default_factory=list)
    tasks: dict = field(default_factory=dict)
    """(workflow id, run id) -> started event ids of acknowledged workflow tasks"""
    activities: dict = field(default_factory=dict)
    """(workflow id, run id) -> {activity id: acknowledged result}"""
    acks: Counter = field(default_factory=Counter)
    lost: list = field(default_factory=list)
    doubled: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    stale: int = 0
    numbers: int = 0

    def next_number(self) -> int:
        self.numbers += 1
        return self.numbers

    def started(self, run: Run, run_id: str) -> None:
        self.acks["start"] += 1
        run.starts += 1
        if run.run_id and run.run_id != run_id:
            self.doubled.append(f"{run.workflow_id}: one request id, two runs {run.run_id} and {run_id}")
        run.run_id = run.run_id or run_id

    def task_done(self, execution, started_event_id: int) -> None:
        self.acks["workflow task"] += 1
        self.tasks.setdefault((execution.workflow_id, execution.run_id), set()).add(started_event_id)

    def activity_done(self, execution, activity_id: str, result: str) -> None:
        self.acks["activity"] += 1
        done = self.activities.setdefault((execution.workflow_id, execution.run_id), {})
        if activity_id in done:
            self.doubled.append(f"{execution.workflow_id}: activity {activity_id} acknowledged twice")
        done[activity_id] = result

    def problem(self, text: str) -> None:
        self.problems.append(text)
