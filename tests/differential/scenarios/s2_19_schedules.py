"""Schedules as their clients see them (section 2.19): made, described, changed, removed, and refused."""

import uuid

from harness import scenario

ACTION = {"start_workflow": {
    "workflow_id": "act~", "workflow_type": "type", "task_queue": "q~", "input": "in",
}}
FULL_ACTION = {"start_workflow": {
    "workflow_id": "act~", "workflow_type": "type", "task_queue": "q~", "input": ["in", "more"],
    "workflow_execution_timeout": 100, "workflow_run_timeout": 50, "workflow_task_timeout": 5,
    "retry_policy": {"maximum_attempts": 3}, "memo": {"m": "workflow"}, "header": {"h": "head"},
    "search_attributes": {"OwnKeyword": "workflow"}, "priority": {"priority_key": 2},
    "user_metadata": {"summary": "sum", "details": "det"},
}}
# So far away that nothing happens by itself; on the hour, so that times are the same in each run.
FAR = {"structured_calendar": [{"year": [{"start": 2090}], "month": [{"start": 1, "end": 12}],
                                "day_of_month": [{"start": 1}], "hour": [{"start": 0}], "minute": [{"start": 0}],
                                "second": [{"start": 0}], "day_of_week": [{"start": 0, "end": 6}]}]}
PAUSED = {"paused": True, "notes": "for now"}


def schedule(**fields):
    return {"spec": FAR, "action": ACTION, **fields}


def create(t, schedule_id="s~", request_id="r~", **fields):
    request_id = request_id or str(uuid.uuid4())
    return t.call("CreateSchedule", schedule_id=schedule_id, identity="client", request_id=request_id, **fields)


def describe(t, schedule_id="s~"):
    return t.call("DescribeSchedule", schedule_id=schedule_id)


@scenario
def made_and_described(t):
    create(t, schedule=schedule())
    describe(t)
    create(t, schedule=schedule())
    create(t, request_id="other~", schedule=schedule())


@scenario
def every_field_is_kept(t):
    policies = {"overlap_policy": "BUFFER_ONE", "catchup_window": 600, "pause_on_failure": True,
                "keep_original_workflow_id": True}
    state = {"notes": "a note", "paused": True, "limited_actions": True, "remaining_actions": 7}
    create(t, schedule=schedule(action=FULL_ACTION, policies=policies, state=state), memo={"m": "schedule"},
           search_attributes={"OwnKeyword": "schedule"})
    describe(t)


@scenario
def specs_are_told_in_one_form(t):
    spec = {"cron_string": ["0 12 * * MON-FRI", "@every 1h/5m", "30 6 1 1 * 2095"],
            "calendar": [{"hour": "3,4", "comment": "early"}], "interval": [{"interval": 3600, "phase": 60}],
            "exclude_calendar": [{"day_of_week": "SUN", "hour": "*"}], "timezone_name": "Europe/Vienna",
            "start_time": "2090-01-01T00:00:00Z", "end_time": "2090-02-01T00:00:00Z", "jitter": 5}
    create(t, schedule={"spec": spec, "action": ACTION})
    describe(t)


@scenario
def an_empty_spec_never_acts(t):
    create(t, schedule={"action": ACTION})
    describe(t)


@scenario
def unknown_schedules(t):
    describe(t)
    t.call("UpdateSchedule", schedule_id="s~", schedule=schedule(), request_id="r~")
    t.call("PatchSchedule", schedule_id="s~", patch={"pause": "p"}, request_id="r~")
    t.call("DeleteSchedule", schedule_id="s~")
    t.call("ListScheduleMatchingTimes", schedule_id="s~", start_time="2090-01-01T00:00:00Z",
           end_time="2091-01-01T00:00:00Z")


