"""Child workflows, parent close policies, and the rules for workflow ids."""

import asyncio

from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, CancelledError, ChildWorkflowError
from temporalio.exceptions import TerminatedError, WorkflowAlreadyStartedError
from temporalio.service import RPCError

import workflows as wf
from harness import case, equal, event_names, eventually, is_in, raises


@case
async def ten_children(t):
    handle = await t.start(wf.Children.run, 10)
    equal(await handle.result(), list(range(10)))
    names = event_names(await handle.fetch_history())
    for kind in ("INITIATED", "COMPLETED"):
        whole = f"START_CHILD_WORKFLOW_EXECUTION_{kind}" if kind == "INITIATED" else f"CHILD_WORKFLOW_EXECUTION_{kind}"
        equal(names.count(whole), 10, whole)


@case
async def child_fails(t):
    child_id = t.id()
    error = await raises(
        WorkflowFailureError, t.run(wf.OneChild.run, "Fail", ["broken", "Kind", True], child_id)
    )
    assert isinstance(error.cause, ChildWorkflowError), repr(error.cause)
    equal((error.cause.workflow_id, error.cause.workflow_type), (child_id, "Fail"), "which child")
    assert isinstance(error.cause.cause, ApplicationError), repr(error.cause.cause)
    equal(error.cause.cause.type, "Kind", "type")


@case
async def child_id_taken(t):
    running = await t.start(wf.Box.run)
    error = await raises(WorkflowFailureError, t.run(wf.OneChild.run, "Echo", [1], running.id))
    is_in("already started", str(error.cause))
    await running.terminate()


@case
async def child_cancel(t):
    child_id = t.id()
    equal(await t.run(wf.ChildCancel.run, child_id), "CancelledError")
    description = await t.client.get_workflow_handle(child_id).describe()
    equal(description.status, WorkflowExecutionStatus.CANCELED, "status")


@case
async def child_terminated_from_outside(t):
    child_id = t.id()
    handle = await t.start(wf.OneChild.run, "Sleeper", [], child_id)
    child = t.client.get_workflow_handle(child_id)

    async def terminated():
        try:
            await child.terminate()
            return True
        except RPCError:
            return False

    await eventually(terminated, "the child runs")
    error = await raises(WorkflowFailureError, handle.result())
    assert isinstance(error.cause.cause, TerminatedError), repr(error.cause.cause)


@case
async def child_knows_parent(t):
    child_id = t.id()
    handle = await t.start(wf.OneChild.run, "Box", [], child_id)
    child = t.client.get_workflow_handle(child_id)

    async def description():
        try:
            return await child.describe()
        except RPCError:
            return None

    seen = await eventually(description, "the child exists")
    equal((seen.parent_id, seen.parent_run_id), (handle.id, handle.first_execution_run_id), "parent")
    equal((seen.root_id, seen.root_run_id), (handle.id, handle.first_execution_run_id), "root")
    pending = (await handle.describe()).raw_description.pending_children
    equal([p.workflow_id for p in pending], [child_id], "pending children")
    await child.signal(wf.Box.stop)
    equal(await handle.result(), [])


async def close_parent(t, policy: str):
    child_id = t.id()
    run_id = await t.run(wf.ParentOf.run, child_id, policy)
    return t.client.get_workflow_handle(child_id, run_id=run_id)


@case
async def parent_close_terminate(t):
    child = await close_parent(t, "TERMINATE")
    error = await raises(WorkflowFailureError, child.result())
    assert isinstance(error.cause, TerminatedError), repr(error.cause)
    is_in("parent close policy", error.cause.message)


@case
async def parent_close_request_cancel(t):
    child = await close_parent(t, "REQUEST_CANCEL")
    error = await raises(WorkflowFailureError, child.result())
    assert isinstance(error.cause, CancelledError), repr(error.cause)


@case
async def parent_close_abandon(t):
    child = await close_parent(t, "ABANDON")
    equal((await child.describe()).status, WorkflowExecutionStatus.RUNNING, "status")
    await child.terminate()


