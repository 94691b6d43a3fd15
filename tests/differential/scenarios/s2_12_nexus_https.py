"""Handlers and callbacks that are reached over TLS, and what is told of those that are not (section 2.12)."""

import re
import socket
import ssl
import threading

import certificates
from commands import complete
from harness import configured, scenario
from nexus import cancel_operation, endpoint, remove, schedule
from scenarios.s2_12_nexus_external import Outside, begin, end

TEMPLATE = "http://cluster:1/namespaces/{{.NamespaceName}}/nexus/callback"


def allowing(insecure):
    allowed = [{"Pattern": "*", "AllowInsecure": insecure}]
    return configured(
        component__nexusoperations__callback__endpoint__template=TEMPLATE, component__nexusoperations__request__timeout="3s",
        callback__request__timeout="3s", callback__allowedAddresses=allowed, component__callbacks__allowedAddresses=allowed)


# What is masked: ports, the token in an address, and words of the library that reads JSON or certificates.
WORDS = (
    (r":\d{4,5}\b", ":<port>"),
    (r'callback=[^"]*', "callback=<callback>"),
    (r"^(invalid character .*|expected .* at line \d+ column \d+)$", "<no JSON>"),
    (r"(is not yet valid): current time .*", r"\1"),
    # Whoever looks first tells it: the one that writes, or the one that reads.
    (r"(: )(read tcp .*|write tcp .*|EOF)$", r"\1<broken off>"),
)

SETTINGS, SECURE = allowing(True), allowing(False)


def context(name="here", newest=None, protocols=()):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*certificates.of_server(name))
    if newest:
        made.maximum_version = newest
    if protocols:
        made.set_alpn_protocols(protocols)
    return made


class Silent:
    """A listener that takes connections and says nothing; it may hang up when it has been spoken to."""

    def __init__(self, hangs_up=False):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self.hangs_up, self.kept = hangs_up, []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                each, _ = self.listener.accept()
            except OSError:
                return
            self.kept.append(each)
            if self.hangs_up:
                each.recv(1)
                each.close()

    def close(self):
        self.listener.close()
        for each in self.kept:
            each.close()


class Closed:
    """A port that nobody listens to."""

    def __init__(self):
        held = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{held.getsockname()[1]}"
        held.close()

    def close(self):
        pass


class Plain(Outside):
    """A server that speaks no TLS, under an address that says so."""

    def __init__(self, t):
        super().__init__(t)
        self.url = self.url.replace("http:", "https:")


class Secret(Outside):
    """A server that speaks TLS, under an address that does not say so."""

    def __init__(self, t):
        super().__init__(t, context())
        self.url = self.url.replace("https:", "http:")


def begin_started(t):
    """An operation that its server has started."""
    begin(t, server=Outside(t, context()))
    t.outside.answer(201, b'{"token":"token","state":"running"}', Content_Type="application/json")
    t.outside.taken()
    t.wait_event("NexusOperationStarted")


def completes(t):
    t.outside.answer(200, b'"out"', Content_Type="application/json")
    t.outside.taken()
    t.wait_event("NexusOperationCompleted")


@SETTINGS
@scenario
def succeeds(t):
    begin(t, server=Outside(t, context()))
    completes(t)
    t.history()
    end(t)


@SETTINGS
@scenario
def an_older_protocol(t):
    begin(t, server=Outside(t, context(newest=ssl.TLSVersion.TLSv1_2)))
    completes(t)
    end(t)


@SETTINGS
@scenario
def starts_is_canceled_and_ends(t):
    begin_started(t)
    t.step(cancel_operation())
    t.outside.answer(202)
    t.outside.taken()
    t.wait_event("NexusOperationCancelRequestCompleted")
    t.history()
    t.terminate()
    end(t)


@SETTINGS
@scenario
def protocols_that_are_offered(t):
    """What a server that prefers the newer version of HTTP is asked for."""
    chosen = []
    listener = socket.create_server(("127.0.0.1", 0))

    class Chooser:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        close = listener.close

    def serve():
        each, _ = listener.accept()
        with context(protocols=["h2", "http/1.1"]).wrap_socket(each, server_side=True) as spoken:
            chosen.append(spoken.selected_alpn_protocol())
    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    begin(t, server=Chooser)
    serving.join(20)
    t.note(f"chosen: {chosen}")
    t.terminate()
    end(t)