@scenario
def bad_requests(t):
    create(t, schedule_id="", schedule=schedule())
    create(t, schedule_id="x" * 1001, schedule=schedule())
    create(t, request_id="x" * 1001, schedule=schedule())
    t.call("CreateSchedule", schedule_id="s~", schedule=schedule())
    create(t, "n1~", request_id=None)
    describe(t, "n1~")
    create(t, "n2~", request_id=None, schedule={"spec": FAR})
    create(t, schedule=schedule(action={"start_workflow": {}}))
    for changes in ({"workflow_id": ""}, {"workflow_id": "x" * 981}, {"workflow_id": "x" * 1001},
                    {"workflow_type": ""}, {"task_queue": ""}, {"cron_schedule": "* * * * *"},
                    {"workflow_id_reuse_policy": "REJECT_DUPLICATE"}, {"workflow_run_timeout": -1},
                    {"retry_policy": {"maximum_attempts": -1}}, {"search_attributes": {"Nonsense": "x"}},
                    {"workflow_execution_timeout": -1}, {"workflow_task_timeout": -1},
                    {"task_queue": "/_sys/x"}, {"workflow_id_reuse_policy": "ALLOW_DUPLICATE"},
                    {"priority": {"priority_key": -1}}, {"workflow_type": "x" * 1001}):
        create(t, schedule_id="bad~", request_id=None,
               schedule=schedule(action={"start_workflow": {**ACTION["start_workflow"], **changes}}))
    t.call("DeleteSchedule", schedule_id="bad~")


@scenario
def bad_specs_and_policies(t):
    for spec in ({"cron_string": ["nonsense"]}, {"interval": [{"interval": 0.5}]}, {"calendar": [{"hour": "25"}]},
                 {"timezone_name": "Nowhere/Land"}, {"structured_calendar": [{"hour": [{"start": 99}]}]},
                 {"jitter": -1}, {"interval": [{"interval": 10, "phase": 20}]}):
        create(t, request_id=None, schedule={"spec": spec, "action": ACTION})
    create(t, request_id=None, schedule=schedule(policies={"catchup_window": -1}))
    create(t, schedule_id="s1~", request_id=None, schedule=schedule(policies={"catchup_window": 1}))
    describe(t, "s1~")
    create(t, schedule_id="s2~", request_id=None, schedule=schedule(policies={"overlap_policy": 99}))
    create(t, schedule_id="s3~", request_id=None, schedule=schedule(), search_attributes={"Nonsense": "x"})
    create(t, schedule_id="s4~", request_id=None, schedule=schedule(),
           search_attributes={"TemporalSchedulePaused": {"metadata": {"encoding": b"json/plain"}, "data": b"true"}})
    create(t, schedule_id="s6~", request_id=None, schedule=schedule(), memo={"big": "x" * 3000000})


@scenario
def updates_replace(t):
    create(t, schedule=schedule(policies={"pause_on_failure": True}, state=PAUSED), memo={"m": "1"},
           search_attributes={"OwnKeyword": "one"})
    described = describe(t)
    t.call("UpdateSchedule", schedule_id="s~", schedule={"spec": {"interval": [{"interval": 3600}], "start_time": "2090-01-01T00:00:00Z"}, "action": ACTION},
           request_id="u1~", identity="client")
    t.until("DescribeSchedule", lambda answer: answer.info.update_time.seconds > 0, schedule_id="s~")
    describe(t)
    t.call("UpdateSchedule", schedule_id="s~", schedule=schedule(), request_id="u2~",
           conflict_token=described.conflict_token)
    t.call("UpdateSchedule", schedule_id="s~", schedule=schedule(), request_id="u3~", conflict_token=b"nonsense")
    describe(t)


@scenario
def updates_of_attributes_and_memo(t):
    create(t, schedule=schedule(), memo={"m": "1", "n": "2"}, search_attributes={"OwnKeyword": "one", "OwnText": "two"})
    t.call("UpdateSchedule", schedule_id="s~", schedule=schedule(), request_id="u1~",
           search_attributes={"OwnKeyword": "other"})
    t.until("DescribeSchedule", lambda answer: "OwnText" not in answer.search_attributes.indexed_fields, schedule_id="s~")
    describe(t)
    t.call("UpdateSchedule", schedule_id="s~", schedule=schedule(), request_id="u2~", search_attributes={})
    t.call("UpdateSchedule", schedule_id="s~", schedule=schedule(), request_id="u3~", memo={"m": "3"})
    t.call("UpdateSchedule", schedule_id="s~", schedule=schedule(), request_id="u4~", search_attributes={"Nonsense": "x"})
    t.until("DescribeSchedule", lambda answer: True, schedule_id="s~")
    describe(t)


