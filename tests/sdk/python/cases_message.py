"""Signals, queries and updates."""

import asyncio
import uuid

from temporalio.client import WithStartWorkflowOperation, WorkflowFailureError, WorkflowQueryFailedError
from temporalio.client import WorkflowQueryRejectedError, WorkflowUpdateFailedError, WorkflowUpdateStage
from temporalio.common import QueryRejectCondition, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

import workflows as wf
from harness import case, equal, event_names, eventually, is_in, raises


async def stop(handle):
    await handle.signal(wf.Box.stop)
    return await handle.result()


@case
async def signals_in_order(t):
    handle = await t.start(wf.Box.run)
    for i in range(50):
        await handle.signal(wf.Box.add, i)
    equal(await stop(handle), list(range(50)))


@case
async def signals_at_once(t):
    handle = await t.start(wf.Box.run)
    await asyncio.gather(*(handle.signal(wf.Box.add, i) for i in range(60)))
    equal(sorted(await stop(handle)), list(range(60)))


@case
async def signal_before_first_task(t):
    queue = t.id()
    handle = await t.start(wf.Box.run, task_queue=queue)
    await handle.signal(wf.Box.add, "early")
    await handle.signal(wf.Box.stop)
    async with t.worker(queue):
        equal(await handle.result(), ["early"])


@case
async def signal_with_request_id_once(t):
    from temporalio.api.common.v1 import WorkflowExecution
    from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest

    handle = await t.start(wf.Box.run)
    request = SignalWorkflowExecutionRequest(
        namespace=t.client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=handle.id),
        signal_name="add",
        input=(await t.client.data_converter.encode_wrapper(["once"])),
        request_id=str(uuid.uuid4()),
    )
    for _ in range(3):
        await t.client.workflow_service.signal_workflow_execution(request)
    equal(await stop(handle), ["once"])


@case
async def signal_unknown_name_is_kept(t):
    handle = await t.start(wf.Box.run)
    await handle.signal("nobody-listens", 1)
    equal(await stop(handle), [])
    equal(event_names(await handle.fetch_history()).count("WORKFLOW_EXECUTION_SIGNALED"), 2, "signal events")


@case
async def signal_with_start_new(t):
    handle = await t.start(wf.Box.run, start_signal="add", start_signal_args=["first"])
    equal(await stop(handle), ["first"])
    equal(
        event_names(await handle.fetch_history())[:3],
        ["WORKFLOW_EXECUTION_STARTED", "WORKFLOW_EXECUTION_SIGNALED", "WORKFLOW_TASK_SCHEDULED"],
    )


@case
async def signal_with_start_running(t):
    handle = await t.start(wf.Box.run)
    await handle.signal(wf.Box.add, 1)
    again = await t.start(wf.Box.run, id=handle.id, start_signal="add", start_signal_args=[2])
    equal(again.first_execution_run_id or handle.first_execution_run_id, handle.first_execution_run_id, "run id")
    equal(await stop(handle), [1, 2])


@case
async def query_running(t):
    handle = await t.start(wf.Box.run)
    await handle.signal(wf.Box.add, "a")
    equal(await handle.query(wf.Box.all), ["a"], "a query sees every signal sent before it")
    equal(await handle.query(wf.Box.divide, 2), 0.5)
    await stop(handle)


@case
async def query_closed(t):
    handle = await t.start(wf.Box.run)
    await handle.signal(wf.Box.add, "a")
    await stop(handle)
    equal(await handle.query(wf.Box.all), ["a"])


@case
async def query_after_cache_loss(t):
    """Without a cache every query replays the history."""
    queue = t.id()
    async with t.worker(queue, max_cached_workflows=0):
        handle = await t.start(wf.LongRun.run, 2, task_queue=queue)
        equal(await handle.result(), 2)
        equal(await handle.query(wf.LongRun.progress), 2)


@case
async def query_unknown_name(t):
    handle = await t.start(wf.Box.run)
    error = await raises(WorkflowQueryFailedError, handle.query("no_such_query"))
    is_in("no_such_query", str(error))
    await stop(handle)


