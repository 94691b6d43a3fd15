"""Renders API messages as text lines in which everything that may differ between two runs is gone.

Times, task tokens, sizes and server versions become fixed words; UUIDs become `<id 1>`, `<id 2>`
in the order in which they appear. What stays must be equal between two servers.
"""

import re

from google.protobuf import message_factory, symbol_database
from google.protobuf.descriptor import FieldDescriptor

import temporalio.api.errordetails.v1  # noqa: F401 - registers the error details
from build import enum_prefix

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
RUN_OF_ONE_LETTER = re.compile(r"(\w)\1{99,}")
DELETED = re.compile(r"-deleted-[0-9a-f]{5}\b")
CALLBACK = re.compile(r"(temporal-callback-token'\]?: ')[^']*'")
HASH = re.compile(r"please retry \([0-9a-f]+\)")
TRANSACTION = re.compile(r"transaction size of \d+ bytes")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( \+0000 UTC)?Z?( m=[+-]?[\d.]+)?")

# Fields that depend on time, load or build rather than on behaviour.
DROPPED = {
    "backlog_count_hint", "poller_group_id", "poller_group_infos", "poller_groups_info",
    "poller_scaling_decision", "server_version", "task_id", "version_info", "cluster_id",
    "supported_clients", "persistence_store", "visibility_store", "read_level", "ack_level", "task_id_block",
}
MASKED = {
    "history_size_bytes": "<size>", "history_size": "<size>", "task_token": "<token>",
    "next_page_token": "<token>", "long_poll_token": "<token>", "state_size_bytes": "<size>", "execution_duration": "<duration>",
    "external_payload_size_bytes": "<size>", "custom_search_attribute_aliases": "<aliases>",
}
# Headers of Nexus requests whose value depends on time or is the server's own.
MASKED_KEYS = {"request-timeout", "operation-timeout", "temporal-callback-token", "user-agent"}
# Lists that come in no promised order.
UNORDERED = {
    "pending_activities": lambda item: item.activity_id,
    "pending_children": lambda item: item.initiated_id,
    "pending_nexus_operations": lambda item: item.scheduled_event_id,
    "callbacks": lambda item: str(item.callback),
    "schedules": lambda item: item.schedule_id,
    "task_queue_infos": lambda item: (item.name, item.type),
    "version_task_queues": lambda item: (item.name, item.type),
    "pollers": lambda item: item.identity,
    "workers": lambda item: item.worker_instance_key,
    "workers_info": lambda item: item.worker_heartbeat.worker_instance_key,
}


# What may differ in JSON text: sizes, tokens, and the place in its own source that the reference names.
JSON = [(re.compile(pattern), shown) for pattern, shown in (
    (r'("(?:historySizeBytes|taskId|historySize)":\s?)"\d+"', r'\1"<number>"'),
    (r'("executionDuration":\s?)"[^"]*"', r'\1"<duration>"'),
    (r'("nextPageToken":\s?)"[^"]*"', r'\1"<token>"'),
    (r' \(in /[^)]*\)', ''),
    (r'("serverVersion":\s?)"[^"]*"', r'\1"<version>"'),
)]


