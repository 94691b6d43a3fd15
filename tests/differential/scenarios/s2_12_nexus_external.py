"""Handlers and callbacks outside of the cluster, played by a small HTTP server of the scenario's own (section 2.12)."""

import http.server
import queue
import threading
import urllib.parse
import urllib.request

from commands import cancel_workflow, complete, fail
from harness import configured, scenario
from nexus import cancel_operation, endpoint, remove, schedule

SHOWN = ("nexus-operation-token", "nexus-operation-state", "content-type", "own", "nexus-link", "operation-timeout")
ALLOWED = configured(callback__allowedAddresses=[{"Pattern": "*", "AllowInsecure": True}],
                     component__callbacks__allowedAddresses=[{"Pattern": "*", "AllowInsecure": True}])
CALLED_BACK = configured(
    component__nexusoperations__callback__endpoint__template="http://cluster:1/namespaces/{{.NamespaceName}}/nexus/callback")


class Outside:
    """A server that notes what it is asked and answers what it is told to."""

    def __init__(self, t, tls=None):
        self.t, self.answers, self.asked = t, queue.Queue(), queue.Queue()
        outside = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.body()
                outside.asked.put((self.path, dict(self.headers.items()), body))
                status, headers, answer = outside.answers.get(timeout=20)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def body(self):
                if self.headers.get("transfer-encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("content-length") or 0))
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # A caller that turns away at the sight of the certificate is what a scenario is about.

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, status, body=b"", **headers):
        self.answers.put((status, {name.replace("_", "-"): value for name, value in headers.items()}, body))

    def taken(self):
        """Notes the next request, and gives its headers."""
        path, headers, body = self.asked.get(timeout=20)
        small = {name.lower(): value for name, value in headers.items()}
        shown = " ".join(f"{name}={small[name] if name != 'operation-timeout' else '<set>'}" for name in SHOWN if name in small)
        self.t.note(f"asked: {path.split('?')[0]} {shown} {body.decode(errors='replace')}")
        self.query = path.partition("?")[2]
        return small

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def begin(t, *commands, server=None):
    t.outside = server or Outside(t)
    t.made = endpoint(t, target={"external": {"url": t.outside.url + "/base"}})
    t.blocks.clear()
    t.start()
    t.step(*(commands or [schedule(nexus_header={"own": "value"}, schedule_to_close_timeout=60)]))


def end(t):
    remove(t, t.made)
    t.outside.close()


@CALLED_BACK
@scenario
def succeeds_at_once(t):
    begin(t)
    t.outside.answer(200, b'"out"', Content_Type="application/json")
    t.outside.taken()
    t.wait_event("NexusOperationCompleted")
    t.history()
    end(t)


@CALLED_BACK
@scenario
def fails(t):
    for number, (status, body, headers) in enumerate((
        (424, b'{"message":"no"}', {"Nexus_Operation_State": "failed"}),
        (424, b'{"message":"stop"}', {"Nexus_Operation_State": "canceled"}),
        (404, b'{"message":"no such thing"}', {}),
    )):
        begin_at(t, number)
        t.outside.answer(status, body, Content_Type="application/json", **headers)
        t.outside.taken()
        t.wait_event("NexusOperationCanceled" if number == 1 else "NexusOperationFailed", f"wf{number}~")
        events = t.quiet("GetWorkflowExecutionHistory", execution=f"wf{number}~").history.events
        last = [event for event in events if event.event_type in (51, 52)][0]
        failure = last.nexus_operation_failed_event_attributes.failure
        if number == 1:
            failure = last.nexus_operation_canceled_event_attributes.failure
        t.note(f"cause: {failure.cause.WhichOneof('failure_info')} {failure.cause.message if number < 2 else ''}")
        t.terminate(f"wf{number}~")
        end(t)


def begin_at(t, number):
    t.outside = Outside(t)
    t.made = endpoint(t, target={"external": {"url": t.outside.url}})
    t.start(f"wf{number}~", task_queue=f"q{number}~")
    t.complete(t.poll(f"q{number}~"), schedule())


@CALLED_BACK
@scenario
def starts_is_canceled_and_ends(t):
    begin(t)
    t.outside.answer(201, b'{"token":"token","state":"running"}', Content_Type="application/json")
    asked = t.outside.taken()
    names = sorted(name for name in asked if name.startswith("nexus-callback-"))
    t.note(f"callback headers: {names}")
    t.wait_event("NexusOperationStarted")
    t.step(cancel_operation())
    t.outside.answer(202)
    t.outside.taken()
    t.wait_event("NexusOperationCancelRequestCompleted")
    t.history()
    t.terminate()
    end(t)


@CALLED_BACK
@scenario
def calls_back(t):
    begin(t)
    t.outside.answer(201, b'{"token":"token","state":"running"}', Content_Type="application/json")
    asked = t.outside.taken()
    callback = urllib.parse.parse_qs(t.outside.query)["callback"][0]
    t.note(f"callback path: /{callback.split('/', 3)[3]}")
    t.wait_event("NexusOperationStarted")
    headers = {name.removeprefix("nexus-callback-"): value for name, value in asked.items() if name.startswith("nexus-callback-")}
    headers |= {"Nexus-Operation-State": "succeeded", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{t.http_address}/{callback.split('/', 3)[3]}", data=b'"late"', headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        t.note(f"status: {answer.status}")
    t.wait_event("NexusOperationCompleted")
    t.history()
    end(t)


@CALLED_BACK
@scenario
def passes_later(t):
    begin(t)
    t.outside.answer(503, b"")
    t.outside.taken()
    t.outside.answer(200, b"1", Content_Type="application/json")
    t.outside.taken()
    t.wait_event("NexusOperationCompleted")
    end(t)


def told(t, command, number):
    t.outside = Outside(t)
    t.call("StartWorkflowExecution", workflow_id=f"wf{number}~", workflow_type="type", task_queue=f"q{number}~", identity="client",
           request_id=f"r{number}~", completion_callbacks=[{"nexus": {"url": t.outside.url + "/told", "header": {"own": "value"}}}])
    t.blocks.pop()
    t.complete(t.poll(f"q{number}~"), command)


@ALLOWED
@scenario
def callbacks_are_told(t):
    for number, command in enumerate((complete(), fail(), cancel_workflow())):
        told(t, command, number)
        t.outside.answer(200)
        t.outside.taken()
        t.until("DescribeWorkflowExecution", lambda answer: answer.callbacks[0].state == 5, execution=f"wf{number}~")
        t.outside.close()


@ALLOWED
@scenario
def callbacks_are_tried_again(t):
    told(t, complete(), 0)
    t.outside.answer(503)
    t.outside.taken()
    answer = t.until("DescribeWorkflowExecution", lambda answer: answer.callbacks[0].attempt == 1, execution="wf0~")
    t.note(f"state: {answer.callbacks[0].state} due: {answer.callbacks[0].HasField('next_attempt_schedule_time')}")
    t.outside.answer(200)
    t.outside.taken()
    t.until("DescribeWorkflowExecution", lambda answer: answer.callbacks[0].state == 5, execution="wf0~")
    t.outside.close()


@ALLOWED
@scenario
def callbacks_that_are_refused(t):
    told(t, complete(), 0)
    t.outside.answer(400)
    t.outside.taken()
    answer = t.until("DescribeWorkflowExecution", lambda answer: answer.callbacks[0].attempt == 1, execution="wf0~")
    t.note(f"state: {answer.callbacks[0].state}")
    t.outside.close()
