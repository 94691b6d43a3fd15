"""Limits that are set low by keys of the dynamic configuration (section 2b)."""

from commands import (activity, cancel_external, child, complete, signal_external,
                      timer, upsert)
from harness import configured, scenario

LOW = configured(
    limit__numPendingActivities__error=1, limit__numPendingChildExecutions__error=1, limit__numPendingSignals__error=1,
    limit__numPendingCancelRequests__error=1, history__maximumSignalsPerExecution=2,
    history__maximumBufferedEventsBatch=3, history__maxInFlightUpdates=2, history__maxTotalUpdates=3,
    limit__maxIDLength=60, frontend__searchAttributesNumberOfKeysLimit=1,
    frontend__searchAttributesSizeOfValueLimit=20, frontend__searchAttributesTotalSizeLimit=60,
    limit__blobSize__error=3000, limit__memoSize__error=200, frontend__linkMaxSize=100, frontend__maxlinksPerRequest=2,
    limit__historyCount__suggestContinueAsNew=8,
    limit__blobSize__warn=100, limit__memoSize__warn=100, limit__mutableStateActivityFailureSize__warn=50,
    frontend__visibilityMaxPageSize=2, history__longPollExpirationInterval="1s",
    history__defaultWorkflowTaskTimeout="7s", history__historyMaxAutoResetPoints=2, history__MaxBufferedQueryCount=2,
    limit__mutableStateActivityFailureSize__error=100, history__workflowTaskHeartbeatTimeout="1s",
    limit__userMetadataSummarySize=20, limit__userMetadataDetailsSize=40,
    frontend__callbackURLMaxLength=30, frontend__maskInternalErrorDetails=False,
)


def text(length):
    return {"metadata": {"encoding": b"json/plain"}, "data": b"x" * length}


@LOW
@scenario
def pending_of_a_run(t):
    """One pending thing of each kind is allowed."""
    for index, (last, *commands) in enumerate((
        ("ActivityTaskScheduled", activity("a"), activity("b")),
        ("ChildWorkflowExecutionStarted", child("c1~"), child("c2~")),
        ("SignalExternalWorkflowExecutionFailed", signal_external("x~"), signal_external("y~")),
        ("RequestCancelExternalWorkflowExecutionFailed", cancel_external("x~"), cancel_external("y~")),
    )):
        t.start(f"wf{index}~", task_queue=f"q{index}~")
        t.complete(t.poll(f"q{index}~"), *commands)
        t.complete(t.poll(f"q{index}~"), commands[0])
        t.wait_event(last, f"wf{index}~")
        t.history(f"wf{index}~")


@LOW
@scenario
def signals_of_a_run(t):
    """The third signal is refused; cancel and terminate are not."""
    t.start()
    for _ in range(3):
        t.signal()
    t.start(method="SignalWithStartWorkflowExecution", signal_name="s", workflow_id_conflict_policy="USE_EXISTING")
    t.cancel()
    t.terminate()
    t.history()


@LOW
@scenario
def signals_from_another_workflow(t):
    t.start("to~", task_queue="other~")
    for _ in range(2):
        t.signal(workflow_id="to~")
    t.start()
    t.step(signal_external("to~"))
    t.step(timer())
    t.history()
    t.history("to~")


@LOW
@scenario
def buffered_events(t):
    """The fourth buffered event fails the task."""
    t.start(workflow_task_timeout=100)
    task = t.poll()
    t.cancel()
    t.signal("s1")
    t.signal("s2")
    t.history(label="before")
    t.complete(task, timer(), activity())
    t.history()


@LOW
@scenario
def updates_in_flight(t):
    """The third update that waits is refused."""
    t.start()
    t.step(timer())
    waiting = [t.begin("UpdateWorkflowExecution", workflow_execution="wf~", wait_policy={"lifecycle_stage": "ACCEPTED"}, timeout=3, request={
        "meta": {"update_id": f"u{index}"}, "input": {"name": "n"}}) for index in range(2)]
    t.until("DescribeWorkflowExecution", lambda answer: answer.HasField("pending_workflow_task"), execution="wf~")
    t.call("UpdateWorkflowExecution", workflow_execution="wf~", wait_policy={"lifecycle_stage": "ACCEPTED"}, timeout=3, request={
        "meta": {"update_id": "u3"}, "input": {"name": "n"}})
    t.terminate()
    for each in waiting:
        each.future.cancel()


@LOW
@scenario
def search_attributes(t):
    """One key, 20 bytes a value, 60 in all."""
    one, two = {"OwnKeyword": "k"}, {"OwnKeyword": "k", "OwnInt": 1}
    for index, attributes in enumerate((one, two, {"OwnKeyword": "x" * 30}, {"OwnKeyword": "x" * 12})):
        t.start(f"wf{index}~", search_attributes=attributes)
    for index, attributes in enumerate((two, {"OwnKeyword": "x" * 30})):
        t.start(f"c{index}~", task_queue=f"c{index}~")
        t.complete(t.poll(f"c{index}~"), upsert(attributes))
        t.history(f"c{index}~")


