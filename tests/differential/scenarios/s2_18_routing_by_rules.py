"""2.18 Tasks that go by versioning rules, the second form of worker versioning, to the workers of a build."""

from builds import Rules, Sets, by, nothing, stamp, told, work, work_from_cache, worker
from commands import activity, child, complete, continue_as_new, fail, timer
from harness import configured, scenario

ON = configured(frontend__workerVersioningRuleAPIs=True, frontend__workerVersioningWorkflowAPIs=True)
BOTH = configured(frontend__workerVersioningDataAPIs=True, frontend__workerVersioningRuleAPIs=True, frontend__workerVersioningWorkflowAPIs=True)


@ON
@scenario
def a_run_of_a_build(t):
    Rules(t).insert("1")
    t.start()
    nothing(t)
    nothing(t, **worker("9"))
    work(t, "1", activity(), timer())
    nothing(t, "Activity")
    t.complete_activity(t.poll_activity(**worker("1")), **by("1"))
    nothing(t)
    work(t, "1", complete())
    told(t)
    t.history()


@ON
@scenario
def a_run_stays_with_its_build(t):
    rules = Rules(t)
    rules.insert("1")
    t.start()
    work(t, "1", timer())
    rules.insert("2")
    t.start("wf2~")
    t.signal()
    work(t, "1", complete())
    work(t, "2", complete())
    t.history()
    t.history("wf2~")


@ON
@scenario
def a_run_is_redirected(t):
    rules = Rules(t)
    rules.insert("1")
    t.start()
    work(t, "1", timer())
    rules.add("1", "1.1")
    rules.add("1.1", "1.2")
    t.signal()
    nothing(t, **worker("1"))
    task = t.poll(**worker("1.2"))
    told(t)
    t.complete(task, timer("t2"), **stamp("1.2"))
    told(t)
    t.history()
    rules.undirect("1.1")
    t.signal()
    work(t, "1.2", complete())
    t.history()


@ON
@scenario
def a_first_task_that_waits_for_an_old_build(t):
    rules = Rules(t)
    rules.insert("1")
    t.start()
    rules.insert("2")
    work(t, "1", timer())
    t.history()


@ON
@scenario
def ramps(t):
    rules = Rules(t)
    rules.insert("1")
    rules.insert("2", 0, 0)
    t.start()
    work(t, "1", complete())
    rules.replace("3", 0, 99.99)
    t.start("wf2~")
    work(t, "3", complete())
    t.history("wf2~")


@ON
@scenario
def a_ramp_alone(t):
    Rules(t).insert("1", 0, 0)
    t.start()
    nothing(t, **worker("1"))
    t.complete(t.poll(), complete())
    t.history()


@ON
@scenario
def unversioned_runs_stay_so(t):
    t.start()
    t.complete(t.poll(), timer())
    Rules(t).insert("1")
    t.signal()
    nothing(t, **worker("1"))
    t.complete(t.poll(), activity(), activity("b", use_workflow_build_id=True))
    t.complete_activity(t.poll_activity(**worker("1")), **by("1"))
    t.complete_activity(t.poll_activity())
    told(t)
    t.history()


@ON
@scenario
def sticky(t):
    rules = Rules(t)
    rules.insert("1")
    work_from_cache(t, lambda: rules.add("1", "1.1"))


@ON
@scenario
def activities_of_one_queue(t):
    rules = Rules(t)
    rules.insert("1")
    t.start()
    work(t, "1", activity("a"))
    t.fail_activity(t.poll_activity(**worker("1")), **by("1"))
    told(t)
    t.signal()
    work(t, "1", activity("b", task_queue="q2~", use_workflow_build_id=True))
    t.complete_activity(t.poll_activity("q2~", **worker("1")), **by("1"))
    t.history()


@ON
@scenario
def an_activity_that_leads_its_run(t):
    rules = Rules(t)
    rules.insert("1")
    t.start()
    work(t, "1", timer())
    rules.add("1", "1.1")
    t.signal()
    work(t, "1.1", activity(use_workflow_build_id=True, start_to_close_timeout=60))
    t.fail_activity(t.poll_activity(**worker("1.1")), **by("1.1"))
    rules.add("1.1", "1.2")
    task = t.poll_activity(**worker("1.2"))
    told(t)
    t.complete_activity(task, **by("1.2"))
    work(t, "1.2", complete())
    t.history()


@ON
@scenario
def activities_of_other_queues(t):
    Rules(t).insert("1")
    Rules(t, "q2~").insert("7")
    t.start()
    work(t, "1", activity("a", task_queue="q2~"), activity("b", task_queue="q2~", use_workflow_build_id=True),
         activity("c", task_queue="q3~"), activity("d", task_queue="q4~", use_workflow_build_id=True))
    t.complete_activity(t.poll_activity("q2~", **worker("7")), **by("7"))
    t.complete_activity(t.poll_activity("q2~", **worker("1")), **by("1"))
    t.complete_activity(t.poll_activity("q3~"))
    t.complete_activity(t.poll_activity("q4~", **worker("1")), **by("1"))
    work(t, "1", complete())
    t.history()


@ON
@scenario
def an_activity_that_is_tried_again(t):
    Rules(t).insert("1")
    others = Rules(t, "q2~")
    others.insert("7")
    t.start()
    work(t, "1", activity("a", task_queue="q2~"))
    task = t.poll_activity("q2~", **worker("7"))
    told(t)
    others.insert("8")
    t.fail_activity(task, **by("7"))
    task = t.poll_activity("q2~", **worker("8"))
    told(t)
    t.complete_activity(task, **by("8"))
    work(t, "1", complete())
    t.history()


