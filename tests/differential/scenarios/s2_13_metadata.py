"""Memo, search attributes, priority and options of running workflows (section 2.13)."""

from commands import activity, child, complete, continue_as_new, modify_memo, timer, upsert
from harness import scenario


def number(value, kind):
    return {"metadata": {"encoding": b"json/plain", "type": kind}, "data": str(value).encode()}


VALUES = {
    "OwnKeyword": "word", "OwnText": "some words", "OwnInt": number(7, b"Int"), "OwnDouble": number(1.5, b"Double"),
    "OwnBool": number("true", b"Bool"), "OwnDatetime": "2026-01-02T03:04:05Z",
    "OwnList": {"metadata": {"encoding": b"json/plain"}, "data": b'["a","b"]'},
}
NULL = {"metadata": {"encoding": b"binary/null"}}
EMPTY_LIST = {"metadata": {"encoding": b"json/plain"}, "data": b"[]"}


@scenario
def search_attributes_at_start(t):
    t.start(search_attributes=VALUES)
    t.describe()
    t.history()


@scenario
def upserts(t):
    t.start(search_attributes={"OwnKeyword": "word", "OwnInt": number(7, b"Int")})
    t.step(upsert({"OwnKeyword": "other", "OwnBool": number("true", b"Bool")}))
    t.describe()
    t.signal()
    t.step(upsert({"OwnKeyword": NULL, "OwnInt": EMPTY_LIST}))
    t.describe()
    t.history()


@scenario
def bad_upserts(t):
    for index, values in enumerate(({"OwnInt": "text"}, {"OwnBool": number(3, b"Int")}, {"OwnDatetime": "yesterday"},
                                    {"BuildIds": EMPTY_LIST}, {"OwnKeyword": "x" * 2049})):
        workflow_id, queue = f"wf{index}~", f"q{index}~"
        t.quiet("StartWorkflowExecution", workflow_id=workflow_id, workflow_type="type", task_queue=queue,
                request_id=f"r{index}~")
        task = t.quiet("PollWorkflowTaskQueue", task_queue=queue, identity="worker")
        t.complete(task, upsert(values))
        t.history(workflow_id)


@scenario
def memo(t):
    t.start(memo={"a": "1", "b": "2"})
    t.step(modify_memo({"b": "3", "c": "4"}))
    t.signal()
    t.step(modify_memo({"a": NULL}))
    t.describe()
    t.history()


@scenario
def continue_as_new_carries(t):
    t.start(search_attributes={"OwnKeyword": "word"}, memo={"a": "1"})
    t.step(continue_as_new())
    t.describe()
    t.step(continue_as_new(search_attributes={"OwnKeyword": "next"}, memo={"b": "2"}))
    t.describe()


@scenario
def child_with_search_attributes(t):
    t.start(search_attributes={"OwnKeyword": "word"}, memo={"a": "1"})
    t.step(child("one~"), child("two~", search_attributes={"OwnKeyword": "two"}, memo={"b": "2"}))
    t.wait_event("ChildWorkflowExecutionStarted", count=2)
    t.history("one~")
    t.history("two~")


@scenario
def retry_carries(t):
    from commands import fail

    t.start(search_attributes={"OwnKeyword": "word"}, memo={"a": "1"}, retry_policy={"initial_interval": 60})
    t.step(upsert({"OwnInt": number(1, b"Int")}), modify_memo({"b": "2"}), fail())
    t.history()


@scenario
def priorities_are_merged(t):
    t.start(priority={"priority_key": 2, "fairness_key": "f", "fairness_weight": 3})
    t.step(activity("a", priority={"priority_key": 5}), activity("b"), activity("c", priority={"fairness_key": "g"}),
           child(priority={"priority_key": 1}))
    t.wait_event("ChildWorkflowExecutionStarted")
    tasks = [t.quiet("PollActivityTaskQueue", task_queue="q~") for _ in range(3)]
    for task in sorted(tasks, key=lambda task: task.activity_id):
        t.block(f"= priority of {task.activity_id}", t.normaliser.lines(task.priority))
    t.history("child~")