class Normaliser:
    """Turns the messages of one scenario into lines; it remembers the ids seen so far."""

    def __init__(self, unique):
        self.unique = unique
        self.ids = {}
        self.fuzzy = set()

    def text(self, value):
        """Replaces ids and times inside a string."""
        # Some libraries change the spaces in their errors at random, so that nobody relies on them.
        value = value.replace("\u00a0", " ").replace(self.unique, "~")
        value = UUID.sub(lambda match: self._id(match.group()), value)
        value = RUN_OF_ONE_LETTER.sub(lambda match: f"{match.group(1)}*{len(match.group())}", value)
        value = TRANSACTION.sub("transaction size of <n> bytes", value)
        value = CALLBACK.sub(r"\1<token>'", value)
        value = HASH.sub("please retry (<hash>)", value)
        value = DELETED.sub("-deleted-<start of id>", value)
        return TIME.sub("<time>", value)

    def json(self, text):
        """An answer of HTTP as text, without what may differ between two runs."""
        for pattern, shown in JSON:
            text = pattern.sub(shown, text)
        return self.text(text)

    def lines(self, message, path=""):
        """One `path: value` line for each set leaf of the message, in field order."""
        out = []
        for field, value in message.ListFields():
            if field.name in DROPPED:
                continue
            name = f"{path}.{field.name}" if path else field.name
            if field.name in self.fuzzy:
                out.append(f"{name}: <set>")
            elif field.name in MASKED:
                out.append(f"{name}: {MASKED[field.name]}")
            elif field.type == FieldDescriptor.TYPE_MESSAGE and field.message_type.GetOptions().map_entry:
                out += self._map(name, field, value)
            elif field.is_repeated:
                if field.name in UNORDERED:
                    value = sorted(value, key=UNORDERED[field.name])
                for index, item in enumerate(value):
                    out += self._value(f"{name}[{index}]", field, item)
            else:
                out += self._value(name, field, value)
        return out

    def event(self, event):
        """The lines of one history event; the first is its id and type."""
        head = f"{event.event_id} {event_name(event)}"
        copy = type(event)()
        copy.CopyFrom(event)
        for name in ("event_id", "event_type", "event_time"):
            copy.ClearField(name)
        attributes = copy.WhichOneof("attributes")
        lines = self.lines(getattr(copy, attributes)) if attributes else []
        if attributes:
            copy.ClearField(attributes)
        return [head] + ["  " + line for line in lines + self.lines(copy)]

    def _id(self, uuid):
        return self.ids.setdefault(uuid, f"<id {len(self.ids) + 1}>")

    def _map(self, name, field, value):
        out = []
        value_field = field.message_type.fields_by_name["value"]
        # Drawn ids come last, whatever their first digit.
        for key in sorted(value, key=lambda key: (bool(UUID.fullmatch(str(key))), str(key))):
            shown = self.text(key) if isinstance(key, str) else key
            if str(key).lower() in MASKED_KEYS:
                out.append(f"{name}[{shown}]: <set>")
                continue
            out += self._value(f"{name}[{shown}]", value_field, value[key])
        return out

    def _value(self, name, field, value):
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            return self._message(name, value)
        if field.type == FieldDescriptor.TYPE_ENUM:
            return [f"{name}: {enum_name(field.enum_type, value)}"]
        if field.type == FieldDescriptor.TYPE_STRING:
            text = self.text(value)
            return [f"{name}: {text if len(text) < 300 else text[:120] + f'... ({len(text)} characters)'!r}"]
        if field.type == FieldDescriptor.TYPE_BYTES:
            return [f"{name}: <{len(value)} bytes>"]
        return [f"{name}: {value}"]

    def _message(self, name, value):
        kind = value.DESCRIPTOR.name
        if kind == "Timestamp":
            return [f"{name}: <time>"]
        if kind == "Duration":
            jittered = value.nanos % 50_000_000 != 0
            return [f"{name}: " + ("<jittered>" if jittered else f"{value.seconds + value.nanos / 1e9:g}s")]
        if kind == "Payload":
            return [f"{name}: {self._payload(value)}"]
        if kind == "Payloads":
            return [f"{name}: [{', '.join(self._payload(item) for item in value.payloads)}]"]
        if kind == "History":
            return [f"{name}: {', '.join(self._brief(event) for event in value.events)}"]
        if kind == "Link":
            return [f"{name}: " + " ".join(line.split(".", 1)[-1] for line in self.lines(value))]
        if kind == "Any":
            return self._any(name, value)
        return self.lines(value, name) or [f"{name}: {{}}"]

    def _brief(self, event):
        text = f"{event.event_id} {event_name(event)}"
        attempt = event.workflow_task_scheduled_event_attributes.attempt
        return f"{text} (attempt {attempt})" if attempt else text

    def _payload(self, value):
        data = value.data
        shown = self.text(data.decode(errors="replace")) if len(data) < 200 else f"<{len(data)} bytes>"
        meta = {key: item.decode(errors="replace") for key, item in value.metadata.items()}
        encoding = meta.pop("encoding", "")
        extra = "".join(f" {key}={meta[key]}" for key in sorted(meta))
        return f"{'' if encoding == 'json/plain' else encoding + ':'}{shown}{extra}"

    def _any(self, name, value):
        kind = value.type_url.rsplit("/", 1)[-1]
        try:
            descriptor = symbol_database.Default().pool.FindMessageTypeByName(kind)
        except KeyError:
            return [f"{name}: {kind} <{len(value.value)} bytes>"]
        inner = message_factory.GetMessageClass(descriptor)()
        value.Unpack(inner)
        return [f"{name}: {kind}"] + self.lines(inner, name)


def event_name(event):
    """`WorkflowTaskScheduled` and the like."""
    name = enum_name(type(event).DESCRIPTOR.fields_by_name["event_type"].enum_type, event.event_type)
    return "".join(part.capitalize() for part in str(name).split("_"))


def enum_name(descriptor, number):
    """The name of an enum value without the prefix that all of them share."""
    item = descriptor.values_by_number.get(number)
    return item.name[len(enum_prefix(descriptor)):] if item else number
