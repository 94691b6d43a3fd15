"""What each type of batch operation does to its workflows (section 2.20)."""

from commands import activity, complete, continue_as_new, timer
from harness import scenario
from scenarios.s2_20_batches import begin, finished, histories, listed, several

FIRST, LAST = {"first_workflow_task": {}}, {"last_workflow_task": {}}
PINNED = {"versioning_override": {"pinned": {"behavior": "PINNED_OVERRIDE_BEHAVIOR_PINNED",
                                             "version": {"deployment_name": "d", "build_id": "b"}}}}
AUTO = {"versioning_override": {"auto_upgrade": True}}


def probe(t, query, **fields):
    t.call("StartBatchOperation", **{"job_id": "job~", "reason": "because", "visibility_query": query,
           "termination_operation": {}, **fields})


@scenario
def queries_that_are_refused(t):
    wrong = ("(", "a b", "'", ")", "WorkflowType = 'x' AND", "   ")
    for query in wrong:
        for kind in ("termination_operation", "deletion_operation"):
            probe(t, query, **{"termination_operation": None, kind: {}})


@scenario
def queries_that_mean_nothing(t):
    for number, query in enumerate((
            "Unknown = 5", "nonsense", "WorkflowType = 'x' ORDER BY StartTime", "1 = 1", "WorkflowId LIKE 'x'",
            "WorkflowType = 'x' GROUP BY ExecutionStatus", "ExecutionStatus = 'Nonsense'", "StartTime > 'x'")):
        probe(t, query, job_id=f"job{number}~")


@scenario
def cancel_of_closed(t):
    t.start()
    t.terminate()
    begin(t, executions=["wf~"], cancellation_operation={})
    finished(t)


@scenario
def signal_of_closed_and_missing(t):
    t.start()
    t.terminate()
    t.start("open~")
    begin(t, executions=["wf~", "missing~", "open~"], signal_operation={"signal": "s"})
    finished(t)


@scenario
def wrong_run_ids_fail(t):
    t.start("open~")
    begin(t, executions=[("open~", "nonsense"), "", ("open~", "7e5b1f6a-7d0d-4f2e-9e65-6a35e7a0a9a1")])
    finished(t)


@scenario
def delete_by_list(t):
    t.start()
    t.start("wf1~")
    t.terminate("wf1~")
    begin(t, executions=["wf~", "wf1~", "missing~"], deletion_operation={})
    finished(t)


def ran(t, workflow_id="wf~", **fields):
    started = t.start(workflow_id, **fields)
    t.step(timer())
    t.signal(workflow_id=workflow_id, input="one")
    t.step(timer("u"))
    t.signal(workflow_id=workflow_id, input="two")
    return started


@scenario
def reset_to_first(t):
    first = ran(t)
    begin(t, executions=["wf~"], reset_operation={"options": FIRST, "identity": "batcher"})
    finished(t)
    t.history(run_id=first.run_id)
    t.history()
    t.describe(run_id=first.run_id)


@scenario
def reset_to_last(t):
    first = ran(t)
    begin(t, executions=["wf~"], reset_operation={"options": LAST})
    finished(t)
    t.history(run_id=first.run_id)
    t.history()


@scenario
def reset_to_an_event(t):
    ran(t)
    begin(t, executions=["wf~"], reset_operation={"options": {"workflow_task_id": 4}})
    finished(t)
    t.history()


@scenario
def reset_to_an_event_that_is_none(t):
    ran(t)
    begin(t, executions=["wf~"], reset_operation={"options": {"workflow_task_id": 2}})
    finished(t)


@scenario
def reset_to_an_event_zero(t):
    ran(t)
    begin(t, executions=["wf~"], reset_operation={"options": {"workflow_task_id": 0}})
    finished(t)
    begin(t, "two~", executions=["wf~"], reset_operation={"options": {"workflow_task_id": -7}})
    finished(t, "two~")


@scenario
def reset_to_a_build(t):
    t.start()
    for number, build in enumerate(("one", "two")):
        task = t.poll(worker_version_capabilities={"build_id": build})
        t.complete(task, timer(build), worker_version_stamp={"build_id": build})
        t.signal(input=build)
    begin(t, executions=["wf~"], reset_operation={"options": {"build_id": "two"}})
    finished(t)
    t.history()
    begin(t, "missing~", executions=["wf~"], reset_operation={"options": {"build_id": "three"}})
    finished(t, "missing~")


