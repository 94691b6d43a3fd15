"""2.2 Workflow tasks that fail again and again are reported in a search attribute, and the report is taken back."""

from commands import bare, complete
from harness import configured, scenario


def fails(t, times, **fields):
    """Fails as many workflow tasks as they come."""
    for _ in range(times):
        task = t.quiet("PollWorkflowTaskQueue", task_queue="q~", identity="worker", timeout=30)
        t.quiet("RespondWorkflowTaskFailed", task_token=task.task_token, identity="worker", failure="boom",
                **{"cause": "NON_DETERMINISTIC_ERROR", **fields})


@scenario
@configured(system__numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2)
def reported_and_taken_back(t):
    t.start()
    fails(t, 1)
    t.describe()
    fails(t, 1)
    t.describe()
    t.until("CountWorkflowExecutions", lambda answer: answer.count == 1,
            query=f"WorkflowId = 'wf{t.unique}' AND TemporalReportedProblems IN ('category=WorkflowTaskFailed')")
    t.step(complete())
    t.describe()


@scenario
@configured(system__numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2)
def the_last_cause_counts(t):
    t.start()
    fails(t, 2)
    fails(t, 1, cause="WORKFLOW_WORKER_UNHANDLED_FAILURE")
    t.describe()


@scenario
@configured(system__numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2)
def timeouts_count_too(t):
    t.start(workflow_task_timeout=1)
    t.poll()
    fails(t, 1)
    t.describe()


@scenario
@configured(system__numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2)
def bad_commands_count_too(t):
    t.start()
    for _ in range(2):
        task = t.quiet("PollWorkflowTaskQueue", task_queue="q~", identity="worker", timeout=30)
        t.call("RespondWorkflowTaskCompleted", task_token=task.task_token, identity="worker",
               commands=[bare("START_TIMER", "start_timer", {"timer_id": "", "start_to_fire_timeout": 1})])
    t.describe()


@scenario
@configured(system__numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=0)
def turned_off(t):
    t.start()
    fails(t, 3)
    t.describe()
