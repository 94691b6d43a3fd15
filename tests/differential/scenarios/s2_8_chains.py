"""Continue-as-new, workflow retry, cron, run and execution timeouts (section 2.8)."""

from commands import cancel_workflow, complete, continue_as_new, fail, timer
from harness import scenario

JITTERED = {"first_workflow_task_backoff", "backoff_start_interval"}


def both_runs(t, first):
    t.history(run_id=first.run_id, label="the first run")
    t.history(label="the last run")


@scenario
def continue_as_new_inherits(t):
    first = t.start(workflow_task_timeout=7, workflow_run_timeout=50, workflow_execution_timeout=100,
                    memo={"k": "v"}, header={"h": "x"}, input="first", priority={"priority_key": 2})
    t.step(continue_as_new(workflow_type=None, task_queue=None))
    t.step(complete())
    both_runs(t, first)
    t.describe()
    t.describe(run_id=first.run_id)


@scenario
def continue_as_new_with_everything(t):
    first = t.start()
    t.step(continue_as_new(workflow_type="other", task_queue="other~", workflow_run_timeout=50,
                           workflow_task_timeout=5, memo={"k": "v"}, header={"h": "x"},
                           last_completion_result="last", failure="failure",
                           retry_policy={"maximum_attempts": 2}, backoff_start_interval=0.5))
    t.complete(t.poll("other~"), complete())
    both_runs(t, first)


@scenario
def continue_as_new_twice(t):
    first = t.start()
    t.step(continue_as_new())
    t.step(continue_as_new())
    t.step(complete())
    both_runs(t, first)


@scenario
def continue_as_new_initiators(t):
    t.normaliser.fuzzy |= JITTERED
    first = t.start()
    t.step(continue_as_new(initiator="RETRY", backoff_start_interval=0.1))
    t.step(continue_as_new(initiator="CRON_SCHEDULE", cron_schedule="@every 1s"))
    both_runs(t, first)


@scenario
def continue_as_new_unhandled(t):
    t.start()
    task = t.poll()
    t.signal()
    t.complete(task, continue_as_new())
    t.step(continue_as_new())
    t.step(complete())
    t.history()


@scenario
def retry_on_failure(t):
    first = t.start(retry_policy={"initial_interval": 0.2, "maximum_attempts": 2}, input="in", memo={"k": "v"},
                    header={"h": "x"})
    t.step(fail())
    t.step(fail("again"))
    both_runs(t, first)
    t.describe()


@scenario
def retry_not_for_listed_type(t):
    first = t.start(retry_policy={"initial_interval": 0.2, "non_retryable_error_types": ["Oops"]})
    t.step(fail())
    both_runs(t, first)


@scenario
def retry_not_for_non_retryable(t):
    first = t.start(retry_policy={"initial_interval": 0.2})
    t.step(fail({"message": "no", "application_failure_info": {"type": "X", "non_retryable": True}}))
    both_runs(t, first)


@scenario
def retry_of_other_failures(t):
    for index, info in enumerate(("canceled_failure_info", "terminated_failure_info", "server_failure_info",
                                  "timeout_failure_info", "child_workflow_execution_failure_info")):
        workflow_id, queue = f"wf{index}~", f"q{index}~"
        t.start(workflow_id, task_queue=queue, retry_policy={"initial_interval": 60})
        t.complete(t.poll(queue), fail({"message": info, info: {}}))
        run = t.quiet("DescribeWorkflowExecution", execution=workflow_id).workflow_execution_info
        t.block(f"= {workflow_id.replace('~', '')}", t.normaliser.lines(run))


@scenario
def retry_with_next_retry_delay(t):
    first = t.start(retry_policy={"initial_interval": 60, "maximum_attempts": 3})
    t.step(fail({"message": "soon", "application_failure_info": {"type": "T", "next_retry_delay": 0.2}}))
    t.step(complete())
    both_runs(t, first)


@scenario
def retry_policy_is_exhausted_by_execution_timeout(t):
    first = t.start(retry_policy={"initial_interval": 60}, workflow_execution_timeout=20)
    t.step(fail())
    both_runs(t, first)


@scenario
def failure_without_retry_policy(t):
    t.start()
    t.step(fail())
    t.history()


@scenario
def run_timeout(t):
    t.start(workflow_run_timeout=1)
    t.wait_closed()
    t.history()
    t.describe()


@scenario
def run_timeout_while_a_task_runs(t):
    """The task starts well after the run did, so that its own timeout comes later."""
    t.start(workflow_run_timeout=3)
    t.step(timer(seconds=1.2))
    task = t.poll()
    t.signal()
    t.wait_closed()
    t.complete(task, complete())
    t.history()
    t.describe()


@scenario
def run_timeout_is_retried(t):
    first = t.start(workflow_run_timeout=2, retry_policy={"initial_interval": 0.1, "maximum_attempts": 2})
    t.wait_closed(run_id=first.run_id)
    t.step(complete())
    both_runs(t, first)


@scenario
def execution_timeout(t):
    t.start(workflow_execution_timeout=1)
    t.wait_closed()
    t.history()
    t.describe()


@scenario
def execution_timeout_spans_the_chain(t):
    first = t.start(workflow_execution_timeout=3)
    t.step(continue_as_new())
    t.wait_closed()
    both_runs(t, first)


@scenario
def execution_timeout_is_not_retried(t):
    first = t.start(workflow_execution_timeout=1, retry_policy={"initial_interval": 0.1})
    t.wait_closed(run_id=first.run_id)
    both_runs(t, first)


@scenario
def cron_runs_again(t):
    t.normaliser.fuzzy |= JITTERED
    first = t.start(cron_schedule="@every 1s", memo={"k": "v"}, input="in")
    t.describe()
    t.step(complete("one"))
    t.step(complete("two"))
    t.terminate()
    both_runs(t, first)
    t.describe(run_id=first.run_id)


@scenario
def cron_after_failure(t):
    t.normaliser.fuzzy |= JITTERED
    first = t.start(cron_schedule="@every 1s")
    t.step(complete("kept"))
    second = t.poll()
    t.complete(second, fail())
    t.history(run_id=second.workflow_execution.run_id, label="the failed run")
    task = t.poll()
    t.history(label="the third run")
    t.complete(task, cancel_workflow())
    t.history(label="the third run, canceled")
    t.note(first.run_id)


@scenario
def cron_continue_as_new(t):
    t.normaliser.fuzzy |= JITTERED
    first = t.start(cron_schedule="@every 1s")
    t.step(continue_as_new())
    t.step(timer())
    both_runs(t, first)


@scenario
def cron_nonsense(t):
    base = {"workflow_id": "wf~", "workflow_type": "type", "task_queue": "q~"}
    t.table("StartWorkflowExecution", base, [
        {"cron_schedule": text} for text in ("nonsense", "* * * *", "* * * * * *", "@every", "@every -1s", "60 * * * *",
                                             "CRON_TZ=Nowhere * * * * *")])


@scenario
def backoff_while_cron_waits(t):
    """During the wait a plain signal gives no task; terminating works."""
    t.normaliser.fuzzy |= JITTERED
    t.start(cron_schedule="0 0 1 1 *")
    t.signal()
    t.cancel()
    t.describe()
    t.history()
    t.terminate()
    t.history()


for slow in (run_timeout, run_timeout_while_a_task_runs, run_timeout_is_retried, execution_timeout, execution_timeout_spans_the_chain,
             execution_timeout_is_not_retried, cron_runs_again, cron_after_failure, cron_continue_as_new):
    slow.slow = True
