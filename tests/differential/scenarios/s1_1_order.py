"""Which error wins when a call has several faults, and how long an error may be (section 1.1)."""

import time

from harness import configured, scenario

NEW_CLIENT = (("client-name", "temporal-go"), ("client-version", "2.0.0"))
NEW_SERVER = (("client-name", "temporal-go"), ("client-version", "1.0.0"), ("supported-server-versions", ">=99.0.0"))
NONSENSE = (("client-name", "temporal-java"), ("client-version", "nonsense"))
BOTH = NEW_CLIENT + (("supported-server-versions", "nonsense"),)


def faults(t, metadata):
    """Calls with a fault of their own and headers of a client that does not fit."""
    for namespace in ("default", "none", "", "n" * 1001):
        t.call("DescribeWorkflowExecution", namespace=namespace, execution="", metadata=metadata)
        t.call("StartWorkflowExecution", namespace=namespace, metadata=metadata)
        t.call("PollWorkflowTaskQueue", namespace=namespace, metadata=metadata, timeout=1)
        t.call("RespondWorkflowTaskCompleted", namespace=namespace, task_token=b"nonsense", metadata=metadata)
    t.call("DescribeNamespace", namespace="none", metadata=metadata)
    t.call("GetSystemInfo", metadata=metadata)
    t.call("GetClusterInfo", metadata=metadata)
    t.call("ListNamespaces", metadata=metadata, page_size=-1)
    t.call("RegisterNamespace", metadata=metadata)
    t.call("ListSearchAttributes", metadata=metadata, namespace="none")
    t.call("AddSearchAttributes", metadata=metadata, namespace="none")
    t.call("ListNexusEndpoints", metadata=metadata, page_size=-1)


@scenario
def clients_that_are_too_new(t):
    faults(t, NEW_CLIENT)


@scenario
def clients_that_want_a_newer_server(t):
    faults(t, NEW_SERVER)


@scenario
def clients_of_unreadable_version(t):
    faults(t, NONSENSE)


@scenario
def client_before_server(t):
    """The client's own version is looked at before the servers it wants."""
    t.call("GetSystemInfo", metadata=BOTH)
    t.call("CountWorkflowExecutions", metadata=BOTH)


@scenario
def clients_that_say_little(t):
    for metadata in (
        (), (("client-name", "temporal-go"),), (("client-version", "9.9.9"),), (("client-name", "other"), ("client-version", "9")),
        (("client-name", "temporal-go"), ("client-version", "1.0.0"), ("supported-server-versions", ">=1.0.0 <2.0.0 || >=99.0.0")),
        (("client-name", "temporal-typescript"), ("client-version", "1.9.0-rc.1")), (("client-name", "temporal-php"), ("client-version", "2.0.0-rc.1")),
        (("client-name", "temporal-ui"), ("client-version", "2.0.0")), (("client-name", "temporal-ui"), ("client-version", "3.0.0")),
        (("client-name", "temporal-cli"), ("client-version", "2.0.0")), (("client-name", "Nexus-go-sdk"), ("client-version", "2.0.0")),
        (("client-name", "temporal-server"), ("client-version", "2.0.0")), (("client-name", "temporal-dotnet"), ("client-version", "7.0.0")),
    ):
        t.call("CountWorkflowExecutions", metadata=metadata, query="WorkflowId = 'none~'")


@scenario
def calls_to_a_deprecated_namespace(t):
    """The state of a namespace is looked at before everything else of a request."""
    name = "old~"
    t.quiet("RegisterNamespace", namespace=name, workflow_execution_retention_period=86400)
    t.until("DescribeNamespace", lambda answer: True, namespace=name)
    t.call("DeprecateNamespace", namespace=name)
    t.until_refused("StartWorkflowExecution", namespace=name, workflow_id="wf~", workflow_type="t", task_queue="q~", request_id=str(time.monotonic()))
    for method in ("StartWorkflowExecution", "SignalWithStartWorkflowExecution", "ExecuteMultiOperation"):
        t.call(method, namespace=name)
        t.call(method, namespace=name, metadata=NEW_CLIENT)
    t.call("SignalWorkflowExecution", namespace=name)
    t.call("PollWorkflowTaskQueue", namespace=name, timeout=1)
    t.call("PollWorkflowTaskQueue", namespace=name, task_queue="other~", timeout=2.5)
    t.call("CountWorkflowExecutions", namespace=name, query="WorkflowId = 'none~'")
    t.call("CreateSchedule", namespace=name, request_id="r")


@scenario
def long_errors(t):
    """An error's text is cut."""
    t.call("CountWorkflowExecutions", query="Own" + "x" * 5000 + " = 1")
    t.call("CountWorkflowExecutions", query="ExecutionStatus = '" + "x" * 5000 + "'")
    t.call("DescribeWorkflowExecution", execution="w" * 5000)


@scenario
def polls_with_little_time(t):
    for timeout in (0.5, 1.5):
        t.call("PollWorkflowTaskQueue", timeout=timeout)
        t.call("PollActivityTaskQueue", timeout=timeout)
        t.call("PollWorkflowTaskQueue", task_queue="x" * 1001, identity="i" * 1001, timeout=timeout)
    t.call("PollWorkflowTaskQueue", timeout=None)
    t.call("PollActivityTaskQueue", timeout=None)
    t.call("PollWorkflowExecutionUpdate", update_ref={"workflow_execution": "none~", "update_id": "u"}, timeout=None)


@configured(frontend__namespaceRPS=1, frontend__namespaceBurstRatio=1.0)
@scenario
def rates_before_versions(t):
    """A call too many is told so, whatever its client."""
    from harness import Refusal
    for _ in range(20):
        answers = [t._wait(pending) for pending in [t.begin("DescribeWorkflowExecution", execution="", metadata=NEW_CLIENT) for _ in range(8)]]
        refused = [answer for answer in answers if isinstance(answer, Refusal) and answer.code == "RESOURCE_EXHAUSTED"]
        if refused:
            t.block("= one of them", t._refusal_lines(refused[0]))
            return
    t.note("never refused")
