"""What ends a run that has grown too large (section 2b)."""

from commands import activity, complete, continue_as_new, fail, marker, timer
from harness import configured, scenario

COUNT = configured(limit__historyCount__error=12, limit__historyCount__warn=5)
SIZE = configured(limit__historySize__error=3000, limit__historySize__warn=1000)
STATE = configured(limit__mutableStateSize__error=4000, limit__mutableStateSize__warn=1000)
BUFFER = configured(history__maximumBufferedEventsSizeInBytes=1000)
TRANSACTION = configured(system__transactionSizeLimit=5000)


def text(length):
    return {"metadata": {"encoding": b"json/plain"}, "data": b"x" * length}


def grown(t, *commands, **fields):
    """A run with as many events as are allowed, or nearly."""
    t.start(**fields)
    t.step(timer("t1"), timer("t2"), timer("t3"))   # 1..7
    t.signal()                                      # 8, 9
    t.step(*commands)                               # 10, 11, ...


@COUNT
@scenario
def count_reached_by_commands(t):
    grown(t, marker("m1"), marker("m2"), marker("m3"), marker("m4"))
    t.history()
    t.describe()
    t.signal()


@COUNT
@scenario
def count_reached_by_signals(t):
    grown(t)
    for index in range(4):
        t.signal(f"s{index}")
    t.history()
    t.describe()


@COUNT
@scenario
def count_reached_exactly(t):
    grown(t, marker())
    t.signal()
    t.history()


@COUNT
@scenario
def count_passed_by_a_start_of_a_task(t):
    grown(t)
    t.signal()
    t.call("PollWorkflowTaskQueue", task_queue="q~", identity="worker", timeout=3)
    t.history()


@COUNT
@scenario
def count_passed_while_a_task_is_started(t):
    t.start()
    t.step(*[timer(f"t{index}") for index in range(5)])
    t.signal()
    task = t.poll()
    t.signal("buffered")
    t.signal("buffered too")
    t.history(label="it before the answer")
    t.complete(task, timer("t7"))
    t.history()


@COUNT
@scenario
def count_passed_by_closing(t):
    t.start()
    t.step(*[timer(f"t{index}") for index in range(5)])
    t.signal()
    t.step(marker("m1"), marker("m2"), complete())
    t.history()


@COUNT
@scenario
def count_passed_by_continuing(t):
    t.start()
    t.step(*[timer(f"t{index}") for index in range(5)])
    t.signal()
    t.step(marker("m1"), marker("m2"), continue_as_new())
    t.describe()
    t.terminate()


@COUNT
@scenario
def count_passed_by_failing_with_retry(t):
    t.start(retry_policy={"initial_interval": 1, "maximum_attempts": 2})
    t.step(*[timer(f"t{index}") for index in range(5)])
    t.signal()
    t.step(marker("m1"), marker("m2"), fail())
    t.describe()
    t.terminate()


@COUNT
@scenario
def count_passed_by_an_activity(t):
    t.start()
    t.step(activity("a"), timer("t1"), timer("t2"), timer("t3"), timer("t4"), timer("t5"), timer("t6"))
    task = t.poll_activity()
    t.complete_activity(task)
    t.history()
    t.call("PollWorkflowTaskQueue", task_queue="q~", identity="worker", timeout=3)
    t.history()


@COUNT
@scenario
def count_passed_by_a_timer(t):
    t.start()
    t.step(timer("t1", 1), *[timer(f"u{index}") for index in range(7)])
    t.wait_closed()
    t.history()


@COUNT
@scenario
def count_leaves_cancel_and_terminate(t):
    grown(t, marker())
    t.cancel()
    t.history()
    t.terminate()
    t.history()


@COUNT
@scenario
def count_leaves_terminate(t):
    grown(t, marker())
    t.terminate()
    t.history()


@COUNT
@scenario
def count_passed_by_an_update(t):
    grown(t, marker())
    pending = t.begin("UpdateWorkflowExecution", workflow_execution="wf~", wait_policy={"lifecycle_stage": "COMPLETED"}, timeout=4, request={
        "meta": {"update_id": "u"}, "input": {"name": "n"}})
    t.call("PollWorkflowTaskQueue", task_queue="q~", identity="worker", timeout=3)
    t.end(pending)
    t.history()


@COUNT
@scenario
def count_and_a_task_that_fails(t):
    grown(t, timer("t4"))
    t.signal()
    t.history()
    task = t.call("PollWorkflowTaskQueue", task_queue="q~", identity="worker", timeout=3)
    if task and task.task_token:
        t.fail_task(task)
    t.history()


@SIZE
@scenario
def size_reached_by_a_command(t):
    t.start()
    t.step(marker(details={"d": text(2000)}))
    t.signal()
    t.step(marker(details={"d": text(1500)}))
    t.history()
    t.describe()


@SIZE
@scenario
def size_reached_by_a_signal(t):
    t.start()
    t.signal(input=text(2900))
    t.signal(input=text(100))
    t.history()
    t.signal()


@SIZE
@scenario
def size_reached_by_the_start(t):
    t.start(input=text(4000))
    t.history()
    t.signal()
    t.history()


@SIZE
@scenario
def size_reached_by_an_activity(t):
    t.start()
    t.step(activity())
    t.complete_activity(t.poll_activity(), text(3000))
    t.history()


@SIZE
@scenario
def size_leaves_cancel(t):
    t.start(input=text(2700))
    t.cancel(reason="r" * 500)
    t.history()


@STATE
@scenario
def state_reached_by_activities(t):
    t.start(memo={"m": text(1000)})
    t.step(*[activity(f"a{index}", input=text(500)) for index in range(12)])
    t.history()
    t.describe()


@STATE
@scenario
def state_reached_by_buffered_signals(t):
    t.start()
    t.poll()
    for index in range(3):
        t.signal(f"s{index}", input=text(2500))
    t.history()


@STATE
@scenario
def state_reached_by_the_start(t):
    t.start(memo={"m": text(5000)})
    t.history()
    t.signal()
    t.history()


@BUFFER
@scenario
def buffer_reached(t):
    """A thousand bytes of buffered events fail the task."""
    t.start(workflow_task_timeout=100)
    task = t.poll()
    for index in range(3):
        t.signal(f"s{index}", input=text(400))
    t.complete(task, timer())
    t.history()


@TRANSACTION
@scenario
def transaction_reached_by_commands(t):
    t.start()
    t.step(marker(details={"d": text(3000)}), marker(details={"d": text(3000)}))
    t.history()
    t.signal()


@TRANSACTION
@scenario
def transaction_reached_by_the_start(t):
    t.start(input=text(6000))
    t.signal()


@TRANSACTION
@scenario
def transaction_reached_by_a_signal(t):
    t.start()
    t.signal(input=text(6000))
    t.history()
