"""One workflow's own life: timers, cancellation, failure, retry, continue-as-new, timeouts, history, replay."""

import asyncio
import datetime

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowContinuedAsNewError, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.client import WorkflowHistoryEventFilterType
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError, TimeoutError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

import workflows as wf
from harness import case, equal, event_names, eventually, is_in, raises

FAST_RETRY = {"initial_interval": datetime.timedelta(milliseconds=20), "backoff_coefficient": 1.0}


async def failure_of(handle) -> BaseException:
    return (await raises(WorkflowFailureError, handle.result())).cause


@case
async def workflow_echo(t):
    value = {"n": 1, "s": "ü", "l": [None, True]}
    handle = await t.start(wf.Echo.run, value)
    equal(await handle.result(), value)
    names = event_names(await handle.fetch_history())
    equal(
        names,
        [
            "WORKFLOW_EXECUTION_STARTED",
            "WORKFLOW_TASK_SCHEDULED",
            "WORKFLOW_TASK_STARTED",
            "WORKFLOW_TASK_COMPLETED",
            "WORKFLOW_EXECUTION_COMPLETED",
        ],
        "events",
    )


@case
async def timers_in_order(t):
    equal(await t.run(wf.Timers.run, [300, 10, 150]), [10, 150, 300])


@case
async def timers_many(t):
    equal(sorted(await t.run(wf.Timers.run, [20] * 30)), [20] * 30)


@case
async def timer_never_early(t):
    handle = await t.start(wf.Timers.run, [250])
    await handle.result()
    times = {}
    for event in (await handle.fetch_history()).events:
        times[EventType.Name(event.event_type)] = event.event_time.ToNanoseconds()
    lasted = times["EVENT_TYPE_TIMER_FIRED"] - times["EVENT_TYPE_TIMER_STARTED"]
    assert lasted >= 250_000_000, f"fired after {lasted} ns"


@case
async def timer_cancel(t):
    handle = await t.start(wf.TimerCancel.run)
    equal(await handle.result(), "cancelled")
    is_in("TIMER_CANCELED", event_names(await handle.fetch_history()))


@case
async def workflow_failure(t):
    cause = await failure_of(await t.start(wf.Fail.run, "broken", "Kind", True))
    assert isinstance(cause, ApplicationError), repr(cause)
    equal((cause.message, cause.type, cause.non_retryable), ("broken", "Kind", True), "failure")
    equal(list(cause.details), [{"a": 1}], "details")


@case
async def workflow_retry_policy(t):
    policy = RetryPolicy(maximum_attempts=5, **FAST_RETRY)
    handle = await t.start(wf.FailUntilAttempt.run, 3, retry_policy=policy)
    equal(await handle.result(), 3)
    first = t.client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)
    description = await first.describe()
    latest = await t.client.get_workflow_handle(handle.id).describe()
    assert latest.run_id != description.run_id, "a retry is a new run"
    equal(latest.status, WorkflowExecutionStatus.COMPLETED, "status")
    equal(description.status, WorkflowExecutionStatus.FAILED, "status of the first run")


@case
async def workflow_retries_used_up(t):
    handle = await t.start(wf.FailUntilAttempt.run, 9, retry_policy=RetryPolicy(maximum_attempts=2, **FAST_RETRY))
    cause = await failure_of(handle)
    equal(cause.message, "attempt 2")


@case
async def workflow_retry_not_for_type(t):
    policy = RetryPolicy(non_retryable_error_types=["Kind"], **FAST_RETRY)
    handle = await t.start(wf.Fail.run, "broken", "Kind", False, retry_policy=policy)
    equal((await failure_of(handle)).type, "Kind")


@case
async def cancel_workflow(t):
    handle = await t.start(wf.Sleeper.run)
    await handle.cancel()
    assert isinstance(await failure_of(handle), CancelledError)
    equal((await handle.describe()).status, WorkflowExecutionStatus.CANCELED, "status")


@case
async def cancel_runs_cleanup(t):
    handle = await t.start(wf.CancelCleanup.run, False)
    await eventually(lambda: started(handle), "first workflow task done")
    await handle.cancel()
    assert isinstance(await failure_of(handle), CancelledError)
    is_in("ACTIVITY_TASK_COMPLETED", event_names(await handle.fetch_history()))


@case
async def cancel_swallowed(t):
    handle = await t.start(wf.CancelCleanup.run, True)
    await eventually(lambda: started(handle), "first workflow task done")
    await handle.cancel()
    await handle.cancel()
    equal(await handle.result(), "clean")
    names = event_names(await handle.fetch_history())
    equal(names.count("WORKFLOW_EXECUTION_CANCEL_REQUESTED"), 1, "cancel events")


async def started(handle) -> bool:
    return (await handle.describe()).history_length >= 4


