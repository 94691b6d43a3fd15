"""Workers that shut down: their polls and their sticky queue (sections 1.3 and 2.2)."""

from commands import timer
from harness import configured, scenario

ENDING = configured(frontend__enableCancelWorkerPollsOnShutdown=True)


def polls(t, key, queue="q~", **fields):
    """Polls of one worker that wait: workflow tasks, its sticky queue, activities."""
    return {
        "workflow": t.begin_poll(queue, worker_instance_key=key and key + "~", **fields),
        "sticky": t.begin_poll(f"sticky-{key}~", sticky=True, worker_instance_key=key and key + "~", **fields),
        "activity": t.begin("PollActivityTaskQueue", task_queue=queue, identity="worker", worker_instance_key=key and key + "~", **fields),
    }


def shut_down(t, key, queue="q~", kinds=("WORKFLOW", "ACTIVITY"), **fields):
    return t.call("ShutdownWorker", sticky_task_queue=f"sticky-{key}~", identity="worker", reason="bye",
                  worker_instance_key=key and key + "~", task_queue=queue, task_queue_types=list(kinds), **fields)


def tell(t, name, pending):
    """Whether a poll has ended within a second or two, and how."""
    try:
        answer = pending.future.result(timeout=1.5)
        t.note(f"{name}: {'a task' if answer.task_token else 'empty'}")
    except Exception as error:
        t.note(f"{name}: {'waits' if 'Timeout' in type(error).__name__ else error.code().name}")


def waiting(t, keys):
    """Waits until the polls of the workers are there: those of sticky queues are told, the others came with them."""
    for key in keys:
        t.wait_poller(f"sticky-{key}~", sticky=True)
    t.quiet("StartWorkflowExecution", workflow_id="idle~", workflow_type="idle", task_queue="idle~", request_id="idle",
            workflow_run_timeout=1)
    t.wait_closed("idle~")


def capability(t):
    can = t.quiet("DescribeNamespace", namespace="default").namespace_info.capabilities
    t.note(can.worker_poll_complete_on_shutdown)


@scenario
def polls_go_on(t):
    """Without the switch only the sticky queue is given up."""
    capability(t)
    mine = polls(t, "one")
    waiting(t, ["one"])
    shut_down(t, "one")
    for name in ("workflow", "activity"):
        tell(t, name, mine[name])
    t.start()
    tell(t, "workflow", mine["workflow"])


@ENDING
@scenario
def polls_end_with_their_worker(t):
    capability(t)
    mine, other = polls(t, "one"), polls(t, "two")
    waiting(t, ["one", "two"])
    shut_down(t, "one")
    for name, pending in mine.items():
        tell(t, f"one {name}", pending)
    for name, pending in other.items():
        tell(t, f"two {name}", pending)
    t.start()
    tell(t, "two workflow", other["workflow"])


@ENDING
@scenario
def later_polls_of_a_worker_that_shut_down(t):
    mine = polls(t, "one")
    waiting(t, ["one"])
    shut_down(t, "one")
    for name, pending in mine.items():
        tell(t, name, pending)
    for name, pending in polls(t, "one", timeout=6).items():
        tell(t, f"again {name}", pending)
    t.start()
    for name, pending in polls(t, "one", timeout=6).items():
        tell(t, f"with a task {name}", pending)
    tell(t, "another key", t.begin_poll(worker_instance_key="two~"))


@ENDING
@scenario
def shut_down_before_the_first_poll(t):
    shut_down(t, "one")
    for name, pending in polls(t, "one", timeout=6).items():
        tell(t, name, pending)


@ENDING
@scenario
def only_one_kind(t):
    mine = polls(t, "one")
    waiting(t, ["one"])
    shut_down(t, "one", kinds=["ACTIVITY"])
    for name, pending in mine.items():
        tell(t, name, pending)


@ENDING
@scenario
def no_kinds(t):
    mine = polls(t, "one")
    waiting(t, ["one"])
    shut_down(t, "one", kinds=[])
    for name, pending in mine.items():
        tell(t, name, pending)


@ENDING
@scenario
def no_queue(t):
    mine = polls(t, "one")
    waiting(t, ["one"])
    t.call("ShutdownWorker", sticky_task_queue="sticky-one~", identity="worker", reason="bye", worker_instance_key="one~",
           task_queue_types=["WORKFLOW", "ACTIVITY"])
    for name, pending in mine.items():
        tell(t, name, pending)


@ENDING
@scenario
def another_queue(t):
    mine = polls(t, "one")
    waiting(t, ["one"])
    shut_down(t, "one", queue="other~")
    for name, pending in mine.items():
        tell(t, name, pending)


@ENDING
@scenario
def no_key(t):
    mine = polls(t, "")
    waiting(t, [""])
    shut_down(t, "")
    for name, pending in mine.items():
        tell(t, name, pending)


@ENDING
@scenario
def a_task_of_a_sticky_queue_that_was_given_up(t):
    """The next task goes to the normal queue at once."""
    t.start()
    task = t.poll(worker_instance_key="one~")
    t.complete(task, timer(), sticky_attributes={
        "worker_task_queue": {"name": "sticky-one~", "kind": "STICKY", "normal_name": "q~"}, "schedule_to_start_timeout": 60})
    pending = t.begin_poll("sticky-one~", sticky=True, worker_instance_key="one~")
    waiting(t, ["one"])
    shut_down(t, "one")
    tell(t, "sticky", pending)
    t.signal()
    t.poll(worker_instance_key="two~")
    t.history()


@scenario
def bad_requests(t):
    t.call("ShutdownWorker")
    t.call("ShutdownWorker", sticky_task_queue="s~", worker_instance_key="k", task_queue="x" * 1001, identity="i" * 1001)
    t.call("ShutdownWorker", namespace="none", sticky_task_queue="s~")
    t.call("ShutdownWorker", worker_instance_key="k", task_queue="q~", task_queue_types=[99])
