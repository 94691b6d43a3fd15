"""The kinds of workflow in the load. A mix is one class: how it decides, how a client drives it, what must hold.

`decide` is a function of the history alone, so the worker keeps nothing between tasks.
"""

import random
import uuid

from google.protobuf.duration_pb2 import Duration
from temporalio.api.command.v1 import Command, CompleteWorkflowExecutionCommandAttributes
from temporalio.api.command.v1 import ScheduleActivityTaskCommandAttributes, StartTimerCommandAttributes
from temporalio.api.command.v1 import StartChildWorkflowExecutionCommandAttributes
from temporalio.api.common.v1 import ActivityType, RetryPolicy, WorkflowType
from temporalio.api.enums.v1 import CommandType
from temporalio.api.taskqueue.v1 import TaskQueue

from history import View
from rpc import payloads

ATTEMPT_SECONDS = 2
"""How long an activity attempt may take: what a kill swallowed is tried again after this."""


def millis(value: int) -> Duration:
    return Duration(nanos=value * 1_000_000)


def complete(result) -> Command:
    return Command(
        command_type=CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
        complete_workflow_execution_command_attributes=CompleteWorkflowExecutionCommandAttributes(
            result=payloads(result)
        ),
    )


def activity(activity_id: str, queue: str) -> Command:
    return Command(
        command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
        schedule_activity_task_command_attributes=ScheduleActivityTaskCommandAttributes(
            activity_id=activity_id,
            activity_type=ActivityType(name="work"),
            task_queue=TaskQueue(name=queue),
            input=payloads(activity_id),
            start_to_close_timeout=Duration(seconds=ATTEMPT_SECONDS),
            retry_policy=RetryPolicy(initial_interval=millis(100), backoff_coefficient=1.0),
        ),
    )


def timer(timer_id: str, duration: Duration) -> Command:
    return Command(
        command_type=CommandType.COMMAND_TYPE_START_TIMER,
        start_timer_command_attributes=StartTimerCommandAttributes(timer_id=timer_id, start_to_fire_timeout=duration),
    )


def child(workflow_id: str, queue: str) -> Command:
    return Command(
        command_type=CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
        start_child_workflow_execution_command_attributes=StartChildWorkflowExecutionCommandAttributes(
            workflow_id=workflow_id,
            workflow_type=WorkflowType(name=One.name),
            task_queue=TaskQueue(name=queue),
            input=payloads(workflow_id),
            workflow_task_timeout=Duration(seconds=ATTEMPT_SECONDS),
        ),
    )


class Mix:
    """The base: a workflow that a client starts and then only waits for."""

    name = ""
    weight = 1
    cron = ""
    """A cron schedule: each run must return one more than the run before it, until the client ends the chain."""

    def argument(self, rng: random.Random):
        return None

    def decide(self, v: View, workflow_id: str, queue: str) -> list[Command]:
        raise NotImplementedError

    def expected(self, v: View, workflow_id: str):
        """The right result, given the rest of the history."""
        raise NotImplementedError

    async def drive(self, client, run) -> None:
        """What the client does after the start."""

    def children(self, v: View, workflow_id: str) -> list[str]:
        return []

    def updates(self, v: View) -> int:
        """How many updates end the workflow; 0 when it takes none."""
        return 0


class One(Mix):
    """One activity."""

    name, weight = "one", 4

    def decide(self, v, workflow_id, queue):
        if "a0" not in v.scheduled:
            return [activity("a0", queue)]
        return [complete(v.activities["a0"][0])] if "a0" in v.activities else []

    def expected(self, v, workflow_id):
        return v.activities["a0"][0]


class Steps(Mix):
    """Several activities, each followed by a short timer; two run side by side at the end."""

    name, weight = "steps", 3

    def argument(self, rng):
        return rng.randint(1, 4)

    def decide(self, v, workflow_id, queue):
        for i in range(v.argument):
            if f"a{i}" not in v.scheduled:
                return [activity(f"a{i}", queue)]
            if f"a{i}" not in v.activities:
                return []
            if f"t{i}" not in v.started_timers:
                return [timer(f"t{i}", millis(20))]
            if f"t{i}" not in v.fired_timers:
                return []
        if "left" not in v.scheduled:
            return [activity("left", queue), activity("right", queue)]
        if "left" in v.activities and "right" in v.activities:
            return [complete(self.expected(v, workflow_id))]
        return []

    def expected(self, v, workflow_id):
        names = [f"a{i}" for i in range(v.argument)] + ["left", "right"]
        return [v.activities[n][0] for n in names]


class Signals(Mix):
    """Ends when it has seen as many different signals as its argument says."""

    name, weight = "signals", 3

    def argument(self, rng):
        return rng.randint(2, 8)

    def decide(self, v, workflow_id, queue):
        return [complete(sorted(set(v.signals)))] if len(set(v.signals)) >= v.argument else []

    def expected(self, v, workflow_id):
        return sorted(set(v.signals))

    async def drive(self, client, run):
        for i in range(run.argument):
            await client.signal(run, f"{run.workflow_id}#{i}", str(uuid.UUID(int=client.rng.getrandbits(128))))


class Family(Mix):
    """Children with one activity each."""

    name, weight = "family", 2

    def argument(self, rng):
        return rng.randint(1, 3)

    def children(self, v, workflow_id):
        return [f"{workflow_id}/child{i}" for i in range(v.argument)]

    def decide(self, v, workflow_id, queue):
        if not v.children_initiated:
            return [child(c, queue) for c in self.children(v, workflow_id)]
        if all(c in v.children for c in self.children(v, workflow_id)):
            return [complete(self.expected(v, workflow_id))]
        return []

    def expected(self, v, workflow_id):
        return [v.children[c][0] for c in self.children(v, workflow_id)]


class Updates(Mix):
    """Ends in the task that answers the last of its updates."""

    name, weight = "updates", 2

    def argument(self, rng):
        return rng.randint(1, 4)

    def updates(self, v):
        return v.argument

    def decide(self, v, workflow_id, queue):
        return [complete(v.argument)] if len(v.completed_updates) >= v.argument else []

    def expected(self, v, workflow_id):
        return v.argument

    async def drive(self, client, run):
        for i in range(run.argument):
            await client.update(run, f"{run.workflow_id}#{i}")


class Cron(Mix):
    """Runs that follow each other, each counting on from the last one's result."""

    name, weight, cron = "cron", 1, "@every 1s"

    def decide(self, v, workflow_id, queue):
        return [complete(self.expected(v, workflow_id))]

    def expected(self, v, workflow_id):
        return (v.last_result or 0) + 1

    async def drive(self, client, run):
        second = await client.end_of(run.workflow_id, run.run_id)
        await client.end_of(run.workflow_id, second)
        await client.terminate(run)


MIXES: dict[str, Mix] = {m.name: m for m in (One(), Steps(), Signals(), Family(), Updates(), Cron())}
