"""Update-with-start: ExecuteMultiOperation (section 2.9)."""

from commands import complete, timer
from harness import scenario
from updates import both, reject, request


START = {"namespace": "default", "workflow_id": "wf~", "workflow_type": "type", "task_queue": "q~",
         "identity": "client", "request_id": "start~", "workflow_id_conflict_policy": "USE_EXISTING"}


def operations(start=None, update=None):
    return [{"start_workflow": {**START, **(start or {})}},
            {"update_workflow": {"namespace": "default", **request(), **(update or {})}}]


def begin(t, start=None, update=None, **fields):
    return t.begin("ExecuteMultiOperation", operations=operations(start, update), **fields)


@scenario
def starts_and_updates(t):
    call = begin(t)
    task = t.poll()
    t.complete(task, timer(), messages=both(task.messages[0]))
    t.end(call)
    t.history()


@scenario
def starts_and_is_rejected(t):
    call = begin(t)
    task = t.poll()
    t.complete(task, timer(), messages=[reject(task.messages[0])])
    t.end(call)
    t.history()


@scenario
def uses_the_existing_run(t):
    t.start()
    t.step(timer())
    call = begin(t)
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(call)
    t.history()


@scenario
def existing_run_with_conflict_policy_fail(t):
    t.start()
    t.end(begin(t, {"workflow_id_conflict_policy": "FAIL"}))
    t.history()


@scenario
def existing_run_with_conflict_policy_terminate(t):
    first = t.start()
    call = begin(t, {"workflow_id_conflict_policy": "TERMINATE_EXISTING"})
    t.wait_closed(run_id=first.run_id)
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(call)
    t.history(run_id=first.run_id, label="the first run")
    t.history()


@scenario
def existing_run_without_conflict_policy(t):
    t.start()
    t.end(begin(t, {"workflow_id_conflict_policy": 0}))


@scenario
def same_request_again(t):
    for _ in range(2):
        call = begin(t)
        if _ == 0:
            task = t.poll()
            t.complete(task, timer(), messages=both(task.messages[0]))
        t.end(call)
    t.history()


@scenario
def completed_update_on_a_running_workflow(t):
    call = begin(t)
    task = t.poll()
    t.complete(task, timer(), messages=both(task.messages[0]))
    t.end(call)
    t.end(begin(t, {"request_id": "other~"}))
    t.end(begin(t, {"request_id": "other~", "workflow_id_conflict_policy": "FAIL"}))


@scenario
def completed_update_on_a_closed_workflow(t):
    call = begin(t)
    task = t.poll()
    t.complete(task, timer(), messages=both(task.messages[0]))
    t.end(call)
    t.signal()
    t.step(complete())
    t.end(begin(t, {"request_id": "other~"}))
    t.end(begin(t, {"request_id": "other~", "workflow_id_reuse_policy": "REJECT_DUPLICATE"}, {"request": {
        "meta": {"update_id": "another"}, "input": {"name": "up"}}}))


@scenario
def workflow_closes_before_the_update(t):
    call = begin(t)
    task = t.poll()
    t.complete(task, complete())
    t.end(call)


@scenario
def update_refused_by_an_existing_run(t):
    t.start()
    for _ in range(3):
        t.fail_task(t.poll())
    t.end(begin(t))


@scenario
def wait_for_acceptance(t):
    call = begin(t, None, {"wait_policy": {"lifecycle_stage": "ACCEPTED"}})
    task = t.poll()
    t.complete(task, timer(), messages=both(task.messages[0]))
    t.end(call)


@scenario
def bad_operations(t):
    start, update = operations()
    for given in ([], [start], [update], [update, start], [start, start], [start, update, update], [{}, {}]):
        t.call("ExecuteMultiOperation", operations=given)


@scenario
def bad_fields(t):
    for start in ({"workflow_id": "other~"}, {"workflow_id": ""}, {"workflow_type": None}, {"task_queue": None},
                  {"cron_schedule": "* * * * *"}, {"request_eager_execution": True}, {"workflow_start_delay": 1},
                  {"namespace": "other~"}, {"workflow_run_timeout": -1}, {"workflow_id_reuse_policy": 4}):
        t.end(begin(t, start))
    for update in ({"workflow_execution": ("wf~", "00000000-0000-4000-8000-000000000000")}, {"request": None},
                   {"first_execution_run_id": "00000000-0000-4000-8000-000000000000"}, {"namespace": "other~"},
                   {"wait_policy": {"lifecycle_stage": "ADMITTED"}}, {"workflow_execution": None},
                   {"request": {"meta": {"update_id": "u"}, "input": {"name": ""}}}):
        t.end(begin(t, None, update))
    t.end(begin(t, namespace="other~"))
