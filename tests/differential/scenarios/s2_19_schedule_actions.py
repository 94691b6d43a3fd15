"""What schedules do (section 2.19): starts, overlaps, backfills, limits, pauses on failure, results passed on."""

from commands import complete, fail
from harness import scenario
from scenarios.s2_19_schedules import ACTION, FAR, FULL_ACTION, create, describe, schedule

PAST = {"start_time": "2020-01-01T00:00:00Z", "end_time": "2020-01-01T02:00:00Z"}
HOURLY = {"interval": [{"interval": 3600}], "end_time": "2021-01-01T00:00:00Z"}


def patch(t, **fields):
    return t.call("PatchSchedule", schedule_id="s~", identity="client", patch=fields)


def until_info(t, ready):
    return t.until("DescribeSchedule", lambda answer: ready(answer.info), schedule_id="s~")


def brief(t, answer=None):
    """The counters, and how many actions are known."""
    info = (answer or t.until("DescribeSchedule", lambda answer: True, schedule_id="s~")).info
    t.note(f"actions {info.action_count}, missed {info.missed_catchup_window}, skipped {info.overlap_skipped}, "
           f"dropped {info.buffer_dropped}, buffer {info.buffer_size}, running {len(info.running_workflows)}, "
           f"recent {len(info.recent_actions)}")
    return info


def ended(t, info):
    """Terminates what runs."""
    for execution in info.running_workflows:
        t.quiet("TerminateWorkflowExecution", workflow_execution=(execution.workflow_id, ""))


@scenario
def a_trigger_acts_at_once(t):
    create(t, schedule=schedule())
    patch(t, trigger_immediately={})
    info = until_info(t, lambda info: info.action_count == 1).info
    describe(t)
    started = info.recent_actions[0].start_workflow_result
    t.history(started.workflow_id, label="the action")
    t.describe(started.workflow_id)


@scenario
def a_trigger_in_the_create(t):
    create(t, schedule=schedule(state={"paused": True}), initial_patch={"trigger_immediately": {}})
    until_info(t, lambda info: info.action_count == 1)
    describe(t)


@scenario
def an_initial_patch_pauses(t):
    create(t, schedule=schedule(), initial_patch={"pause": "from the start"})
    describe(t)


@scenario
def a_backfill_acts_for_each_time(t):
    create(t, schedule=schedule(spec=HOURLY))
    patch(t, backfill_request=[{**PAST, "overlap_policy": "ALLOW_ALL"}])
    until_info(t, lambda info: info.action_count == 3)
    describe(t)


@scenario
def a_backfill_in_the_create(t):
    create(t, schedule=schedule(spec=HOURLY), initial_patch={"backfill_request": [{**PAST, "overlap_policy": "ALLOW_ALL"}]})
    until_info(t, lambda info: info.action_count == 3)
    brief(t)


@scenario
def overlaps_are_skipped(t):
    create(t, schedule=schedule(spec=HOURLY))
    patch(t, backfill_request=[PAST])
    brief(t, until_info(t, lambda info: info.overlap_skipped == 2))
    describe(t)


@scenario
def one_is_buffered(t):
    create(t, schedule=schedule(spec=HOURLY))
    patch(t, backfill_request=[{**PAST, "overlap_policy": "BUFFER_ONE"}])
    info = brief(t, until_info(t, lambda info: info.overlap_skipped == 1 and info.buffer_size == 1))
    ended(t, info)
    info = brief(t, until_info(t, lambda info: info.action_count == 2 and len(info.running_workflows) == 1))
    ended(t, info)
    brief(t, until_info(t, lambda info: not info.running_workflows))


@scenario
def all_are_buffered(t):
    create(t, schedule=schedule(spec=HOURLY))
    patch(t, backfill_request=[{**PAST, "overlap_policy": "BUFFER_ALL"}])
    info = brief(t, until_info(t, lambda info: info.buffer_size == 2 and info.running_workflows))
    for count in (2, 3):
        ended(t, info)
        info = brief(t, until_info(t, lambda info: info.action_count == count and len(info.running_workflows) == 1))


@scenario
def others_are_canceled(t):
    create(t, schedule=schedule(policies={"overlap_policy": "CANCEL_OTHER"}))
    patch(t, trigger_immediately={})
    first = until_info(t, lambda info: info.action_count == 1).info.recent_actions[0].start_workflow_result
    patch(t, backfill_request=[])
    t.until("DescribeSchedule", lambda answer: True, schedule_id="s~")
    t.quiet("UpdateSchedule", schedule_id="s~", schedule=schedule(spec=HOURLY, policies={"overlap_policy": "CANCEL_OTHER"}))
    patch(t, backfill_request=[{"start_time": "2020-01-01T00:00:00Z", "end_time": "2020-01-01T00:00:00Z"}])
    t.wait_event("WorkflowExecutionCancelRequested", first.workflow_id)
    t.history(first.workflow_id, label="the first one")
    brief(t)
    t.step({"command_type": "CANCEL_WORKFLOW_EXECUTION", "cancel_workflow_execution_command_attributes": {}})
    brief(t, until_info(t, lambda info: info.action_count == 2))


