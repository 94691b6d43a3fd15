"""2.15 Standalone activities: started by clients, without a workflow."""

from harness import scenario

BASE = {"activity_id": "a~", "activity_type": "act", "task_queue": "q~", "identity": "client", "input": "in",
        "start_to_close_timeout": 10, "request_id": "r1"}
ID = {"activity_id": "a~"}


def start(t, **fields):
    return t.call("StartActivityExecution", **{**BASE, **fields})


def describe(t, **fields):
    return t.call("DescribeActivityExecution", **{**ID, "include_input": True, "include_outcome": True,
                                                  "include_heartbeat_details": True, "include_last_failure": True, **fields})


def outcome(t, **fields):
    return t.call("PollActivityExecution", **{**ID, **fields})


def listed(t, query="ActivityId = 'a~'"):
    query = query.replace("~", t.unique)

    def is_told(answer):
        return answer.executions and all(_is_current(t, listed) for listed in answer.executions)

    # The reference tells its index of a change some time after it.
    t.until("ListActivityExecutions", is_told, query=query)
    t.call("ListActivityExecutions", query=query)


def _is_current(t, listed):
    now = t.quiet("DescribeActivityExecution", activity_id=listed.activity_id, run_id=listed.run_id).info
    return listed.status == now.status


@scenario
def life(t):
    start(t)
    describe(t)
    listed(t)
    task = t.poll_activity()
    describe(t)
    t.complete_activity(task)
    outcome(t)
    describe(t)
    t.call("DescribeActivityExecution", **ID)
    listed(t, "ActivityId = 'a~' AND ExecutionStatus = 'Completed'")


@scenario
def every_field(t):
    start(t, schedule_to_close_timeout=100, schedule_to_start_timeout=50, heartbeat_timeout=7,
          retry_policy={"initial_interval": 2, "backoff_coefficient": 3, "maximum_interval": 30, "maximum_attempts": 4,
                        "non_retryable_error_types": ["Fatal"]},
          search_attributes={"OwnKeyword": "k"}, header={"h": "v"}, user_metadata={"summary": "s", "details": "d"},
          priority={"priority_key": 2, "fairness_key": "f", "fairness_weight": 2},
          links=[{"workflow_event": {"namespace": "default", "workflow_id": "w", "run_id": "r"}}])
    describe(t)
    t.complete_activity(t.poll_activity())
    describe(t)
    listed(t, "OwnKeyword = 'k' AND ActivityId = 'a~'")


@scenario
def retried(t):
    start(t, heartbeat_timeout=10, retry_policy={"initial_interval": 0.1})
    task = t.poll_activity()
    t.heartbeat(task, "one")
    describe(t)
    t.fail_activity(task)
    task = t.poll_activity()
    describe(t)
    t.fail_activity(task, failure={"message": "no", "application_failure_info": {"type": "T", "non_retryable": True}})
    outcome(t)
    describe(t)
    listed(t, "ActivityId = 'a~' AND ExecutionStatus = 'Failed'")


@scenario
def in_backoff(t):
    start(t, retry_policy={"initial_interval": 60})
    t.fail_activity(t.poll_activity())
    describe(t)
    t.call("TerminateActivityExecution", **ID, reason="enough", identity="client")
    outcome(t)
    describe(t)


@scenario
def attempts_used_up(t):
    start(t, retry_policy={"initial_interval": 0.1, "maximum_attempts": 2})
    t.fail_activity(t.poll_activity(), last_heartbeat_details="last")
    task = t.poll_activity()
    t.fail_activity(task)
    t.fail_activity(task)
    t.complete_activity(task)
    t.heartbeat(task)
    outcome(t)
    describe(t)


@scenario
def policies(t):
    first = start(t)
    start(t)
    start(t, request_id="r2")
    start(t, request_id="r3", id_conflict_policy="USE_EXISTING")
    start(t, request_id="r4", id_reuse_policy="REJECT_DUPLICATE", id_conflict_policy="USE_EXISTING")
    t.complete_activity(t.poll_activity())
    start(t)
    start(t, request_id="r5", id_reuse_policy="ALLOW_DUPLICATE_FAILED_ONLY")
    start(t, request_id="r6", id_reuse_policy="REJECT_DUPLICATE")
    start(t, request_id="r7")
    describe(t)
    t.call("DescribeActivityExecution", **ID, run_id=first.run_id)
    t.call("TerminateActivityExecution", **ID)
    start(t, request_id="r8", id_reuse_policy="ALLOW_DUPLICATE_FAILED_ONLY")
    outcome(t, run_id=first.run_id)


