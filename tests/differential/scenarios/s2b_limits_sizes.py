"""Sizes that are set low by keys of the dynamic configuration: metadata, build ids, failures, updates (section 2b)."""

from commands import activity, cancel_external, child, complete, marker, signal_external, timer
from harness import configured, scenario

METADATA = configured(limit__userMetadataSummarySize=40, limit__userMetadataDetailsSize=60)
BUILDS = configured(limit__workerBuildIdSize=10, frontend__workerVersioningWorkflowAPIs=True,
                    frontend__workerVersioningDataAPIs=True)
LONG = "b" * 11


def text(length):
    return {"metadata": {"encoding": b"json/plain"}, "data": b"x" * length}


@METADATA
@scenario
def metadata_of_starts(t):
    for index, metadata in enumerate((
        {"summary": text(12)}, {"summary": text(50)}, {"details": text(32)}, {"details": text(70)},
        {"summary": text(50), "details": text(70)},
    )):
        t.start(f"wf{index}~", user_metadata=metadata)
        t.start(f"s{index}~", "SignalWithStartWorkflowExecution", signal_name="s", user_metadata=metadata)
    t.call("ExecuteMultiOperation", operations=[
        {"start_workflow": {"namespace": "default", "workflow_id": "m~", "workflow_type": "type", "task_queue": "q~",
                            "user_metadata": {"summary": text(50)}, "workflow_id_conflict_policy": "USE_EXISTING"}},
        {"update_workflow": {"namespace": "default", "workflow_execution": "m~", "request": {
            "meta": {"update_id": "u"}, "input": {"name": "n"}}}}], timeout=3)


@METADATA
@scenario
def metadata_of_commands(t):
    for index, command in enumerate((timer(), activity(), child("c~"), marker(), complete())):
        for name, metadata in (("s", {"summary": text(50)}), ("d", {"details": text(70)})):
            workflow_id, queue = f"{name}{index}~", f"{name}{index}q~"
            t.start(workflow_id, task_queue=queue)
            t.complete(t.poll(queue), {**command, "user_metadata": metadata})
            t.history(workflow_id)


@METADATA
@scenario
def metadata_of_schedules(t):
    action = {"workflow_id": "w~", "workflow_type": "type", "task_queue": "q~", "user_metadata": {"summary": text(50)}}
    t.call("CreateSchedule", schedule_id="sch~", schedule={"action": {"start_workflow": action}}, identity="client", request_id="r")
    t.call("CreateSchedule", schedule_id="sch2~", schedule={"action": {"start_workflow": {**action, "user_metadata": {}}}}, identity="client", request_id="r")
    t.call("UpdateSchedule", schedule_id="sch2~", schedule={"action": {"start_workflow": action}}, identity="client", request_id="r")


@BUILDS
@scenario
def lengths_of_build_ids(t):
    t.start()
    for fields in (
        {"worker_version_capabilities": {"build_id": LONG}},
        {"worker_version_capabilities": {"build_id": LONG, "use_versioning": True}},
        {"binary_checksum": LONG},
    ):
        t.call("PollWorkflowTaskQueue", task_queue="none~", identity="worker", timeout=2.5, **fields)
        if "binary_checksum" not in fields:
            t.call("PollActivityTaskQueue", task_queue="none~", identity="worker", timeout=2.5, **fields)
    task = t.poll()
    t.complete(task, timer(), worker_version_stamp={"build_id": LONG})
    t.history()
    t.signal()
    t.fail_task(t.poll(), worker_version={"build_id": LONG})
    t.signal()
    t.complete(t.poll(), activity(), binary_checksum=LONG)
    task = t.poll_activity()
    t.heartbeat(task)
    t.complete_activity(task, worker_version={"build_id": LONG})


@configured(history__maxTotalUpdates=4, history__maxTotalUpdates__suggestContinueAsNewThreshold=0.5)
@scenario
def many_updates_suggest_continuing(t):
    from updates import both, request
    t.start()
    t.step(timer())
    for index in range(4):
        pending = t.begin("UpdateWorkflowExecution", **request(f"u{index}"))
        task = t.poll()
        t.complete(task, messages=both(task.messages[0]))
        t.end(pending)
    t.signal()
    t.poll()
    t.history()


@configured(history__maxTotalUpdates=0, history__maxInFlightUpdates=0, history__maxInFlightUpdatePayloads=0,
            limit__numPendingActivities__error=0, limit__numPendingChildExecutions__error=0, limit__numPendingSignals__error=0,
            limit__numPendingCancelRequests__error=0, history__maximumSignalsPerExecution=0)
@scenario
def limits_of_zero(t):
    """A limit of zero is none."""
    from updates import both, request
    t.start()
    t.signal()
    t.step(activity(), child("c~"))
    t.poll("cq~")
    t.step(signal_external("x~"))
    t.step(cancel_external("x~"))
    t.step()
    pending = t.begin("UpdateWorkflowExecution", **request())
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(pending)


@configured(history__workflowTaskHeartbeatTimeout="1s")
@scenario
def heartbeats_with_the_next_task(t):
    """A row of heartbeats is too long; the worker wants the next task with the answer."""
    t.start()
    t.start("idle~", task_queue="idle~", workflow_run_timeout=1.5)
    task = t.poll()
    answer = t.complete(task, force_create_new_workflow_task=True, return_new_workflow_task=True)
    t.wait_closed("idle~")
    t.complete(answer.workflow_task, force_create_new_workflow_task=True, return_new_workflow_task=True)
    answer = t.describe()
    t.history()


