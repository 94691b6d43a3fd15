"""Starts that attach a request id, callbacks and links to the workflow that runs (section 2.11)."""

import uuid

from commands import complete, continue_as_new, fail, timer
from harness import scenario
from scenarios.s2_9_update_with_start import begin
from updates import both

FIXED = "request~"
SYSTEM = "temporal://system"
ALL = {"attach_request_id": True, "attach_completion_callbacks": True, "attach_links": True}
LINK = {"workflow_event": {"namespace": "default", "workflow_id": "l~", "run_id": "r~"}}


def callback(url=SYSTEM, **fields):
    return {"nexus": {"url": url, "header": {"name": "value"}}, **fields}


def attach(t, request_id=FIXED, options=ALL, **fields):
    return t.start(**{"workflow_id_conflict_policy": "USE_EXISTING", "request_id": request_id,
                      "on_conflict_options": options, **fields})


@scenario
def while_a_task_waits(t):
    t.start()
    attach(t, links=[LINK], identity="another client")
    t.describe()
    t.step(complete())
    t.describe()
    t.history()


@scenario
def while_a_task_is_started(t):
    t.start()
    task = t.poll()
    attach(t, links=[LINK], completion_callbacks=[callback()])
    attach(t, links=[LINK], completion_callbacks=[callback()])
    t.describe()
    t.history(label="wf~ while the event waits")
    t.complete(task, timer())
    t.describe()
    t.history()


@scenario
def with_nothing_pending(t):
    t.start()
    t.step(timer())
    attach(t)
    t.describe()
    t.history()


@scenario
def the_same_id_again(t):
    """Whatever it asks for the second time, and whatever its policies are."""
    t.start(request_id="create~")
    attach(t, "create~")
    attach(t)
    attach(t, options={"attach_request_id": True, "attach_links": True}, links=[LINK])
    attach(t, options={})
    attach(t, workflow_id_conflict_policy="FAIL")
    attach(t, workflow_id_conflict_policy="TERMINATE_EXISTING")
    t.history()
    t.describe()


@scenario
def the_same_id_after_the_end(t):
    t.start()
    attach(t)
    t.step(complete())
    attach(t)
    attach(t, workflow_id_reuse_policy="REJECT_DUPLICATE")
    attach(t, workflow_id_conflict_policy="UNSPECIFIED", options=None)
    t.start()
    attach(t)
    t.describe()


@scenario
def the_same_id_while_buffered(t):
    t.start()
    task = t.poll()
    attach(t)
    attach(t, options={})
    t.complete(task, complete())
    attach(t)
    t.complete(t.poll(), complete())
    attach(t)
    t.describe()
    t.history()


@scenario
def buffered_and_terminated(t):
    t.start()
    t.poll()
    attach(t)
    t.terminate()
    attach(t)
    t.describe()
    t.history()


@scenario
def options_that_say_less(t):
    t.start()
    extra = {"links": [LINK], "completion_callbacks": [callback()]}
    attach(t, "a~", {"attach_request_id": True}, **extra)
    attach(t, "b~", {"attach_links": True}, **extra)
    attach(t, "c~", {"attach_request_id": True, "attach_links": True}, **extra)
    attach(t, "d~", {"attach_request_id": True, "attach_completion_callbacks": True}, **extra)
    attach(t, "e~", {"attach_request_id": True, "attach_completion_callbacks": True})
    t.history()
    t.describe()


@scenario
def without_use_existing(t):
    for policy in ("UNSPECIFIED", "FAIL", "TERMINATE_EXISTING"):
        t.start(policy + "~")
        t.start(policy + "~", workflow_id_conflict_policy=policy, request_id=FIXED, on_conflict_options=ALL)
        t.history(policy + "~")


@scenario
def options_on_a_new_run(t):
    attach(t, completion_callbacks=[callback()], links=[LINK])
    t.describe()
    t.history()


@scenario
def callbacks_at_the_start(t):
    t.start(completion_callbacks=[callback(), callback(links=[LINK])])
    t.describe()
    t.history()


@scenario
def callbacks_of_the_next_run(t):
    first = t.start(completion_callbacks=[callback()])
    attach(t, completion_callbacks=[callback()])
    t.step(continue_as_new())
    t.describe(run_id=first.run_id)
    t.describe()
    t.history()
    attach(t)


