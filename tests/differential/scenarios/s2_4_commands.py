"""Commands that the server refuses: the cause, the message, the event (section 2.4)."""

from commands import (activity, bare, cancel_activity, cancel_external, cancel_timer, cancel_workflow, child, complete,
                      continue_as_new, fail, marker, message, modify_memo, signal_external, timer, upsert)
from harness import scenario

LONG = "x" * 1001


def refused(t, *rows):
    """Sends each row's commands as the first completion of a workflow, and shows the failed task."""
    for index, commands in enumerate(rows):
        workflow_id, queue = f"wf{index}~", f"q{index}~"
        t.quiet("StartWorkflowExecution", workflow_id=workflow_id, workflow_type="type", task_queue=queue,
                identity="client", request_id=f"r{index}~")
        task = t.quiet("PollWorkflowTaskQueue", task_queue=queue, identity="worker")
        t.complete(task, *commands)
        events = t.quiet("GetWorkflowExecutionHistory", execution=workflow_id).history.events
        t.block(f"= events 4 and 5 of {workflow_id.replace('~', '')}",
                [line for event in events[3:5] for line in t.normaliser.event(event)])


@scenario
def schedule_activity(t):
    refused(
        t,
        [activity("")], [activity(LONG)], [activity(activity_type="")], [activity(activity_type=LONG)],
        [activity(task_queue="")], [activity(task_queue=LONG)], [activity(task_queue="/_sys/x")],
        [activity(start_to_close_timeout=0)], [activity(start_to_close_timeout=-1)],
        [activity(schedule_to_close_timeout=-1)], [activity(schedule_to_start_timeout=-1)],
        [activity(heartbeat_timeout=-1)], [bare("SCHEDULE_ACTIVITY_TASK")],
        [activity(), activity()],
        [activity(task_queue={"name": "sticky~", "kind": "STICKY"})],
    )


@scenario
def schedule_activity_retry_policy(t):
    refused(
        t,
        [activity(retry_policy={"backoff_coefficient": 0.5})],
        [activity(retry_policy={"initial_interval": -1})],
        [activity(retry_policy={"initial_interval": 5, "maximum_interval": 1})],
        [activity(retry_policy={"maximum_interval": -1})],
        [activity(retry_policy={"maximum_attempts": -1})],
        [activity(retry_policy={"non_retryable_error_types": ["TemporalTimeout:Nonsense"]})],
        [activity(priority={"priority_key": -1})], [activity(priority={"priority_key": 6})],
        [activity(priority={"fairness_key": "x" * 65})], [activity(priority={"fairness_weight": -1})],
    )


@scenario
def timers(t):
    refused(
        t,
        [timer("")], [timer(LONG)], [timer(seconds=0)], [timer(seconds=-1)], [bare("START_TIMER")],
        [timer(), timer()],
        [cancel_timer("")], [cancel_timer("unknown")], [cancel_timer(LONG)], [bare("CANCEL_TIMER")],
    )


@scenario
def cancel_activity_unknown(t):
    refused(t, [cancel_activity(0)], [cancel_activity(99)], [cancel_activity(-1)],
            [bare("REQUEST_CANCEL_ACTIVITY_TASK")])


@scenario
def markers(t):
    refused(t, [marker("")], [marker(LONG)], [bare("RECORD_MARKER")])


@scenario
def closing(t):
    refused(
        t,
        [bare("COMPLETE_WORKFLOW_EXECUTION")], [bare("FAIL_WORKFLOW_EXECUTION")],
        [fail(failure=None)], [bare("CANCEL_WORKFLOW_EXECUTION")], [cancel_workflow()],
        [complete(), timer()], [complete(), complete()], [fail(), timer()], [continue_as_new(), complete()],
        [cancel_workflow(), timer()],
    )


@scenario
def continue_as_new_attributes(t):
    refused(
        t,
        [bare("CONTINUE_AS_NEW_WORKFLOW_EXECUTION")],
        [continue_as_new(workflow_type=LONG)], [continue_as_new(task_queue=LONG)],
        [continue_as_new(workflow_run_timeout=-1)], [continue_as_new(workflow_task_timeout=-1)],
        [continue_as_new(backoff_start_interval=-1)], [continue_as_new(cron_schedule="nonsense")],
        [continue_as_new(retry_policy={"maximum_attempts": -1})],
        [continue_as_new(search_attributes={"Nonsense": "x"})],
        [continue_as_new(task_queue="/_sys/x")],
    )


