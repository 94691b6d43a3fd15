"""Runs of versioned workers (section 2.18): pinned ones stay, the others follow the current version."""

from commands import activity, child, complete, continue_as_new, timer, fail
from deployments import (AUTO, child_started, complete_as, nothing_for, one_time, options, pinned, history, poll_activity_of, poll_of,
                         registered, set_current, set_ramping, tasks_of, version, versioning)
from harness import scenario


def two_versions(t, queue="q~"):
    registered(t, "1", queue=queue)
    registered(t, "2", queue=queue)
    set_current(t, "1")


@scenario
def a_pinned_run_stays(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    versioning(t)
    set_current(t, "2")
    t.signal()
    task = poll_of(t, "1")
    versioning(t)
    complete_as(t, task, "1", "PINNED", complete())
    history(t)
    versioning(t)


@scenario
def an_auto_upgrade_run_moves(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE")
    versioning(t)
    set_current(t, "2")
    versioning(t)
    t.signal()
    versioning(t)
    task = poll_of(t, "2")
    versioning(t)
    complete_as(t, task, "2", "AUTO_UPGRADE")
    versioning(t)
    t.signal()
    complete_as(t, poll_of(t, "2"), "2", "PINNED", complete())
    versioning(t)
    history(t)


@scenario
def a_task_that_waits_moves_with_the_current_version(t):
    two_versions(t)
    t.start()
    set_current(t, "2")
    nothing_for(t, "1")
    task = poll_of(t, "2")
    versioning(t)
    complete_as(t, task, "2", "PINNED")
    versioning(t)


@scenario
def an_unversioned_run_moves_to_the_current_version(t):
    t.start()
    t.step()
    versioning(t)
    registered(t, "1")
    set_current(t, "1")
    t.signal()
    task = poll_of(t, "1")
    versioning(t)
    complete_as(t, task, "1", "AUTO_UPGRADE")
    versioning(t)
    history(t)


@scenario
def a_run_moves_back_to_workers_without_versions(t):
    registered(t, "1")
    set_current(t, "1")
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE")
    set_current(t, "")
    t.signal()
    task = t.poll()
    versioning(t)
    t.complete(task)
    versioning(t)
    history(t)


@scenario
def a_version_that_is_not_current_gets_nothing(t):
    registered(t, "1")
    t.start()
    nothing_for(t, "1")
    t.step(complete())
    versioning(t)


@scenario
def completions_that_do_not_fit(t):
    registered(t, "1")
    set_current(t, "1")
    t.start()
    task = poll_of(t, "1")
    t.complete(task, versioning_behavior="PINNED")
    t.complete(task, versioning_behavior="AUTO_UPGRADE", deployment_options=options("", "dep~"))
    t.complete(task, versioning_behavior="AUTO_UPGRADE", deployment_options=options("1", ""))
    t.complete(task, versioning_behavior="PINNED", deployment_options=options("1", mode="UNVERSIONED"))
    t.complete(task, versioning_behavior="UNSPECIFIED", deployment_options=options("1"))
    t.complete(task, versioning_behavior=7, deployment_options=options("1"))
    t.complete(task, versioning_behavior="PINNED", deployment_options=options("1", "a.b"))
    t.complete(task, versioning_behavior="PINNED", deployment_options=options("2"))
    versioning(t)
    history(t)


@scenario
def an_unversioned_worker_that_names_its_deployment(t):
    t.start()
    given = options("1", mode="UNVERSIONED")
    t.complete(t.poll(deployment_options=given), deployment_options=given)
    versioning(t)
    t.signal()
    t.complete(t.poll(), complete())
    versioning(t)
    history(t)


@scenario
def activities_of_a_pinned_run(t):
    two_versions(t)
    for build in ("1", "2"):
        registered(t, build, kind="ACTIVITY")
        registered(t, build, kind="ACTIVITY", queue="second~")
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", activity("a"), activity("b", task_queue="second~"))
    set_current(t, "2")
    versioning(t)
    nothing_for(t, "2", kind="ACTIVITY")
    task = poll_activity_of(t, "1")
    t.complete_activity(task, deployment_options=options("1"))
    task = poll_activity_of(t, "1", queue="second~")
    versioning(t)
    t.fail_activity(task, deployment_options=options("1"))
    task = poll_of(t, "1")
    complete_as(t, task, "1", "PINNED", complete())
    history(t)


@scenario
def an_activity_on_a_queue_that_the_version_does_not_have(t):
    registered(t, "1")
    registered(t, "9", "other~", queue="aq~", kind="ACTIVITY")
    set_current(t, "1")
    set_current(t, "9", "other~")
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", activity("a", task_queue="aq~"))
    task = poll_activity_of(t, "9", queue="aq~", deployment="other~")
    versioning(t)
    t.complete_activity(task, deployment_options=options("9", "other~"))
    complete_as(t, poll_of(t, "1"), "1", "PINNED", complete())
    history(t)


@scenario
def an_activity_on_an_unversioned_queue(t):
    registered(t, "1")
    set_current(t, "1")
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", activity("a", task_queue="aq~"))
    t.complete_activity(t.poll_activity("aq~"))
    complete_as(t, poll_of(t, "1"), "1", "PINNED", complete())
    history(t)


@scenario
def an_activity_pulls_an_auto_upgrade_run_along(t):
    two_versions(t)
    for build in ("1", "2"):
        registered(t, build, kind="ACTIVITY")
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE", activity("a"))
    set_current(t, "2")
    poll = t.begin("PollActivityTaskQueue", task_queue="q~", identity="worker", deployment_options=options("2"))
    task = poll_of(t, "2")
    versioning(t)
    complete_as(t, task, "2", "AUTO_UPGRADE")
    t.complete_activity(t.take(poll), deployment_options=options("2"))
    complete_as(t, poll_of(t, "2"), "2", "AUTO_UPGRADE", complete())
    history(t)
    versioning(t)


@scenario
def a_run_that_moves_holds_its_activities(t):
    two_versions(t)
    for build in ("1", "2"):
        registered(t, build, kind="ACTIVITY")
        registered(t, build, kind="ACTIVITY", queue="second~")
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE", activity("a"), activity("b", task_queue="second~"))
    first = poll_activity_of(t, "1")
    set_current(t, "2")
    t.signal()
    task = poll_of(t, "2")
    versioning(t)
    nothing_for(t, "1", queue="second~", kind="ACTIVITY")
    t.complete_activity(first, deployment_options=options("1"))
    complete_as(t, task, "2", "AUTO_UPGRADE")
    versioning(t)
    t.complete_activity(poll_activity_of(t, "2", queue="second~"), deployment_options=options("2"))
    history(t)


@scenario
def an_eager_activity_of_a_version(t):
    registered(t, "1")
    registered(t, "1", kind="ACTIVITY")
    set_current(t, "1")
    t.start()
    answer = complete_as(t, poll_of(t, "1"), "1", "PINNED", activity("a", request_eager_execution=True))
    for task in answer.activity_tasks:
        t.complete_activity(task, deployment_options=options("1"))
    history(t)


@scenario
def an_override_at_the_start(t):
    two_versions(t)
    t.start(versioning_override=pinned("2"))
    versioning(t)
    task = poll_of(t, "2")
    complete_as(t, task, "2", "AUTO_UPGRADE")
    versioning(t)
    set_current(t, "1")
    t.signal()
    complete_as(t, poll_of(t, "2"), "2", "AUTO_UPGRADE", complete())
    history(t)
    versioning(t)


@scenario
def overrides_at_the_start_that_are_refused(t):
    registered(t, "1")
    for number, chosen in enumerate((pinned("none"), pinned("1", "none~"), pinned(""), pinned("1", ""), {"pinned": {"version": version("1")}},
                                     one_time("none"), {"one_time": {}}, one_time(""), {"behavior": "PINNED", "pinned_version": "dep~.none"},
                                     {"auto_upgrade": False}, pinned("1", "a.b"))):
        t.start(f"wf{number}~", versioning_override=chosen)
    t.start("old~", versioning_override={"behavior": "PINNED", "pinned_version": "dep~.1"})
    versioning(t, "old~")
    t.start("older~", versioning_override={"behavior": "PINNED", "deployment": {"series_name": "dep~", "build_id": "1"}})
    versioning(t, "older~")
    t.start("elsewhere~", task_queue="elsewhere~", versioning_override=pinned("1"))


@scenario
def an_auto_upgrade_override_at_the_start(t):
    two_versions(t)
    t.start(versioning_override=AUTO)
    versioning(t)
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    versioning(t)
    set_current(t, "2")
    t.signal()
    complete_as(t, poll_of(t, "2"), "2", "PINNED", complete())
    history(t)
    versioning(t)


@scenario
def a_one_time_override_at_the_start(t):
    two_versions(t)
    t.start(versioning_override=one_time("2"))
    versioning(t)
    task = poll_of(t, "2")
    versioning(t)
    complete_as(t, task, "2", "AUTO_UPGRADE")
    versioning(t)
    t.signal()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE", complete())
    history(t)
    versioning(t)


def update(t, chosen, mask=("versioning_override",), workflow_id="wf~"):
    return t.call("UpdateWorkflowExecutionOptions", workflow_execution=workflow_id, identity="client",
                  workflow_execution_options={"versioning_override": chosen} if chosen else {}, update_mask=list(mask))


@scenario
def an_override_of_a_run(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    update(t, pinned("2"))
    versioning(t)
    t.signal()
    task = poll_of(t, "2")
    versioning(t)
    complete_as(t, task, "2", "PINNED")
    versioning(t)
    update(t, None)
    versioning(t)
    t.signal()
    complete_as(t, poll_of(t, "2"), "2", "PINNED", complete())
    history(t)


@scenario
def an_override_moves_a_task_that_waits(t):
    two_versions(t)
    t.start()
    update(t, pinned("2"))
    task = poll_of(t, "2")
    versioning(t)
    complete_as(t, task, "2", "PINNED", complete())
    history(t)


@scenario
def an_override_moves_activities_that_wait(t):
    two_versions(t)
    for build in ("1", "2"):
        registered(t, build, kind="ACTIVITY")
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", activity("a"))
    update(t, pinned("2"))
    t.complete_activity(poll_activity_of(t, "2"), deployment_options=options("2"))
    complete_as(t, poll_of(t, "2"), "2", "PINNED", complete())
    history(t)
    versioning(t)


@scenario
def an_override_while_a_worker_has_the_task(t):
    two_versions(t)
    t.start()
    task = poll_of(t, "1")
    update(t, pinned("2"))
    complete_as(t, task, "1", "PINNED")
    versioning(t)
    complete_as(t, poll_of(t, "2"), "2", "PINNED", complete())
    history(t)


@scenario
def overrides_of_a_run_in_turn(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    update(t, AUTO)
    versioning(t)
    set_current(t, "2")
    t.signal()
    complete_as(t, poll_of(t, "2"), "2", "PINNED")
    versioning(t)
    update(t, pinned("1"))
    update(t, pinned("1"))
    update(t, one_time("2"))
    versioning(t)
    t.signal()
    complete_as(t, poll_of(t, "2"), "2", "PINNED", complete())
    versioning(t)
    history(t)


@scenario
def overrides_of_a_run_that_are_refused(t):
    registered(t, "1")
    set_current(t, "1")
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    t.start("free~")
    update(t, {"pinned": {"behavior": "PINNED"}}, workflow_id="free~")
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE")
    update(t, {"pinned": {"behavior": "PINNED"}}, workflow_id="free~")
    for chosen in (pinned("none"), pinned("1", "none~"), pinned(""), one_time("none"), {"one_time": {}}, {"pinned": {"behavior": "PINNED"}}):
        update(t, chosen)
    update(t, pinned("1"), ["versioning_override.pinned"])
    update(t, {"pinned": {"behavior": "PINNED"}})
    versioning(t)


@scenario
def a_child_of_a_pinned_run(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", child(task_queue="q~"))
    set_current(t, "2")
    of_child, of_parent = tasks_of(t, "1", 2)
    versioning(t, "child~")
    complete_as(t, of_parent, "1", "PINNED")
    complete_as(t, of_child, "1", "PINNED", complete())
    t.wait_event("ChildWorkflowExecutionCompleted")
    history(t)
    t.history("child~")
    versioning(t, "child~")


@scenario
def a_child_of_a_pinned_run_on_another_queue(t):
    registered(t, "1")
    set_current(t, "1")
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", child())
    child_started(t)
    t.history("child~")
    versioning(t, "child~")


@scenario
def a_child_of_an_auto_upgrade_run(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE", child(task_queue="q~"))
    child_started(t)
    t.history("child~")
    versioning(t, "child~")


@scenario
def a_child_with_an_override(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", child(task_queue="q~", versioning_override=pinned("2")))
    child_started(t)
    history(t)
    t.history("child~")
    versioning(t, "child~")


@scenario
def a_child_with_an_override_that_is_refused(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", child(task_queue="q~", versioning_override=pinned("none")))
    t.wait_event("StartChildWorkflowExecutionFailed")
    history(t)
    t.complete(poll_of(t, "1"), child("c2~", versioning_override={"auto_upgrade": False}),
               deployment_options=options("1"), versioning_behavior="PINNED")


@scenario
def a_child_of_a_run_with_an_override(t):
    two_versions(t)
    t.start(versioning_override=pinned("2"))
    complete_as(t, poll_of(t, "2"), "2", "PINNED", child(task_queue="q~"))
    child_started(t)
    t.history("child~")
    versioning(t, "child~")


@scenario
def a_pinned_run_continues_as_new(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    set_current(t, "2")
    t.signal()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", continue_as_new())
    versioning(t)
    task = poll_of(t, "1")
    complete_as(t, task, "1", "PINNED", complete())
    history(t)
    versioning(t)


@scenario
def a_pinned_run_continues_as_new_to_upgrade(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    set_current(t, "2")
    t.signal()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", continue_as_new(initial_versioning_behavior="AUTO_UPGRADE"))
    versioning(t)
    task = poll_of(t, "2")
    complete_as(t, task, "2", "PINNED", complete())
    history(t)
    versioning(t)


@scenario
def a_pinned_run_continues_as_new_to_the_ramping_version(t):
    registered(t, "3")
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    set_current(t, "2")
    set_ramping(t, "3", 0)
    t.signal()
    complete_as(t, poll_of(t, "1"), "1", "PINNED",
                continue_as_new(initial_versioning_behavior="USE_RAMPING_VERSION"))
    versioning(t)
    complete_as(t, poll_of(t, "3"), "3", "PINNED", complete())
    history(t)
    versioning(t)


@scenario
def an_auto_upgrade_run_continues_as_new(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE", continue_as_new())
    versioning(t)
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE", complete())
    history(t)
    versioning(t)


@scenario
def a_run_with_an_override_continues_as_new(t):
    two_versions(t)
    t.start(versioning_override=pinned("2"))
    complete_as(t, poll_of(t, "2"), "2", "PINNED", continue_as_new())
    versioning(t)
    complete_as(t, poll_of(t, "2"), "2", "PINNED", complete())
    history(t)


@scenario
def a_pinned_run_is_retried(t):
    two_versions(t)
    t.start(retry_policy={"initial_interval": 1, "maximum_attempts": 2})
    complete_as(t, poll_of(t, "1"), "1", "PINNED", fail())
    versioning(t)
    history(t)


@scenario
def a_child_of_a_pinned_run_is_retried(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", child(task_queue="q~", retry_policy={"initial_interval": 1, "maximum_attempts": 2}))
    complete_as(t, tasks_of(t, "1", 2)[0], "1", "PINNED", fail())
    t.until("DescribeWorkflowExecution", lambda answer: answer.workflow_execution_info.history_length < 4, execution="child~")
    t.history("child~")
    versioning(t, "child~")


@scenario
def a_cron_run_of_a_version(t):
    two_versions(t)
    t.start(cron_schedule="@every 1s")
    complete_as(t, poll_of(t, "1"), "1", "PINNED", complete())
    versioning(t)
    history(t)


@scenario
def a_run_on_the_ramping_version(t):
    two_versions(t)
    set_ramping(t, "2", 100)
    t.start()
    complete_as(t, poll_of(t, "2"), "2", "PINNED", complete())
    versioning(t)


@scenario
def a_query_of_a_pinned_run(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    set_current(t, "2")
    query = t.begin_query()
    task = poll_of(t, "1")
    t.call("RespondQueryTaskCompleted", task_token=task.task_token, completed_type="ANSWERED", query_result="yes")
    t.end(query)


@scenario
def a_sticky_task_of_a_version(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE",
                sticky_attributes={"worker_task_queue": {"name": "sticky~", "kind": "STICKY", "normal_name": "q~"}, "schedule_to_start_timeout": 5})
    poll = t.begin_poll("sticky~", True, deployment_options=options("1"))
    t.wait_poller("sticky~", sticky=True)
    t.signal()
    complete_as(t, t.take(poll), "1", "AUTO_UPGRADE",
                sticky_attributes={"worker_task_queue": {"name": "sticky~", "kind": "STICKY", "normal_name": "q~"}, "schedule_to_start_timeout": 5})
    set_current(t, "2")
    poll = t.begin_poll("sticky~", True, deployment_options=options("1"))
    t.signal()
    task = poll_of(t, "2")
    versioning(t)
    poll.future.cancel()
    complete_as(t, task, "2", "AUTO_UPGRADE", complete())
    history(t)


@scenario
def a_reset_of_a_pinned_run(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", timer())
    reset = t.call("ResetWorkflowExecution", workflow_execution="wf~", workflow_task_finish_event_id=4, request_id="r",
                   reason="again")
    versioning(t)
    task = poll_of(t, "1")
    complete_as(t, task, "1", "PINNED", complete())
    history(t)
    versioning(t)


@scenario
def a_reset_with_an_override(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", timer())
    t.call("ResetWorkflowExecution", workflow_execution="wf~", workflow_task_finish_event_id=4, request_id="r", reason="again",
           post_reset_operations=[{"update_workflow_options": {
               "workflow_execution_options": {"versioning_override": pinned("2")}, "update_mask": ["versioning_override"]}}])
    versioning(t)
    complete_as(t, poll_of(t, "2"), "2", "PINNED", complete())
    history(t)
    versioning(t)


@scenario
def a_signal_with_start_with_an_override(t):
    two_versions(t)
    t.start(method="SignalWithStartWorkflowExecution", signal_name="s", versioning_override=pinned("2"))
    versioning(t)
    complete_as(t, poll_of(t, "2"), "2", "PINNED", complete())
    history(t)


@scenario
def a_failed_task_of_a_version(t):
    two_versions(t)
    t.start()
    task = poll_of(t, "1")
    t.fail_task(task, deployment_options=options("1"))
    complete_as(t, poll_of(t, "1"), "1", "PINNED", complete())
    history(t)
    versioning(t)


@scenario
def an_update_of_a_pinned_run(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    set_current(t, "2")
    update = t.begin("UpdateWorkflowExecution", workflow_execution="wf~", wait_policy={"lifecycle_stage": "COMPLETED"},
                     request={"meta": {"update_id": "u", "identity": "client"}, "input": {"name": "n"}})
    task = poll_of(t, "1")
    versioning(t)
    complete_as(t, task, "1", "PINNED", complete())
    t.end(update)
    history(t)


@scenario
def lists_of_versioned_runs(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    for query in ("TemporalWorkerDeploymentVersion = 'dep~:1'", "TemporalWorkerDeployment = 'dep~'",
                  "TemporalWorkflowVersioningBehavior = 'Pinned' AND TemporalWorkerDeployment = 'dep~'",
                  "BuildIds = 'pinned:dep~:1'", "TemporalUsedWorkerDeploymentVersions = 'dep~:1'",
                  "TemporalWorkflowVersioningBehavior = 'AutoUpgrade' AND TemporalWorkerDeployment = 'dep~'"):
        text = query.replace("~", t.unique)
        if "AutoUpgrade" not in query:
            t.until("CountWorkflowExecutions", lambda answer: answer.count == 1, query=text)
        t.call("CountWorkflowExecutions", query=text)
