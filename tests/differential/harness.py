"""What a scenario works with: raw calls as client and as worker against one server, and a transcript.

A scenario is a function decorated with `@scenario` that takes a `Session`. Each call it makes is
recorded with its answer or its error. The transcript is compared between two servers afterwards,
so a scenario asserts nothing itself.
"""

import http.client
import json
import os
import sys
import time
import uuid

import grpc
from temporalio.api.common.v1 import Payload
from temporalio.api.common.v1.grpc_status_pb2 import GrpcStatus
from temporalio.api.operatorservice.v1 import request_response_pb2 as operator_messages
from temporalio.api.operatorservice.v1.service_pb2_grpc import OperatorServiceStub
from temporalio.api.workflowservice.v1 import request_response_pb2 as workflow_messages
from temporalio.api.workflowservice.v1.service_pb2_grpc import WorkflowServiceStub

from build import build
from normalise import Normaliser, event_name

CALL_SECONDS_MAX = 12
UNTIL_SECONDS_MAX = 20
SDK = (("client-name", "temporal-go"), ("client-version", "1.35.0"), ("supported-server-versions", ">=1.0.0 <2.0.0"))
OPTIONS = [
    ("grpc.max_receive_message_length", 128 << 20),
    ("grpc.max_send_message_length", 128 << 20),
    ("grpc.use_local_subchannel_pool", 1),
    # Below the hard limit a client drops long trailers by chance.
    ("grpc.max_metadata_size", 1 << 16),
    ("grpc.absolute_max_metadata_size", 1 << 17),
]
SCENARIOS = {}


def scenario(function):
    """Registers a scenario under `file.function`."""
    module = os.path.splitext(os.path.basename(sys.modules[function.__module__].__file__))[0]
    name = f"{module}.{function.__name__}"
    assert name not in SCENARIOS, f"two scenarios are called {name}"
    SCENARIOS[name] = function
    return function


class Fixed(list):
    """A list among settings; scenarios are grouped by their settings."""

    def __hash__(self):
        return hash(json.dumps(self))


def configured(**settings):
    """Has a scenario played on servers of its own with these keys of the dynamic configuration; `__` stands for a dot."""
    def mark(function):
        fixed = {key.replace("__", "."): Fixed(value) if isinstance(value, list) else value for key, value in settings.items()}
        function.settings = tuple(sorted(fixed.items()))
        return function
    return mark


class Stop(Exception):
    """The scenario cannot go on, because an answer that it needs did not come."""


class Refusal:
    """An error answer. False, so that `if answer` tells success from refusal."""

    def __init__(self, error):
        self.code, self.message = error.code().name, error.details() or ""
        self.details = []
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                self.details = list(GrpcStatus.FromString(value).details)

    def __bool__(self):
        return False


class Pending:
    """A call under way. `Session.end` waits for it and records its answer."""

    def __init__(self, title, future):
        self.title, self.future = title, future