@scenario
def bad_updates(t):
    create(t, schedule=schedule())
    t.call("UpdateSchedule", schedule_id="", schedule=schedule())
    t.call("UpdateSchedule", schedule_id="s~")
    t.call("UpdateSchedule", schedule_id="s~", schedule={"spec": FAR})
    t.call("UpdateSchedule", schedule_id="s~", schedule=schedule(), request_id="x" * 1001)
    t.call("UpdateSchedule", schedule_id="s~", schedule={"spec": {"cron_string": ["nonsense"]}, "action": ACTION})


@scenario
def patches_pause_and_unpause(t):
    create(t, schedule=schedule())
    t.call("PatchSchedule", schedule_id="s~", patch={"pause": "stop it"}, request_id="p1~", identity="client")
    t.until("DescribeSchedule", lambda answer: answer.schedule.state.paused, schedule_id="s~")
    describe(t)
    t.call("PatchSchedule", schedule_id="s~", patch={"unpause": "go on"}, request_id="p2~", identity="client")
    t.until("DescribeSchedule", lambda answer: not answer.schedule.state.paused, schedule_id="s~")
    describe(t)
    t.call("PatchSchedule", schedule_id="s~", patch={"pause": "a", "unpause": "b"}, request_id="p3~")
    t.until("DescribeSchedule", lambda answer: answer.schedule.state.notes == "b", schedule_id="s~")
    describe(t)


@scenario
def bad_patches(t):
    create(t, schedule=schedule())
    t.call("PatchSchedule", schedule_id="")
    t.call("PatchSchedule", schedule_id="s~")
    t.call("PatchSchedule", schedule_id="s~", patch={}, request_id="p~")
    t.call("PatchSchedule", schedule_id="s~", patch={"pause": "x" * 2001})
    t.call("PatchSchedule", schedule_id="s~", patch={"pause": "p"}, request_id="x" * 1001)
    t.call("PatchSchedule", schedule_id="s~", patch={"backfill_request": [{}]})
    t.call("PatchSchedule", schedule_id="s~", patch={"backfill_request": [
        {"start_time": "2090-02-01T00:00:00Z", "end_time": "2090-01-01T00:00:00Z"}]})
    t.call("PatchSchedule", schedule_id="s~", patch={"trigger_immediately": {"overlap_policy": 99}})


@scenario
def deleted_and_made_again(t):
    create(t, schedule=schedule())
    t.call("DeleteSchedule", schedule_id="s~", identity="client")
    t.until_refused("DescribeSchedule", schedule_id="s~")
    describe(t)
    t.call("DeleteSchedule", schedule_id="s~", identity="client")
    create(t, request_id="again~", schedule=schedule())
    t.call("DeleteSchedule", schedule_id="")


@scenario
def matching_times(t):
    create(t, schedule={"spec": {"cron_string": ["0 12 * * 1"], "interval": [{"interval": 86400}]}, "action": ACTION})
    for start, end in (("2090-01-01T00:00:00Z", "2090-01-05T00:00:00Z"), ("2090-01-05T00:00:00Z", "2090-01-01T00:00:00Z"),
                       ("2090-01-01T00:00:00Z", "2090-01-01T00:00:00Z")):
        t.call("ListScheduleMatchingTimes", schedule_id="s~", start_time=start, end_time=end)
    t.call("ListScheduleMatchingTimes", schedule_id="s~")
    t.call("ListScheduleMatchingTimes", schedule_id="s~", start_time="2090-01-01T00:00:00Z")
    t.call("ListScheduleMatchingTimes", schedule_id="")


