"""Child workflows (section 2.7)."""

from commands import cancel_workflow, child, complete, continue_as_new, fail, timer
from harness import scenario


def with_child(t, **fields):
    """A parent whose child has started; the parent has seen that."""
    t.start()
    t.step(child(**fields))
    t.step()


def child_step(t, *commands):
    return t.complete(t.poll("cq~"), *commands)


def finish(t):
    t.step(complete())
    t.history()


@scenario
def completes(t):
    with_child(t, header={"h": "x"}, memo={"m": "v"}, workflow_run_timeout=50, workflow_execution_timeout=100,
               workflow_task_timeout=5, priority={"priority_key": 2})
    t.describe()
    t.describe("child~")
    child_step(t, complete("from child"))
    finish(t)
    t.history("child~")


@scenario
def fails(t):
    with_child(t)
    child_step(t, fail())
    finish(t)


@scenario
def is_canceled(t):
    with_child(t)
    child_step(t, cancel_workflow())
    finish(t)


@scenario
def is_terminated(t):
    with_child(t)
    t.terminate("child~", reason="why")
    finish(t)


@scenario
def times_out(t):
    with_child(t, workflow_run_timeout=1)
    t.wait_event("ChildWorkflowExecutionTimedOut")
    finish(t)
    t.history("child~")


times_out.slow = True


@scenario
def already_exists(t):
    t.start("child~", task_queue="cq~")
    t.start()
    t.step(child())
    finish(t)


@scenario
def already_exists_twice_in_one_task(t):
    t.start()
    t.step(child(), child(), child("other~"))
    t.wait_event("StartChildWorkflowExecutionFailed")
    t.wait_event("ChildWorkflowExecutionStarted", count=2)
    t.note("all three have been decided")


@scenario
def closed_id_rejected(t):
    t.start("child~", task_queue="cq~")
    t.terminate("child~")
    t.start()
    t.step(child(workflow_id_reuse_policy="REJECT_DUPLICATE"))
    finish(t)


@scenario
def defaults_are_inherited(t):
    t.start(workflow_task_timeout=7, memo={"k": "v"}, header={"h": "x"}, priority={"priority_key": 1},
            workflow_run_timeout=200)
    t.step(child(task_queue=None))
    t.wait_event("ChildWorkflowExecutionStarted")
    t.wait_event("WorkflowTaskScheduled", "child~")
    t.history("child~")


@scenario
def continues_as_new_then_completes(t):
    with_child(t)
    child_step(t, continue_as_new(workflow_type="child", task_queue="cq~"))
    child_step(t, complete())
    finish(t)


@scenario
def retries_then_completes(t):
    with_child(t, retry_policy={"initial_interval": 0.1, "maximum_attempts": 3})
    child_step(t, fail())
    child_step(t, complete())
    finish(t)


@scenario
def closes_before_the_parent_sees_the_start(t):
    t.start()
    t.step(child())
    child_step(t, complete())
    t.wait_event("ChildWorkflowExecutionCompleted")
    finish(t)


@scenario
def completes_while_a_parent_task_runs(t):
    with_child(t)
    t.signal()
    task = t.poll()
    child_step(t, complete())
    t.until("DescribeWorkflowExecution", lambda answer: not answer.pending_children, execution="wf~")
    t.complete(task)
    finish(t)


@scenario
def parent_close_policies(t):
    t.start()
    t.step(*[child(name + "~", task_queue=name + "~", parent_close_policy=name.upper())
             for name in ("terminate", "abandon", "request_cancel", "unspecified")])
    t.wait_event("ChildWorkflowExecutionStarted", count=4)
    for name in ("terminate", "abandon", "request_cancel", "unspecified"):
        t.poll(name + "~")
    t.terminate()
    t.wait_closed("terminate~")
    t.wait_closed("unspecified~")
    for name in ("terminate", "unspecified"):
        t.history(name + "~")


@scenario
def parent_close_policy_request_cancel(t):
    with_child(t, parent_close_policy="REQUEST_CANCEL")
    t.signal()
    t.step(complete())
    t.wait_event("WorkflowExecutionCancelRequested", "child~")
    child_step(t, cancel_workflow())
    t.history("child~")
    t.history()


@scenario
def parent_close_policy_abandon(t):
    with_child(t, parent_close_policy="ABANDON")
    t.signal()
    t.step(complete())
    child_step(t, complete())
    t.history("child~")
    t.history()


@scenario
def parent_closes_with_the_command(t):
    """A child commanded in the task that closes its parent never starts, abandoned or not."""
    t.start()
    t.step(child("left~", parent_close_policy="ABANDON"), child("never~", task_queue="never~"), complete())
    t.history()
    t.start("later~", task_queue="later~")
    t.complete(t.poll("later~"), child("started~"))
    t.poll("cq~")
    t.describe("left~")
    t.describe("never~")


@scenario
def parent_continues_as_new(t):
    """The close policy is applied by a run that continues as new, too."""
    first = with_child(t) or t.quiet("DescribeWorkflowExecution", execution="wf~").workflow_execution_info.execution
    t.signal()
    t.step(continue_as_new())
    t.wait_closed("child~")
    t.history("child~")
    t.history(run_id=first.run_id, label="the first run of the parent")
    t.describe("child~")


@scenario
def grandchild(t):
    with_child(t)
    child_step(t, child("grandchild~", task_queue="gq~"))
    t.poll("gq~")
    t.describe("grandchild~")
    t.history("grandchild~")


@scenario
def cron_child(t):
    t.normaliser.fuzzy |= {"first_workflow_task_backoff"}
    with_child(t, cron_schedule="@every 1s")
    child_step(t, complete("tick"))
    child_step(t, cancel_workflow())
    finish(t)


cron_child.slow = True


@scenario
def many_pending(t):
    t.start()
    t.step(*[child(f"child{index}~", task_queue=f"c{index}~") for index in range(3)], timer())
    t.wait_event("ChildWorkflowExecutionStarted", count=3)
    answer = t.quiet("DescribeWorkflowExecution", execution="wf~")
    t.block("= pending children", [line for item in sorted(answer.pending_children, key=lambda item: item.initiated_id)
                                   for line in t.normaliser.lines(item)])


@scenario
def versioning_overrides(t):
    pinned = {"pinned": {"version": {"deployment_name": "d", "build_id": "b"}, "behavior": "PINNED"}}
    news = ("StartChildWorkflowExecutionFailed", "ChildWorkflowExecutionStarted")
    for index, override in enumerate((pinned, {"auto_upgrade": True}, {"auto_upgrade": False}, {}, {"pinned": {}})):
        t.start(f"p{index}~", task_queue=f"p{index}~")
        t.complete(t.poll(f"p{index}~"), child(f"child{index}~", versioning_override=override))
        if index < len(news):
            t.wait_event(news[index], f"p{index}~")
        t.history(f"p{index}~")
    t.describe("child1~")