@LOW
@scenario
def payloads(t):
    t.start(input=text(3001))
    t.start(memo={"m": text(300)})
    t.start("wf~", input=text(2000), memo={"m": text(60)})
    t.signal(input=text(3001))
    t.query(query={"query_type": "q", "query_args": text(3001)})
    t.step(activity())
    task = t.poll_activity()
    t.heartbeat(task, text(3001))
    t.start("wf3~", task_queue="q3~")
    t.complete(t.poll("q3~"), complete(text(3001)))
    t.history("wf3~")
    t.history()


@LOW
@scenario
def links_of_a_request(t):
    link = {"workflow_event": {"namespace": "default", "workflow_id": "w", "run_id": "r"}}
    t.start("a~", links=[link] * 2)
    t.start("b~", links=[link] * 3)
    t.start("c~", links=[{"workflow_event": {"namespace": "default", "workflow_id": "w" * 120, "run_id": "r"}}])


@LOW
@scenario
def continuing_is_suggested(t):
    t.start()
    t.step(timer("t1"), timer("t2"), timer("t3"))
    t.signal()
    t.poll()
    t.history()


@configured(limit__historyMaxPageSize=2, frontend__historyMaxPageSize=2, matching__historyMaxPageSize=2)
@scenario
def pages_of_history(t):
    """Two batches a page."""
    t.start()
    t.signal()
    t.signal()
    t.signal()
    t.call("GetWorkflowExecutionHistory", execution="wf~")
    t.call("GetWorkflowExecutionHistoryReverse", execution="wf~")


@LOW
@scenario
def waiting_for_history(t):
    """A wait is answered empty after the interval."""
    t.start()
    page = t.quiet("GetWorkflowExecutionHistory", execution="wf~")
    t.call("GetWorkflowExecutionHistory", execution="wf~", wait_new_event=True, next_page_token=page.next_page_token)
    page = t.call("GetWorkflowExecutionHistory", execution="wf~", wait_new_event=True, maximum_page_size=1)
    t.call("GetWorkflowExecutionHistory", execution="wf~", wait_new_event=True,
           next_page_token=page.next_page_token)
    t.call("GetWorkflowExecutionHistory", execution="wf~", wait_new_event=True, history_event_filter_type="CLOSE_EVENT")


@LOW
@scenario
def default_task_timeout(t):
    """The timeout of a workflow's tasks, of a child's and of what it continues as."""
    t.start()
    t.step(child("c~"))
    t.poll("cq~")
    t.history()
    t.history("c~")


@LOW
@scenario
def buffered_queries(t):
    """Two queries wait for the task, the third is refused."""
    t.start()
    t.step(timer())
    t.signal()
    task = t.poll()
    waiting = [t.begin_query(timeout=4) for _ in range(2)]
    t.signal("again")
    refused = None
    while refused is None or refused.code == "DEADLINE_EXCEEDED":
        refused = t._wait(t.begin_query(timeout=1))
    t.block("= the third query", t._refusal_lines(refused))
    t.complete(task, complete())
    for each in waiting:
        each.future.cancel()


@LOW
@scenario
def heartbeats_of_workflow_tasks(t):
    """A row of heartbeats longer than a second times the task out."""
    t.start()
    task = t.poll()
    t.start("idle~", task_queue="idle~")
    for index in range(3):
        if not t.complete(task, force_create_new_workflow_task=True) and index:
            break
        # A wait for history is answered after a second here.
        t.quiet("GetWorkflowExecutionHistory", execution="idle~", wait_new_event=True, history_event_filter_type="CLOSE_EVENT")
        task = t.poll()
    t.history()


@LOW
@scenario
def callbacks(t):
    def callback(url):
        return {"nexus": {"url": url}}
    t.start("a~", completion_callbacks=[callback("http://localhost/a")])
    t.start("b~", completion_callbacks=[callback("http://localhost/" + "x" * 30)])


@LOW
@scenario
def user_metadata(t):
    t.start("a~", task_queue="a~", user_metadata={"summary": text(30)})
    t.start("b~", task_queue="b~", user_metadata={"details": text(50)})
    t.start()
    t.step({**timer(), "user_metadata": {"summary": text(30)}})
    t.history()


@LOW
@scenario
def limits_of_the_namespace(t):
    info = t.quiet("DescribeNamespace", namespace="default").namespace_info
    t.block("= limits", t.normaliser.lines(info.limits))


@configured(history__maxInFlightUpdatePayloads=200)
@scenario
def bytes_of_updates_in_flight(t):
    t.start()
    t.step(timer())
    first = t.begin("UpdateWorkflowExecution", workflow_execution="wf~", timeout=4, request={
        "meta": {"update_id": "u1"}, "input": {"name": "n", "args": text(150)}})
    t.until("DescribeWorkflowExecution", lambda answer: answer.HasField("pending_workflow_task"), execution="wf~")
    t.call("UpdateWorkflowExecution", workflow_execution="wf~", timeout=3, request={
        "meta": {"update_id": "u2"}, "input": {"name": "n", "args": text(150)}})
    t.start("big~", task_queue="big~")
    t.call("UpdateWorkflowExecution", workflow_execution="big~", timeout=3, request={
        "meta": {"update_id": "u2"}, "input": {"name": "n", "args": text(350)}})
    first.future.cancel()