@scenario
def reset_to_a_build_of_an_earlier_run(t):
    t.start()
    task = t.poll(worker_version_capabilities={"build_id": "one"})
    t.complete(task, continue_as_new(), worker_version_stamp={"build_id": "one"})
    task = t.poll(worker_version_capabilities={"build_id": "two"})
    t.complete(task, timer(), worker_version_stamp={"build_id": "two"})
    begin(t, executions=["wf~"], reset_operation={"options": {"build_id": "one", "current_run_only": True}})
    finished(t)
    begin(t, "any~", executions=["wf~"], reset_operation={"options": {"build_id": "one"}})
    finished(t, "any~")
    t.history()


@scenario
def reset_of_what_never_ran(t):
    t.start()
    begin(t, executions=["wf~"], reset_operation={"options": FIRST})
    finished(t)
    begin(t, "last~", executions=["wf~"], reset_operation={"options": LAST})
    finished(t, "last~")
    t.history()


@scenario
def reset_of_closed(t):
    t.start()
    t.step(complete())
    begin(t, executions=["wf~", "missing~"], reset_operation={"options": LAST})
    finished(t)
    t.history()


@scenario
def reset_of_old_kinds(t):
    ran(t)
    begin(t, executions=["wf~"], reset_operation={"reset_type": "FIRST_WORKFLOW_TASK", "reset_reapply_type": "NONE"})
    finished(t)
    t.history()
    begin(t, "last~", executions=["wf~"], reset_operation={"reset_type": "LAST_WORKFLOW_TASK"})
    finished(t, "last~")


@scenario
def reset_without_signals(t):
    ran(t)
    begin(t, executions=["wf~"], reset_operation={"options": {**FIRST, "reset_reapply_exclude_types": ["SIGNAL"]}})
    finished(t)
    t.history()


@scenario
def reset_reapplies_nothing(t):
    ran(t)
    begin(t, executions=["wf~"], reset_operation={"options": {**FIRST, "reset_reapply_type": "NONE"}})
    finished(t)
    t.history()


@scenario
def reset_by_query_with_later_runs(t):
    first = t.start(workflow_type="type~")
    t.step(continue_as_new(workflow_type="type~"))
    t.step(timer())
    listed(t, 2)
    begin(t, visibility_query="WorkflowType = 'type~'", reset_operation={"options": FIRST})
    finished(t)
    t.history(run_id=first.run_id)


@scenario
def reset_of_the_current_run_only(t):
    first = t.start(workflow_type="type~")
    t.step(continue_as_new(workflow_type="type~"))
    t.step(timer())
    begin(t, executions=[("wf~", first.run_id)], reset_operation={"options": {**FIRST, "current_run_only": True}})
    finished(t)
    t.history()


@scenario
def reset_with_operations_after_it(t):
    ran(t)
    begin(t, executions=["wf~"], reset_operation={"options": LAST, "post_reset_operations": [
        {"signal_workflow": {"signal_name": "after", "input": "in", "header": {"h": "head"}}},
        {"update_workflow_options": {"workflow_execution_options": AUTO, "update_mask": ["versioning_override"]}}]})
    finished(t)
    t.history()


@scenario
def operations_after_a_reset_that_are_wrong(t):
    ran(t)
    for number, wrong in enumerate(({}, {"signal_workflow": {}}, {
            "update_workflow_options": {"workflow_execution_options": AUTO, "update_mask": ["nonsense"]}})):
        begin(t, f"job{number}~", executions=["wf~"], reset_operation={"options": FIRST, "post_reset_operations": [wrong]})
        finished(t, f"job{number}~")


@scenario
def options_by_query(t):
    several(t, 2)
    t.terminate("wf1~")
    listed(t, 1, "WorkflowType = 'type~' AND ExecutionStatus = 'Running'")
    begin(t, visibility_query="WorkflowType = 'type~'", update_workflow_options_operation={
        "identity": "batcher", "workflow_execution_options": AUTO, "update_mask": ["versioning_override"]})
    finished(t)
    t.history("wf0~")


