"""A worker without an SDK: polls, decides from the history, answers, and notes what was acknowledged."""

import asyncio

import grpc
from temporalio.api.command.v1 import Command, ProtocolMessageCommandAttributes
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import CommandType
from temporalio.api.protocol.v1 import Message
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import Acceptance, Meta, Outcome, Request, Response
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest, PollActivityTaskQueueRequest
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest, RespondActivityTaskCompletedRequest
from temporalio.api.workflowservice.v1 import RespondWorkflowTaskCompletedRequest

import rpc
from history import view
from mixes import MIXES, complete
from record import Record

POLL_SECONDS = 30
IDENTITY = "chaos-worker"


class Worker:
    def __init__(self, stub, call: rpc.Caller, queue: str, record: Record):
        self.stub, self.call, self.queue, self.record = stub, call, queue, record
        self.tasks: list[asyncio.Task] = []

    def start(self, workflow_pollers: int, activity_pollers: int) -> None:
        loops = [self._workflows] * workflow_pollers + [self._activities] * activity_pollers
        self.tasks = [asyncio.create_task(loop()) for loop in loops]

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _workflows(self) -> None:
        request = PollWorkflowTaskQueueRequest(
            namespace=rpc.NAMESPACE, task_queue=TaskQueue(name=self.queue), identity=IDENTITY
        )
        while True:
            task = await self.call(self.stub.PollWorkflowTaskQueue, request, POLL_SECONDS)
            if task.task_token:
                await self._decide(task)

    async def _decide(self, task) -> None:
        events, token = list(task.history.events), task.next_page_token
        while token:
            page = await self.call(
                self.stub.GetWorkflowExecutionHistory,
                GetWorkflowExecutionHistoryRequest(
                    namespace=rpc.NAMESPACE, execution=task.workflow_execution, next_page_token=token
                ),
            )
            events += page.history.events
            token = page.next_page_token
        v = view(events)
        mix, workflow_id = MIXES[task.workflow_type.name], task.workflow_execution.workflow_id
        answers, commands = answer_updates(task.messages, v.completed_updates)
        if answers and len(v.completed_updates) + len(answers) // 2 >= mix.updates(v):
            commands.append(complete(mix.updates(v)))
        elif not answers:
            commands += mix.decide(v, workflow_id, self.queue)
        request = RespondWorkflowTaskCompletedRequest(
            namespace=rpc.NAMESPACE,
            task_token=task.task_token,
            identity=IDENTITY,
            commands=commands,
            messages=answers,
        )
        if await self._respond(self.stub.RespondWorkflowTaskCompleted, request):
            # A task that only rejected or answered nothing may leave no event; ours always has something to say
            # when it has commands, so only those acknowledgements are promises.
            if commands:
                self.record.task_done(task.workflow_execution, task.started_event_id)

    async def _activities(self) -> None:
        request = PollActivityTaskQueueRequest(
            namespace=rpc.NAMESPACE, task_queue=TaskQueue(name=self.queue), identity=IDENTITY
        )
        while True:
            task = await self.call(self.stub.PollActivityTaskQueue, request, POLL_SECONDS)
            if not task.task_token:
                continue
            result = f"{task.workflow_execution.workflow_id}:{task.activity_id}:{self.record.next_number()}"
            answer = RespondActivityTaskCompletedRequest(
                namespace=rpc.NAMESPACE, task_token=task.task_token, identity=IDENTITY, result=rpc.payloads(result)
            )
            if await self._respond(self.stub.RespondActivityTaskCompleted, answer):
                self.record.activity_done(task.workflow_execution, task.activity_id, result)

    async def _respond(self, method, request) -> bool:
        """True when the server acknowledged it. A stale task is refused; then it is somebody else's to report."""
        try:
            await self.call(method, request)
            return True
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                self.record.stale += 1
                return False
            if error.code() == grpc.StatusCode.INVALID_ARGUMENT:
                self.record.problem(f"{type(request).__name__} refused: {error.details()}")
                return False
            raise


def answer_updates(messages, already_done: list[str]) -> tuple[list[Message], list[Command]]:
    """Accepts and completes each update request with its own argument."""
    answers, commands = [], []
    for message in messages:
        request = Request()
        if not message.body.Unpack(request):
            continue
        update_id = message.protocol_instance_id
        accept = Message(id=f"{update_id}/accept", protocol_instance_id=update_id)
        accept.body.Pack(
            Acceptance(
                accepted_request_message_id=message.id,
                accepted_request_sequencing_event_id=message.event_id,
                accepted_request=request,
            )
        )
        done = Message(id=f"{update_id}/done", protocol_instance_id=update_id)
        done.body.Pack(
            Response(meta=Meta(update_id=update_id, identity=IDENTITY), outcome=Outcome(success=request.input.args))
        )
        for part in (accept, done):
            answers.append(part)
            commands.append(
                Command(
                    command_type=CommandType.COMMAND_TYPE_PROTOCOL_MESSAGE,
                    protocol_message_command_attributes=ProtocolMessageCommandAttributes(message_id=part.id),
                )
            )
    return answers, commands
