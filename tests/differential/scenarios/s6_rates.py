"""Limits on requests (section 2b and 6): each server is asked more than its settings allow."""

from commands import activity
from harness import Refusal, configured, scenario


ROUNDS_MAX = 20


def many(t, method, **fields):
    """Asks eight times at once, and again until one is refused for the rate; records that refusal."""
    for _ in range(ROUNDS_MAX):
        answers = [t._wait(pending) for pending in [t.begin(method, **fields) for _ in range(8)]]
        refused = [answer for answer in answers if isinstance(answer, Refusal) and answer.code == "RESOURCE_EXHAUSTED"]
        if refused:
            t.block(f"= {method}: refused", t._refusal_lines(refused[0]))
            return
    t.note(f"{method}: never refused")


def told(t):
    """Records the capabilities that switches change."""
    can = t.quiet("DescribeNamespace", namespace="default").namespace_info.capabilities
    t.note((can.eager_workflow_start, can.sync_update, can.async_update))


@configured(frontend__namespaceRPS=2, frontend__namespaceBurstRatio=1.0)
@scenario
def namespace_rps(t):
    many(t, "DescribeWorkflowExecution", execution="none~")
    many(t, "StartWorkflowExecution", workflow_id="wf~", workflow_type="type", task_queue="q~", request_id="r~")
    many(t, "GetSystemInfo")
    many(t, "DescribeNamespace", namespace="default")
    many(t, "PollWorkflowTaskQueue", task_queue="q~", timeout=3)


@configured(frontend__namespaceRPS=2, frontend__namespaceBurstRatio=1.0)
@scenario
def namespace_rps_and_lists(t):
    """Lists have a limit of their own, and count for the namespace's too."""
    for method in ("ListWorkflowExecutions", "CountWorkflowExecutions", "ListSchedules", "ListBatchOperations"):
        many(t, method)


@configured(frontend__namespaceRPS__visibility=1)
@scenario
def visibility_rps(t):
    many(t, "ListWorkflowExecutions")
    many(t, "CountWorkflowExecutions")
    many(t, "DescribeWorkflowExecution", execution="none~")


@configured(frontend__rps=5)
@scenario
def host_rps(t):
    many(t, "DescribeWorkflowExecution", execution="none~")
    many(t, "ListWorkflowExecutions")
    many(t, "GetSystemInfo")


@configured(frontend__namespaceCount=1)
@scenario
def long_polls(t):
    t.start()
    many(t, "PollWorkflowTaskQueue", task_queue="none~", timeout=3)
    many(t, "PollActivityTaskQueue", task_queue="none~", timeout=3)
    many(t, "QueryWorkflow", execution="wf~", query={"query_type": "q"}, timeout=3)
    many(t, "GetWorkflowExecutionHistory", execution="wf~", timeout=3)
    many(t, "GetWorkflowExecutionHistory", execution="wf~", timeout=3, wait_new_event=True, history_event_filter_type="CLOSE_EVENT")
    many(t, "UpdateWorkflowExecution", workflow_execution="wf~", timeout=3, request={"meta": {}, "input": {"name": "n"}})


@configured(frontend__namespaceRPS__namespaceReplicationInducingAPIs=1, frontend__globalNamespaceRPS__namespaceReplicationInducingAPIs=0,
            frontend__namespaceBurstRatio__namespaceReplicationInducingAPIs=2.0)
@scenario
def namespace_changes(t):
    many(t, "UpdateNamespace", namespace="default")
    many(t, "DescribeNamespace", namespace="default")


@configured(system__enableEagerWorkflowStart=False, system__enableActivityEagerExecution=False,
            frontend__enableUpdateWorkflowExecution=False, frontend__enableExecuteMultiOperation=False,
            system__disallowQuery=True)
@scenario
def switched_off(t):
    t.start(request_eager_execution=True)
    t.step(activity(request_eager_execution=True))
    t.call("UpdateWorkflowExecution", workflow_execution="wf~", timeout=3, request={"meta": {}, "input": {"name": "n"}})
    t.call("PollWorkflowExecutionUpdate", update_ref={"workflow_execution": "wf~", "update_id": "u"}, timeout=3)
    t.query()
    t.call("ExecuteMultiOperation", operations=[])
    told(t)
    t.note(t.quiet("GetSystemInfo").capabilities.eager_workflow_start)


@configured(frontend__enableUpdateWorkflowExecutionAsyncAccepted=False)
@scenario
def accepted_stage_switched_off(t):
    t.start()
    t.call("UpdateWorkflowExecution", workflow_execution="wf~", timeout=3, wait_policy={"lifecycle_stage": "ACCEPTED"}, request={"meta": {}, "input": {"name": "n"}})
    told(t)
