"""What a history says happened, in a form that deciders and the checker can ask."""

from collections import Counter
from dataclasses import dataclass, field

from temporalio.api.enums.v1 import EventType

from rpc import value_of


@dataclass
class View:
    ids: list[int] = field(default_factory=list)
    argument: object = None
    last_result: object = None
    scheduled: dict = field(default_factory=dict)
    """activity id -> scheduled event id"""
    activities: dict = field(default_factory=dict)
    """activity id -> list of results, one for each completion in the history"""
    started_timers: list = field(default_factory=list)
    fired_timers: list = field(default_factory=list)
    signals: list = field(default_factory=list)
    children_initiated: list = field(default_factory=list)
    children_started: dict = field(default_factory=dict)
    """child workflow id -> run ids of its started events"""
    children: dict = field(default_factory=dict)
    """child workflow id -> list of results"""
    accepted_updates: list = field(default_factory=list)
    completed_updates: list = field(default_factory=list)
    completed_tasks: list = field(default_factory=list)
    """started event ids of completed workflow tasks"""
    closed: str | None = None
    result: object = None
    next_run_id: str = ""
    counts: Counter = field(default_factory=Counter)


def view(events) -> View:
    v, activity_ids = View(), {}
    for event in events:
        v.ids.append(event.event_id)
        kind = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
        v.counts[kind] += 1
        a = getattr(event, event.WhichOneof("attributes"))
        if kind == "WORKFLOW_EXECUTION_STARTED":
            v.argument, v.last_result = value_of(a.input), value_of(a.last_completion_result)
        elif kind == "WORKFLOW_TASK_COMPLETED":
            v.completed_tasks.append(a.started_event_id)
        elif kind == "ACTIVITY_TASK_SCHEDULED":
            v.scheduled[a.activity_id] = event.event_id
            activity_ids[event.event_id] = a.activity_id
        elif kind == "ACTIVITY_TASK_COMPLETED":
            v.activities.setdefault(activity_ids[a.scheduled_event_id], []).append(value_of(a.result))
        elif kind == "TIMER_STARTED":
            v.started_timers.append(a.timer_id)
        elif kind == "TIMER_FIRED":
            v.fired_timers.append(a.timer_id)
        elif kind == "WORKFLOW_EXECUTION_SIGNALED":
            v.signals.append(value_of(a.input))
        elif kind == "START_CHILD_WORKFLOW_EXECUTION_INITIATED":
            v.children_initiated.append(a.workflow_id)
        elif kind == "CHILD_WORKFLOW_EXECUTION_STARTED":
            v.children_started.setdefault(a.workflow_execution.workflow_id, []).append(a.workflow_execution.run_id)
        elif kind == "CHILD_WORKFLOW_EXECUTION_COMPLETED":
            v.children.setdefault(a.workflow_execution.workflow_id, []).append(value_of(a.result))
        elif kind == "WORKFLOW_EXECUTION_UPDATE_ACCEPTED":
            v.accepted_updates.append(a.protocol_instance_id)
        elif kind == "WORKFLOW_EXECUTION_UPDATE_COMPLETED":
            v.completed_updates.append(a.meta.update_id)
        elif kind.startswith("WORKFLOW_EXECUTION_") and kind.rsplit("_", 1)[-1] in CLOSING:
            v.closed = kind.removeprefix("WORKFLOW_EXECUTION_")
            v.next_run_id = getattr(a, "new_execution_run_id", "")
            v.result = value_of(a.result) if v.closed == "COMPLETED" else None
    return v


CLOSING = {"COMPLETED", "FAILED", "CANCELED", "TERMINATED", "OUT", "NEW"}