@scenario
def matching_times_have_a_limit(t):
    create(t, schedule={"spec": {"interval": [{"interval": 1}], "start_time": "2090-01-01T00:00:00Z"}, "action": ACTION})
    answer = t.until("ListScheduleMatchingTimes", lambda answer: True, schedule_id="s~",
                     start_time="2090-01-01T00:00:00Z", end_time="2090-01-02T00:00:00Z")
    t.note(f"{len(answer.start_time)} times, the last {answer.start_time[-1].seconds}")
    t.call("DeleteSchedule", schedule_id="s~")


@scenario
def matching_times_are_jittered(t):
    create(t, schedule={"spec": {"interval": [{"interval": 86400}], "jitter": 60}, "action": ACTION})
    answer = t.until("ListScheduleMatchingTimes", lambda answer: True, schedule_id="s~",
                     start_time="2090-01-01T00:00:00Z", end_time="2090-01-09T00:00:00Z")
    inside = all(0 <= time.seconds % 86400 <= 60 for time in answer.start_time)
    t.note(f"{len(answer.start_time)} times, within the jitter: {inside}")


@scenario
def listed_and_counted(t):
    for index in range(3):
        create(t, schedule_id=f"s{index}~", request_id=f"r{index}~",
               schedule=schedule(state=PAUSED if index == 1 else {}), memo={"m": str(index)},
               search_attributes={"OwnKeyword": "mine~"})
    own = 'OwnKeyword = "mine~"'
    t.until("ListSchedules", lambda answer: len(answer.schedules) == 3, query=own)
    # The reference tells that a schedule is not paused a moment after it lists it.
    t.until("ListSchedules", lambda answer: len(answer.schedules) == 2, query=f"{own} AND TemporalSchedulePaused = false")
    t.call("ListSchedules", query=own)
    t.call("CountSchedules", query=own)
    for query in (f'{own} AND TemporalSchedulePaused = true', f'{own} AND TemporalSchedulePaused = false',
                  f'{own} AND ScheduleId = "s2~"', 'ScheduleId STARTS_WITH "s2~"', 'Nonsense = 1', 'nonsense',
                  f'{own} AND WorkflowId = "s1~"',
                  f'{own} AND ExecutionStatus = "Running"', f'{own} GROUP BY ExecutionStatus',
                  f'{own} AND WorkflowType = "type"', f'{own} AND TemporalNamespaceDivision IS NULL'):
        t.call("ListSchedules", query=query)
        t.call("CountSchedules", query=query)
    t.call("ListSchedules", query=own, maximum_page_size=2)
    t.call("ListSchedules", query=own, next_page_token=b"nonsense")
    t.call("ListSchedules", query=own, maximum_page_size=-1)


@scenario
def grouped_by_state(t):
    create(t, schedule=schedule(), search_attributes={"OwnKeyword": "grouped~"})
    own = 'OwnKeyword = "grouped~"'
    t.until("ListSchedules", lambda answer: len(answer.schedules) == 1, query=own)
    t.call("ListSchedules", query=f"{own} GROUP BY TemporalSchedulePaused")
    t.call("CountSchedules", query=f"{own} GROUP BY TemporalSchedulePaused")


@scenario
def schedules_are_no_workflows(t):
    create(t, schedule=schedule(), search_attributes={"OwnKeyword": "hidden~"})
    t.until("ListSchedules", lambda answer: len(answer.schedules) == 1, query='OwnKeyword = "hidden~"')
    t.call("ListWorkflowExecutions", query='OwnKeyword = "hidden~"')
    t.call("CountWorkflowExecutions", query='OwnKeyword = "hidden~"')
    t.describe("s~")


@scenario
def created_without_an_id(t):
    base = {"schedule_id": "", "schedule": {"spec": {}}}
    t.table("CreateSchedule", base, [
        {}, {"request_id": "r"}, {"request_id": "r" * 1001}, {"request_id": "r", "memo": {"m": "x" * 100}},
        {"request_id": "r", "initial_patch": {"pause": "p", "unpause": "u"}}, {"request_id": "r", "search_attributes": {"Nope": "x"}},
        {"search_attributes": {"Nope": "x"}}, {"schedule_id": "s~", "search_attributes": {"Nope": "x"}},
        {"schedule_id": "s" * 1000, "search_attributes": {"Nope": "x"}}, {"schedule_id": "s" * 1000}])
