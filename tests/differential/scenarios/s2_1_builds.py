"""Builds of workers, as events and answers tell them (section 2.1)."""

from commands import activity, complete, timer
from harness import scenario
from updates import both, request

BUILD = {"worker_version_capabilities": {"build_id": "build"}}
OTHER = {"worker_version_capabilities": {"build_id": "other"}}
STAMP = {"worker_version_stamp": {"build_id": "build"}}


@scenario
def of_a_task(t):
    t.start()
    t.complete(t.poll(**BUILD), timer(), **STAMP)
    t.signal()
    t.complete(t.poll(**OTHER), timer("t2"), worker_version_stamp={"build_id": "other"})
    t.signal()
    t.complete(t.poll(), complete())
    t.describe()
    t.history()


@scenario
def of_a_task_that_is_tried_again(t):
    t.start()
    t.fail_task(t.poll(**BUILD))
    t.fail_task(t.poll(**BUILD))
    task = t.poll(**OTHER)
    t.history(label="wf~ with a third attempt")
    t.complete(task, timer(), **STAMP)
    t.history()


@scenario
def of_an_eager_start(t):
    t.start(request_eager_execution=True)
    t.history()


@scenario
def of_a_task_in_an_answer(t):
    t.start()
    t.complete(t.poll(**BUILD), timer(), return_new_workflow_task=True, force_create_new_workflow_task=True, **STAMP)
    t.history()


@scenario
def of_a_task_for_an_update(t):
    t.start()
    t.complete(t.poll(**BUILD), timer(), **STAMP)
    call = t.begin("UpdateWorkflowExecution", **request())
    task = t.poll(**BUILD)
    t.complete(task, messages=both(task.messages[0]), **STAMP)
    t.end(call)
    t.history()


@scenario
def of_an_activity(t):
    t.start()
    # Each on a queue of its own: tasks of one queue come in any order.
    t.complete(t.poll(**BUILD), activity("a"), activity("b", task_queue="q2~"), **STAMP)
    done = t.poll_activity(**BUILD)
    failing = t.poll_activity("q2~", **BUILD)
    t.describe()
    t.complete_activity(done, worker_version={"build_id": "build"})
    t.fail_activity(failing, worker_version={"build_id": "build"})
    t.complete_activity(t.poll_activity("q2~", **OTHER), worker_version={"build_id": "other"})
    t.complete(t.poll(**BUILD), complete(), **STAMP)
    t.history()


@scenario
def with_versioning_asked_for(t):
    t.start()
    t.complete(t.poll(worker_version_capabilities={"build_id": "build", "use_versioning": False}), timer(),
               worker_version_stamp={"build_id": "build", "use_versioning": False})
    t.signal()
    options = {"deployment_name": "d", "build_id": "b", "worker_versioning_mode": "UNVERSIONED"}
    t.complete(t.poll(deployment_options=options), activity(), deployment_options=options)
    t.complete_activity(t.poll_activity(deployment_options=options), deployment_options=options)
    t.complete(t.poll(deployment_options=options), complete(), deployment_options=options)
    t.describe()
    t.history()
