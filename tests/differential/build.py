"""Builds API messages from short Python values, so that a scenario reads like a list of calls.

A string becomes whatever its field needs: an enum value by the end of its name, a payload, a task
queue, a workflow type, an execution, an instant. A number becomes a duration in seconds. `~` inside a string
stands for the part of an id that is unique to one run of one scenario.
"""

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf import message_factory

BYTES, ENUM, MESSAGE, STRING = (
    FieldDescriptor.TYPE_BYTES,
    FieldDescriptor.TYPE_ENUM,
    FieldDescriptor.TYPE_MESSAGE,
    FieldDescriptor.TYPE_STRING,
)
NAMED = {"TaskQueue", "WorkflowType", "ActivityType"}


def build(cls, unique, **fields):
    """Makes a message of class `cls`; `unique` replaces each `~` in its strings."""
    message = cls()
    for name, value in fields.items():
        if value is not None:
            _set(message, name, value, unique)
    return message


def payload(value, unique=""):
    """A JSON payload that holds the text of `value`; bytes become a binary payload."""
    from temporalio.api.common.v1 import Payload

    if isinstance(value, bytes):
        return Payload(metadata={"encoding": b"binary/plain"}, data=value)
    text = value if isinstance(value, str) else repr(value)
    return Payload(metadata={"encoding": b"json/plain"}, data=f'"{text}"'.replace("~", unique).encode())


def enum_number(descriptor, value):
    """The number of an enum value that is given by number or by the end of its name."""
    if isinstance(value, int):
        return value
    for item in descriptor.values:
        if item.name == value or item.name == enum_prefix(descriptor) + value:
            return item.number
    raise KeyError(f"{descriptor.name} has no value {value}")


def enum_prefix(descriptor):
    """The common start of the names of an enum's values, `WORKFLOW_ID_REUSE_POLICY_` and the like."""
    first = descriptor.values[0].name
    return first[: -len("UNSPECIFIED")] if first.endswith("UNSPECIFIED") else ""


def _set(message, name, value, unique):
    field = message.DESCRIPTOR.fields_by_name[name]
    target = getattr(message, name)
    if _is_map(field):
        value_field = field.message_type.fields_by_name["value"]
        for key, item in value.items():
            if value_field.type == MESSAGE:
                target[key].CopyFrom(_message(value_field.message_type, item, unique))
            else:
                target[key] = _scalar(value_field, item, unique)
    elif field.is_repeated:
        items = value if isinstance(value, (list, tuple)) else [value]
        for item in items:
            if field.type == MESSAGE:
                target.append(_message(field.message_type, item, unique))
            else:
                target.append(_scalar(field, item, unique))
    elif field.type == MESSAGE:
        target.CopyFrom(_message(field.message_type, value, unique))
    else:
        setattr(message, name, _scalar(field, value, unique))


def _is_map(field):
    return field.type == MESSAGE and field.message_type.GetOptions().map_entry


def _scalar(field, value, unique):
    if field.type == ENUM:
        return enum_number(field.enum_type, value)
    if field.type == STRING and isinstance(value, str):
        return value.replace("~", unique)
    if field.type == BYTES and isinstance(value, str):
        return value.encode()
    return value


def _message(descriptor, value, unique):
    cls = message_factory.GetMessageClass(descriptor)
    if isinstance(value, Message):
        return value
    short = descriptor.name
    if short in ("Memo", "Header", "SearchAttributes"):
        return build(cls, unique, **{descriptor.fields[0].name: value})
    if isinstance(value, dict) and short not in ("Payload", "Payloads"):
        return build(cls, unique, **value)
    if short == "Duration":
        message = cls()
        message.FromMilliseconds(int(round(value * 1000)))
        return message
    if short == "Timestamp" and isinstance(value, str):
        message = cls()
        message.FromJsonString(value)
        return message
    if short == "Payload":
        if isinstance(value, dict):
            return cls(**value)
        return payload(value, unique)
    if short == "Payloads":
        items = value if isinstance(value, (list, tuple)) else [value]
        return cls(payloads=[_message(descriptor.fields_by_name["payloads"].message_type, i, unique) for i in items])
    if short == "WorkflowExecution":
        workflow_id, run_id = value if isinstance(value, tuple) else (value, "")
        return build(cls, unique, workflow_id=workflow_id, run_id=run_id)
    if short in NAMED:
        return build(cls, unique, name=value)
    if short == "Failure":
        return build(cls, unique, message=value, application_failure_info={"type": "Oops"})
    if short == "FieldMask":
        return cls(paths=value)
    raise TypeError(f"cannot make {short} from {value!r}")
