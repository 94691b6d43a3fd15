"""Nexus: a caller's workflow and a handler's service, each with a worker and a task queue of its own."""

import asyncio
import contextlib
import uuid
from datetime import timedelta

import nexusrpc
import nexusrpc.handler
from temporalio import nexus, workflow
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest, DeleteNexusEndpointRequest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError, NexusOperationError, TimeoutError

from harness import case, equal, event_names, eventually, is_in, raises


@nexusrpc.service
class Desk:
    """What a handler offers."""

    echo: nexusrpc.Operation[str, str]
    fail: nexusrpc.Operation[str, str]
    stubborn: nexusrpc.Operation[str, str]
    long: nexusrpc.Operation[str, str]


@workflow.defn
class LongWork:
    """What carries a long operation out."""

    @workflow.run
    async def run(self, word: str) -> str:
        if word == "fail":
            raise ApplicationError("the work failed", type="Kind", non_retryable=True)
        if word == "wait":
            await workflow.sleep(timedelta(hours=1))
        return word.upper()


@nexusrpc.handler.service_handler(service=Desk)
class DeskHandler:
    def __init__(self) -> None:
        self.refusals = 0

    @nexusrpc.handler.sync_operation
    async def echo(self, _: nexusrpc.handler.StartOperationContext, word: str) -> str:
        return word

    @nexusrpc.handler.sync_operation
    async def fail(self, _: nexusrpc.handler.StartOperationContext, word: str) -> str:
        raise nexusrpc.OperationError(word, state=nexusrpc.OperationErrorState.FAILED)

    @nexusrpc.handler.sync_operation
    async def stubborn(self, _: nexusrpc.handler.StartOperationContext, word: str) -> str:
        self.refusals += 1
        if self.refusals < 3:
            raise nexusrpc.HandlerError("not yet", type=nexusrpc.HandlerErrorType.UNAVAILABLE)
        return f"{word} after {self.refusals}"

    @nexus.workflow_run_operation
    async def long(self, context: nexus.WorkflowRunOperationContext, word: str) -> nexus.WorkflowHandle[str]:
        return await context.start_workflow(LongWork.run, word, id=f"long-{uuid.uuid4().hex}")


@workflow.defn
class Caller:
    """Calls one operation and tells how it went."""

    def __init__(self) -> None:
        self.token = None

    @workflow.query
    def seen(self):
        return self.token

    @workflow.run
    async def run(self, endpoint: str, operation: str, word: str, seconds: float, cancel: bool) -> str:
        client = workflow.create_nexus_client(service=Desk, endpoint=endpoint)
        handle = await client.start_operation(
            getattr(Desk, operation), word, schedule_to_close_timeout=timedelta(seconds=seconds))
        self.token = handle.operation_token
        if cancel:
            handle.cancel()
        return await handle


@workflow.defn
class PatientCaller:
    """Cancels an operation that it has started, and stays until it is let go."""

    def __init__(self) -> None:
        self.is_free = False

    @workflow.signal
    def leave(self) -> None:
        self.is_free = True

    @workflow.run
    async def run(self, endpoint: str) -> str:
        client = workflow.create_nexus_client(service=Desk, endpoint=endpoint)
        handle = await client.start_operation(Desk.long, "wait", schedule_to_close_timeout=timedelta(seconds=30))
        handle.cancel()
        try:
            await handle
        except NexusOperationError as error:
            await workflow.wait_condition(lambda: self.is_free)
            return type(error.cause).__name__
        return "not canceled"


@contextlib.asynccontextmanager
async def desk(t):
    """An endpoint with a handler behind it and a worker for callers; gives the endpoint and the callers' queue."""
    name = f"desk-{uuid.uuid4().hex[:12]}"
    target = EndpointTarget(worker=EndpointTarget.Worker(namespace=t.client.namespace, task_queue=f"{name}-handler"))
    made = await t.client.operator_service.create_nexus_endpoint(
        CreateNexusEndpointRequest(spec=EndpointSpec(name=name, target=target)))
    handler = t.worker(f"{name}-handler", workflows=[LongWork], activities=[], nexus_service_handlers=[DeskHandler()])
    caller = t.worker(f"{name}-caller", workflows=[Caller, PatientCaller], activities=[])
    async with handler, caller:
        yield name, f"{name}-caller"
    await t.client.operator_service.delete_nexus_endpoint(
        DeleteNexusEndpointRequest(id=made.endpoint.id, version=made.endpoint.version))