@case
async def closed_workflow_refuses(t):
    """Cancelling a closed run is quietly accepted; signals and terminations are not."""
    handle = await t.start(wf.Echo.run, 1)
    await handle.result()
    await handle.cancel()
    for call in (handle.terminate, lambda: handle.signal("add", 1)):
        error = await raises(RPCError, call())
        equal(error.status, RPCStatusCode.NOT_FOUND, "status")
        is_in("workflow execution already completed", error.message)


@case
async def unknown_workflow_is_not_found(t):
    handle = t.client.get_workflow_handle(t.id())
    for call in (handle.describe(), handle.cancel(), handle.query("all"), handle.result(), handle.fetch_history()):
        error = await raises(RPCError, call)
        equal(error.status, RPCStatusCode.NOT_FOUND, "status")
    is_in("workflow not found for ID", error.message)


@case
async def terminate(t):
    handle = await t.start(wf.Sleeper.run)
    await handle.terminate("detail", 2, reason="because")
    cause = await failure_of(handle)
    assert isinstance(cause, TerminatedError), repr(cause)
    equal((cause.message, list(cause.details)), ("because", ["detail", 2]), "failure")
    equal((await handle.describe()).status, WorkflowExecutionStatus.TERMINATED, "status")


@case
async def run_timeout(t):
    handle = await t.start(wf.Sleeper.run, run_timeout=datetime.timedelta(seconds=1))
    assert isinstance(await failure_of(handle), TimeoutError)
    equal((await handle.describe()).status, WorkflowExecutionStatus.TIMED_OUT, "status")


@case
async def execution_timeout_over_retries(t):
    policy = RetryPolicy(initial_interval=datetime.timedelta(milliseconds=100), backoff_coefficient=1.0)
    handle = await t.start(
        wf.FailUntilAttempt.run, 1000, execution_timeout=datetime.timedelta(seconds=1), retry_policy=policy
    )
    await raises(WorkflowFailureError, handle.result())
    latest = await t.client.get_workflow_handle(handle.id).describe()
    assert latest.run_id != handle.first_execution_run_id, "it retried"
    assert latest.status in (WorkflowExecutionStatus.TIMED_OUT, WorkflowExecutionStatus.FAILED), latest.status


@case
async def workflow_task_timeout(t):
    """A task given to a worker that is gone comes back after its timeout."""
    queue = t.id()
    handle = await t.start(
        wf.Echo.run, 5, task_queue=queue, task_timeout=datetime.timedelta(seconds=1)
    )
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest

    task = await t.client.workflow_service.poll_workflow_task_queue(
        PollWorkflowTaskQueueRequest(namespace=t.client.namespace, task_queue=TaskQueue(name=queue), identity="gone")
    )
    equal(task.workflow_execution.workflow_id, handle.id, "polled")
    async with t.worker(queue):
        equal(await handle.result(), 5)
    is_in("WORKFLOW_TASK_TIMED_OUT", event_names(await handle.fetch_history()))


@case
async def workflow_task_failure_is_retried(t):
    handle = await t.start(wf.BadThenGood.run, t.id(), 1)
    equal(await handle.result(), 1)
    names = event_names(await handle.fetch_history())
    equal(names.count("WORKFLOW_TASK_FAILED"), 1, "failed tasks")


@case
async def continue_as_new(t):
    handle = await t.start(wf.CountDown.run, 3, [])
    runs = await handle.result()
    equal(len(set(runs)), 4, "runs")
    equal(runs[0], handle.first_execution_run_id, "first run")
    error = await raises(WorkflowContinuedAsNewError, handle.result(follow_runs=False))
    equal(error.new_execution_run_id, runs[1], "second run")


@case
async def continue_as_new_carries_over(t):
    handle = await t.start(wf.CarryOver.run, False, memo={"colour": "red"})
    seen = await handle.result()
    equal(seen, {"memo": "red", "continued": True, "first": handle.first_execution_run_id})


@case
async def cron(t):
    handle = await t.start(wf.CronTick.run, cron_schedule="@every 1s")
    await raises(WorkflowContinuedAsNewError, handle.result(follow_runs=False))
    latest = t.client.get_workflow_handle(handle.id)

    async def second_closed():
        async for run in t.client.list_workflows(f"WorkflowId = '{handle.id}' AND ExecutionStatus = 'Completed'"):
            if run.run_id != handle.first_execution_run_id:
                return run.run_id

    second = await eventually(second_closed, "a second run has completed")
    history = await t.client.get_workflow_handle(handle.id, run_id=second).fetch_history()
    result = history.events[-1].workflow_execution_completed_event_attributes.result
    equal(await t.client.data_converter.decode_wrapper(result, [int]), [2], "second run")
    begin = history.events[0].workflow_execution_started_event_attributes
    equal(begin.cron_schedule, "@every 1s", "schedule")
    await latest.terminate()


