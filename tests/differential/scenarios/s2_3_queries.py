"""Queries: direct, buffered, failed, refused (section 2.3)."""

from commands import complete, fail, timer
from harness import scenario

STICKY = {"worker_task_queue": {"name": "sticky~", "kind": "STICKY", "normal_name": "q~"},
          "schedule_to_start_timeout": 1}


def idle(t, **fields):
    """A workflow that has completed one task and waits."""
    t.start()
    t.step(timer(), **fields)


def answer(t, task, **fields):
    """Answers a query task; the query's success by default."""
    return t.call("RespondQueryTaskCompleted", **{
        "task_token": task.task_token, "completed_type": "ANSWERED", "query_result": "yes", **fields})


@scenario
def direct(t):
    idle(t)
    query = t.begin_query()
    task = t.poll()
    answer(t, task)
    t.end(query)
    answer(t, task)
    t.history()


@scenario
def direct_failed(t):
    idle(t)
    query = t.begin_query()
    answer(t, t.poll(), completed_type="FAILED", query_result=None, error_message="no such query",
           failure={"message": "no such query", "application_failure_info": {"type": "Q"}})
    t.end(query)


@scenario
def direct_failed_without_failure(t):
    idle(t)
    query = t.begin_query()
    answer(t, t.poll(), completed_type="FAILED", query_result=None, error_message="no such query")
    t.end(query)


@scenario
def direct_with_unknown_completed_type(t):
    idle(t)
    query = t.begin_query(timeout=3)
    answer(t, t.poll(), completed_type=0)
    t.end(query)


@scenario
def direct_on_the_sticky_queue(t):
    idle(t, sticky_attributes=STICKY)
    poll = t.begin_poll("sticky~", sticky=True)
    t.wait_poller("sticky~", sticky=True)
    query = t.begin_query()
    answer(t, t.take(poll))
    t.end(query)


@scenario
def direct_without_sticky_poller(t):
    idle(t, sticky_attributes=STICKY)
    query = t.begin_query()
    answer(t, t.poll())
    t.end(query)


@scenario
def no_worker(t):
    idle(t)
    t.query(timeout=1.5)


@scenario
def before_the_first_task(t):
    """The query waits for the first task and is then asked directly."""
    t.start()
    query = t.begin_query()
    _wait_until_query_is_buffered(t)
    task = t.poll()
    t.complete(task, timer())
    answer(t, t.poll())
    t.end(query)


@scenario
def buffered_and_answered_with_the_task(t):
    idle(t)
    t.signal()
    query = t.begin_query()
    t.note("the query is under way")
    _wait_until_query_is_buffered(t)
    task = t.poll()
    query_id = list(task.queries)[0] if task.queries else "none"
    t.complete(task, query_results={query_id: {"result_type": "ANSWERED", "answer": "yes"}})
    t.end(query)
    t.history()


@scenario
def buffered_and_failed_with_the_task(t):
    idle(t)
    t.signal()
    query = t.begin_query()
    _wait_until_query_is_buffered(t)
    task = t.poll()
    query_id = list(task.queries)[0] if task.queries else "none"
    t.complete(task, query_results={query_id: {
        "result_type": "FAILED", "error_message": "bad", "failure": "bad"}})
    t.end(query)


@scenario
def buffered_and_not_answered(t):
    """The worker leaves the query out, so that it is asked directly afterwards."""
    idle(t)
    t.signal()
    query = t.begin_query()
    _wait_until_query_is_buffered(t)
    t.complete(t.poll())
    answer(t, t.poll())
    t.end(query)


@scenario
def buffered_twice(t):
    """Only one query fits in the buffer."""
    idle(t)
    t.signal()
    query = t.begin_query()
    _wait_until_query_is_buffered(t)
    t.query(timeout=3)
    t.complete(t.poll())
    answer(t, t.poll())
    t.end(query)


@scenario
def buffered_then_closed(t):
    idle(t)
    t.signal()
    query = t.begin_query()
    _wait_until_query_is_buffered(t)
    t.complete(t.poll(), complete())
    answer(t, t.poll())
    t.end(query)


@scenario
def closed(t):
    idle(t)
    t.signal()
    t.step(complete())
    query = t.begin_query()
    answer(t, t.poll())
    t.end(query)


@scenario
def closed_without_completed_task(t):
    t.start()
    t.terminate()
    t.query(timeout=3)


@scenario
def reject_conditions(t):
    idle(t)
    for condition in (1, 2, 3):
        query = t.begin_query(query_reject_condition=condition)
        answer(t, t.poll())
        t.end(query)
    t.signal()
    t.step(fail())
    t.query(query_reject_condition="NOT_OPEN")
    t.query(query_reject_condition="NOT_COMPLETED_CLEANLY")


@scenario
def reject_condition_after_completion(t):
    t.start()
    t.step(complete())
    t.query(query_reject_condition="NOT_OPEN")
    query = t.begin_query(query_reject_condition="NOT_COMPLETED_CLEANLY")
    answer(t, t.poll())
    t.end(query)


@scenario
def unknown_workflow(t):
    t.query("none~")
    t.query(execution=("none~", "00000000-0000-4000-8000-000000000000"))
    t.query(execution=("none~", "nonsense"))


@scenario
def workflow_task_keeps_failing(t):
    t.start()
    for _ in range(3):
        t.fail_task(t.poll())
    t.query(timeout=3)


@scenario
def during_start_delay(t):
    t.start(workflow_start_delay=60)
    t.query(timeout=3)


@scenario
def answers_with_bad_tokens(t):
    t.table("RespondQueryTaskCompleted", {"completed_type": "ANSWERED"}, [
        {"task_token": b""}, {"task_token": b"garbage"}, {"task_token": b"\n\x01x"}])


def _wait_until_query_is_buffered(t):
    """Nothing shows a buffered query, so another call that takes the same lock goes after it."""
    for _ in range(20):
        t.quiet("DescribeWorkflowExecution", execution="wf~")