@scenario
def children(t):
    refused(
        t,
        [child("")], [child(LONG)], [child(workflow_type="")],
        [child(workflow_type=LONG)], [child(task_queue=LONG)], [child(namespace="unknown~")],
        [child(namespace="temporal-system")],
        [child(workflow_execution_timeout=-1)], [child(workflow_run_timeout=-1)], [child(workflow_task_timeout=-1)],
        [child(cron_schedule="nonsense")], [child(retry_policy={"maximum_attempts": -1})],
        [child(search_attributes={"Nonsense": "x"})], [child(parent_close_policy=9)],
        [child(workflow_id_reuse_policy=9)], [child(workflow_id_reuse_policy="TERMINATE_IF_RUNNING")],
        [child("wf0~")], [child(task_queue="/_sys/x")],
    )


@scenario
def external(t):
    refused(
        t,
        [bare("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION")], [signal_external("")], [signal_external(name="")],
        [signal_external(name=LONG)], [signal_external(LONG)], [signal_external(run_id="nonsense")],
        [signal_external(namespace="unknown~")], [signal_external("wf7~")],
        [signal_external(namespace="temporal-system")],
        [bare("REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION")], [cancel_external("")], [cancel_external(LONG)],
        [cancel_external(run_id="nonsense")], [cancel_external(namespace="unknown~")],
        [cancel_external("wf14~")], [cancel_external(namespace="temporal-system")],
        [child("child~"), cancel_external("child~", child_workflow_only=True)],
        [child("other-child~"), cancel_external("other-child~")],
    )


@scenario
def search_attributes_and_memo(t):
    refused(
        t,
        [bare("UPSERT_WORKFLOW_SEARCH_ATTRIBUTES")], [upsert({})], [upsert({"Nonsense": "x"})],
        [upsert({"WorkflowId": "x"})], [upsert({"CustomIntField": "x"})],
        [bare("MODIFY_WORKFLOW_PROPERTIES")], [modify_memo({})],
    )


@scenario
def kinds(t):
    refused(t, [bare(0)], [bare(15)], [bare(99)], [bare("PROTOCOL_MESSAGE")], [message("unknown")],
            [bare("SCHEDULE_NEXUS_OPERATION")], [bare("REQUEST_CANCEL_NEXUS_OPERATION")],
            [bare("SCHEDULE_NEXUS_OPERATION", "schedule_nexus_operation",
                  {"endpoint": "none", "service": "s", "operation": "o"})],
            [bare("REQUEST_CANCEL_NEXUS_OPERATION", "request_cancel_nexus_operation", {"scheduled_event_id": 3})],
            [bare("START_TIMER", "record_marker", {"marker_name": "m"})])


@scenario
def refused_again_on_the_second_attempt(t):
    """A refusal on attempt 1 writes an event and retries; on attempt 2 it leaves the task started."""
    t.start(workflow_task_timeout=1)
    t.complete(t.poll(), timer(""))
    t.complete(t.poll(), timer(""))
    t.describe()
    t.step(complete())
    t.history()


@scenario
def good_commands_before_a_bad_one_leave_nothing(t):
    t.start()
    t.complete(t.poll(), timer("good"), marker(), activity("good"), timer(""))
    t.step(timer("good"))
    t.describe()
    t.history()


@scenario
def user_metadata_of_commands(t):
    t.start()
    t.step(timer(user_metadata={"summary": "why", "details": "how"}),
           complete(user_metadata={"summary": "end"}))
    t.history()


@scenario
def unhandled_command(t):
    """A close command is refused when an event arrived after the task was started."""
    t.start()
    task = t.poll()
    t.signal(input="late")
    t.complete(task, complete())
    t.step(complete())
    t.history()


@scenario
def unhandled_command_does_not_stop_other_commands(t):
    t.start()
    task = t.poll()
    t.signal()
    t.complete(task, timer(), marker())
    t.step(complete())
    t.history()
