"""Reading histories and describing runs (sections 1.3 and 2.1)."""

from commands import activity, child, complete, continue_as_new, timer
from harness import scenario

NONE = "00000000-0000-4000-8000-000000000000"


def three_tasks(t):
    first = t.start()
    t.step(timer())
    t.signal()
    t.step(timer("t2"))
    t.signal()
    return first


def pages(t, method, size, **fields):
    token = b""
    while True:
        page = t.call(method, execution="wf~", maximum_page_size=size, next_page_token=token, **fields)
        token = page.next_page_token if page else b""
        if not token:
            return


@scenario
def forward_pages(t):
    """A page never splits a batch."""
    three_tasks(t)
    for size in (1, 3, 5, 100):
        t.note(f"page size {size}")
        pages(t, "GetWorkflowExecutionHistory", size)


@scenario
def reverse_pages(t):
    three_tasks(t)
    for size in (1, 3, 5, 100):
        t.note(f"page size {size}")
        pages(t, "GetWorkflowExecutionHistoryReverse", size)


@scenario
def close_event_filter(t):
    three_tasks(t)
    t.call("GetWorkflowExecutionHistory", execution="wf~", history_event_filter_type="CLOSE_EVENT")
    t.step(complete())
    t.call("GetWorkflowExecutionHistory", execution="wf~", history_event_filter_type="CLOSE_EVENT")
    t.call("GetWorkflowExecutionHistory", execution="wf~", history_event_filter_type="CLOSE_EVENT", wait_new_event=True)


@scenario
def close_event_of_a_chain(t):
    first = t.start()
    t.step(continue_as_new())
    t.call("GetWorkflowExecutionHistory", execution=("wf~", first.run_id), wait_new_event=True,
           history_event_filter_type="CLOSE_EVENT")


@scenario
def long_poll(t):
    t.start()
    first = t.call("GetWorkflowExecutionHistory", execution="wf~", wait_new_event=True)
    waiting = t.begin("GetWorkflowExecutionHistory", execution="wf~", wait_new_event=True,
                      next_page_token=first.next_page_token)
    t.signal()
    page = t.end(waiting)
    t.terminate()
    while page and page.next_page_token:
        page = t.quiet("GetWorkflowExecutionHistory", execution="wf~", wait_new_event=True,
                       next_page_token=page.next_page_token)
    t.note("the last page has no token")


@scenario
def long_poll_for_the_close(t):
    t.start()
    waiting = t.begin("GetWorkflowExecutionHistory", execution="wf~", wait_new_event=True,
                      history_event_filter_type="CLOSE_EVENT")
    t.step(complete())
    t.end(waiting)


@scenario
def bad_reads(t):
    first = t.start()
    good = t.quiet("GetWorkflowExecutionHistory", execution="wf~", wait_new_event=True).next_page_token
    for method in ("GetWorkflowExecutionHistory", "GetWorkflowExecutionHistoryReverse"):
        t.table(method, {"execution": "wf~"}, [
            {"execution": None}, {"execution": ""}, {"execution": "none~"}, {"execution": ("wf~", "nonsense")},
            {"execution": ("wf~", NONE)}, {"next_page_token": b"garbage"}, {"maximum_page_size": -1},
            {"namespace": "none~"}, {"namespace": ""},
            {"execution": ("wf~", NONE), "next_page_token": good},
            {"execution": ("", first.run_id)},
        ])


@scenario
def describe_bad(t):
    t.start()
    t.table("DescribeWorkflowExecution", {"execution": "wf~"}, [
        {"execution": None}, {"execution": ""}, {"execution": "none~"}, {"execution": ("wf~", "nonsense")},
        {"execution": ("wf~", NONE)},
    ])


@scenario
def describe_everything_pending(t):
    t.start("other~", task_queue="oq~")
    t.start()
    t.step(activity("a"), activity("b", task_queue="b~", heartbeat_timeout=5), child(), timer())
    t.wait_event("ChildWorkflowExecutionStarted")
    t.heartbeat(t.poll_activity("b~"))
    t.poll()
    t.signal()
    t.cancel()
    t.describe()


@scenario
def transient_events_and_clients(t):
    """Only an SDK sees the tail of a failing task in a history read."""
    t.start()
    t.fail_task(t.poll())
    for metadata in ((), (("client-name", "temporal-cli"), ("client-version", "1.0.0")),
                     (("client-name", "temporal-ui"), ("client-version", "2.0.0")),
                     (("client-name", "temporal-java"), ("client-version", "1.20.0"))):
        t.note(metadata)
        t.call("GetWorkflowExecutionHistory", execution="wf~", metadata=metadata)
    t.call("GetWorkflowExecutionHistoryReverse", execution="wf~")


@scenario
def poll_pages_of_a_long_history(t):
    """A poll ships the first page; the rest is read with its token."""
    t.start()
    for index in range(300):
        t.quiet("SignalWorkflowExecution", workflow_execution="wf~", signal_name=f"s{index}")
    task = t.quiet("PollWorkflowTaskQueue", task_queue="q~", identity="worker")
    t.note(f"{len(task.history.events)} events, token: {bool(task.next_page_token)}")
    rest = t.quiet("GetWorkflowExecutionHistory", execution="wf~", next_page_token=task.next_page_token)
    t.note(f"{len(rest.history.events)} events from {rest.history.events[0].event_id}, token: {bool(rest.next_page_token)}")
    whole = t.quiet("GetWorkflowExecutionHistory", execution="wf~")
    t.note(f"{len(whole.history.events)} events in one read, token: {bool(whole.next_page_token)}")
    back = t.quiet("GetWorkflowExecutionHistoryReverse", execution="wf~")
    t.note(f"{len(back.history.events)} events backwards from {back.history.events[0].event_id}, token: {bool(back.next_page_token)}")
