"""2.18 Tasks that go by version sets, the first form of worker versioning, to the workers that may have them."""

from builds import Sets, by, nothing, stamp, told, work, work_from_cache, worker
from commands import activity, child, complete, continue_as_new, timer
from harness import configured, scenario

ON = configured(frontend__workerVersioningDataAPIs=True, frontend__workerVersioningWorkflowAPIs=True)


@configured(frontend__workerVersioningDataAPIs=True, frontend__workerVersioningWorkflowAPIs=False)
@scenario
def polls_without_the_permission(t):
    for kind in ("Workflow", "Activity", "Nexus"):
        nothing(t, kind, **worker("1"))
    t.start()
    task = t.poll(**worker("1", False))
    t.complete(task, timer(), **stamp("1"))
    t.complete(task, timer(), **stamp("1", False))


@ON
@scenario
def polls_of_builds(t):
    sets = Sets(t)
    nothing(t, **worker("1"))
    nothing(t, **worker(""))
    nothing(t, **worker("x" * 256))
    t.call("PollWorkflowTaskQueue", task_queue={"name": "s~", "kind": "STICKY"}, timeout=2.5, **worker("1"))
    sets.default("1")
    nothing(t, **worker("x"))
    sets.compatible("1.1", "1")
    nothing(t, **worker("1"))
    nothing(t, "Activity", **worker("1"))
    nothing(t, "Activity", **worker("1.1"))
    nothing(t, sticky=True, queue="s~", **worker("1"))
    nothing(t, sticky=True, queue="s~", **worker("x"))
    nothing(t, sticky=True, queue="s~", **worker("1.1"))


@ON
@scenario
def a_run_of_a_set(t):
    sets = Sets(t)
    sets.default("1")
    t.start()
    nothing(t)
    work(t, "1", activity(), timer())
    told(t)
    nothing(t, "Activity")
    t.complete_activity(t.poll_activity(**worker("1")), **by("1"))
    nothing(t)
    work(t, "1", complete())
    told(t)
    t.history()


@ON
@scenario
def a_run_stays_in_its_set(t):
    sets = Sets(t)
    sets.default("1")
    t.start()
    work(t, "1", timer())
    sets.default("2")
    t.start("wf2~")
    t.signal()
    work(t, "1", timer("t2"))
    work(t, "2", timer())
    sets.compatible("1.1", "1")
    t.signal()
    work(t, "1.1", complete())
    told(t)
    t.history()


@ON
@scenario
def unversioned_runs_stay_so(t):
    sets = Sets(t)
    t.start()
    t.complete(t.poll(), timer())
    sets.default("1")
    t.signal()
    nothing(t, **worker("1"))
    t.complete(t.poll(), timer("t2"))
    told(t)


@ON
@scenario
def a_first_task_that_waits(t):
    sets = Sets(t)
    t.start()
    sets.default("1")
    work(t, "1", timer())
    t.history()


@ON
@scenario
def a_first_task_that_waits_in_an_old_set(t):
    sets = Sets(t)
    sets.default("1")
    t.start()
    sets.default("2")
    nothing(t, **worker("1"))
    work(t, "2", complete())
    t.history()


@ON
@scenario
def a_task_that_waits_while_the_set_grows(t):
    sets = Sets(t)
    sets.default("1")
    t.start()
    sets.compatible("1.1", "1")
    work(t, "1.1", complete())
    t.history()


@ON
@scenario
def sticky(t):
    sets = Sets(t)
    sets.default("1")
    work_from_cache(t, lambda: sets.compatible("1.1", "1"))


@ON
@scenario
def activities(t):
    sets = Sets(t)
    sets.default("1")
    Sets(t, "q2~").default("7")
    t.start()
    work(t, "1", timer())
    t.signal()
    work(t, "1", activity("a"))
    t.complete_activity(t.poll_activity(**worker("1")), **by("1"))
    work(t, "1", activity("b", task_queue="q2~"), activity("c", task_queue="q3~"))
    t.complete_activity(t.poll_activity("q3~"))
    t.fail_activity(t.poll_activity("q2~", **worker("7")), **by("7"))
    told(t)
    sets.default("2")
    work(t, "1", activity("d"), activity("e", use_workflow_build_id=True))
    told(t)
    t.complete_activity(t.poll_activity(**worker("2")), **by("2"))
    t.complete_activity(t.poll_activity(**worker("1")), **by("1"))
    work(t, "1", complete())
    t.history()


@ON
@scenario
def children(t):
    sets = Sets(t)
    sets.default("1")
    t.start()
    work(t, "1", child("c1~", task_queue="q~"), child("c2~", task_queue="q~", inherit_build_id=True),
         child("c3~"))
    t.wait_event("ChildWorkflowExecutionStarted", count=3)
    for number in (1, 2, 3):
        t.history(f"c{number}~")
        told(t, f"c{number}~")
    t.complete(t.poll("cq~"), complete())


@ON
@scenario
def a_child_of_the_set_on_another_queue(t):
    Sets(t).default("1")
    t.start()
    work(t, "1", child(inherit_build_id=True))
    work(t, "1", activity(task_queue="q2~", use_workflow_build_id=True))
    t.history()


@ON
@scenario
def runs_after_the_first(t):
    sets = Sets(t)
    sets.default("1")
    t.start()
    work(t, "1", timer())
    sets.default("2")
    t.signal()
    work(t, "1", continue_as_new(inherit_build_id=True))
    told(t)
    work(t, "1", continue_as_new())
    t.history()
    told(t)
    work(t, "2", complete())
    t.history()


@ON
@scenario
def queries(t):
    sets = Sets(t)
    sets.default("1")
    t.start()
    work(t, "1", timer())
    sets.default("2")
    asked = t.begin_query()
    task = t.poll(**worker("1"))
    t.call("RespondQueryTaskCompleted", task_token=task.task_token, completed_type="ANSWERED", query_result="answer")
    t.end(asked)


@ON
@scenario
def completions_of_other_builds(t):
    sets = Sets(t)
    sets.default("1")
    t.start()
    task = t.poll(**worker("1"))
    t.complete(task, timer(), **stamp("9"))
    told(t)
    t.signal()
    nothing(t, **worker("1"))


@ON
@scenario
def promoted_and_merged(t):
    sets = Sets(t)
    sets.default("1")
    t.start()
    work(t, "1", timer())
    sets.default("2")
    sets.merge("2", "1")
    t.signal()
    nothing(t, **worker("1"))
    work(t, "2", timer("t2"))
    sets.promote_within("1")
    t.signal()
    nothing(t, **worker("2"))
    work(t, "1", complete())
    t.history()


@ON
@scenario
def reachability(t):
    sets = Sets(t)
    sets.default("1")
    t.start()
    work(t, "1", timer())
    sets.default("2")
    t.call("GetWorkerTaskReachability", build_ids=["1", "2", ""], task_queues=["q~"])


@ON
@scenario
def failures_and_retries(t):
    sets = Sets(t)
    sets.default("1")
    t.start()
    t.fail_task(t.poll(**worker("1")), **by("1"))
    t.fail_task(t.poll(**worker("1")), **by("1"))
    work(t, "1", timer())
    told(t)
    t.history()


@ON
@scenario
def a_task_in_an_answer(t):
    Sets(t).default("1")
    t.start()
    work(t, "1", activity(request_eager_execution=True), return_new_workflow_task=True, force_create_new_workflow_task=True)
    told(t)
    t.history()