@ON
@scenario
def children(t):
    rules = Rules(t)
    rules.insert("1")
    t.start()
    work(t, "1", child("c1~", task_queue="q~"), child("c2~", task_queue="q~", inherit_build_id=True),
         child("c3~"), child("c4~", inherit_build_id=True))
    t.wait_event("ChildWorkflowExecutionStarted", count=4)
    for number in (1, 2, 3, 4):
        t.history(f"c{number}~")
    told(t, "c2~")
    told(t, "c4~")
    t.complete(t.poll("cq~"), complete())
    work(t, "1", complete(), queue="cq~")


@ON
@scenario
def children_and_new_rules(t):
    rules = Rules(t)
    rules.insert("1")
    t.start()
    work(t, "1", timer())
    rules.insert("2")
    t.signal()
    work(t, "1", child("c1~", task_queue="q~"), child("c2~", task_queue="q~", inherit_build_id=True))
    t.wait_event("ChildWorkflowExecutionStarted", count=2)
    told(t, "c2~")
    work(t, "2", complete())
    t.history("c1~")


@ON
@scenario
def runs_after_the_first(t):
    rules = Rules(t)
    rules.insert("1")
    t.start()
    work(t, "1", timer())
    rules.insert("2")
    t.signal()
    work(t, "1", continue_as_new(inherit_build_id=True))
    told(t)
    t.history()
    work(t, "1", continue_as_new())
    t.history()
    told(t)
    work(t, "2", continue_as_new(task_queue="q2~", inherit_build_id=True))
    t.history()
    told(t)
    work(t, "2", complete(), queue="q2~")
    t.history()


@ON
@scenario
def a_run_that_is_tried_again(t):
    rules = Rules(t)
    rules.insert("1")
    t.start(retry_policy={"initial_interval": 0.01, "maximum_attempts": 3})
    task = t.poll(**worker("1"))
    rules.insert("2")
    t.complete(task, fail(), **stamp("1"))
    work(t, "2", complete())
    t.history()


@ON
@scenario
def queries(t):
    rules = Rules(t)
    rules.insert("1")
    t.start()
    work(t, "1", timer())
    rules.insert("2")
    for build in ("1", "1.1"):
        asked = t.begin_query()
        task = t.poll(**worker(build))
        t.call("RespondQueryTaskCompleted", task_token=task.task_token, completed_type="ANSWERED", query_result="answer")
        t.end(asked)
        rules.add("1", "1.1")
    told(t)


@ON
@scenario
def completions_of_other_builds(t):
    Rules(t).insert("1")
    t.start()
    task = t.poll(**worker("1"))
    t.complete(task, timer(), **stamp("9"))
    told(t)
    t.signal()
    t.complete(t.poll(**worker("1")), timer("t2"))
    told(t)
    t.signal()
    t.complete(t.poll(**worker("1")), complete(), **stamp("1", False))
    told(t)
    t.history()


@ON
@scenario
def failures(t):
    rules = Rules(t)
    rules.insert("1")
    t.start()
    t.fail_task(t.poll(**worker("1")), **by("1"))
    rules.insert("2")
    work(t, "1", timer())
    told(t)
    t.history()


@ON
@scenario
def eager_tasks(t):
    Rules(t).insert("1")
    t.start(request_eager_execution=True)
    t.history()
    t.start("wf2~")
    work(t, "1", activity(request_eager_execution=True), return_new_workflow_task=True, force_create_new_workflow_task=True)
    t.history("wf2~")


@ON
@scenario
def resets(t):
    rules = Rules(t)
    rules.insert("1")
    run = t.start()
    work(t, "1", timer())
    rules.insert("2")
    t.signal()
    work(t, "1", timer("t2"))
    t.call("ResetWorkflowExecution", workflow_execution=("wf~", run.run_id), workflow_task_finish_event_id=8, request_id="r~")
    told(t)
    work(t, "1", timer("t2"))
    t.call("ResetWorkflowExecution", workflow_execution="wf~", workflow_task_finish_event_id=4, request_id="r2~")
    told(t)
    work(t, "2", complete())
    t.history()


@BOTH
@scenario
def rules_go_before_sets(t):
    sets = Sets(t)
    sets.default("1")
    rules = Rules(t)
    t.start()
    work(t, "1", timer())
    rules.insert("2")
    t.start("wf2~")
    work(t, "2", complete())
    t.history("wf2~")
    t.signal()
    work(t, "1", timer("t2"))
    rules.add("1", "2")
    told(t)
    t.history()


@BOTH
@scenario
def rules_that_share(t):
    sets = Sets(t)
    sets.default("1")
    rules = Rules(t)
    rules.insert("2", 0, 0)
    t.start()
    work(t, "1", complete())
    t.history()


@BOTH
@scenario
def builds_of_sets_in_rules(t):
    sets = Sets(t)
    sets.default("1")
    sets.compatible("1.1", "1")
    rules = Rules(t)
    rules.insert("1")
    rules.insert("2")
    rules.replace("1", 0)
    rules.add("1", "9")
    rules.add("9", "1")
    rules.add("1", "1.1")
    rules.add("9", "8")
    rules.redirect("9", "1")
    rules.commit("1", True)
    sets.default("2")
    sets.default("9")
    sets.compatible("8", "1")
