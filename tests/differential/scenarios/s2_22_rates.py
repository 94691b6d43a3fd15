"""Rate limits of task queues: their configuration, and which of several counts (section 2.22)."""

from commands import activity
from harness import configured, scenario

BASE = {"task_queue": "q~", "task_queue_type": "ACTIVITY", "identity": "client"}


def update(t, **fields):
    return t.call("UpdateTaskQueueConfig", **{**BASE, **fields})


def rate(value, reason="why"):
    return {"rate_limit": {"requests_per_second": value}, "reason": reason}


def described(t, wanted, **fields):
    """What is told of the queue, once every part of it has heard of its rate."""
    fields = {"task_queue": "q~", "task_queue_type": "ACTIVITY", "report_config": True, **fields}
    t.until("DescribeTaskQueue", lambda answer: wanted is None or answer.effective_rate_limit.requests_per_second == wanted, **fields)
    return t.call("DescribeTaskQueue", **fields)


@scenario
def set_and_unset(t):
    update(t, update_queue_rate_limit=rate(7), update_fairness_key_rate_limit_default=rate(2, "each"))
    described(t, 7)
    update(t, update_queue_rate_limit={"reason": "off"})
    described(t, None)
    update(t, update_fairness_key_rate_limit_default={})
    described(t, None)
    t.call("DescribeTaskQueue", task_queue="q~", task_queue_type="ACTIVITY")


@scenario
def refusals(t):
    t.table("UpdateTaskQueueConfig", BASE, [
        {}, {"task_queue": ""}, {"task_queue": "x" * 1001}, {"task_queue": "/_sys/q~/1"}, {"task_queue_type": 0},
        {"task_queue_type": 9}, {"task_queue_type": "WORKFLOW"}, {"namespace": ""}, {"namespace": "nowhere"},
        {"identity": "i" * 1001}, {"identity": "i" * 1001, "update_queue_rate_limit": rate(1)},
        {"update_queue_rate_limit": rate(-1)}, {"update_queue_rate_limit": rate(float("nan"))},
        {"update_queue_rate_limit": rate(float("inf"))}, {"update_queue_rate_limit": rate(1, "r" * 5000)},
        {"update_queue_rate_limit": rate(1, "r" * 1000)}, {"update_queue_rate_limit": rate(1, "r" * 1001)},
        {"update_fairness_key_rate_limit_default": rate(-1)},
        {"update_fairness_key_rate_limit_default": rate(1, "r" * 1001)},
        {"task_queue_type": "WORKFLOW", "update_queue_rate_limit": rate(-1)},
        {"task_queue_type": "WORKFLOW", "update_fairness_key_rate_limit_default": rate(1)},
        {"task_queue_type": "WORKFLOW", "update_queue_rate_limit": {}},
        {"task_queue_type": 0, "update_queue_rate_limit": rate(1)}, {"task_queue_type": 9, "update_queue_rate_limit": rate(1)},
        {"task_queue": "", "update_queue_rate_limit": rate(1)}])


@scenario
def nexus_queue(t):
    update(t, task_queue_type="NEXUS", update_queue_rate_limit=rate(3))
    described(t, 3, task_queue_type="NEXUS")
    described(t, None)


@scenario
def weights(t):
    update(t, set_fairness_weight_overrides={"a": 2, "b": 0.5})
    update(t, set_fairness_weight_overrides={"a": 3}, unset_fairness_weight_overrides=["b", "none"])
    described(t, None)
    t.table("UpdateTaskQueueConfig", BASE, [
        {"set_fairness_weight_overrides": {"a": 0}}, {"set_fairness_weight_overrides": {"a": -1}},
        {"set_fairness_weight_overrides": {"a": float("nan")}}, {"set_fairness_weight_overrides": {"a": float("inf")}},
        {"set_fairness_weight_overrides": {"a": 1e9}}, {"set_fairness_weight_overrides": {"a": 1e-9}},
        {"set_fairness_weight_overrides": {"": 1}}, {"set_fairness_weight_overrides": {"x" * 64: 1}},
        {"set_fairness_weight_overrides": {"x" * 65: 1}}, {"unset_fairness_weight_overrides": ["x" * 65]},
        {"unset_fairness_weight_overrides": [""]},
        {"set_fairness_weight_overrides": {"a": 1}, "unset_fairness_weight_overrides": ["a"]},
        {"unset_fairness_weight_overrides": ["a", "a"]}])
    described(t, None)