@scenario
def others_are_terminated(t):
    create(t, schedule=schedule(spec=HOURLY, policies={"overlap_policy": "TERMINATE_OTHER"}))
    patch(t, trigger_immediately={})
    first = until_info(t, lambda info: info.action_count == 1).info.recent_actions[0].start_workflow_result
    patch(t, backfill_request=[{"start_time": "2020-01-01T00:00:00Z", "end_time": "2020-01-01T00:00:00Z"}])
    t.wait_closed(first.workflow_id)
    t.history(first.workflow_id, label="the first one")
    brief(t, until_info(t, lambda info: info.action_count == 2))


@scenario
def all_are_allowed(t):
    create(t, schedule=schedule(policies={"overlap_policy": "ALLOW_ALL"}, spec=HOURLY))
    patch(t, backfill_request=[PAST])
    brief(t, until_info(t, lambda info: info.action_count == 3))


@scenario
def actions_are_limited(t):
    create(t, schedule={"spec": {"interval": [{"interval": 1}]}, "action": ACTION, "policies": {"overlap_policy": "ALLOW_ALL"},
                        "state": {"limited_actions": True, "remaining_actions": 2}})
    until_info(t, lambda info: info.action_count == 2)
    answer = describe(t)
    t.quiet("DeleteSchedule", schedule_id="s~")


@scenario
def a_failure_pauses(t):
    create(t, schedule=schedule(policies={"pause_on_failure": True}))
    patch(t, trigger_immediately={})
    until_info(t, lambda info: info.action_count == 1)
    t.step(fail("oh no"))
    t.until("DescribeSchedule", lambda answer: answer.schedule.state.paused, schedule_id="s~")
    describe(t)


@scenario
def a_timeout_pauses(t):
    action = {"start_workflow": {**ACTION["start_workflow"], "workflow_run_timeout": 1}}
    create(t, schedule=schedule(action=action, policies={"pause_on_failure": True}))
    patch(t, trigger_immediately={})
    t.until("DescribeSchedule", lambda answer: answer.schedule.state.paused, schedule_id="s~")
    describe(t)


@scenario
def a_termination_does_not_pause(t):
    create(t, schedule=schedule(policies={"pause_on_failure": True}))
    patch(t, trigger_immediately={})
    ended(t, until_info(t, lambda info: info.action_count == 1).info)
    until_info(t, lambda info: not info.running_workflows)
    describe(t)


@scenario
def results_are_passed_on(t):
    create(t, schedule=schedule(spec=HOURLY))
    patch(t, trigger_immediately={})
    until_info(t, lambda info: info.action_count == 1)
    t.step(complete("the result"))
    until_info(t, lambda info: not info.running_workflows)
    for count, hour, end in ((2, "00", fail("oh no")), (3, "01", complete()), (4, "02", complete())):
        time = f"2020-01-01T{hour}:00:00Z"
        patch(t, backfill_request=[{"start_time": time, "end_time": time}])
        info = until_info(t, lambda info: info.action_count == count).info
        started = info.recent_actions[-1].start_workflow_result
        t.history(started.workflow_id, label=f"action {count}")
        t.step(end)
        until_info(t, lambda info: not info.running_workflows)


@scenario
def every_part_of_the_action_is_used(t):
    create(t, schedule=schedule(spec=HOURLY, action=FULL_ACTION, policies={"keep_original_workflow_id": True}))
    time = "2020-01-01T05:00:00Z"
    patch(t, backfill_request=[{"start_time": time, "end_time": time}])
    info = until_info(t, lambda info: info.action_count == 1).info
    started = info.recent_actions[-1].start_workflow_result
    t.history(started.workflow_id, label="the action")
    t.describe(started.workflow_id)


@scenario
def one_time_is_not_used_twice(t):
    create(t, schedule=schedule(spec=HOURLY))
    time = "2020-01-01T05:00:00Z"
    patch(t, backfill_request=[{"start_time": time, "end_time": time, "overlap_policy": "ALLOW_ALL"},
                               {"start_time": time, "end_time": time, "overlap_policy": "ALLOW_ALL"}])
    until_info(t, lambda info: info.action_count >= 1)
    for _ in range(3):
        describe(t)


@scenario
def an_action_that_continues_is_followed(t):
    create(t, schedule=schedule())
    patch(t, trigger_immediately={})
    info = until_info(t, lambda info: info.action_count == 1).info
    workflow_id = info.running_workflows[0].workflow_id
    t.step({"command_type": "CONTINUE_AS_NEW_WORKFLOW_EXECUTION",
            "continue_as_new_workflow_execution_command_attributes": {"workflow_type": "type", "task_queue": "q~"}})
    brief(t)
    t.step(complete("end"))
    until_info(t, lambda info: not info.running_workflows)
    describe(t)


@scenario
def an_action_whose_id_is_taken(t):
    t.start("act~-2020-01-01T05:00:00Z")
    create(t, schedule=schedule(spec=HOURLY))
    time = "2020-01-01T05:00:00Z"
    patch(t, backfill_request=[{"start_time": time, "end_time": "2020-01-01T06:00:00Z", "overlap_policy": "ALLOW_ALL"}])
    until_info(t, lambda info: info.action_count == 1)
    describe(t)


@scenario
def an_action_that_is_deleted_is_over(t):
    create(t, schedule=schedule())
    patch(t, trigger_immediately={})
    info = until_info(t, lambda info: info.action_count == 1).info
    t.call("DeleteWorkflowExecution", workflow_execution=(info.running_workflows[0].workflow_id, ""))
    brief(t, until_info(t, lambda info: not info.running_workflows))
