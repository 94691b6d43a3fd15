"""Timers, markers, signals, cancels, terminations and their external forms (section 2.6)."""

from commands import (cancel_external, cancel_timer, cancel_workflow, child, complete, marker, signal_external, timer)
from harness import scenario

LONG = "x" * 1001


def finish(t):
    t.step(complete())
    t.history()


@scenario
def timer_fires(t):
    t.start()
    t.step(timer(seconds=0.2))
    finish(t)


@scenario
def timer_of_zero_seconds(t):
    t.start()
    t.step(timer(seconds=0))
    finish(t)


@scenario
def timers_fire_in_order(t):
    t.start()
    t.step(timer("late", 2.4), timer("soon", 1.2))
    t.step()
    finish(t)


@scenario
def timer_is_canceled(t):
    t.start()
    t.step(timer(), timer("other"))
    t.signal()
    t.step(cancel_timer())
    t.signal()
    finish(t)


@scenario
def timer_is_canceled_in_the_same_task(t):
    t.start()
    t.step(timer(), cancel_timer(), timer())
    t.signal()
    finish(t)


@scenario
def timer_fires_while_a_task_runs(t):
    t.start()
    t.step(timer(seconds=0.3))
    t.signal()
    task = t.poll()
    t.until("DescribeWorkflowExecution", lambda answer: answer.workflow_execution_info.state_transition_count >= 6,
            execution="wf~")
    t.complete(task)
    finish(t)


@scenario
def fired_timer_is_canceled_from_the_buffer(t):
    t.start()
    t.step(timer(seconds=0.3))
    t.signal()
    task = t.poll()
    t.until("DescribeWorkflowExecution", lambda answer: answer.workflow_execution_info.state_transition_count >= 6,
            execution="wf~")
    t.complete(task, cancel_timer(), complete())
    t.history()


@scenario
def fired_timer_makes_completion_unhandled(t):
    t.start()
    t.step(timer(seconds=0.3))
    t.signal()
    task = t.poll()
    t.until("DescribeWorkflowExecution", lambda answer: answer.workflow_execution_info.state_transition_count >= 6,
            execution="wf~")
    t.complete(task, complete())
    finish(t)


@scenario
def markers(t):
    t.start()
    t.step(marker("m", details={"d": "x", "e": ["y", "z"]}, header={"h": "x"}, failure="f"), complete())
    t.history()


@scenario
def signal_with_everything(t):
    t.start()
    t.signal("one", input=["a", "b"], header={"h": "x"}, request_id="r1~", control="ctl",
             links=[{"workflow_event": {"namespace": "default", "workflow_id": "l~", "run_id": "r~"}}])
    finish(t)


@scenario
def signal_dedupe(t):
    t.start()
    for name in ("one", "two"):
        t.signal(name, request_id="same~")
    t.signal("three", request_id="other~")
    t.describe()
    finish(t)


@scenario
def signal_dedupe_while_buffered(t):
    t.start()
    task = t.poll()
    t.signal("one", request_id="same~")
    t.signal("two", request_id="same~")
    t.complete(task)
    finish(t)


@scenario
def signals_are_batched(t):
    t.start()
    for index in range(5):
        t.signal(f"s{index}")
    finish(t)


@scenario
def signal_closed_or_unknown(t):
    first = t.start()
    t.terminate()
    t.signal()
    t.signal(workflow_execution=("wf~", first.run_id))
    t.signal(workflow_id="none~")
    t.signal(workflow_execution=("wf~", "00000000-0000-4000-8000-000000000000"))


@scenario
def cancel_then_canceled(t):
    t.start()
    t.step(timer())
    t.cancel(reason="because", request_id="c~", first_execution_run_id="")
    t.describe()
    t.step(cancel_workflow())
    t.history()
    t.describe()


@scenario
def cancel_twice(t):
    t.start()
    t.cancel(request_id="one~")
    t.cancel(request_id="one~")
    t.cancel(request_id="two~")
    t.cancel()
    t.step(complete())
    t.history()


@scenario
def cancel_while_a_task_runs(t):
    t.start()
    task = t.poll()
    t.cancel(request_id="one~")
    t.cancel(request_id="two~")
    t.complete(task)
    t.step(cancel_workflow(None))
    t.history()


@scenario
def cancel_closed_or_unknown(t):
    first = t.start()
    t.terminate()
    t.cancel()
    t.call("RequestCancelWorkflowExecution", workflow_execution=("wf~", first.run_id), identity="client")
    t.cancel("none~")
    t.start(workflow_id="other~")
    t.cancel("other~", first_execution_run_id=first.run_id)
    t.terminate("other~", first_execution_run_id=first.run_id)
    t.signal(workflow_execution=("other~", first.run_id))


@scenario
def canceled_without_request(t):
    t.start()
    t.step(cancel_workflow())
    t.history()


@scenario
def terminate(t):
    t.start()
    t.terminate(reason="why", details=["a", "b"],
                links=[{"workflow_event": {"namespace": "default", "workflow_id": "l~", "run_id": "r~"}}])
    t.terminate()
    t.terminate("none~")
    t.history()
    t.describe()


