"""Raw gRPC: the stubs, payloads, and a call that goes on asking while the server is away."""

import asyncio
import json
import time

import grpc
import grpc.aio
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.workflowservice.v1.service_pb2_grpc import WorkflowServiceStub

NAMESPACE = "default"
CALL_SECONDS = 10
AWAY = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}
"""The outcome is unknown or the server asks to come back: the same request is sent again."""


def channel(address: str) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(
        address,
        options=[
            ("grpc.initial_reconnect_backoff_ms", 20),
            ("grpc.min_reconnect_backoff_ms", 20),
            ("grpc.max_reconnect_backoff_ms", 100),
            ("grpc.max_receive_message_length", 64 << 20),
            ("grpc.use_local_subchannel_pool", 1),
        ],
    )


def stub(of: grpc.aio.Channel) -> WorkflowServiceStub:
    return WorkflowServiceStub(of)


NOT_READY = "Workflow Task in failed state"
"""In the refusal of an update whose run has failed two workflow tasks, which kills do: it may come back later."""


class GaveUp(Exception):
    """The server did not answer a call for so long that the run is lost."""


class Caller:
    """Calls with retries, and counts the codes seen on the way."""

    def __init__(self, give_up_seconds: float):
        self.give_up_seconds = give_up_seconds
        self.killed = 0.0
        self.retried: dict[str, int] = {}

    def was_killed(self) -> None:
        self.killed = time.monotonic()

    async def __call__(self, method, request, timeout: float = CALL_SECONDS):
        asked = time.monotonic()
        while True:
            try:
                return await method(request, timeout=timeout, wait_for_ready=True)
            except grpc.aio.AioRpcError as error:
                if error.code() not in AWAY and NOT_READY not in (error.details() or ""):
                    raise
                self.retried[error.code().name] = self.retried.get(error.code().name, 0) + 1
                # A wait that each kill interrupts is not unanswered: patience begins anew with each.
                if time.monotonic() > max(asked, self.killed) + self.give_up_seconds:
                    raise GaveUp(f"{type(request).__name__}: {error.code().name} {error.details()}") from error
            await asyncio.sleep(0.03)


def payload(value) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())


def payloads(*values) -> Payloads:
    return Payloads(payloads=[payload(v) for v in values])


def value_of(holder: Payloads):
    """The first value of a payload list, or None."""
    return json.loads(holder.payloads[0].data) if holder.payloads else None