@scenario
def callbacks_of_the_next_attempt(t):
    first = t.start(completion_callbacks=[callback()], retry_policy={"initial_interval": 60})
    attach(t, completion_callbacks=[callback()])
    t.step(fail())
    t.describe(run_id=first.run_id)
    t.describe()
    t.history()


@scenario
def bad_callbacks(t):
    long = "temporal://system/" + "x" * 1000
    for index, each in enumerate((
        callback(""), callback("nonsense"), callback("http://example.com"), callback("ftp://example.com"),
        callback("temporal://elsewhere"), callback("temporal://system/path"), callback("https://"), callback(long),
        {"nexus": {"url": SYSTEM, "header": {"k": "x" * 9000}}}, {"nexus": {"url": SYSTEM, "header": {"K": "x"}}},
        {"internal": {"data": b"data"}}, {}, callback(links=[{}]), callback(links=[LINK] * 11),
    )):
        t.start(f"wf{index}~", completion_callbacks=[each])


@scenario
def too_many_callbacks(t):
    t.start(completion_callbacks=[callback()] * 2001)
    t.quiet("StartWorkflowExecution", workflow_id="b~", workflow_type="type", task_queue="q~", request_id="b~",
            completion_callbacks=[callback()] * 1999)
    attach(t, "one~", workflow_id="b~", completion_callbacks=[callback()] * 2)
    attach(t, "two~", workflow_id="b~", completion_callbacks=[callback()])
    attach(t, "three~", workflow_id="b~", completion_callbacks=[callback()])
    attach(t, "four~", workflow_id="b~")


@scenario
def many_request_ids(t):
    t.start()
    for index in range(30):
        t.quiet("StartWorkflowExecution", workflow_id="wf~", workflow_type="type", task_queue="q~",
                workflow_id_conflict_policy="USE_EXISTING", request_id=f"r{index:02}~", on_conflict_options=ALL)
    t.describe()
    attach(t, "r00~")
    attach(t, "r29~")
    t.history()


@scenario
def survives_a_reset(t):
    first = t.start(completion_callbacks=[callback()])
    attach(t, "early~", completion_callbacks=[callback()], links=[LINK])
    t.step(timer())
    attach(t, "late~", completion_callbacks=[callback()], links=[LINK])
    t.call("ResetWorkflowExecution", workflow_execution="wf~", workflow_task_finish_event_id=5, reason="because",
           request_id="reset~")
    t.describe(run_id=first.run_id)
    t.describe()
    attach(t, "early~")
    attach(t, "late~")
    t.history()


@scenario
def started_with_an_update(t):
    t.start()
    t.step(timer())
    call = begin(t, {"on_conflict_options": ALL, "links": [LINK], "completion_callbacks": [callback()]})
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(call)
    again = begin(t, {"on_conflict_options": ALL}, {"request": {
        "meta": {"update_id": "u2", "identity": "client"}, "input": {"name": "up"}}})
    task = t.poll()
    t.complete(task, messages=both(task.messages[0]))
    t.end(again)
    t.describe()
    t.history()


@scenario
def during_a_start_delay(t):
    t.start(workflow_start_delay=60)
    attach(t)
    t.describe()
    t.history()


@scenario
def twice_with_a_random_id(t):
    t.start()
    request_id = str(uuid.uuid4())
    attach(t, request_id)
    attach(t, request_id)
    attach(t, "", {"attach_request_id": True})
    t.history()


@scenario
def links_alone(t):
    t.start()
    attach(t, "a~", {"attach_links": True})
    attach(t, "b~", {})
    attach(t, "a~", {"attach_links": True}, links=[LINK])
    attach(t, "a~", {"attach_links": True}, links=[LINK])
    t.describe()
    t.history()


@scenario
def links_of_callbacks_count_too(t):
    t.start(links=[LINK] * 6, completion_callbacks=[callback(links=[LINK] * 5)])
    t.start(links=[LINK] * 5, completion_callbacks=[callback(links=[LINK] * 5, nexus={
        "url": SYSTEM, "header": {"Upper-Case": "x"}})])
    t.history()


@scenario
def after_the_next_run_has_begun(t):
    t.start()
    attach(t)
    t.step(continue_as_new())
    attach(t, options=None, workflow_id_conflict_policy="FAIL")
    attach(t)
    t.describe()