def unreached(t, server):
    """Tells of an operation whose server can't be spoken to."""
    begin(t, server=server)
    answer = t.until("DescribeWorkflowExecution", lambda answer: answer.pending_nexus_operations[0].attempt >= 1
                     and answer.pending_nexus_operations[0].HasField("last_attempt_failure"), execution="wf~")
    shown(t, "operation", answer.pending_nexus_operations[0])
    t.terminate()
    end(t)


def shown(t, name, info):
    t.note(f"{name}: state {info.state} due {info.HasField('next_attempt_schedule_time')}")
    told(t, info.last_attempt_failure)


def told(t, failure):
    """Tells a failure and what is behind it."""
    depth = 0
    while failure is not None:
        text = failure.message
        for pattern, shown in WORDS:
            text = re.sub(pattern, shown, text)
        kind = failure.WhichOneof("failure_info")
        t.note(f"{'  ' * depth}{kind}: {text} <- {failure.source}")
        for line in t.normaliser.lines(getattr(failure, kind)) if kind else ():
            t.note(f"{'  ' * depth}{line}")
        depth += 1
        failure = failure.cause if failure.HasField("cause") else None


def told_of_failed(t, workflow="wf~"):
    """Tells why an operation has failed for good."""
    events = t.quiet("GetWorkflowExecutionHistory", execution=workflow).history.events
    told(t, [event for event in events if event.event_type == 51][0].nexus_operation_failed_event_attributes.failure)


def told_of_callback(t, name, workflow="wf~"):
    """Tells why a callback could not be told, once that was tried."""
    answer = t.until("DescribeWorkflowExecution", lambda answer: answer.callbacks[0].attempt >= 1
                     and answer.callbacks[0].HasField("last_attempt_failure"), execution=workflow)
    shown(t, name, answer.callbacks[0])
    t.outside.close()


for name, make in {
    "untrusted": lambda t: Outside(t, context("stranger")),
    "of_another_host": lambda t: Outside(t, context("elsewhere")),
    "expired": lambda t: Outside(t, context("old")),
    "never_answers": lambda t: Silent(),
    "hangs_up": lambda t: Silent(hangs_up=True),
    "closed": lambda t: Closed(),
    "no_tls": Plain,
    "unexpected_tls": Secret,
}.items():
    def play(t, make=make):
        unreached(t, make(t))

    def play_callback(t, make=make):
        callback(t, make(t))
        told_of_callback(t, "callback")
    play.__name__, play_callback.__name__ = f"operation_{name}", f"callback_{name}"
    SETTINGS(scenario(play))
    SETTINGS(scenario(play_callback))


def callback(t, server, number=""):
    t.outside = server
    t.call("StartWorkflowExecution", workflow_id=f"wf{number}~", workflow_type="type", task_queue=f"q{number}~", identity="client",
           request_id=f"r{number}~", completion_callbacks=[{"nexus": {"url": server.url + "/told", "header": {"own": "value"}}}])
    t.blocks.pop()
    t.complete(t.poll(f"q{number}~"), complete())


@SECURE
@scenario
def callbacks_are_told(t):
    callback(t, Outside(t, context()))
    t.outside.answer(200)
    t.outside.taken()
    t.until("DescribeWorkflowExecution", lambda answer: answer.callbacks[0].state == 5, execution="wf~")
    t.outside.close()


@SECURE
@scenario
def plain_callbacks_are_refused(t):
    t.call("StartWorkflowExecution", workflow_id="wf~", workflow_type="type", task_queue="q~", identity="client",
           request_id="r~", completion_callbacks=[{"nexus": {"url": "http://example.com/told"}}])


STATUSES = (
    (400, b'{"message":"no"}', {"Content_Type": "application/json"}), (401, b"", {}), (403, b"text", {}), (404, b'{"message":"none"}', {}),
    (408, b"", {}), (409, b"", {}), (418, b"", {}), (429, b"", {}), (500, b"broken", {"Content_Type": "text/plain"}), (501, b"", {}),
    (503, b'{"message":"later"}', {"Content_Type": "application/json"}), (520, b"", {}), (599, b"", {}), (302, b"", {"Location": "/other"}),
    (404, b"", {"Nexus_Request_Retryable": "true"}), (500, b"", {"Nexus_Request_Retryable": "false"}),
)