@case
async def query_that_fails(t):
    handle = await t.start(wf.Box.run)
    error = await raises(WorkflowQueryFailedError, handle.query(wf.Box.divide, 0))
    is_in("division by zero", str(error))
    await stop(handle)


@case
async def query_rejected_when_closed(t):
    handle = await t.start(wf.Box.run)
    await stop(handle)
    error = await raises(
        WorkflowQueryRejectedError, handle.query(wf.Box.all, reject_condition=QueryRejectCondition.NOT_OPEN)
    )
    equal(error.status, 2, "status")


@case
async def query_leaves_no_event(t):
    handle = await t.start(wf.Box.run)
    await handle.query(wf.Box.all)
    before = (await handle.describe()).history_length
    for _ in range(5):
        await handle.query(wf.Box.all)
    equal((await handle.describe()).history_length, before, "history length")
    await stop(handle)


@case
async def queries_during_long_run(t):
    handle = await t.start(wf.LongRun.run, 4)
    answers = []
    while not answers or answers[-1] < 4:
        answers.append(await handle.query(wf.LongRun.progress))
    equal(answers, sorted(answers), "progress never goes back")
    equal(await handle.result(), 4)


@case
async def update_completes(t):
    handle = await t.start(wf.Box.run)
    equal(await handle.execute_update(wf.Box.put, "a"), 1)
    equal(await handle.execute_update(wf.Box.put, "b"), 2)
    equal(await stop(handle), ["a", "b"])
    names = event_names(await handle.fetch_history())
    equal(names.count("WORKFLOW_EXECUTION_UPDATE_ACCEPTED"), 2, "accepted")
    equal(names.count("WORKFLOW_EXECUTION_UPDATE_COMPLETED"), 2, "completed")


@case
async def update_with_activity(t):
    handle = await t.start(wf.Box.run)
    equal(await handle.execute_update(wf.Box.put_by_activity, "a"), "a")
    equal(await stop(handle), ["a"])


@case
async def update_accepted_then_completed(t):
    handle = await t.start(wf.Box.run)
    update = await handle.start_update(
        wf.Box.put_when_unlocked, "later", wait_for_stage=WorkflowUpdateStage.ACCEPTED
    )
    result = asyncio.create_task(update.result())
    await handle.signal(wf.Box.unlock)
    equal(await result, "put later")
    by_id = handle.get_update_handle(update.id)
    equal(await by_id.result(), "put later", "read again by id")
    await stop(handle)


@case
async def update_rejected(t):
    handle = await t.start(wf.Box.run)
    error = await raises(WorkflowUpdateFailedError, handle.execute_update(wf.Box.put, ""))
    assert isinstance(error.cause, ApplicationError), repr(error.cause)
    equal((error.cause.message, error.cause.type), ("empty items are refused", "Refused"), "cause")
    equal(await stop(handle), [])
    names = event_names(await handle.fetch_history())
    assert not any("UPDATE" in name for name in names), names


@case
async def update_fails(t):
    handle = await t.start(wf.Box.run)
    error = await raises(WorkflowUpdateFailedError, handle.execute_update(wf.Box.put_and_fail, "x"))
    equal((error.cause.message, error.cause.type, list(error.cause.details)), ("update fails", "Broken", ["x"]))
    equal(await stop(handle), ["x"])


@case
async def update_unknown_name(t):
    handle = await t.start(wf.Box.run)
    error = await raises(WorkflowUpdateFailedError, handle.execute_update("no_such_update", 1))
    is_in("no_such_update", str(error.cause))
    await stop(handle)


@case
async def update_same_id_runs_once(t):
    handle = await t.start(wf.Box.run)
    results = await asyncio.gather(*(handle.execute_update(wf.Box.put, "a", id="same") for _ in range(4)))
    equal(results, [1] * 4)
    equal(await stop(handle), ["a"])
    equal(await handle.get_update_handle("same").result(), 1, "after the close")


@case
async def updates_at_once(t):
    handle = await t.start(wf.Box.run)
    results = await asyncio.gather(*(handle.execute_update(wf.Box.put, i) for i in range(8)))
    equal(sorted(results), list(range(1, 9)))
    await stop(handle)