@scenario
def canceled_by_worker(t):
    start(t, heartbeat_timeout=10)
    task = t.poll_activity()
    t.call("RespondActivityTaskCanceled", task_token=task.task_token, identity="worker")
    t.call("RequestCancelActivityExecution", **ID, reason="why", identity="client", request_id="c1")
    t.call("RequestCancelActivityExecution", **ID, reason="why", identity="client", request_id="c1")
    t.call("RequestCancelActivityExecution", **ID, reason="other", identity="client", request_id="c2")
    describe(t)
    t.heartbeat(task)
    t.call("RespondActivityTaskCanceled", task_token=task.task_token, details="bye", identity="worker")
    outcome(t)
    describe(t)
    t.call("RequestCancelActivityExecution", **ID, request_id="c1")
    t.call("RequestCancelActivityExecution", **ID, request_id="c3")
    listed(t, "ActivityId = 'a~' AND ExecutionStatus = 'Canceled'")


@scenario
def canceled_before_start(t):
    start(t)
    t.call("RequestCancelActivityExecution", **ID, reason="why", identity="client", request_id="c1")
    describe(t)
    outcome(t)


@scenario
def canceled_in_backoff(t):
    start(t, retry_policy={"initial_interval": 60})
    t.fail_activity(t.poll_activity())
    t.call("RequestCancelActivityExecution", **ID, reason="why", identity="client", request_id="c1")
    describe(t)
    outcome(t)


@scenario
def failed_after_cancel(t):
    start(t)
    task = t.poll_activity()
    t.call("RequestCancelActivityExecution", **ID, request_id="c1")
    t.fail_activity(task)
    outcome(t)
    describe(t)


@scenario
def completed_after_cancel(t):
    start(t)
    task = t.poll_activity()
    t.call("RequestCancelActivityExecution", **ID, request_id="c1")
    t.complete_activity(task)
    outcome(t)


@scenario
def terminated(t):
    start(t, heartbeat_timeout=10)
    task = t.poll_activity()
    t.call("TerminateActivityExecution", **ID, reason="enough", identity="client", request_id="t1")
    t.call("TerminateActivityExecution", **ID, reason="enough", identity="client", request_id="t1")
    t.call("TerminateActivityExecution", **ID, reason="enough", identity="client", request_id="t2")
    t.heartbeat(task)
    t.complete_activity(task)
    t.fail_activity(task)
    t.call("RespondActivityTaskCanceled", task_token=task.task_token)
    outcome(t)
    describe(t)
    for method in ("PauseActivityExecution", "UnpauseActivityExecution", "ResetActivityExecution"):
        t.call(method, **ID)
    t.call("UpdateActivityExecutionOptions", **ID, activity_options={"heartbeat_timeout": 3}, update_mask=["heartbeat_timeout"])


@scenario
def timeouts(t):
    start(t, activity_id="s2s~", schedule_to_start_timeout=1, task_queue="none~", request_id="1")
    start(t, activity_id="s2c~", schedule_to_close_timeout=1, task_queue="none~", request_id="2")
    start(t, activity_id="st2c~", start_to_close_timeout=1, task_queue="q1~", retry_policy={"maximum_attempts": 1}, request_id="3")
    start(t, activity_id="beat~", heartbeat_timeout=1, task_queue="q2~", retry_policy={"maximum_attempts": 1}, request_id="4")
    start(t, activity_id="left~", start_to_close_timeout=1, schedule_to_close_timeout=2, task_queue="q3~", request_id="5")
    t.poll_activity("q1~")
    t.heartbeat(t.poll_activity("q2~"), "beat")
    t.poll_activity("q3~")
    for which in ("s2s~", "s2c~", "st2c~", "beat~", "left~"):
        outcome(t, activity_id=which)
        describe(t, activity_id=which)
    listed(t, "ActivityId = 's2s~' AND ExecutionStatus = 'TimedOut'")


@scenario
def retried_after_timeout(t):
    start(t, start_to_close_timeout=1, retry_policy={"initial_interval": 0.1})
    t.poll_activity()
    task = t.poll_activity()
    describe(t)
    t.complete_activity(task)
    outcome(t)


@scenario
def start_delayed(t):
    start(t, start_delay=2)
    describe(t)
    t.complete_activity(t.poll_activity())
    describe(t)