@scenario
def update_options(t):
    t.start()
    t.step(timer())
    base = {"workflow_execution": "wf~", "identity": "client"}
    t.table("UpdateWorkflowExecutionOptions", base, [
        {"workflow_execution_options": {"priority": {"priority_key": 1}}, "update_mask": ["priority"]},
        {"workflow_execution_options": {"priority": {"priority_key": 1}}, "update_mask": ["priority.priority_key"]},
        {"workflow_execution_options": {}, "update_mask": ["priority"]},
        {"workflow_execution_options": {}, "update_mask": ["nonsense"]},
        {"workflow_execution_options": {}},
        {"workflow_execution_options": {"versioning_override": {"auto_upgrade": True}},
         "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {}, "update_mask": ["versioning_override"]},
    ])
    t.describe()
    t.history()
    t.terminate()
    t.call("UpdateWorkflowExecutionOptions", **base, workflow_execution_options={}, update_mask=["priority"])


@scenario
def user_metadata_everywhere(t):
    t.start(user_metadata={"summary": "wf", "details": "long"})
    note = {"user_metadata": {"summary": "s", "details": "d"}}
    scheduled, started, born = activity(), timer(), child()
    t.step({**scheduled, **note}, {**started, **note}, {**born, **note})
    t.wait_event("ChildWorkflowExecutionStarted")
    t.history()
    t.history("child~")
    t.describe()
    t.step(complete())

@scenario
def options_of_every_kind(t):
    """Each accepted call is shown by its answer; the events come at the end."""
    t.start(priority={"priority_key": 4, "fairness_key": "f", "fairness_weight": 2.5})
    t.step(timer())
    base = {"workflow_execution": "wf~", "identity": "client"}
    pinned = {"pinned": {"version": {"deployment_name": "d", "build_id": "b"}, "behavior": "PINNED"}}
    full = {"priority_key": 2, "fairness_key": "g", "fairness_weight": 1.5}
    t.table("UpdateWorkflowExecutionOptions", base, [
        {"workflow_execution_options": {"priority": full}, "update_mask": ["priority.fairness_key"]},
        {"workflow_execution_options": {"priority": full}, "update_mask": ["priority.fairness_weight", "priority.priority_key"]},
        {"workflow_execution_options": {"priority": full}, "update_mask": ["priority"]},
        {"workflow_execution_options": {"priority": {"priority_key": 5}}, "update_mask": ["priority"]},
        {"workflow_execution_options": {}, "update_mask": ["priority.fairness_key"]},
        {"workflow_execution_options": {}, "update_mask": ["priority.priority_key"]},
        {"workflow_execution_options": {"priority": full}, "update_mask": []},
        {"workflow_execution_options": {"versioning_override": pinned}, "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {"versioning_override": pinned}, "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {"versioning_override": pinned}, "update_mask": ["versioning_override.pinned"]},
        {"workflow_execution_options": {"versioning_override": {"auto_upgrade": True}}, "update_mask": ["versioning_override.auto_upgrade"]},
        {"workflow_execution_options": {"versioning_override": {"auto_upgrade": True}, "priority": full},
         "update_mask": ["versioning_override", "priority"]},
        {"workflow_execution_options": {"priority": {"priority_key": 1}, "versioning_override": {"auto_upgrade": True}},
         "update_mask": ["versioningOverride", "priority.priorityKey"]},
    ])
    t.describe()
    t.history()


@scenario
def options_refused(t):
    t.start()
    base = {"workflow_execution": "wf~", "identity": "client"}
    pinned = {"version": {"deployment_name": "d", "build_id": "b"}, "behavior": "PINNED"}
    t.table("UpdateWorkflowExecutionOptions", base, [
        {"workflow_execution_options": {"priority": {"priority_key": -1}}, "update_mask": ["priority"]},
        {"workflow_execution_options": {"priority": {"fairness_key": "x" * 65}}, "update_mask": ["priority"]},
        {"workflow_execution_options": {"priority": {"fairness_weight": -1}}, "update_mask": ["priority"]},
        {"workflow_execution_options": {"priority": {"priority_key": -1}}, "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {"versioning_override": {}}, "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {"versioning_override": {"auto_upgrade": False}}, "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {"versioning_override": {"pinned": {}}}, "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {"versioning_override": {"pinned": {"version": pinned["version"]}}},
         "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {"versioning_override": {"pinned": {"version": {"build_id": "b"}, "behavior": "PINNED"}}},
         "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {"versioning_override": {"pinned": {"version": {"deployment_name": "d"}, "behavior": "PINNED"}}},
         "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {"versioning_override": {"behavior": "AUTO_UPGRADE"}}, "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {"versioning_override": {"behavior": "PINNED", "pinned_version": "d.b"}}, "update_mask": ["versioning_override"]},
        {"workflow_execution_options": {"versioning_override": {"pinned": pinned}}, "update_mask": ["versioning_override", "nonsense"]},
        {"workflow_execution_options": {}, "update_mask": ["priority.nonsense"]},
        {"workflow_execution_options": {"time_skipping_config": {}}, "update_mask": ["time_skipping_config"]},
        {"workflow_execution_options": {}, "update_mask": ["time_skipping_config"]},
        {"workflow_execution_options": {}, "update_mask": ["*"]},
        {"workflow_execution_options": {}, "update_mask": [""]},
        {"workflow_execution": "none~", "workflow_execution_options": {}, "update_mask": ["priority"]},
        {"workflow_execution": ("wf~", "00000000-0000-4000-8000-000000000000"), "workflow_execution_options": {}, "update_mask": ["priority"]},
        {"workflow_execution": ("wf~", "nonsense"), "workflow_execution_options": {}, "update_mask": ["priority"]},
        {"workflow_execution": "none~", "workflow_execution_options": {}, "update_mask": ["nonsense"]},
        {"workflow_execution": "none~", "workflow_execution_options": {"versioning_override": {}}, "update_mask": ["versioning_override"]},
    ])
    t.history()


@scenario
def options_while_a_task_is_started(t):
    t.start()
    task = t.poll()
    base = {"workflow_execution": "wf~", "identity": "client"}
    row = {"workflow_execution_options": {"priority": {"priority_key": 1}, "versioning_override": {"auto_upgrade": True}},
           "update_mask": ["priority", "versioning_override"]}
    t.table("UpdateWorkflowExecutionOptions", base, [row, row])
    t.describe()
    t.complete(task, activity())
    t.describe()
    t.history()


@scenario
def options_of_the_next_run(t):
    t.start(versioning_override={"auto_upgrade": True}, priority={"priority_key": 2})
    t.describe()
    t.step(continue_as_new())
    t.describe()
    t.history()
    t.call("UpdateWorkflowExecutionOptions", workflow_execution="wf~", identity="client", update_mask=["versioning_override", "priority"],
           workflow_execution_options={})
    t.describe()
    t.history()


@scenario
def options_and_a_child(t):
    t.start(versioning_override={"auto_upgrade": True}, priority={"priority_key": 2})
    t.step(timer())
    t.call("UpdateWorkflowExecutionOptions", workflow_execution="wf~", identity="client", update_mask=["priority"],
           workflow_execution_options={"priority": {"priority_key": 3}})
    t.signal()
    t.step(child(), activity())
    t.wait_event("ChildWorkflowExecutionStarted")
    t.quiet("PollActivityTaskQueue", task_queue="q~")
    t.history("child~")
    t.describe("child~")
    t.describe()


@scenario
def options_of_a_retried_run(t):
    from commands import fail

    t.start(retry_policy={"initial_interval": 60})
    t.call("UpdateWorkflowExecutionOptions", workflow_execution="wf~", identity="client", update_mask=["priority", "versioning_override"],
           workflow_execution_options={"priority": {"priority_key": 3}, "versioning_override": {"auto_upgrade": True}})
    t.step(fail())
    t.describe()
    t.history()


@scenario
def priority_of_the_next_run(t):
    """What an update of the options sets is not what the chain started with."""
    t.start(priority={"priority_key": 2})
    for key, command in ((3, continue_as_new()), (4, continue_as_new())):
        t.call("UpdateWorkflowExecutionOptions", workflow_execution="wf~", identity="client", update_mask=["priority"],
               workflow_execution_options={"priority": {"priority_key": key}})
        t.step(command)
        t.describe()
        t.history()


@scenario
def parts_of_no_priority(t):
    t.start()
    t.table("UpdateWorkflowExecutionOptions", {"workflow_execution": "wf~"}, [
        {"workflow_execution_options": {}, "update_mask": ["priority.fairness_key"]},
        {"workflow_execution_options": {"priority": {}}, "update_mask": ["priority"]},
        {"workflow_execution_options": {"priority": {"priority_key": 2}}, "update_mask": ["priority.fairness_key"]},
    ])
    t.describe()
    t.history()


@scenario
def overrides_at_the_start(t):
    version = {"deployment_name": "d", "build_id": "b"}
    for index, override in enumerate((
        {"auto_upgrade": True}, {"auto_upgrade": False}, {"pinned": {"version": version, "behavior": "PINNED"}},
        {"behavior": "AUTO_UPGRADE"}, {"behavior": "PINNED", "pinned_version": "d.b"},
    )):
        t.start(f"wf{index}~", versioning_override=override)
        t.describe(f"wf{index}~")
        t.history(f"wf{index}~") if index in (0, 3) else None
        t.start(f"sig{index}~", method="SignalWithStartWorkflowExecution", signal_name="s", versioning_override=override)