FAILURES = (
    {"message": "m" * 300},
    {"message": "m" * 30, "source": "s" * 300},
    {"message": "m" * 30, "stack_trace": "t" * 300},
    {"message": "m" * 30, "stack_trace": "t" * 60, "application_failure_info": {"type": "T", "details": text(300)}},
    {"message": "m" * 90, "stack_trace": "t" * 90, "application_failure_info": {"type": "T" * 90, "non_retryable": False}},
    {"message": "m" * 10, "application_failure_info": {"type": "T"}, "cause": {
        "message": "n" * 300, "application_failure_info": {"type": "T"}}},
    {"message": "m" * 10, "encoded_attributes": text(300), "application_failure_info": {"type": "T"}},
    {"message": "m" * 10, "application_failure_info": {"type": "T"}, "cause": {
        "message": "n" * 10, "application_failure_info": {"type": "U"}, "cause": {"message": "o" * 200}}},
)


def cut_failures(t, failures):
    for index, failure in enumerate(failures):
        queue, workflow_id = f"q{index}~", f"wf{index}~"
        t.start(workflow_id, task_queue=queue)
        t.complete(t.poll(queue), activity(task_queue=queue, retry_policy={"initial_interval": 100}))
        t.fail_activity(t.poll_activity(queue), {"application_failure_info": {}, **failure})
        answer = t.quiet("DescribeWorkflowExecution", execution=workflow_id)
        t.block("= last failure", t.normaliser.lines(answer.pending_activities[0].last_failure))
        t.terminate(workflow_id)


@configured(limit__mutableStateActivityFailureSize__error=200, limit__mutableStateActivityFailureSize__warn=100)
@scenario
def failures_are_cut(t):
    cut_failures(t, FAILURES)


@configured(limit__mutableStateActivityFailureSize__error=60, limit__mutableStateActivityFailureSize__warn=50)
@scenario
def failures_are_cut_short(t):
    cut_failures(t, FAILURES)


@configured(limit__mutableStateActivityFailureSize__error=4, limit__mutableStateActivityFailureSize__warn=2)
@scenario
def failures_are_cut_to_nothing(t):
    cut_failures(t, FAILURES[3:4])


@configured(limit__mutableStateActivityFailureSize__error=400, limit__mutableStateActivityFailureSize__warn=100)
@scenario
def causes_of_cut_failures(t):
    """What is left of each kind of failure."""
    kinds = (
        {"application_failure_info": {"type": "T", "non_retryable": True, "next_retry_delay": 5, "category": "BENIGN",
                                      "details": text(10)}},
        {"timeout_failure_info": {"timeout_type": "HEARTBEAT", "last_heartbeat_details": text(10)}},
        {"canceled_failure_info": {"details": text(10)}},
        {"terminated_failure_info": {}},
        {"server_failure_info": {"non_retryable": True}},
        {"reset_workflow_failure_info": {"last_heartbeat_details": text(10)}},
        {"activity_failure_info": {"scheduled_event_id": 5, "started_event_id": 6, "identity": "i" * 20, "activity_type": "A",
                                   "activity_id": "a", "retry_state": "TIMEOUT"}},
        {"child_workflow_execution_failure_info": {
            "namespace": "n", "workflow_execution": "w", "workflow_type": "W", "initiated_event_id": 5, "started_event_id": 6,
            "retry_state": "TIMEOUT"}},
        {"nexus_operation_execution_failure_info": {"scheduled_event_id": 5, "endpoint": "e", "service": "s", "operation": "o",
                                                    "operation_token": "t"}},
        {"nexus_handler_failure_info": {"type": "INTERNAL", "retry_behavior": "RETRYABLE"}},
        {},
    )
    last = {"message": "n" * 500}
    cut_failures(t, [{"message": "m", "cause": {"message": "c", "source": "s", **kind, "cause": last}} for kind in kinds])


@configured(limit__mutableStateActivityFailureSize__error=60, limit__mutableStateActivityFailureSize__warn=50)
@scenario
def deep_failures_are_cut(t):
    failure = {"message": "n" * 40}
    for _ in range(30):
        failure = {"cause": failure}
    cut_failures(t, [failure])


@configured(limit__mutableStateActivityFailureSize__error=20000, limit__mutableStateActivityFailureSize__warn=50)
@scenario
def very_deep_failures_are_cut(t):
    failure = {"message": "n" * 30000}
    for _ in range(30):
        failure = {"message": "m", "cause": failure}
    cut_failures(t, [failure])


@configured(limit__blobSize__error=600, limit__blobSize__warn=300)
@scenario
def oversize_failures(t):
    """A failure that is over the limit of payloads is replaced before anything is decided."""
    for index, failure in enumerate((
        {"message": "m" * 700, "application_failure_info": {"type": "T"}},
        {"message": "m" * 30, "stack_trace": "t" * 100, "application_failure_info": {"type": "T", "details": text(700)}},
        {"message": "m" * 450, "application_failure_info": {"type": "T"}},
    )):
        queue, workflow_id = f"q{index}~", f"wf{index}~"
        t.start(workflow_id, task_queue=queue)
        t.complete(t.poll(queue), activity(task_queue=queue, retry_policy={"maximum_attempts": 1}))
        t.fail_activity(t.poll_activity(queue), failure)
        t.history(workflow_id)
        t.fail_task(t.poll(queue), failure=failure)
        t.history(workflow_id)
        t.terminate(workflow_id)


@scenario
def failures_are_cut_by_default(t):
    long = [{**failure} for failure in FAILURES]
    for failure in long:
        for name in ("message", "source", "stack_trace"):
            if len(failure.get(name, "")) > 50:
                failure[name] = failure[name] * 30
    long[3]["application_failure_info"] = {"type": "T", "details": text(9000)}
    long[5]["cause"] = {"message": "n" * 9000, "application_failure_info": {"type": "T"}}
    cut_failures(t, long)