class Session:
    """One scenario's connection to one server, and the transcript of what it saw."""

    def __init__(self, address, http=None):
        self.http_address = http
        self.unique = "-" + uuid.uuid4().hex[:10] + "-x"
        self.channel = grpc.insecure_channel(address, OPTIONS)
        self.workflow = WorkflowServiceStub(self.channel)
        self.operator = OperatorServiceStub(self.channel)
        self.normaliser = Normaliser(self.unique)
        self.namespace = "default"
        self.blocks = []

    def close(self):
        self.channel.close()

    # Calls.

    def call(self, method, /, **fields):
        """Makes a call and records its answer. Returns the answer or a `Refusal`."""
        return self.end(self.begin(method, **fields))

    def must(self, method, /, **fields):
        """Like `call`, but a refusal ends the scenario."""
        answer = self.call(method, **fields)
        if isinstance(answer, Refusal):
            raise Stop(f"{method} was refused")
        return answer

    def quiet(self, method, /, **fields):
        """Like `must`, but an answer is not recorded."""
        answer = self._wait(self.begin(method, **fields))
        if isinstance(answer, Refusal):
            raise Stop(f"{method} was refused: {answer.code} {self.normaliser.text(answer.message)}")
        return answer

    def begin(self, method, /, timeout=CALL_SECONDS_MAX, metadata=SDK, **fields):
        """Sends a call without waiting for its answer."""
        stub, messages = self.workflow, workflow_messages
        if not hasattr(stub, method):
            stub, messages = self.operator, operator_messages
        cls = getattr(messages, method + "Request")
        shown = dict(fields)
        if "namespace" in cls.DESCRIPTOR.fields_by_name and "namespace" not in fields:
            if method != "DescribeNamespace":
                fields["namespace"] = self.namespace
        request = build(cls, self.unique, **fields)
        future = getattr(stub, method).future(request, timeout=timeout, metadata=metadata)
        return Pending(f"{method}({self._brief(shown)})", future)

    def end(self, pending):
        """Waits for a call's answer and records it."""
        answer = self._wait(pending)
        if isinstance(answer, Refusal):
            self.block(f"> {pending.title}", self._refusal_lines(answer))
        else:
            self.block(f"> {pending.title}", self.normaliser.lines(answer))
        return answer

    def http(self, verb, path, body=None, **headers):
        """Sends an HTTP request and records status, content type and text of the answer; returns its JSON, if any.

        A path without a slash in front is below the namespace; `_` in a header's name stands for `-`.
        """
        if not self.http_address:
            raise Stop("no HTTP listener is known")
        if not path.startswith("/"):
            path = f"/api/v1/namespaces/{self.namespace}/{path}"
        path = path.replace("~", self.unique)
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        data = data.replace("~", self.unique).encode() if isinstance(data, str) else data
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(self.http_address, timeout=CALL_SECONDS_MAX)
        try:
            connection.request(verb, path, body=data, headers=sent)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.getheader("Content-Type") == "application/x-temporal-payload":
            # A whole payload; the reference writes its metadata in any order.
            payload = Payload.FromString(body)
            body = json.dumps({"metadata": {key: payload.metadata[key].decode() for key in sorted(payload.metadata)},
                               "data": payload.data.decode(errors="replace")}).encode()
        text = body.decode(errors="replace")
        shown = self.normaliser.text(data.decode(errors="replace")) if data else ""
        shown = shown if len(shown) < 200 else f"<{len(data)} bytes>"
        extra = " ".join(f"{name}: {value}" for name, value in sent.items())
        self.block(f"> {verb} {self.normaliser.text(path)} {shown} {extra}".rstrip(), [
            f"status: {answer.status}", f"type: {answer.getheader('Content-Type')}",
            *self.normaliser.json(text).splitlines()])
        try:
            return json.loads(text)
        except ValueError:
            return None

    def block(self, head, lines=()):
        """Adds a block to the transcript."""
        self.blocks.append([head] + ["  " + line for line in lines])

    def note(self, text):
        """Adds a line of the scenario's own to the transcript."""
        self.block(f"# {self.normaliser.text(str(text))}")

    def table(self, method, base, rows):
        """Makes one call for each row: `base` with the row's fields put in place."""
        for row in rows:
            self.call(method, **{**base, **row})

    # Client.

    def start(self, workflow_id="wf~", method="StartWorkflowExecution", **fields):
        """Starts a workflow; a refusal is recorded and returned."""
        return self.call(method, **{
            "workflow_id": workflow_id, "workflow_type": "type", "task_queue": "q~",
            "identity": "client", "request_id": str(uuid.uuid4()), **fields,
        })

    def signal(self, name="s", workflow_id="wf~", **fields):
        return self.call("SignalWorkflowExecution", **{
            "workflow_execution": workflow_id, "signal_name": name, "identity": "client", **fields,
        })

    def cancel(self, workflow_id="wf~", **fields):
        return self.call("RequestCancelWorkflowExecution", workflow_execution=workflow_id, identity="client", **fields)

    def terminate(self, workflow_id="wf~", **fields):
        return self.call("TerminateWorkflowExecution", workflow_execution=workflow_id, identity="client", **fields)

    def describe(self, workflow_id="wf~", run_id=""):
        return self.call("DescribeWorkflowExecution", execution=(workflow_id, run_id))

    def query(self, workflow_id="wf~", **fields):
        return self.call("QueryWorkflow", **self._query(workflow_id, fields))

    def begin_query(self, workflow_id="wf~", **fields):
        return self.begin("QueryWorkflow", **self._query(workflow_id, fields))

    def history(self, workflow_id="wf~", run_id="", label=""):
        """Records the whole history of a run as it stands."""
        events, token = [], b""
        while True:
            page = self.quiet("GetWorkflowExecutionHistory", execution=(workflow_id, run_id), next_page_token=token)
            events += page.history.events
            token = page.next_page_token
            if not token:
                break
        self.block(f"= history of {label or self.normaliser.text(workflow_id)}",
                   [line for event in events for line in self.normaliser.event(event)])
        return events

    def wait_event(self, name, workflow_id="wf~", run_id="", count=1):
        """Waits until the history holds `count` events of type `name`, by long polls of the history."""
        seen, token = 0, b""
        while True:
            page = self.quiet("GetWorkflowExecutionHistory", execution=(workflow_id, run_id),
                              wait_new_event=True, next_page_token=token, timeout=15)
            for event in page.history.events:
                seen += event_name(event) == name
                if seen == count:
                    return event
            token = page.next_page_token
            if not token:
                raise Stop(f"the workflow closed without {name}")

    def wait_closed(self, workflow_id="wf~", run_id=""):
        """Waits for a run's close event and returns it."""
        token = b""
        while True:
            page = self.quiet("GetWorkflowExecutionHistory", execution=(workflow_id, run_id), timeout=15,
                              wait_new_event=True, history_event_filter_type="CLOSE_EVENT", next_page_token=token)
            if page.history.events:
                return page.history.events[-1]
            token = page.next_page_token

    def until(self, method, ready, /, **fields):
        """Repeats a read until `ready(answer)` holds, and returns that answer, unrecorded."""
        deadline = time.monotonic() + UNTIL_SECONDS_MAX
        while time.monotonic() < deadline:
            answer = self._wait(self.begin(method, **fields))
            if not isinstance(answer, Refusal) and ready(answer):
                return answer
            _pause()
        raise Stop(f"{method} never gave the expected answer")

    def until_refused(self, method, /, **fields):
        """Repeats a read until it is refused."""
        deadline = time.monotonic() + UNTIL_SECONDS_MAX
        while self._wait(self.begin(method, **fields)) and time.monotonic() < deadline:
            _pause()

    def wait_poller(self, queue="q~", kind="WORKFLOW", sticky=False):
        """Waits until the server has seen a poller on a task queue."""
        task_queue = {"name": queue, "kind": "STICKY", "normal_name": "q~"} if sticky else queue
        self.until("DescribeTaskQueue", lambda answer: len(answer.pollers) > 0,
                   task_queue=task_queue, task_queue_type=kind)

    # Worker.

    def poll(self, queue="q~", sticky=False, **fields):
        """Takes a workflow task; its absence ends the scenario."""
        return self.take(self.begin_poll(queue, sticky, **fields))

    def begin_poll(self, queue="q~", sticky=False, **fields):
        task_queue = {"name": queue, "kind": "STICKY", "normal_name": "q~"} if sticky else queue
        return self.begin("PollWorkflowTaskQueue", **{"task_queue": task_queue, "identity": "worker", **fields})

    def take(self, pending):
        """Waits for a task that a poll brings; its absence ends the scenario."""
        task = self.end(pending)
        if not task or not task.task_token:
            raise Stop("no task came")
        return task

    def complete(self, task, *commands, **fields):
        return self.call("RespondWorkflowTaskCompleted", **self._completion(task, commands, fields))

    def fail_task(self, task, cause="WORKFLOW_WORKER_UNHANDLED_FAILURE", **fields):
        return self.call("RespondWorkflowTaskFailed", **{
            "task_token": task.task_token, "cause": cause, "failure": "boom", "identity": "worker", **fields})

    def step(self, *commands, **fields):
        """Takes the next workflow task and completes it."""
        task = self.poll()
        return self.complete(task, *commands, **fields)

    def poll_activity(self, queue="q~", **fields):
        return self.take(self.begin("PollActivityTaskQueue", task_queue=queue, identity="worker", **fields))

    def complete_activity(self, task, result="done", **fields):
        return self.call("RespondActivityTaskCompleted", task_token=task.task_token, result=result,
                         identity="worker", **fields)

    def fail_activity(self, task, failure="boom", **fields):
        return self.call("RespondActivityTaskFailed", task_token=task.task_token, failure=failure,
                         identity="worker", **fields)

    def heartbeat(self, task, details="beat", **fields):
        return self.call("RecordActivityTaskHeartbeat", task_token=task.task_token, details=details,
                         identity="worker", **fields)

    # Inside.

    def _query(self, workflow_id, fields):
        return {"execution": workflow_id, "query": {"query_type": "q", "query_args": "arg"}, **fields}

    def _completion(self, task, commands, fields):
        return {"task_token": task.task_token, "commands": list(commands), "identity": "worker", **fields}

    def _wait(self, pending):
        try:
            return pending.future.result()
        except grpc.RpcError as error:
            return Refusal(error)

    def _refusal_lines(self, refusal):
        # Who notices a passed deadline first, client or server, is a matter of luck.
        message = "<deadline>" if refusal.code == "DEADLINE_EXCEEDED" else self.normaliser.text(refusal.message)
        lines = [f"! {refusal.code}: {message}"]
        for detail in refusal.details:
            lines += self.normaliser._any("detail", detail)
        return lines

    def _brief(self, fields):
        parts = []
        for key, value in fields.items():
            if key not in ("task_token", "identity", "request_id", "next_page_token", "conflict_token", "long_poll_token"):
                if key == "commands":
                    value = [_brief_command(command) for command in value]
                if key == "messages":
                    value = [message.id for message in value]
                text = self.normaliser.text(str(value))
                text = text if len(text) < 160 else text[:160] + "..."
                parts.append(f"{key}={' '.join(text.split())}")
        return ", ".join(parts)


def _brief_command(command):
    attributes = [value for key, value in command.items() if key.endswith("_command_attributes")]
    return f"{command['command_type']} {attributes[0] if attributes else ''}"


def _pause():
    """Gives way between two reads of a value that offers no long poll."""
    time.sleep(0.02)


def run(function, server):
    """Runs a scenario against one server and returns its transcript as blocks of lines."""
    session = Session(server.address, server.http)
    try:
        function(session)
    except Stop as stop:
        session.note(f"stopped: {stop}")
    except Exception as error:  # a fault of the scenario, shown in its place
        session.note(f"fault in the scenario: {type(error).__name__}: {error}")
    finally:
        session.close()
    return session.blocks