@case
async def updates_while_activity_runs(t):
    handle = await t.start(wf.Box.run)
    calls = [handle.execute_update(wf.Box.put_by_activity, i) for i in range(4)]
    calls += [handle.execute_update(wf.Box.put, i) for i in range(4)]
    await asyncio.gather(*calls)
    equal(sorted(await stop(handle)), [0, 0, 1, 1, 2, 2, 3, 3])


@case
async def update_closed_is_not_found(t):
    handle = await t.start(wf.Box.run)
    await stop(handle)
    error = await raises(RPCError, handle.execute_update(wf.Box.put, 1))
    equal(error.status, RPCStatusCode.NOT_FOUND, "status")


@case
async def update_before_worker(t):
    """An update waits for the first worker; the workflow sees it in its first task."""
    queue = t.id()
    handle = await t.start(wf.Box.run, task_queue=queue)
    update = asyncio.create_task(handle.execute_update(wf.Box.put, "early"))
    async with t.worker(queue):
        equal(await update, 1)
        equal(await stop(handle), ["early"])


@case
async def update_accepted_then_workflow_ends(t):
    handle = await t.start(wf.Box.run)
    update = await handle.start_update(wf.Box.put_when_unlocked, "x", wait_for_stage=WorkflowUpdateStage.ACCEPTED)
    await handle.terminate()
    error = await raises((WorkflowUpdateFailedError, RPCError), update.result())
    equal(error.cause.type if error.cause else None, "AcceptedUpdateCompletedWorkflow", "failure type")


def start_operation(t, workflow_id: str, policy=WorkflowIDConflictPolicy.USE_EXISTING):
    return WithStartWorkflowOperation(
        wf.Box.run, id=workflow_id, task_queue=t.task_queue, id_conflict_policy=policy
    )


@case
async def update_with_start_new(t):
    start = start_operation(t, t.id())
    equal(await t.client.execute_update_with_start_workflow(wf.Box.put, "a", start_workflow_operation=start), 1)
    handle = await start.workflow_handle()
    equal(await stop(handle), ["a"])


@case
async def update_with_start_running(t):
    handle = await t.start(wf.Box.run)
    await handle.signal(wf.Box.add, "first")
    start = start_operation(t, handle.id)
    equal(await t.client.execute_update_with_start_workflow(wf.Box.put, "a", start_workflow_operation=start), 2)
    equal((await start.workflow_handle()).first_execution_run_id, handle.first_execution_run_id, "run")
    equal(await stop(handle), ["first", "a"])


@case
async def update_with_start_conflict(t):
    from temporalio.exceptions import WorkflowAlreadyStartedError

    handle = await t.start(wf.Box.run)
    start = start_operation(t, handle.id, WorkflowIDConflictPolicy.FAIL)
    await raises(
        WorkflowAlreadyStartedError,
        t.client.execute_update_with_start_workflow(wf.Box.put, "a", start_workflow_operation=start),
    )
    await raises(WorkflowAlreadyStartedError, start.workflow_handle())
    equal(await stop(handle), [])


@case
async def update_with_start_rejected(t):
    start = start_operation(t, t.id())
    error = await raises(
        WorkflowUpdateFailedError,
        t.client.execute_update_with_start_workflow(wf.Box.put, "", start_workflow_operation=start),
    )
    equal(error.cause.type, "Refused", "cause")
    equal(await stop(await start.workflow_handle()), [], "the workflow was started all the same")


@case
async def external_signal(t):
    target = await t.start(wf.Box.run)
    equal(await t.run(wf.External.run, "signal", target.id), "done")
    equal(await stop(target), ["from outside"])


@case
async def external_signal_not_found(t):
    is_in("not found", (await t.run(wf.External.run, "signal", t.id())).lower())


@case
async def external_cancel(t):
    target = await t.start(wf.Sleeper.run)
    equal(await t.run(wf.External.run, "cancel", target.id), "done")
    await raises(WorkflowFailureError, target.result())
    names = event_names(await target.fetch_history())
    is_in("WORKFLOW_EXECUTION_CANCEL_REQUESTED", names)


@case
async def external_cancel_not_found(t):
    is_in("not found", (await t.run(wf.External.run, "cancel", t.id())).lower())