@scenario
def canceled_in_delay(t):
    start(t, start_delay=60)
    t.call("RequestCancelActivityExecution", **ID, request_id="c1", reason="why")
    outcome(t)
    describe(t)


@scenario
def by_id(t):
    """A worker's answers by id, with no workflow id."""
    start(t, heartbeat_timeout=10, retry_policy={"initial_interval": 0.1})
    t.poll_activity()
    t.call("RecordActivityTaskHeartbeatById", **ID, details="beat", identity="worker")
    t.call("RespondActivityTaskFailedById", **ID, failure="boom", identity="worker")
    t.poll_activity()
    describe(t)
    t.call("RespondActivityTaskCanceledById", **ID, identity="worker")
    t.call("RespondActivityTaskCompletedById", **ID, result="r", identity="worker")
    t.call("RespondActivityTaskCompletedById", **ID, result="r", identity="worker")
    t.call("RecordActivityTaskHeartbeatById", **ID, identity="worker")
    outcome(t)


@scenario
def by_id_before_start(t):
    start(t)
    t.call("RecordActivityTaskHeartbeatById", **ID, details="beat", identity="worker")
    t.call("RespondActivityTaskFailedById", **ID, failure="boom", identity="worker")
    t.call("RespondActivityTaskCompletedById", **ID, result="r", identity="worker")
    describe(t)
    outcome(t)


@scenario
def long_polls(t):
    begun = start(t)
    waiting = t.begin("PollActivityExecution", **ID)
    first = describe(t)
    change = t.begin("DescribeActivityExecution", **ID, run_id=begun.run_id, long_poll_token=first.long_poll_token)
    task = t.poll_activity()
    second = t.end(change)
    change = t.begin("DescribeActivityExecution", **ID, run_id=begun.run_id, long_poll_token=second.long_poll_token, include_outcome=True)
    t.complete_activity(task)
    third = t.end(change)
    t.end(waiting)
    t.call("DescribeActivityExecution", **ID, run_id=begun.run_id, long_poll_token=third.long_poll_token)
    t.call("DescribeActivityExecution", **ID, run_id=begun.run_id, long_poll_token=first.long_poll_token)
    t.call("DescribeActivityExecution", **ID, long_poll_token=first.long_poll_token)
    t.call("DescribeActivityExecution", **ID, run_id=begun.run_id, long_poll_token=b"nonsense")


@scenario
def deleted(t):
    start(t)
    t.call("DeleteActivityExecution", **ID)
    t.until_refused("DescribeActivityExecution", **ID)
    describe(t)
    outcome(t)
    t.call("DeleteActivityExecution", **ID)
    start(t, request_id="r2")
    t.complete_activity(t.poll_activity())
    t.call("DeleteActivityExecution", **ID)
    t.until_refused("DescribeActivityExecution", **ID)


@scenario
def unknown(t):
    run = "00000000-0000-4000-8000-000000000000"
    for method in ("DescribeActivityExecution", "PollActivityExecution", "RequestCancelActivityExecution",
                   "TerminateActivityExecution", "DeleteActivityExecution", "PauseActivityExecution",
                   "UnpauseActivityExecution", "ResetActivityExecution"):
        t.call(method, **ID)
        t.call(method, **ID, run_id=run)
        t.call(method, **ID, run_id="bad")
        t.call(method, activity_id="")
        t.call(method, activity_id="x" * 1001)
    start(t)
    for method in ("DescribeActivityExecution", "PollActivityExecution", "RequestCancelActivityExecution",
                   "TerminateActivityExecution", "DeleteActivityExecution"):
        t.call(method, **ID, run_id=run)


@scenario
def bad_starts(t):
    t.table("StartActivityExecution", BASE, [
        {"activity_id": ""}, {"activity_id": "x" * 1001}, {"activity_type": ""}, {"activity_type": None}, {"activity_type": "x" * 1001},
        {"task_queue": None}, {"task_queue": ""}, {"task_queue": "x" * 1001}, {"task_queue": "/_sys/x"},
        {"start_to_close_timeout": None}, {"start_to_close_timeout": -1}, {"schedule_to_close_timeout": -1},
        {"schedule_to_start_timeout": -1}, {"heartbeat_timeout": -1}, {"start_delay": -1},
        {"retry_policy": {"backoff_coefficient": 0.5}}, {"retry_policy": {"maximum_attempts": -1}},
        {"request_id": "x" * 1001}, {"identity": "x" * 1001}, {"priority": {"priority_key": -1}},
        {"search_attributes": {"Nonsense": "v"}}, {"search_attributes": {"OwnInt": "word"}},
        {"input": b"x" * (2 << 20)}, {"user_metadata": {"summary": "x" * 500}},
        {"links": [{}]}, {"id_conflict_policy": 99}, {"id_reuse_policy": 99},
        {"completion_callbacks": [{"nexus": {"url": "http://localhost"}}]},
        {"on_conflict_options": {"attach_request_id": True}},
    ])


