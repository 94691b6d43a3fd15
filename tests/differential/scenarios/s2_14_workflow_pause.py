"""2.14 Pausing and unpausing workflows, with `frontend.WorkflowPauseEnabled`."""

from commands import activity, complete, timer
from harness import configured, scenario

NAMED = {"workflow_id": "wf~", "identity": "operator"}


def pause(t, request_id="p1", **fields):
    return t.call("PauseWorkflowExecution", **{**NAMED, "reason": "why", "request_id": request_id, **fields})


def unpause(t, request_id="u1", **fields):
    return t.call("UnpauseWorkflowExecution", **{**NAMED, "reason": "enough", "request_id": request_id, **fields})


def paused(function):
    return scenario(configured(frontend__WorkflowPauseEnabled=True)(function))


@paused
def before_the_first_task(t):
    t.start()
    pause(t)
    pause(t)
    pause(t, "p2")
    t.describe()
    pending = t.begin_poll()
    t.signal()
    unpause(t)
    unpause(t)
    unpause(t, "u2")
    task = t.take(pending)
    t.complete(task, complete())
    t.history()
    t.describe()


@paused
def while_a_worker_has_the_task(t):
    t.start()
    task = t.poll()
    pause(t)
    t.describe()
    t.complete(task, timer("t", 60))
    t.history()
    unpause(t)
    t.step(complete())
    t.history()


@paused
def between_tasks(t):
    t.start()
    t.step(timer("t", 1), timer("other", 60))
    pause(t)
    t.until("DescribeWorkflowExecution", lambda answer: answer.workflow_execution_info.history_length == 8, execution="wf~")
    t.signal()
    t.describe()
    t.history()
    unpause(t)
    t.step(complete())
    t.history()


@paused
def activities_wait(t):
    t.start()
    t.step(activity("a", retry_policy={"initial_interval": 3}), activity("b", task_queue="b~"))
    task = t.poll_activity()
    pause(t)
    t.describe()
    t.heartbeat(task)
    t.fail_activity(task)
    t.describe()
    unpause(t)
    t.describe()
    t.complete_activity(t.poll_activity("b~"))
    t.complete_activity(t.poll_activity())
    t.step(complete())
    t.history()


@paused
def activity_completes(t):
    t.start()
    t.step(activity())
    task = t.poll_activity()
    pause(t)
    t.complete_activity(task)
    t.history()
    unpause(t)
    t.step(complete())
    t.history()


@paused
def asked_while_paused(t):
    t.start()
    t.step()
    pause(t)
    t.query()
    t.call("UpdateWorkflowExecution", workflow_execution="wf~", wait_policy={"lifecycle_stage": "ACCEPTED"},
           request={"meta": {"update_id": "u"}, "input": {"name": "n"}})
    t.cancel()
    t.signal()
    t.history()
    t.terminate()
    t.history()
    t.describe()


@paused
def closed(t):
    t.start()
    t.terminate()
    pause(t)
    unpause(t)


@paused
def unpause_of_the_running(t):
    t.start()
    unpause(t)
    t.history()


@paused
def found_by_lists(t):
    t.start()
    pause(t)
    query = f"WorkflowId = 'wf{t.unique}' AND ExecutionStatus = 'Paused'"
    t.until("CountWorkflowExecutions", lambda answer: answer.count == 1, query=query)
    t.call("ListWorkflowExecutions", query=query)
    t.call("CountWorkflowExecutions", query=f"WorkflowId = 'wf{t.unique}' AND ExecutionStatus = 'Running'")
    t.call("CountWorkflowExecutions", query=f"WorkflowId = 'wf{t.unique}' AND TemporalPauseInfo IS NOT NULL")


@paused
def started_again(t):
    """The id policies see a paused run as an open one."""
    t.start()
    pause(t)
    t.start()
    t.start(workflow_id_conflict_policy="USE_EXISTING")
    t.start(workflow_id_conflict_policy="TERMINATE_EXISTING")


@paused
def refused(t):
    t.start()
    for method in ("PauseWorkflowExecution", "UnpauseWorkflowExecution"):
        for row in ({"workflow_id": ""}, {"workflow_id": "none~"}, {"run_id": "bad"}, {"workflow_id": "x" * 1001},
                    {"run_id": "00000000-0000-4000-8000-000000000000"}, {"identity": "x" * 1001}, {"request_id": "x" * 1001},
                    {"reason": "x" * 1001}, {"namespace": ""}, {"namespace": "unknown"}):
            t.call(method, **{**NAMED, **row})


@paused
def times_out(t):
    t.start(workflow_run_timeout=2)
    pause(t)
    t.until("DescribeWorkflowExecution", lambda answer: answer.workflow_execution_info.close_time.seconds > 0, execution="wf~")
    t.history()