@scenario
def reset_with_options_after_it(t):
    ran(t)
    begin(t, executions=["wf~"], reset_operation={"options": LAST, "post_reset_operations": [
        {"update_workflow_options": {"workflow_execution_options": AUTO, "update_mask": ["versioning_override"]}}]})
    finished(t)
    t.history()


@scenario
def options_that_are_wrong(t):
    t.start()
    begin(t, executions=["wf~", "missing~"], update_workflow_options_operation={
        "identity": "batcher", "workflow_execution_options": AUTO, "update_mask": ["nonsense"]})
    finished(t)
    begin(t, "two~", executions=["wf~", "missing~"], update_workflow_options_operation={
        "identity": "batcher", "workflow_execution_options": {}, "update_mask": ["versioning_override"]})
    finished(t, "two~")
    t.history()


def with_activity(t, workflow_id="wf~", **fields):
    t.start(workflow_id, workflow_type="type~")
    t.step(activity(**{"start_to_close_timeout": 60, "heartbeat_timeout": 50, **fields}))


@scenario
def activities_unpaused(t):
    with_activity(t)
    t.call("PauseActivity", execution="wf~", type="act", identity="me", reason="r")
    begin(t, executions=["wf~"], unpause_activities_operation={"identity": "batcher", "type": "act", "reset_attempts": True})
    finished(t)
    t.describe()


@scenario
def all_activities_unpaused(t):
    with_activity(t)
    t.call("PauseActivity", execution="wf~", type="act", identity="me", reason="r")
    listed(t, 1)
    begin(t, visibility_query="WorkflowType = 'type~'", unpause_activities_operation={"identity": "batcher", "match_all": True})
    finished(t)
    t.describe()


@scenario
def activities_of_another_type(t):
    with_activity(t)
    t.call("PauseActivity", execution="wf~", type="act", identity="me", reason="r")
    begin(t, executions=["wf~", "missing~"], unpause_activities_operation={"identity": "batcher", "type": "other"})
    finished(t)
    t.describe()


@scenario
def activities_reset(t):
    with_activity(t)
    begin(t, executions=["wf~"], reset_activities_operation={"identity": "batcher", "type": "act", "keep_paused": True})
    finished(t)
    t.describe()
    begin(t, "all~", executions=["wf~"], reset_activities_operation={"identity": "batcher", "match_all": True, "reset_heartbeat": True})
    finished(t, "all~")


@scenario
def activities_get_options(t):
    with_activity(t)
    begin(t, executions=["wf~"], update_activity_options_operation={
        "identity": "batcher", "type": "act", "activity_options": {"start_to_close_timeout": 7}, "update_mask": ["start_to_close_timeout"]})
    finished(t)
    t.describe()
    begin(t, "wrong~", executions=["wf~"], update_activity_options_operation={
        "type": "act", "activity_options": {"start_to_close_timeout": 7}, "update_mask": ["nonsense"]})
    finished(t, "wrong~")


@scenario
def standalone_activities_are_refused(t):
    base = {"job_id": "job~", "reason": "because"}
    t.table("StartBatchOperation", base, [
        {"target_executions": [{"type": "WORKFLOW", "business_id": "a~"}], "terminate_activities_operation": {}},
        {"target_executions": [{"type": "WORKFLOW", "business_id": "a~"}], "cancel_activities_operation": {}},
        {"target_executions": [{"type": "WORKFLOW", "business_id": "a~"}], "delete_activities_operation": {}},
        {"target_executions": [{"type": "ACTIVITY", "business_id": "a~"}], "unpause_activities_operation": {"match_all": True}},
        {"target_executions": [{"type": "ACTIVITY", "business_id": "a~"}], "deletion_operation": {}},
        {"job_id": "", "visibility_query": "ActivityType = 'x'", "cancel_activities_operation": {}},
    ])


@scenario
def target_executions(t):
    first = t.start()
    begin(t, target_executions=[{"type": "WORKFLOW", "business_id": "wf~", "run_id": first.run_id},
                                {"type": "WORKFLOW", "business_id": "missing~"}])
    finished(t)