@case
async def cancel_reaches_children(t):
    child_id = t.id()
    handle = await t.start(wf.OneChild.run, "Sleeper", [], child_id)

    async def child_started():
        return "CHILD_WORKFLOW_EXECUTION_STARTED" in event_names(await handle.fetch_history())

    await eventually(child_started, "the child has started")
    await handle.cancel()
    error = await raises(WorkflowFailureError, handle.result())
    cause = error.cause.cause if isinstance(error.cause, ChildWorkflowError) else error.cause
    assert isinstance(cause, CancelledError), repr(cause)
    child = await t.client.get_workflow_handle(child_id).describe()
    equal(child.status, WorkflowExecutionStatus.CANCELED, "status of the child")


async def closed(t, workflow, *args):
    handle = await t.start(workflow, *args)
    await asyncio.gather(handle.result(), return_exceptions=True)
    return handle


async def reuse(t, handle, policy: WorkflowIDReusePolicy):
    return await t.start(wf.Echo.run, 2, id=handle.id, id_reuse_policy=policy)


@case
async def id_reuse_allow(t):
    first = await closed(t, wf.Echo.run, 1)
    second = await reuse(t, first, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
    equal(await second.result(), 2)
    assert second.first_execution_run_id != first.first_execution_run_id, "a new run"
    old = t.client.get_workflow_handle(first.id, run_id=first.first_execution_run_id)
    equal(await old.result(), 1, "the old run is still there")


@case
async def id_reuse_reject(t):
    first = await closed(t, wf.Echo.run, 1)
    error = await raises(WorkflowAlreadyStartedError, reuse(t, first, WorkflowIDReusePolicy.REJECT_DUPLICATE))
    equal((error.workflow_id, error.run_id), (first.id, first.first_execution_run_id), "which run")


@case
async def id_reuse_failed_only(t):
    policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
    good = await closed(t, wf.Echo.run, 1)
    await raises(WorkflowAlreadyStartedError, reuse(t, good, policy))
    bad = await closed(t, wf.Fail.run, "broken", "Kind", True)
    equal(await (await reuse(t, bad, policy)).result(), 2)


async def conflict(t, handle, policy: WorkflowIDConflictPolicy):
    return await t.start(wf.Box.run, id=handle.id, id_conflict_policy=policy)


@case
async def id_conflict_fail(t):
    first = await t.start(wf.Box.run)
    error = await raises(WorkflowAlreadyStartedError, conflict(t, first, WorkflowIDConflictPolicy.FAIL))
    equal(error.run_id, first.first_execution_run_id, "which run")
    await first.terminate()


@case
async def id_conflict_use_existing(t):
    first = await t.start(wf.Box.run)
    second = await conflict(t, first, WorkflowIDConflictPolicy.USE_EXISTING)
    equal(second.result_run_id or second.first_execution_run_id, first.first_execution_run_id, "run id")
    await first.terminate()


@case
async def id_conflict_terminate_existing(t):
    first = await t.start(wf.Box.run)
    await raises(WorkflowAlreadyStartedError, conflict(t, first, WorkflowIDConflictPolicy.FAIL))

    # Within a second of the id's last start the server asks to try again later; the SDK does so.
    second = await conflict(t, first, WorkflowIDConflictPolicy.TERMINATE_EXISTING)
    assert second.first_execution_run_id != first.first_execution_run_id, "a new run"
    old = t.client.get_workflow_handle(first.id, run_id=first.first_execution_run_id)
    error = await raises(WorkflowFailureError, old.result())
    assert isinstance(error.cause, TerminatedError), repr(error.cause)
    await second.signal(wf.Box.stop)
    equal(await second.result(), [])


@case
async def start_with_same_request_id(t):
    from temporalio.api.common.v1 import WorkflowType
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

    request = StartWorkflowExecutionRequest(
        namespace=t.client.namespace,
        workflow_id=t.id(),
        workflow_type=WorkflowType(name="Box"),
        task_queue=TaskQueue(name=t.task_queue),
        request_id=t.id(),
    )
    answers = [await t.client.workflow_service.start_workflow_execution(request) for _ in range(3)]
    equal(len({a.run_id for a in answers}), 1, "run ids")
    equal([a.started for a in answers], [True] * 3, "started")
    await t.client.get_workflow_handle(request.workflow_id).terminate()


@case
async def starts_at_once(t):
    handles = await asyncio.gather(*(t.start(wf.Echo.run, i) for i in range(40)))
    equal(await asyncio.gather(*(h.result() for h in handles)), list(range(40)))
