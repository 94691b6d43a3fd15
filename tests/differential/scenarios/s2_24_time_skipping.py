"""Time skipping of single runs (section 2.24): off by default, and with its key on."""

from commands import activity, complete, timer
from harness import configured, scenario

DAY = 86400
ON = {"enabled": True}


@scenario
def off_by_default(t):
    t.start(time_skipping_config=ON)
    t.start("other~", time_skipping_config={"enabled": False})
    t.start("third~", time_skipping_config={})
    t.call("SignalWithStartWorkflowExecution", workflow_id="sws~", workflow_type="type", task_queue="q~", identity="client",
           signal_name="s", request_id="r", time_skipping_config=ON)
    t.start("plain~")
    t.call("UpdateWorkflowExecutionOptions", workflow_execution="plain~", identity="client",
           workflow_execution_options={"time_skipping_config": ON}, update_mask=["time_skipping_config"])
    t.call("PollWorkflowExecutionTimeSkipping", workflow_execution="plain~", fast_forward_id="x")
    t.call("PollWorkflowExecutionTimeSkipping", workflow_execution="none~", fast_forward_id="x")
    t.call("PollWorkflowExecutionTimeSkipping", fast_forward_id="x")
    t.call("PollWorkflowExecutionTimeSkipping", workflow_execution="plain~")


@configured(frontend__WorkflowTimeSkippingEnabled=True)
@scenario
def a_timer_is_skipped(t):
    t.start(time_skipping_config=ON)
    t.step(timer(seconds=DAY))
    task = t.poll()
    t.describe()
    t.complete(task, complete())
    t.history()


@configured(frontend__WorkflowTimeSkippingEnabled=True)
@scenario
def refusals_with_it_on(t):
    for config in ({"enabled": False, "fast_forward_config": {"id": "x", "duration": 5}},
                   {"enabled": True, "fast_forward_config": {"id": "", "duration": 5}},
                   {"enabled": True, "fast_forward_config": {"id": "x", "duration": 0}},
                   {"enabled": True, "fast_forward_config": {"id": "x", "duration": -5}},
                   {"enabled": True, "fast_forward_config": {"id": "x" * 1001, "duration": 5}},
                   {"enabled": True, "max_session_skip_count": -1}, {"enabled": True, "max_session_skip_count": 100000},
                   {"enabled": True, "fast_forward_config": {}}):
        t.start("wf~", time_skipping_config=config, workflow_id_conflict_policy="TERMINATE_EXISTING")


@configured(frontend__WorkflowTimeSkippingEnabled=True)
@scenario
def fast_forward(t):
    t.start()
    t.step(timer(seconds=10 * DAY), activity(start_to_close_timeout=20))
    t.call("UpdateWorkflowExecutionOptions", workflow_execution="wf~", identity="client",
           workflow_execution_options={"time_skipping_config": {"enabled": True, "fast_forward_config": {"id": "f", "duration": DAY}}},
           update_mask=["time_skipping_config"])
    t.describe()
    t.call("PollWorkflowExecutionTimeSkipping", workflow_execution="wf~", fast_forward_id="other")
    t.complete_activity(t.poll_activity())
    t.step()
    t.call("PollWorkflowExecutionTimeSkipping", workflow_execution="wf~", fast_forward_id="f")
    t.describe()
    t.history()


@configured(frontend__WorkflowTimeSkippingEnabled=True)
@scenario
def changed_and_turned_off(t):
    t.start()
    t.step(timer(seconds=60))
    base = {"workflow_execution": "wf~", "identity": "client", "update_mask": ["time_skipping_config"]}
    t.call("UpdateWorkflowExecutionOptions", **base, workflow_execution_options={"time_skipping_config": {"enabled": False}})
    t.call("UpdateWorkflowExecutionOptions", **base, workflow_execution_options={})
    t.describe()
    t.call("UpdateWorkflowExecutionOptions", **base, workflow_execution_options={"time_skipping_config": ON})
    t.complete(t.poll(), complete())
    t.history()
    t.call("PollWorkflowExecutionTimeSkipping", workflow_execution="wf~", fast_forward_id="f")


@configured(frontend__WorkflowTimeSkippingEnabled=True)
@scenario
def only_so_many_jumps(t):
    t.start(time_skipping_config={"enabled": True, "max_session_skip_count": 2})
    for n in range(2):
        t.step(timer(f"t{n}", 1000))
    t.step(timer("t2", 1))
    t.describe()
    t.complete(t.poll(), complete())
    t.history()


@configured(frontend__WorkflowTimeSkippingEnabled=True)
@scenario
def an_activity_waits_for_its_next_attempt(t):
    t.start(time_skipping_config=ON)
    t.step(activity(retry_policy={"initial_interval": 1000}))
    t.fail_activity(t.poll_activity())
    t.complete_activity(t.poll_activity())
    t.complete(t.poll(), complete())
    t.history()


@configured(frontend__WorkflowTimeSkippingEnabled=True)
@scenario
def a_run_times_out(t):
    t.start(time_skipping_config=ON, workflow_run_timeout=500)
    t.step()
    t.until("DescribeWorkflowExecution", lambda answer: answer.workflow_execution_info.status == 7, execution="wf~")
    t.history()


@configured(frontend__WorkflowTimeSkippingEnabled=True)
@scenario
def a_delayed_start(t):
    t.start(time_skipping_config=ON, workflow_start_delay=400)
    t.complete(t.poll(), complete())
    t.history()


@configured(frontend__WorkflowTimeSkippingEnabled=True)
@scenario
def nothing_to_wait_for(t):
    t.start(time_skipping_config=ON)
    t.step()
    t.history()
    t.signal()
    t.step(timer(seconds=50))
    t.complete(t.poll(), complete())
    t.history()


@configured(frontend__WorkflowTimeSkippingEnabled=True)
@scenario
def polls_for_a_fast_forward(t):
    t.start(time_skipping_config={"enabled": True, "fast_forward_config": {"id": "f", "duration": 5000}})
    poll = t.begin("PollWorkflowExecutionTimeSkipping", workflow_execution="wf~", fast_forward_id="f")
    t.call("PollWorkflowExecutionTimeSkipping", workflow_execution="wf~", fast_forward_id="")
    t.call("PollWorkflowExecutionTimeSkipping", workflow_execution="none~", fast_forward_id="f")
    t.complete(t.poll(), complete())
    t.end(poll)
    t.history()


@configured(frontend__WorkflowTimeSkippingEnabled=True)
@scenario
def a_fast_forward_ends_by_itself(t):
    t.start(time_skipping_config={"enabled": True, "fast_forward_config": {"id": "f", "duration": 1}})
    t.call("PollWorkflowExecutionTimeSkipping", workflow_execution="wf~", fast_forward_id="f")
    t.step()
    t.describe()
    t.history()
