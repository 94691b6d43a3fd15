"""The messages by which a worker answers updates."""

from google.protobuf.any_pb2 import Any
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Outcome, Rejection, Request, Response

from build import payload


def request(update_id="u", name="up", stage="COMPLETED", workflow_id="wf~", run_id="", **fields):
    """The fields of an UpdateWorkflowExecution call."""
    return {
        "workflow_execution": (workflow_id, run_id),
        "wait_policy": {"lifecycle_stage": stage} if stage else None,
        "request": {"meta": {"update_id": update_id, "identity": "client"}, "input": {"name": name, "args": "arg"}},
        **fields,
    }


def accept(message):
    """Accepts the update that `message` brought."""
    asked = Request()
    message.body.Unpack(asked)
    return _message(message, "accept", Acceptance(
        accepted_request_message_id=message.id,
        accepted_request_sequencing_event_id=message.event_id,
        accepted_request=asked,
    ))


def reject(message, text="no"):
    asked = Request()
    message.body.Unpack(asked)
    return _message(message, "reject", Rejection(
        rejected_request_message_id=message.id,
        rejected_request_sequencing_event_id=message.event_id,
        rejected_request=asked,
        failure=_failure(text),
    ))


def respond(message, result="updated", failure=None):
    """Completes the update that `message` brought."""
    asked = Request()
    message.body.Unpack(asked)
    outcome = Outcome(failure=_failure(failure)) if failure else Outcome()
    if not failure:
        outcome.success.payloads.append(payload(result))
    return _message(message, "complete", Response(meta=asked.meta, outcome=outcome))


def both(message):
    """Accepts and completes."""
    return [accept(message), respond(message)]


def raw(message_id, instance_id, body=None):
    """A message of any content."""
    out = Message(id=message_id, protocol_instance_id=instance_id)
    if body is not None:
        out.body.Pack(body)
    return out


def _message(message, verb, body):
    packed = Any()
    packed.Pack(body)
    return Message(id=f"{message.protocol_instance_id}/{verb}", protocol_instance_id=message.protocol_instance_id,
                   body=packed)


def _failure(text):
    return Failure(message=text, application_failure_info=ApplicationFailureInfo(type="Oops"))
