"""What a workflow task is failed for besides bad attributes, and what ends the run (section 2.4)."""

from commands import child, complete, modify_memo, timer
from harness import scenario

DAY = 86400


def start_with_a_bad_build(t):
    """Starts a workflow in a namespace of its own that calls one build bad."""
    t.quiet("RegisterNamespace", namespace="ns~", workflow_execution_retention_period=DAY)
    t.until("ListWorkflowExecutions", lambda answer: True, namespace="ns~")
    t.quiet("UpdateNamespace", namespace="ns~",
           config={"bad_binaries": {"binaries": {"broken": {"reason": "it is", "operator": "me"}}}})
    t.namespace = "ns~"
    t.start()


@scenario
def bad_binary(t):
    """What a namespace calls a bad build may still complete tasks."""
    start_with_a_bad_build(t)
    t.step(timer(), binary_checksum="good")
    t.signal()
    t.step(complete(), binary_checksum="broken")
    t.history()


@scenario
def bad_binary_polls(t):
    start_with_a_bad_build(t)
    t.end(t.begin_poll(binary_checksum="broken"))


@scenario
def oversize_timer_summary(t):
    t.start()
    t.step(timer(user_metadata={"summary": "x" * 401}))
    t.history()


@scenario
def oversize_activity_input(t):
    t.start()
    t.step({"command_type": "SCHEDULE_ACTIVITY_TASK", "schedule_activity_task_command_attributes": {
        "activity_id": "a", "activity_type": "act", "task_queue": "q~", "start_to_close_timeout": 5,
        "input": "x" * (2 * 1024 * 1024 + 1)}})
    t.history()


@scenario
def oversize_result(t):
    t.start()
    t.step({"command_type": "COMPLETE_WORKFLOW_EXECUTION", "complete_workflow_execution_command_attributes": {
        "result": "x" * (2 * 1024 * 1024 + 1)}})
    t.history()


@scenario
def oversize_marker(t):
    t.start()
    t.step({"command_type": "RECORD_MARKER", "record_marker_command_attributes": {
        "marker_name": "m", "details": {"d": "x" * (2 * 1024 * 1024 + 1)}}})
    t.history()


@scenario
def cancel_of_a_child_of_the_same_task(t):
    t.start()
    t.step(child(workflow_id="child~"), {
        "command_type": "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION",
        "request_cancel_external_workflow_execution_command_attributes": {"workflow_id": "child~"}})
    t.history()


@scenario
def failed_with_every_cause(t):
    t.start()
    for cause in (0, 1, 13, 14, 24, 37, 38, 40, 99):
        t.fail_task(t.poll(), cause=cause)
        t.signal()
    t.step(complete())
    t.history()


@scenario
def failed_without_a_failure(t):
    t.start()
    t.fail_task(t.poll(), failure=None)
    t.step(complete())
    t.history()


@scenario
def failed_because_the_message_is_too_large(t):
    """The worker could not send its answer, and never will: the run ends."""
    t.start()
    t.fail_task(t.poll(), cause="GRPC_MESSAGE_TOO_LARGE")
    t.history()
    t.describe()


@scenario
def message_too_large_with_a_signal_waiting(t):
    t.start()
    task = t.poll()
    t.signal()
    t.fail_task(task, cause="GRPC_MESSAGE_TOO_LARGE", failure=None)
    t.history()


@scenario
def memo_grows_too_large(t):
    """Each change fits, what they make together does not."""
    t.start()
    t.step(modify_memo({"first": "x" * 1_200_000}), force_create_new_workflow_task=True)
    t.step(modify_memo({"second": "x" * 1_200_000}))
    t.describe()
    t.call("GetWorkflowExecutionHistoryReverse", execution="wf~", maximum_page_size=1)