@scenario
def bad_operations(t):
    start(t)
    t.call("RequestCancelActivityExecution", **ID, request_id="x" * 1001)
    t.call("RequestCancelActivityExecution", **ID, identity="x" * 1001)
    t.call("RequestCancelActivityExecution", **ID, reason="x" * 5000)
    t.call("TerminateActivityExecution", **ID, request_id="x" * 1001)
    t.call("TerminateActivityExecution", **ID, identity="x" * 1001)
    t.call("TerminateActivityExecution", **ID, reason="x" * 5000)
    t.call("ListActivityExecutions", query="Nonsense = 1")
    t.call("ListActivityExecutions", query="WorkflowId = 'x'")
    t.call("ListActivityExecutions", query="nonsense(")
    t.call("ListActivityExecutions", next_page_token=b"bad")
    t.call("CountActivityExecutions", query="Nonsense = 1")
    t.call("CountActivityExecutions", query="WorkflowType = 'x'")


@scenario
def queries(t):
    for number in (1, 2, 3):
        start(t, activity_id=f"a{number}~", activity_type=f"type{number}~", request_id=str(number))
    t.call("TerminateActivityExecution", activity_id="a3~")
    mine = f"ActivityType IN ('type1{t.unique}', 'type2{t.unique}', 'type3{t.unique}')"
    t.until("CountActivityExecutions", lambda answer: answer.count == 2, query=mine + " AND ExecutionStatus = 'Running'")
    for query in ("ExecutionStatus = 'Running'", "ExecutionStatus = 'Terminated'", "CloseTime IS NULL", f"TaskQueue = 'q{t.unique}'",
                  f"ActivityId STARTS_WITH 'a1'", "StartTime > '2020-01-01T00:00:00Z'", "ExecutionDuration IS NULL", "RunId IS NOT NULL",
                  "ScheduleTime IS NOT NULL", "ExecutionTime IS NOT NULL", "StateTransitionCount > 0", "StateSizeBytes > 0"):
        t.call("CountActivityExecutions", query=f"{mine} AND {query}")
    t.call("CountActivityExecutions", query=mine + " GROUP BY ExecutionStatus")
    t.call("CountWorkflowExecutions", query=f"TaskQueue = 'q{t.unique}'")
    page = t.call("ListActivityExecutions", query=mine, page_size=2)
    t.call("ListActivityExecutions", query=mine, page_size=2, next_page_token=page.next_page_token)


@scenario
def paused(t):
    start(t, heartbeat_timeout=10, retry_policy={"initial_interval": 60})
    t.call("PauseActivityExecution", **ID, reason="why", identity="op", request_id="p1")
    t.call("PauseActivityExecution", **ID, reason="why", identity="op", request_id="p1")
    t.call("PauseActivityExecution", **ID, reason="why", identity="op", request_id="p2")
    t.call("PauseActivityExecution", **ID, reason="why", identity="op")
    describe(t)
    t.call("UnpauseActivityExecution", **ID, identity="op", request_id="u1")
    t.call("UnpauseActivityExecution", **ID, identity="op", request_id="u1")
    t.call("UnpauseActivityExecution", **ID, identity="op", request_id="u2")
    task = t.poll_activity()
    t.call("PauseActivityExecution", **ID, reason="why", identity="op", request_id="p3")
    describe(t)
    t.heartbeat(task)
    t.fail_activity(task)
    describe(t)
    t.call("UnpauseActivityExecution", **ID, identity="op", request_id="u3")
    describe(t)
    t.call("TerminateActivityExecution", **ID)


@scenario
def paused_and_canceled(t):
    start(t)
    t.call("PauseActivityExecution", **ID, request_id="p1")
    t.call("RequestCancelActivityExecution", **ID, request_id="c1", reason="why")
    describe(t)
    outcome(t)


