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
