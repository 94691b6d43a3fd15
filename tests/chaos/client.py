"""The clients: they start workflows, talk to them, wait for their end, and note each acknowledgement."""

import asyncio
import random
import uuid

import grpc
from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import HistoryEventFilterType, UpdateWorkflowExecutionLifecycleStage
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, GetWorkflowExecutionHistoryRequest
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest
from temporalio.api.workflowservice.v1 import TerminateWorkflowExecutionRequest, UpdateWorkflowExecutionRequest

import rpc
from history import View, view
from mixes import ATTEMPT_SECONDS, MIXES, Mix
from record import Record, Run

REPEAT_START = 0.3
"""How often an acknowledged start is sent once more, with the same request id."""
LONG_POLL_SECONDS = 30


class Client:
    def __init__(self, stub, call: rpc.Caller, queue: str, record: Record, rng: random.Random):
        self.stub, self.call, self.queue, self.record, self.rng = stub, call, queue, record, rng
        self.moved = asyncio.Event()

    async def keep_busy(self, mixes: list[Mix], stop: asyncio.Event) -> None:
        """One place in the load: a workflow at a time, until told to stop."""
        while not stop.is_set():
            mix = self.rng.choices(mixes, [m.weight for m in mixes])[0]
            await self.one(mix)

    async def some_progress(self) -> None:
        """Returns when a call has been acknowledged after this one was made."""
        self.moved.clear()
        await self.moved.wait()

    async def one(self, mix: Mix) -> None:
        number = len(self.record.runs)
        request_id = str(uuid.UUID(int=self.rng.getrandbits(128)))
        run = Run(mix.name, f"{mix.name}-{number}", mix.argument(self.rng), request_id)
        self.record.runs.append(run)
        await self.start(run)
        if self.rng.random() < REPEAT_START:
            await self.start(run)
        await mix.drive(self, run)
        await self.end_of(run.workflow_id, run.run_id)
        self.record.acks["end"] += 1
        run.finished = True

    async def start(self, run: Run) -> None:
        answer = await self.call(
            self.stub.StartWorkflowExecution,
            StartWorkflowExecutionRequest(
                namespace=rpc.NAMESPACE,
                workflow_id=run.workflow_id,
                workflow_type=WorkflowType(name=run.mix),
                task_queue=TaskQueue(name=self.queue),
                input=rpc.payloads(run.argument),
                request_id=run.request_id,
                cron_schedule=MIXES[run.mix].cron,
                workflow_task_timeout=Duration(seconds=ATTEMPT_SECONDS),
            ),
        )
        self.record.started(run, answer.run_id)
        self.moved.set()

    async def signal(self, run: Run, value: str, request_id: str) -> None:
        run.signals[value] = False
        request = SignalWorkflowExecutionRequest(
            namespace=rpc.NAMESPACE,
            workflow_execution=WorkflowExecution(workflow_id=run.workflow_id),
            signal_name="add",
            input=rpc.payloads(value),
            request_id=request_id,
        )
        await self._acknowledged(self.stub.SignalWorkflowExecution, request, run.signals, value, "signal")

    async def update(self, run: Run, update_id: str) -> None:
        run.updates[update_id] = False
        request = UpdateWorkflowExecutionRequest(
            namespace=rpc.NAMESPACE,
            workflow_execution=WorkflowExecution(workflow_id=run.workflow_id),
            wait_policy=WaitPolicy(
                lifecycle_stage=UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
            ),
            request=Request(meta=Meta(update_id=update_id), input=Input(name="put", args=rpc.payloads(update_id))),
        )
        while not run.updates[update_id]:
            answer = await self._acknowledged(self.stub.UpdateWorkflowExecution, request, {}, update_id, None)
            if answer is None:
                return  # the workflow has closed: the answer to an earlier try was lost
            if answer.outcome.HasField("success"):
                run.updates[update_id] = True
                self.record.acks["update"] += 1
                if rpc.value_of(answer.outcome.success) != update_id:
                    self.record.problem(f"update {update_id} answered {answer.outcome.success}")
            elif answer.outcome.HasField("failure"):
                self.record.problem(f"update {update_id} failed: {answer.outcome.failure.message}")
                return

    async def _acknowledged(self, method, request, marks: dict, key: str, what: str | None):
        try:
            answer = await self.call(method, request, LONG_POLL_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                return None  # closed already: it must have arrived with an earlier try
            raise
        marks[key] = True
        if what:
            self.record.acks[what] += 1
        self.moved.set()
        return answer

    async def terminate(self, run: Run) -> None:
        request = TerminateWorkflowExecutionRequest(
            namespace=rpc.NAMESPACE, workflow_execution=WorkflowExecution(workflow_id=run.workflow_id)
        )
        await self._acknowledged(self.stub.TerminateWorkflowExecution, request, {}, "", "terminate")

    async def end_of(self, workflow_id: str, run_id: str) -> str:
        """Waits for the closing event, as clients that wait for a result do. Returns the run that follows, if any."""
        request = GetWorkflowExecutionHistoryRequest(
            namespace=rpc.NAMESPACE,
            execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
            wait_new_event=True,
            history_event_filter_type=HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
        )
        while True:
            answer = await self.call(self.stub.GetWorkflowExecutionHistory, request, LONG_POLL_SECONDS)
            if answer.history.events:
                self.moved.set()
                return view(answer.history.events).next_run_id
            request.next_page_token = answer.next_page_token

    async def history(self, workflow_id: str, run_id: str) -> View:
        request = GetWorkflowExecutionHistoryRequest(
            namespace=rpc.NAMESPACE, execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        )
        events = []
        while True:
            page = await self.call(self.stub.GetWorkflowExecutionHistory, request)
            events += page.history.events
            if not page.next_page_token:
                return view(events)
            request.next_page_token = page.next_page_token

    async def current_run(self, workflow_id: str) -> str:
        request = DescribeWorkflowExecutionRequest(
            namespace=rpc.NAMESPACE, execution=WorkflowExecution(workflow_id=workflow_id)
        )
        answer = await self.call(self.stub.DescribeWorkflowExecution, request)
        return answer.workflow_execution_info.execution.run_id