@case
async def start_delay(t):
    handle = await t.start(wf.Echo.run, 1, start_delay=datetime.timedelta(milliseconds=800))
    await handle.result()
    events = (await handle.fetch_history()).events
    waited = events[1].event_time.ToNanoseconds() - events[0].event_time.ToNanoseconds()
    assert waited >= 800_000_000, f"first task after {waited} ns"


@case
async def history_pages(t):
    from temporalio.api.common.v1 import WorkflowExecution
    from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest

    handle = await t.start(wf.ManyActivities.run, 12)
    await handle.result()
    whole = [e.event_id for e in (await handle.fetch_history()).events]
    equal(whole, list(range(1, len(whole) + 1)), "event ids")
    request = GetWorkflowExecutionHistoryRequest(
        namespace=t.client.namespace, execution=WorkflowExecution(workflow_id=handle.id), maximum_page_size=5
    )
    paged = []
    while True:
        page = await t.client.workflow_service.get_workflow_execution_history(request)
        paged += [e.event_id for e in page.history.events]
        if not page.next_page_token:
            break
        request.next_page_token = page.next_page_token
    equal(paged, whole, "pages")


@case
async def history_close_event(t):
    handle = await t.start(wf.Echo.run, 1)
    await handle.result()
    kind = WorkflowHistoryEventFilterType.CLOSE_EVENT
    events = [e async for e in handle.fetch_history_events(event_filter_type=kind)]
    equal([e.event_type for e in events], [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED])


@case
async def history_follow(t):
    """A reader that waits for new events sees them all, in order, as they happen."""
    handle = await t.start(wf.Box.run)
    seen = []

    async def follow():
        async for event in handle.fetch_history_events(wait_new_event=True):
            seen.append(event.event_id)

    follower = asyncio.create_task(follow())
    for i in range(5):
        await handle.signal(wf.Box.add, i)
    await handle.signal(wf.Box.stop)
    await handle.result()
    await follower
    equal(seen, list(range(1, len(seen) + 1)), "event ids")
    equal(len(seen), len((await handle.fetch_history()).events), "number of events")


@case
async def replay(t):
    replayer = Replayer(workflows=t.workflows, workflow_runner=UnsandboxedWorkflowRunner())
    handles = [
        await t.start(wf.ManyActivities.run, 5),
        await t.start(wf.Timers.run, [10, 50, 30]),
        await t.start(wf.Children.run, 3),
        await t.start(wf.Seeded.run),
        await t.start(wf.OneActivity.run, "echo", [1], {"local": True}),
    ]
    for handle in handles:
        await handle.result()
        result = await replayer.replay_workflow(await handle.fetch_history())
        equal(result.replay_failure, None, "replay")


@case
async def replay_finds_other_code(t):
    handle = await t.start(wf.ManyActivities.run, 5)
    await handle.result()
    history = await handle.fetch_history()
    history.events[0].workflow_execution_started_event_attributes.workflow_type.name = "Timers"
    replayer = Replayer(workflows=t.workflows, workflow_runner=UnsandboxedWorkflowRunner())
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is not None, "the other code was accepted"


@case
async def random_is_stable(t):
    queue = t.id()
    async with t.worker(queue, max_cached_workflows=0):
        first = await t.run(wf.Seeded.run, task_queue=queue)
        second = await t.run(wf.Seeded.run, task_queue=queue)
    assert first[0] and second[0], "the uuid was not the same in the replay"
    assert first[1] != second[1], "two runs drew the same uuid"


@case
async def reset_to_first_task(t):
    from temporalio.api.common.v1 import WorkflowExecution
    from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

    handle = await t.start(wf.Box.run)
    await handle.signal(wf.Box.add, "kept")
    equal(await handle.query(wf.Box.all), ["kept"], "before the reset")
    response = await t.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=t.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=handle.id, run_id=handle.first_execution_run_id),
            workflow_task_finish_event_id=4,
            request_id=t.id(),
            reason="test",
        )
    )
    latest = t.client.get_workflow_handle(handle.id)
    await latest.signal(wf.Box.stop)
    equal(await latest.result(), ["kept"], "signal applied again")
    equal((await latest.describe()).run_id, response.run_id, "run id")
    assert isinstance(await failure_of(handle), TerminatedError), "the first run was terminated"


@case
async def delete_workflow(t):
    from temporalio.api.common.v1 import WorkflowExecution
    from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest

    handle = await t.start(wf.Echo.run, 1)
    await handle.result()

    await t.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=t.client.namespace, workflow_execution=WorkflowExecution(workflow_id=handle.id)
        )
    )

    async def gone():
        try:
            await handle.describe()
        except RPCError as error:
            return error.status == RPCStatusCode.NOT_FOUND

    await eventually(gone, "the run is gone", seconds=40)