@scenario
def terminate_while_a_task_runs(t):
    t.start()
    task = t.poll()
    t.signal()
    t.terminate()
    t.complete(task, complete())
    t.history()


@scenario
def external_signal(t):
    t.start("other~", task_queue="oq~")
    t.start()
    t.step(signal_external("other~", header={"h": "x"}))
    t.step(complete())
    t.history()
    t.history("other~")


@scenario
def external_signal_fails(t):
    t.start()
    t.step(signal_external("none~"))
    finish(t)


@scenario
def external_signal_to_a_closed_workflow(t):
    t.start("other~", task_queue="oq~")
    t.terminate("other~")
    t.start()
    t.step(signal_external("other~"))
    finish(t)


@scenario
def external_signal_to_a_foreign_child(t):
    t.start("other~", task_queue="oq~")
    t.start()
    t.step(signal_external("other~", child_workflow_only=True))
    finish(t)


@scenario
def external_signal_to_itself(t):
    t.start()
    t.step(signal_external("wf~"))
    finish(t)


@scenario
def external_cancel(t):
    t.start("other~", task_queue="oq~")
    t.start()
    t.step(cancel_external("other~", reason="because"))
    t.step(complete())
    t.history()
    t.history("other~")


@scenario
def external_cancel_fails(t):
    t.start()
    t.step(cancel_external("none~"))
    finish(t)


@scenario
def external_cancel_twice(t):
    t.start("other~", task_queue="oq~")
    t.start()
    t.step(cancel_external("other~"))
    t.step(cancel_external("other~"))
    t.step(complete())
    t.history()
    t.history("other~")


@scenario
def external_cancel_to_a_closed_workflow(t):
    t.start("other~", task_queue="oq~")
    t.terminate("other~")
    t.start()
    t.step(cancel_external("other~"))
    finish(t)


@scenario
def external_cancel_to_itself(t):
    t.start()
    t.step(cancel_external("wf~"))
    finish(t)


@scenario
def signal_with_start_starts(t):
    t.start(method="SignalWithStartWorkflowExecution", signal_name="s", signal_input="in", input="arg",
            header={"h": "x"}, memo={"m": "v"})
    finish(t)


@scenario
def signal_with_start_signals(t):
    t.start()
    t.start(method="SignalWithStartWorkflowExecution", signal_name="s", signal_input="in", header={"h": "x"})
    finish(t)


@scenario
def signal_with_start_dedupes(t):
    for name in ("one", "two"):
        t.start(method="SignalWithStartWorkflowExecution", signal_name=name, request_id="r~")
    finish(t)


@scenario
def signal_with_start_policies_running(t):
    first = t.start()
    for reuse in (1, 2, 3):
        t.start(method="SignalWithStartWorkflowExecution", signal_name="s", workflow_id_reuse_policy=reuse)
    for conflict in (1, 2, 3):
        t.start(method="SignalWithStartWorkflowExecution", signal_name="s", workflow_id_conflict_policy=conflict)
    t.history(run_id=first.run_id, label="the first run")
    t.history()


@scenario
def signal_with_start_terminate_if_running(t):
    first = t.start()
    t.start(method="SignalWithStartWorkflowExecution", signal_name="s", workflow_id_reuse_policy=4)
    t.history(run_id=first.run_id, label="the first run")
    t.history()


@scenario
def signal_with_start_policies_closed(t):
    t.start()
    t.step(complete())
    for reuse in (2, 3, 1):
        t.start(method="SignalWithStartWorkflowExecution", signal_name="s", workflow_id_reuse_policy=reuse)
    t.history()


@scenario
def signal_with_start_delay(t):
    """A second call to a workflow that still waits gives it a task at once."""
    t.start(method="SignalWithStartWorkflowExecution", signal_name="one", workflow_start_delay=60)
    t.start(method="SignalWithStartWorkflowExecution", signal_name="two")
    finish(t)


@scenario
def signal_with_start_missing_fields(t):
    base = {"workflow_id": "wf~", "workflow_type": "type", "task_queue": "q~", "signal_name": "s"}
    t.table("SignalWithStartWorkflowExecution", base, [
        {"workflow_id": ""}, {"workflow_id": LONG}, {"workflow_type": None}, {"task_queue": None},
        {"task_queue": ""}, {"signal_name": ""}, {"signal_name": LONG}, {"request_id": LONG},
        {"workflow_start_delay": 1, "cron_schedule": "* * * * *"}, {"cron_schedule": "nonsense"},
        {"retry_policy": {"maximum_attempts": -1}}, {"workflow_run_timeout": -1}, {"workflow_task_timeout": -1},
        {"workflow_execution_timeout": -1}, {"search_attributes": {"Nonsense": "x"}},
    ])


@scenario
def child_signal_and_cancel(t):
    t.start()
    t.step(child("child~"))
    t.step(signal_external("child~", child_workflow_only=True))
    t.step(cancel_external("child~", child_workflow_only=True))
    t.step()
    t.history()
    t.history("child~")


@scenario
def terminate_without_a_word(t):
    t.start()
    t.call("TerminateWorkflowExecution", workflow_execution="wf~")
    t.history()