JSON = {"Content_Type": "application/json"}
# No more than five at an endpoint, so that its circuit breaker stays closed.
STARTS = (
    (201, b"", {}), (201, b"{}", JSON), (201, b'{"token":"t","state":"succeeded"}', JSON), (201, b'{"id":"t","state":"running"}', JSON),
    (202, b"", {}),
)
ENDS = (
    (424, b"", {}), (424, b"", {"Nexus_Operation_State": "failed"}), (424, b"nonsense", JSON | {"Nexus_Operation_State": "failed"}),
    (424, b'{"message":"m"}', JSON | {"Nexus_Operation_State": "other"}), (424, b'{"message":"m"}', {"Nexus_Operation_State": "failed"}),
)


def answered(t, answers):
    """What is told of operations that are answered so, one after the other."""
    t.outside = Outside(t, context())
    t.made = endpoint(t, target={"external": {"url": t.outside.url}})
    for number, (status, body, headers) in enumerate(answers):
        workflow = f"wf{number}~"
        t.start(workflow, task_queue=f"q{number}~")
        t.complete(t.poll(f"q{number}~"), schedule())
        t.outside.answer(status, body, **headers)
        t.outside.taken()
        if not number:
            t.blocks.clear()
        answer = t.until("DescribeWorkflowExecution", lambda answer: not answer.pending_nexus_operations
                         or answer.pending_nexus_operations[0].attempt, execution=workflow)
        if answer.pending_nexus_operations:
            shown(t, f"{status}", answer.pending_nexus_operations[0])
        else:
            told_of_failed(t, workflow)
        t.terminate(workflow)
    end(t)


@SETTINGS
@scenario
def statuses_of_operations(t):
    answered(t, STATUSES)


@SETTINGS
@scenario
def starts_that_make_no_sense(t):
    answered(t, STARTS)


@SETTINGS
@scenario
def ends_that_make_no_sense(t):
    answered(t, ENDS)


@SETTINGS
@scenario
def statuses_of_cancellations(t):
    for number, (status, body, headers) in enumerate(STATUSES):
        workflow, queue = f"wf{number}~", f"q{number}~"
        t.outside = Outside(t, context())
        t.made = endpoint(t, f"ep{number}~", target={"external": {"url": t.outside.url}})
        t.start(workflow, task_queue=queue)
        t.complete(t.poll(queue), schedule(endpoint=f"ep{number}~"))
        t.outside.answer(201, b'{"token":"token","state":"running"}', Content_Type="application/json")
        t.outside.taken()
        t.wait_event("NexusOperationStarted", workflow)
        t.complete(t.poll(queue), cancel_operation())
        t.outside.answer(status, body, **headers)
        t.outside.taken()
        answer = t.until("DescribeWorkflowExecution", lambda answer: answer.pending_nexus_operations[0].cancellation_info.attempt,
                         execution=workflow)
        shown(t, f"{status}", answer.pending_nexus_operations[0].cancellation_info)
        t.terminate(workflow)
        end(t)


@SETTINGS
@scenario
def statuses_of_callbacks(t):
    for number, (status, body, headers) in enumerate(STATUSES):
        callback(t, Outside(t, context()), number)
        t.outside.answer(status, body, **headers)
        t.outside.taken()
        told_of_callback(t, f"{status}", f"wf{number}~")


def held_up(t):
    """An operation whose first attempt failed, and which is therefore tried again."""
    begin(t, server=Outside(t, context()))
    t.outside.answer(503)
    t.outside.taken()
    t.until("DescribeWorkflowExecution", lambda answer: answer.pending_nexus_operations[0].attempt == 1, execution="wf~")


@SETTINGS
@scenario
def an_endpoint_that_moves(t):
    """The next attempt goes where the endpoint leads now."""
    held_up(t)
    before, t.outside = t.outside, Outside(t, context())
    before.close()
    target = {"external": {"url": t.outside.url + "/moved"}}
    t.made = t.quiet("UpdateNexusEndpoint", id=t.made.id, version=t.made.version, spec={"name": "ep~", "target": target}).endpoint
    completes(t)
    end(t)


@SETTINGS
@scenario
def an_endpoint_that_is_deleted(t):
    held_up(t)
    remove(t, t.made)
    t.wait_event("NexusOperationFailed")
    told_of_failed(t)
    t.terminate()
    t.outside.close()


@SETTINGS
@scenario
def an_endpoint_that_is_deleted_before_the_cancellation(t):
    begin_started(t)
    remove(t, t.made)
    t.step(cancel_operation())
    answer = t.until("DescribeWorkflowExecution", lambda answer: answer.pending_nexus_operations[0].cancellation_info.attempt,
                     execution="wf~")
    shown(t, "cancellation", answer.pending_nexus_operations[0].cancellation_info)
    t.terminate()
    t.outside.close()