async def call(t, place, operation, word, seconds=30.0, cancel=False):
    endpoint, task_queue = place
    return await t.start(Caller.run, endpoint, operation, word, seconds, cancel, task_queue=task_queue)


@case
async def nexus_operation_at_once(t):
    async with desk(t) as place:
        handle = await call(t, place, "echo", "hello")
        equal(await handle.result(), "hello")
        names = event_names(await handle.fetch_history())
        is_in("NEXUS_OPERATION_COMPLETED", names)
        assert "NEXUS_OPERATION_STARTED" not in names, names


@case
async def nexus_operation_by_a_workflow(t):
    async with desk(t) as place:
        handle = await call(t, place, "long", "word")
        equal(await handle.result(), "WORD")
        names = event_names(await handle.fetch_history())
        for name in ("SCHEDULED", "STARTED", "COMPLETED"):
            is_in(f"NEXUS_OPERATION_{name}", names)


@case
async def nexus_operation_fails(t):
    async with desk(t) as place:
        error = await raises(WorkflowFailureError, (await call(t, place, "fail", "no such thing")).result())
        assert isinstance(error.cause, NexusOperationError), repr(error.cause)
        is_in("no such thing", str(error.cause.cause))


@case
async def nexus_operation_whose_workflow_fails(t):
    async with desk(t) as place:
        error = await raises(WorkflowFailureError, (await call(t, place, "long", "fail")).result())
        assert isinstance(error.cause, NexusOperationError), repr(error.cause)
        assert isinstance(error.cause.cause, ApplicationError), repr(error.cause.cause)
        equal((error.cause.cause.type, error.cause.cause.message), ("Kind", "the work failed"))


@case
async def nexus_operation_tried_again(t):
    async with desk(t) as place:
        equal(await (await call(t, place, "stubborn", "yes")).result(), "yes after 3")


@case
async def nexus_operation_canceled(t):
    async with desk(t) as place:
        handle = await call(t, place, "long", "wait", cancel=True)
        error = await raises(WorkflowFailureError, handle.result())
        assert isinstance(error.cause, NexusOperationError), repr(error.cause)
        assert isinstance(error.cause.cause, CancelledError), repr(error.cause.cause)
        # Whether its handler's answer to the request still finds the workflow open is a matter of luck.
        is_in("NEXUS_OPERATION_CANCEL_REQUESTED", event_names(await handle.fetch_history()))


@case
async def nexus_operation_cancel_is_delivered(t):
    """A caller that stays open finds in its history that the handler took the request."""
    async with desk(t) as (endpoint, task_queue):
        handle = await t.start(PatientCaller.run, endpoint, task_queue=task_queue)

        async def names():
            return event_names(await handle.fetch_history())

        async def is_over():
            kinds = await names()
            return "NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED" in kinds and "NEXUS_OPERATION_CANCELED" in kinds
        await eventually(is_over, "the request is delivered and the operation canceled")
        await handle.signal(PatientCaller.leave)
        equal(await handle.result(), "CancelledError")
        assert "NEXUS_OPERATION_CANCEL_REQUEST_FAILED" not in await names()


@case
async def nexus_operation_times_out(t):
    async with desk(t) as place:
        error = await raises(WorkflowFailureError, (await call(t, place, "long", "wait", seconds=3.0)).result())
        assert isinstance(error.cause, NexusOperationError), repr(error.cause)
        assert isinstance(error.cause.cause, TimeoutError), repr(error.cause.cause)


@case
async def nexus_operation_pending(t):
    """Who describes the caller sees the operation, and the handler's workflow knows whom it works for."""
    async with desk(t) as place:
        handle = await call(t, place, "long", "wait")
        await eventually(lambda: handle.query(Caller.seen), "the operation has started")
        description = await handle.describe()
        pending = description.raw_description.pending_nexus_operations
        equal(len(pending), 1, "pending operations")
        equal((pending[0].endpoint, pending[0].operation), (place[0], "long"))
        assert pending[0].operation_token, pending[0]
        await handle.terminate()
        equal((await handle.describe()).status, WorkflowExecutionStatus.TERMINATED)


@case
async def nexus_many_operations(t):
    async with desk(t) as place:
        handles = await asyncio.gather(*[call(t, place, "long", f"word{n}") for n in range(20)])
        equal(await asyncio.gather(*[handle.result() for handle in handles]), [f"WORD{n}" for n in range(20)])