@scenario
def reset(t):
    start(t, heartbeat_timeout=10, retry_policy={"initial_interval": 60})
    task = t.poll_activity()
    t.heartbeat(task, "one")
    t.fail_activity(task)
    t.call("ResetActivityExecution", **ID, request_id="x1", identity="op")
    describe(t)
    task = t.poll_activity()
    t.call("ResetActivityExecution", **ID, request_id="x2", identity="op", reset_heartbeat=True)
    describe(t)
    t.heartbeat(task, "two")
    t.fail_activity(task)
    describe(t)
    t.call("PauseActivityExecution", **ID, request_id="p1")
    t.call("ResetActivityExecution", **ID, request_id="x3", keep_paused=True)
    describe(t)
    t.call("ResetActivityExecution", **ID, request_id="x4")
    t.complete_activity(t.poll_activity())
    describe(t)


@scenario
def options(t):
    start(t, retry_policy={"initial_interval": 60})
    t.call("UpdateActivityExecutionOptions", **ID, activity_options={
        "task_queue": "c~", "schedule_to_close_timeout": 100, "schedule_to_start_timeout": 50, "start_to_close_timeout": 20, "heartbeat_timeout": 5,
        "retry_policy": {"initial_interval": 2, "maximum_attempts": 7}, "priority": {"priority_key": 2}},
        update_mask=["task_queue.name", "schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout",
                     "heartbeat_timeout", "retry_policy.initial_interval", "retry_policy.maximum_attempts", "priority.priority_key"])
    describe(t)
    t.complete_activity(t.poll_activity("c~"))
    describe(t)


@scenario
def options_restored(t):
    start(t)
    t.call("UpdateActivityExecutionOptions", **ID, activity_options={"start_to_close_timeout": 20}, update_mask=["start_to_close_timeout"])
    t.call("UpdateActivityExecutionOptions", **ID, restore_original=True)
    t.call("UpdateActivityExecutionOptions", **ID, activity_options={"start_delay": 5}, update_mask=["start_delay"])
    t.call("UpdateActivityExecutionOptions", **ID, activity_options={}, update_mask=["task_queue.name"])
    t.call("UpdateActivityExecutionOptions", **ID, activity_options={"start_to_close_timeout": -1}, update_mask=["start_to_close_timeout"])
    t.call("UpdateActivityExecutionOptions", **ID, activity_options={}, update_mask=["start_to_close_timeout"])
    describe(t)


@scenario
def oversize(t):
    start(t, heartbeat_timeout=10)
    task = t.poll_activity()
    t.complete_activity(task, result=b"x" * (2 << 20))
    outcome(t)
    start(t, activity_id="b~", heartbeat_timeout=10, request_id="r2")
    task = t.poll_activity()
    t.heartbeat(task, details=b"x" * (2 << 20))
    outcome(t, activity_id="b~")


@scenario
def times_of_the_paused(t):
    """A paused activity is not dispatched, but its time goes on."""
    start(t, start_to_close_timeout=1, retry_policy={"initial_interval": 0.1})
    start(t, activity_id="b~", schedule_to_close_timeout=1, request_id="2", task_queue="b~")
    t.poll_activity()
    t.call("PauseActivityExecution", **ID, request_id="p")
    t.call("PauseActivityExecution", activity_id="b~", request_id="p")
    t.until("DescribeActivityExecution", lambda answer: answer.info.attempt == 2, **ID)
    describe(t)
    outcome(t, activity_id="b~")
    t.call("UnpauseActivityExecution", **ID, request_id="u")
    t.complete_activity(t.poll_activity())


@scenario
def last_attempt_of_the_paused(t):
    start(t, retry_policy={"maximum_attempts": 1})
    task = t.poll_activity()
    t.call("PauseActivityExecution", **ID, request_id="p")
    t.call("PauseActivityExecution", **ID, request_id="p2")
    t.fail_activity(task)
    describe(t)


@scenario
def pause_of_the_canceled(t):
    start(t)
    t.poll_activity()
    t.call("RequestCancelActivityExecution", **ID, request_id="c")
    t.call("PauseActivityExecution", **ID, request_id="p")
    t.call("UnpauseActivityExecution", **ID, request_id="u")


@scenario
def delay_changed(t):
    start(t, start_delay=60, schedule_to_close_timeout=100)
    t.call("UpdateActivityExecutionOptions", **ID, activity_options={"start_delay": 1}, update_mask=["start_delay"])
    describe(t)
    t.complete_activity(t.poll_activity())
