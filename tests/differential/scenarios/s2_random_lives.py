"""Lives drawn from a seed: what nobody thought of writing down (sections 2.2-2.11).

A life asks the server what is pending and draws the next call from that, so both servers are asked the same for as long
as they answer the same. `LIVES=first-last` in the environment plays other seeds.
"""

import os
import random

import commands
import updates
from harness import Refusal, scenario

CALLS = 14
FIRST, LAST = (int(number) for number in os.environ.get("LIVES", "1-40").split("-"))
CLOSING = ("complete", "fail", "cancel", "continue_as_new")


class Life:
    """One workflow id, its client and its worker."""

    def __init__(self, t, seed):
        self.t, self.draw = t, random.Random(seed)
        self.number, self.serials, self.born = 0, 0, 0
        self.task = None  # the workflow task that the worker holds
        self.activities = {}  # activity id -> task
        self.timers, self.scheduled, self.waiting, self.messages = [], [], [], []
        self.runs = []
        self.run, self.counts, self.children = "", {}, []  # of the current run

    def next(self):
        self.number += 1
        return self.number

    def serial(self):
        self.serials += 1
        return self.serials

    def play(self):
        self.begin()
        for _ in range(CALLS):
            seen = self.t.describe()
            if isinstance(seen, Refusal):
                return
            if seen.workflow_execution_info.execution.run_id != self.run:
                self.run, self.counts, self.children = seen.workflow_execution_info.execution.run_id, {}, []
            getattr(self, self.draw.choice(self.choices(seen)))(seen)
        self.end()

    def choices(self, seen):
        """What may be done next; what moves a life forward is drawn more often."""
        if seen.workflow_execution_info.status != 1:
            return ["begin", "signal", "signal_with_start", "reset", "terminate", "cancel"]
        options = ["signal", "signal", "signal_again", "cancel", "signal_with_start", "begin"]
        if self.draw.random() < 0.1:
            options.append("terminate")
        if self.draw.random() < 0.25:
            options.append("reset")
        task = seen.pending_workflow_task
        if task.state == 1:
            options += ["poll"] * 8
        if self.task is not None:
            options += ["complete"] * 7 + ["fail_task"] * 2
        elif not task.state and not seen.pending_activities:
            options += ["update"] * 3
            if seen.workflow_execution_info.history_length > 3:
                options += ["query"] * 2
        if any(item.state == 1 for item in seen.pending_activities):
            options += ["poll_activity"] * 4
        if self.activities:
            options += ["end_activity"] * 4
        if self.children and self.task is None and not task.state:
            options += ["end_child"] * 3
        return options

    # The client.

    def begin(self, seen=None):
        started = self.t.start(
            workflow_task_timeout=60,
            workflow_id_reuse_policy=self.draw.choice([0, 1, 2, 3]),
            workflow_id_conflict_policy=self.draw.choice([0, 1, 2, 0, 0]),
        )
        self.remember(started)

    def signal_with_start(self, seen):
        self.remember(self.t.start(
            method="SignalWithStartWorkflowExecution", signal_name=f"s{self.next()}", signal_input="in",
            workflow_task_timeout=60, workflow_id_reuse_policy=self.draw.choice([0, 1, 2, 3])))

    def remember(self, answer):
        if answer and answer.run_id not in self.runs:
            self.runs.append(answer.run_id)

    def signal(self, seen):
        self.t.signal(f"s{self.next()}", input="in", request_id=f"r{self.number}~")

    def signal_again(self, seen):
        self.t.signal("again", request_id=f"r{self.number}~")

    def cancel(self, seen):
        self.t.cancel(reason="why")

    def terminate(self, seen):
        self.t.terminate(reason="why")

    def reset(self, seen):
        events = self.t.quiet("GetWorkflowExecutionHistory", execution="wf~").history.events
        ends = [event.event_id for event in events if event.event_type in (6, 7, 8)]
        if not ends:
            return
        self.remember(self.t.call(
            "ResetWorkflowExecution", workflow_execution="wf~", workflow_task_finish_event_id=self.draw.choice(ends),
            reason="again", request_id=f"reset{self.next()}~", reset_reapply_type=self.draw.choice([1, 2, 3])))

    def update(self, seen):
        """Sent while nothing is pending, so that its task comes at once."""
        name = f"u{self.next()}"
        self.waiting.append(self.t.begin("UpdateWorkflowExecution", **updates.request(name, stage="ACCEPTED")))
        self.poll(seen)

    def query(self, seen):
        """Asked while nothing is pending, so that it gets a task of its own."""
        pending = self.t.begin_query()
        task = self.t.poll()
        self.t.call("RespondQueryTaskCompleted", task_token=task.task_token, completed_type="ANSWERED",
                    query_result="answer", cause=0)
        self.t.end(pending)

    # The worker.

    def poll(self, seen):
        self.task = self.t.poll()
        self.messages = list(self.task.messages)

    def fail_task(self, seen):
        self.settle(self.t.fail_task(self.task))

    def complete(self, seen):
        drawn = [self.draw.choice((
            "timer", "timer", "activity", "activity", "marker", "memo", "cancel_timer", "cancel_activity",
            "cancel_request", "child", "signal_external", "nothing", "nothing")) for _ in range(self.draw.randint(0, 3))]
        drawn = one_of(drawn, ("child", "signal_external"))
        if self.draw.random() < 0.15:
            drawn.append(self.draw.choice(CLOSING))
        self.next()
        self.born = 0
        asked = [command for command in (self.command(name) for name in drawn) if command]
        answers = self.answers()
        awaited = sorted({"child", "signal_external"} & set(drawn))
        inline = self.draw.random() < 0.3 and not awaited
        answer = self.t.complete(
            self.task, *asked, messages=answers, return_new_workflow_task=inline,
            force_create_new_workflow_task=self.draw.random() < 0.2)
        self.settle(answer)
        if answer and answer.workflow_task.task_token:
            self.task = answer.workflow_task
            self.messages = list(self.task.messages)
        for pending in self.waiting if answer and answers else []:
            self.t.end(pending)
            self.waiting = []
        if answer and not set(CLOSING) & set(drawn):
            self.await_others(drawn)
        if answer and "continue_as_new" in drawn:
            self.t.wait_event("WorkflowTaskScheduled")

    def await_others(self, drawn):
        """Waits for what other workflows say to the commands, so that it does not come at any time."""
        for name, event in (("child", "ChildWorkflowExecutionStarted"),
                            ("signal_external", "SignalExternalWorkflowExecutionFailed")):
            if drawn.count(name):
                self.await_event(event, drawn.count(name))
        self.children += [f"c{self.number}-{index}" for index in range(drawn.count("child"))]

    def await_event(self, event, count=1):
        self.counts[event] = self.counts.get(event, 0) + count
        self.t.wait_event(event, count=self.counts[event])

    def end_child(self, seen):
        name = self.children.pop(self.draw.randrange(len(self.children)))
        task = self.t.poll(f"q-{name}~")
        how = self.draw.choice(("complete", "fail", "cancel"))
        self.t.complete(task, self.command(how))
        self.await_event({"complete": "ChildWorkflowExecutionCompleted", "fail": "ChildWorkflowExecutionFailed",
                          "cancel": "ChildWorkflowExecutionCanceled"}[how])

    def settle(self, answer):
        """A task is gone once it was answered, or was lost; a refused answer may leave it with the worker."""
        if not answer:
            seen = self.t.describe()
            if seen and seen.pending_workflow_task.state == 2:
                return
        self.task = None

    def answers(self):
        out = []
        for message in self.messages:
            kind = self.draw.choice(("both", "both", "reject"))
            out += updates.both(message) if kind == "both" else [updates.reject(message)]
        self.messages = []
        return out

    def command(self, name):
        if name == "timer":
            self.timers.append(f"t{self.serial()}")
            return commands.timer(self.timers[-1], 3600)
        if name == "activity":
            self.scheduled.append(f"a{self.serial()}")
            return commands.activity(self.scheduled[-1], task_queue=f"q-{self.scheduled[-1]}~", start_to_close_timeout=600,
                                     retry_policy={"maximum_attempts": 1})
        if name == "child":
            child, self.born = f"c{self.number}-{self.born}", self.born + 1
            return commands.child(f"{child}~", task_queue=f"q-{child}~", workflow_task_timeout=60,
                                  parent_close_policy=self.draw.choice([0, 1, 2, 3]))
        if name == "signal_external":
            return commands.signal_external("nobody~")
        if name == "marker":
            return commands.marker(f"m{self.serial()}")
        if name == "memo":
            return commands.modify_memo({"key": f"v{self.serial()}"})
        if name == "cancel_timer" and self.timers:
            return commands.cancel_timer(self.timers.pop(self.draw.randrange(len(self.timers))))
        if name == "cancel_activity":
            return commands.cancel_activity(self.draw.randint(5, 9))
        if name == "cancel_request":
            return commands.cancel_timer("unknown") if self.draw.random() < 0.2 else None
        if name == "complete":
            return commands.complete()
        if name == "fail":
            return commands.fail()
        if name == "cancel":
            return commands.cancel_workflow()
        if name == "continue_as_new":
            return commands.continue_as_new(workflow_task_timeout=60)
        return None

    def poll_activity(self, seen):
        waiting = sorted(item.activity_id for item in seen.pending_activities if item.state == 1)
        name = self.draw.choice(waiting)
        self.activities[name] = self.t.poll_activity(f"q-{name}~")

    def end_activity(self, seen):
        name = self.draw.choice(sorted(self.activities))
        how = self.draw.choice(("complete", "complete", "fail", "heartbeat", "canceled"))
        task = self.activities[name]
        if how == "heartbeat":
            self.t.heartbeat(task)
            return
        del self.activities[name]
        if how == "complete":
            self.t.complete_activity(task)
        elif how == "fail":
            self.t.fail_activity(task)
        else:
            self.t.call("RespondActivityTaskCanceled", task_token=task.task_token, details="bye", identity="worker")

    def end(self):
        self.t.terminate(reason="the end")
        for pending in self.waiting:
            self.t.end(pending)
        for number, run in enumerate(self.runs):
            self.t.history(run_id=run, label=f"run {number}")


def one_of(drawn, names):
    """Leaves one of what other workflows answer: in which order two answers come is not promised."""
    asked = [name for name in drawn if name in names]
    return [name for name in drawn if name not in names] + asked[:1]


def _register(seed):
    def life(t):
        Life(t, seed).play()
    life.__name__ = f"seed_{seed}"
    scenario(life)


for _seed in range(FIRST, LAST + 1):
    _register(_seed)
