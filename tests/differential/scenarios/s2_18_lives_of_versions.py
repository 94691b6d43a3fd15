"""How versions end (section 2.18): drainage, deletion, limits; and what runs hear of other versions."""

from commands import activity, child, complete, continue_as_new
from deployments import (AUTO, child_started, complete_as, describe_deployment, describe_queue, describe_version, nothing_for, one_time, options, pinned,
                         history, poll_activity_of, poll_of, registered, set_current, set_ramping, statuses, version, versioning)
from harness import configured, scenario
from scenarios.s2_18_versioned_runs import two_versions, update

QUICK = {"matching__wv__VersionDrainageStatusVisibilityGracePeriod": 1,
         "matching__wv__VersionDrainageStatusRefreshInterval": 1}


@configured(**QUICK)
@scenario
def a_version_without_runs_is_drained(t):
    two_versions(t)
    set_current(t, "2")
    statuses(t, {"1": "DRAINED", "2": "CURRENT"})
    describe_deployment(t)
    describe_version(t, "1")
    set_current(t, "1")
    statuses(t, {"1": "CURRENT", "2": "DRAINED"})
    describe_version(t, "1")


@configured(**QUICK)
@scenario
def a_pinned_run_keeps_its_version_from_being_drained(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    t.until("CountWorkflowExecutions", lambda answer: answer.count == 1,
            query="TemporalWorkerDeploymentVersion = 'dep~:1'".replace("~", t.unique))
    set_current(t, "2")
    info = t.until("DescribeWorkerDeploymentVersion", lambda answer: (
        answer.worker_deployment_version_info.drainage_info.last_checked_time.ToNanoseconds()
        > answer.worker_deployment_version_info.drainage_info.last_changed_time.ToNanoseconds()),
        deployment_version=version("1"))
    t.note(info.worker_deployment_version_info.drainage_info.status)
    t.terminate()
    statuses(t, {"1": "DRAINED", "2": "CURRENT"})


@configured(**QUICK)
@scenario
def an_override_revives_a_drained_version(t):
    two_versions(t)
    set_current(t, "2")
    statuses(t, {"1": "DRAINED", "2": "CURRENT"})
    t.start(versioning_override=pinned("1"))
    statuses(t, {"1": "DRAINING", "2": "CURRENT"})
    t.terminate()
    statuses(t, {"1": "DRAINED", "2": "CURRENT"})


@configured(matching__PollerHistoryTTL=1, **QUICK)
@scenario
def deleting_in_every_state(t):
    registered(t, "0")
    two_versions(t)
    set_current(t, "2")
    until_no_pollers(t)
    t.call("DeleteWorkerDeploymentVersion", deployment_version=version("0"), identity="client")
    statuses(t, {"1": "DRAINED", "2": "CURRENT"})
    t.call("DeleteWorkerDeploymentVersion", deployment_version=version("1"), identity="client")
    describe_deployment(t)
    set_current(t, "")
    t.call("DeleteWorkerDeploymentVersion", deployment_version=version("2"), identity="client", skip_drainage=True)
    t.call("DeleteWorkerDeployment", deployment_name="dep~", identity="client")
    t.until_refused("DescribeWorkerDeployment", deployment_name="dep~")
    t.call("DescribeWorkerDeployment", deployment_name="dep~")
    describe_queue(t, "q~", "WORKFLOW")


@configured(matching__PollerHistoryTTL=1)
@scenario
def a_draining_version_is_not_deleted(t):
    two_versions(t)
    set_current(t, "2")
    until_no_pollers(t)
    t.call("DeleteWorkerDeploymentVersion", deployment_version=version("1"), identity="client")
    t.call("DeleteWorkerDeploymentVersion", deployment_version=version("1"), identity="client", skip_drainage=True)
    describe_deployment(t)
    registered(t, "1")
    describe_deployment(t)


def until_no_pollers(t):
    t.until("DescribeTaskQueue", lambda answer: not answer.pollers, task_queue="q~", task_queue_type="WORKFLOW")


@configured(matching__maxDeployments=1)
@scenario
def too_many_deployments(t):
    registered(t, "1")
    t.until("ListWorkerDeployments", lambda answer: len(answer.worker_deployments) == 1)
    t.call("CreateWorkerDeployment", deployment_name="other~", identity="client", request_id="r")
    t.call("SetWorkerDeploymentCurrentVersion", deployment_name="other~", build_id="1", allow_no_pollers=True, identity="client")


@configured(matching__maxVersionsInDeployment=2)
@scenario
def too_many_versions(t):
    registered(t, "1")
    registered(t, "2")
    t.call("CreateWorkerDeploymentVersion", deployment_version=version("4"), identity="client", request_id="r")
    describe_deployment(t)


@scenario
def a_version_that_lacks_a_queue(t):
    registered(t, "1")
    registered(t, "1", queue="second~")
    registered(t, "2")
    set_current(t, "1")
    t.start(task_queue="second~")
    t.until("DescribeTaskQueue", lambda answer: answer.stats.approximate_backlog_count == 1, task_queue="second~",
            task_queue_type="WORKFLOW", report_stats=True)
    set_current(t, "2")
    set_ramping(t, "2", 10)
    set_current(t, "2", ignore_missing_task_queues=True)
    describe_queue(t, "second~", "WORKFLOW")
    describe_queue(t, "q~", "WORKFLOW")
    t.complete(t.poll("second~"), complete())
    versioning(t)


@scenario
def a_pinned_run_is_told_at_every_task(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    set_current(t, "2")
    for _ in range(2):
        t.signal()
        complete_as(t, poll_of(t, "1"), "1", "PINNED")
    set_current(t, "1")
    t.signal()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    set_current(t, "")
    t.signal()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", complete())
    history(t)


@scenario
def a_run_that_declined_continues_again(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    set_current(t, "2")
    t.signal()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", continue_as_new())
    complete_as(t, poll_of(t, "1"), "1", "PINNED", continue_as_new())
    complete_as(t, poll_of(t, "1"), "1", "PINNED", complete())
    history(t)


@scenario
def a_run_continues_on_a_queue_that_its_version_lacks(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED", continue_as_new(task_queue="other~"))
    versioning(t)
    history(t)


@scenario
def an_auto_upgrade_run_continues_with_a_wish(t):
    registered(t, "3")
    two_versions(t)
    set_ramping(t, "3", 0)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE", continue_as_new(initial_versioning_behavior="USE_RAMPING_VERSION"))
    versioning(t)
    complete_as(t, poll_of(t, "3"), "3", "AUTO_UPGRADE", complete())
    history(t)


@scenario
def an_unversioned_run_continues_with_a_wish(t):
    t.start()
    t.step(continue_as_new(initial_versioning_behavior="AUTO_UPGRADE"))
    versioning(t)
    history(t)


@scenario
def a_run_with_an_override_continues_with_a_wish(t):
    two_versions(t)
    t.start(versioning_override=pinned("2"))
    complete_as(t, poll_of(t, "2"), "2", "PINNED", continue_as_new(initial_versioning_behavior="AUTO_UPGRADE"))
    versioning(t)
    history(t)


@scenario
def children_of_runs_with_other_overrides(t):
    two_versions(t)
    t.start(versioning_override=AUTO)
    complete_as(t, poll_of(t, "1"), "1", "PINNED", child(task_queue="q~"))
    child_started(t)
    t.history("child~")
    versioning(t, "child~")


@scenario
def a_child_of_a_run_with_a_one_time_override(t):
    two_versions(t)
    t.start(versioning_override=one_time("2"))
    complete_as(t, poll_of(t, "2"), "2", "PINNED", child(task_queue="q~"))
    child_started(t)
    t.history("child~")
    versioning(t, "child~")


@scenario
def a_one_time_override_of_a_run(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    update(t, one_time("2"))
    versioning(t)
    t.signal()
    complete_as(t, poll_of(t, "2"), "2", "PINNED")
    versioning(t)
    t.signal()
    complete_as(t, poll_of(t, "2"), "2", "PINNED", complete())
    history(t)


@scenario
def a_reset_to_a_completed_task(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    t.signal()
    complete_as(t, poll_of(t, "1"), "1", "PINNED")
    set_current(t, "2")
    t.call("ResetWorkflowExecution", workflow_execution="wf~", workflow_task_finish_event_id=8, request_id="r", reason="again")
    versioning(t)
    complete_as(t, poll_of(t, "1"), "1", "PINNED", complete())
    history(t)
    versioning(t)


@scenario
def a_run_moves_between_deployments(t):
    registered(t, "1")
    registered(t, "9", "other~")
    set_current(t, "1")
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE")
    set_current(t, "9", "other~")
    describe_queue(t, "q~", "WORKFLOW")
    t.signal()
    complete_as(t, poll_of(t, "9", deployment="other~"), "9", "AUTO_UPGRADE", complete(), deployment="other~")
    versioning(t)
    history(t)


@scenario
def a_move_that_fails_goes_on(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE")
    set_current(t, "2")
    t.signal()
    t.fail_task(poll_of(t, "2"), deployment_options=options("2"))
    versioning(t)
    complete_as(t, poll_of(t, "2"), "2", "AUTO_UPGRADE", complete())
    versioning(t)
    history(t)


@scenario
def an_update_moves_a_run(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE")
    set_current(t, "2")
    pending = t.begin("UpdateWorkflowExecution", workflow_execution="wf~", wait_policy={"lifecycle_stage": "COMPLETED"},
                      request={"meta": {"update_id": "u", "identity": "client"}, "input": {"name": "n"}})
    task = poll_of(t, "2")
    versioning(t)
    complete_as(t, task, "2", "AUTO_UPGRADE", complete())
    t.end(pending)
    history(t)


@scenario
def a_task_that_is_returned_at_once(t):
    two_versions(t)
    t.start()
    task = poll_of(t, "1")
    t.signal()
    complete_as(t, task, "1", "AUTO_UPGRADE", return_new_workflow_task=True)
    history(t)


@scenario
def a_task_that_is_returned_to_an_old_version(t):
    two_versions(t)
    t.start()
    task = poll_of(t, "1")
    t.signal()
    set_current(t, "2")
    answer = complete_as(t, task, "1", "AUTO_UPGRADE", return_new_workflow_task=True)
    complete_as(t, answer.workflow_task, "1", "AUTO_UPGRADE", complete())
    history(t)


@scenario
def an_eager_start_of_a_versioned_worker(t):
    registered(t, "1")
    set_current(t, "1")
    started = t.start(request_eager_execution=True, eager_worker_deployment_options=options("1"))
    complete_as(t, started.eager_workflow_task, "1", "PINNED", complete())
    versioning(t)
    history(t)


@scenario
def an_eager_start_of_an_old_worker(t):
    two_versions(t)
    started = t.start(request_eager_execution=True, eager_worker_deployment_options=options("2"))
    t.note(started.HasField("eager_workflow_task"))
    history(t)


@scenario
def a_query_of_a_run_that_follows(t):
    two_versions(t)
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE")
    set_current(t, "2")
    query = t.begin_query()
    task = poll_of(t, "2")
    t.call("RespondQueryTaskCompleted", task_token=task.task_token, completed_type="ANSWERED", query_result="yes")
    t.end(query)
    versioning(t)


@scenario
def an_activity_is_retried_on_the_next_version(t):
    two_versions(t)
    for build in ("1", "2"):
        registered(t, build, kind="ACTIVITY")
    t.start()
    complete_as(t, poll_of(t, "1"), "1", "AUTO_UPGRADE", activity("a", retry_policy={"initial_interval": 1, "backoff_coefficient": 1}))
    task = poll_activity_of(t, "1")
    set_current(t, "2")
    t.fail_activity(task, deployment_options=options("1"))
    poll = t.begin("PollActivityTaskQueue", task_queue="q~", identity="worker", deployment_options=options("2"))
    complete_as(t, poll_of(t, "2"), "2", "AUTO_UPGRADE")
    t.complete_activity(t.take(poll), deployment_options=options("2"))
    complete_as(t, poll_of(t, "2"), "2", "AUTO_UPGRADE", complete())
    history(t)
