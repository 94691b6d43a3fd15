"""Starting workflows: policies, dedupe, error details (section 2.11)."""

from commands import complete, fail, timer
from harness import scenario

FIXED = "request~"


@scenario
def already_running(t):
    t.start(request_id=FIXED)
    t.start()


@scenario
def same_request_id_running(t):
    t.start(request_id=FIXED)
    t.start(request_id=FIXED)
    t.step(timer())
    t.start(request_id=FIXED)


@scenario
def same_request_id_after_close(t):
    t.start(request_id=FIXED)
    t.step(complete())
    t.start(request_id=FIXED)
    t.start(request_id=FIXED, workflow_id_reuse_policy="REJECT_DUPLICATE")


@scenario
def same_request_id_other_type(t):
    t.start(request_id=FIXED)
    t.start(request_id=FIXED, workflow_type="another", task_queue="another~")


@scenario
def empty_request_id(t):
    t.start(request_id="")
    t.start(request_id="")


@scenario
def reuse_policies_after_completion(t):
    t.start()
    t.step(complete())
    t.start(workflow_id_reuse_policy="REJECT_DUPLICATE")
    t.start(workflow_id_reuse_policy="ALLOW_DUPLICATE_FAILED_ONLY")
    t.terminate()
    t.start(workflow_id_reuse_policy="ALLOW_DUPLICATE")


@scenario
def reuse_policies_after_failure(t):
    t.start()
    t.step(fail())
    t.start(workflow_id_reuse_policy="REJECT_DUPLICATE")
    t.start(workflow_id_reuse_policy="ALLOW_DUPLICATE_FAILED_ONLY")


@scenario
def reuse_failed_only_after_termination(t):
    t.start()
    t.terminate()
    t.start(workflow_id_reuse_policy="ALLOW_DUPLICATE_FAILED_ONLY")


@scenario
def conflict_use_existing(t):
    t.start()
    t.start(workflow_id_conflict_policy="USE_EXISTING")
    t.step(complete())
    t.start(workflow_id_conflict_policy="USE_EXISTING", workflow_id_reuse_policy="REJECT_DUPLICATE")
    t.history()


@scenario
def conflict_use_existing_attaches_request_id(t):
    t.start()
    options = {"attach_request_id": True, "attach_completion_callbacks": True, "attach_links": True}
    link = {"workflow_event": {"namespace": "default", "workflow_id": "l~", "run_id": "r~"}}
    for request_id in (FIXED, FIXED, "another~"):
        t.start(workflow_id_conflict_policy="USE_EXISTING", request_id=request_id,
                on_conflict_options=options, links=[link])
    t.step(complete())
    t.start(request_id=FIXED)
    t.history()


@scenario
def on_conflict_options_need_a_request_id(t):
    t.start()
    for options in ({"attach_completion_callbacks": True}, {"attach_links": True}, {}):
        t.start(workflow_id_conflict_policy="USE_EXISTING", on_conflict_options=options)
    t.start(workflow_id_conflict_policy="FAIL", on_conflict_options={"attach_request_id": True})


@scenario
def conflict_fail(t):
    t.start()
    t.start(workflow_id_conflict_policy="FAIL")


@scenario
def conflict_terminate_existing_at_once(t):
    t.start()
    t.start(workflow_id_conflict_policy="TERMINATE_EXISTING")


@scenario
def conflict_terminate_existing(t):
    first = t.start()
    t.start(workflow_id_conflict_policy="TERMINATE_EXISTING")
    t.history(run_id=first.run_id, label="the first run")
    t.step(complete())
    t.history(label="the second run")


@scenario
def terminate_if_running(t):
    first = t.start()
    t.start(workflow_id_reuse_policy="TERMINATE_IF_RUNNING")
    t.history(run_id=first.run_id, label="the first run")


@scenario
def policies_that_contradict(t):
    for reuse in range(0, 6):
        for conflict in range(0, 5):
            t.note(f"reuse {reuse} conflict {conflict}")
            t.start(f"wf{reuse}{conflict}~", workflow_id_reuse_policy=reuse, workflow_id_conflict_policy=conflict,
                    task_queue="unpolled~")


@scenario
def every_field_of_the_started_event(t):
    t.start(
        input=["one", "two"], workflow_execution_timeout=100, workflow_run_timeout=50, workflow_task_timeout=7,
        retry_policy={"initial_interval": 2, "maximum_attempts": 5, "non_retryable_error_types": ["Bad"]},
        memo={"k": "v"}, header={"h": "x"}, user_metadata={"summary": "sum", "details": "det"},
        priority={"priority_key": 2, "fairness_key": "f", "fairness_weight": 2.0},
        links=[{"workflow_event": {"namespace": "default", "workflow_id": "l~", "run_id": "r~",
                                   "event_ref": {"event_id": 3, "event_type": "TIMER_FIRED"}}}],
        continued_failure="before", last_completion_result="last",
    )
    t.step(timer())
    t.describe()
    t.history()


@scenario
def timeouts_are_capped(t):
    t.start("a~", workflow_execution_timeout=10, workflow_run_timeout=50, workflow_task_timeout=500)
    t.start("b~", workflow_run_timeout=5, workflow_task_timeout=8)
    t.start("c~", workflow_execution_timeout=10)
    for each in "abc":
        t.history(each + "~")


@scenario
def start_delay(t):
    t.start(workflow_start_delay=1)
    t.describe()
    t.signal()
    t.history(label="wf~ while it waits")
    t.step(complete())
    t.history()


@scenario
def start_delay_with_cron(t):
    t.start(workflow_start_delay=1, cron_schedule="* * * * *")


@scenario
def first_run_of_a_closed_workflow_by_id(t):
    first = t.start()
    t.step(complete())
    t.start()
    t.describe()
    t.describe(run_id=first.run_id)
    t.describe(run_id="00000000-0000-4000-8000-000000000000")