@scenario
def workflow_weights(t):
    update(t, task_queue_type="WORKFLOW", set_fairness_weight_overrides={"a": 2})
    described(t, None, task_queue_type="WORKFLOW")


@scenario
def many_weights(t):
    """A queue has at most a thousand of them."""
    names = [f"k{n}" for n in range(1001)]
    for fields in ({"set_fairness_weight_overrides": dict.fromkeys(names[:1000], 1)},
                   {"set_fairness_weight_overrides": dict.fromkeys(names, 1)},
                   {"set_fairness_weight_overrides": {"other": 1}},
                   {"set_fairness_weight_overrides": {"other": 1}, "unset_fairness_weight_overrides": ["k1"]},
                   {"unset_fairness_weight_overrides": names},
                   {"unset_fairness_weight_overrides": names[:1000]}):
        update(t, **fields)


def asking(t, wanted):
    """A poll whose worker asks for a rate."""
    poll = t.begin("PollActivityTaskQueue", task_queue="q~", identity=f"w{wanted}",
                   task_queue_metadata={"max_tasks_per_second": {"value": wanted}})
    t.until("DescribeTaskQueue", lambda answer: any(poller.identity == f"w{wanted}" for poller in answer.pollers),
            task_queue="q~", task_queue_type="ACTIVITY")
    return poll


@scenario
def precedence(t):
    """The configuration goes before what a worker asks for."""
    poll = asking(t, 5)
    described(t, 5)
    for wanted in (9, 2):
        update(t, update_queue_rate_limit=rate(wanted))
        described(t, wanted)
    update(t, update_queue_rate_limit={})
    described(t, 5)
    poll.future.cancel()


@scenario
def worker_rates(t):
    """What a worker asks for last counts."""
    for wanted in (0.5, 3):
        poll = asking(t, wanted)
        described(t, wanted)
        poll.future.cancel()


@scenario
def zero(t):
    update(t, update_queue_rate_limit=rate(0))
    described(t, 0)


@scenario
def untouched(t):
    """An update of nothing tells what is there."""
    update(t)
    update(t, update_queue_rate_limit=rate(7))
    update(t)
    update(t, task_queue_type="WORKFLOW")


@scenario
def one_by_one(t):
    """Tasks wait for the rate, and a describe tells how many."""
    t.normaliser.fuzzy |= {"approximate_backlog_age", "tasks_add_rate", "tasks_dispatch_rate"}
    update(t, update_queue_rate_limit=rate(0.01))
    described(t, None)
    t.start(task_queue="w~")
    t.complete(t.take(t.begin_poll("w~")), *(
        activity(name, task_queue="q~", start_to_close_timeout=60, priority={"priority_key": n + 1})
        for n, name in enumerate("abcde")))
    fields = {"task_queue": "q~", "task_queue_type": "ACTIVITY", "report_stats": True, "report_config": True}
    t.until("DescribeTaskQueue", lambda answer: answer.stats.approximate_backlog_count == 5, **fields)
    t.call("DescribeTaskQueue", **fields)
    update(t, update_queue_rate_limit=rate(1000))
    for _ in range(5):
        t.quiet("PollActivityTaskQueue", task_queue="q~", identity="w")
    t.until("DescribeTaskQueue", lambda answer: answer.stats.approximate_backlog_count == 0, **fields)
    t.call("DescribeTaskQueue", **fields)


@configured(matching__enableFairness=True)
@scenario
def fairness_on(t):
    update(t, update_queue_rate_limit=rate(7), update_fairness_key_rate_limit_default=rate(2, "each"), set_fairness_weight_overrides={"a": 2})
    described(t, 7)
