"""Timeouts of Nexus operations, and of the requests they are made of (section 2.12)."""

from harness import configured, scenario
from nexus import endpoint, handler_error, handler_fails, poll, remove, schedule, start_async, succeed
from scenarios.s2_12_nexus_operations import handler


def begin(t, **fields):
    t.made = endpoint(t)
    t.start()
    t.step(schedule(**fields))


@scenario
def schedule_to_close_unstarted(t):
    begin(t, schedule_to_close_timeout=2)
    t.wait_event("NexusOperationTimedOut")
    t.history()
    remove(t, t.made)


@scenario
def schedule_to_close_started(t):
    begin(t, schedule_to_close_timeout=3)
    start_async(t, poll(t))
    t.wait_event("NexusOperationTimedOut")
    t.history()
    remove(t, t.made)


@scenario
def schedule_to_start(t):
    begin(t, schedule_to_start_timeout=2)
    t.wait_event("NexusOperationTimedOut")
    t.history()
    remove(t, t.made)


@scenario
def schedule_to_start_does_not_count_once_started(t):
    begin(t, schedule_to_start_timeout=3, schedule_to_close_timeout=5)
    start_async(t, poll(t))
    t.wait_event("NexusOperationTimedOut")
    t.history()
    remove(t, t.made)


@scenario
def start_to_close(t):
    begin(t, start_to_close_timeout=2)
    start_async(t, poll(t))
    t.wait_event("NexusOperationTimedOut")
    t.history()
    remove(t, t.made)


@scenario
def start_to_close_does_not_count_before(t):
    begin(t, start_to_close_timeout=1, schedule_to_close_timeout=3)
    t.wait_event("NexusOperationTimedOut")
    t.history()
    remove(t, t.made)


@scenario
def after_a_failed_attempt(t):
    begin(t, schedule_to_close_timeout=3)
    handler_fails(t, poll(t), handler("INTERNAL"))
    t.wait_event("NexusOperationTimedOut")
    t.history()
    remove(t, t.made)


@configured(component__nexusoperations__request__timeout="4s")
@scenario
def nobody_polls(t):
    """A request that no worker takes is tried again."""
    begin(t)
    t.until("DescribeWorkflowExecution", lambda answer: answer.pending_nexus_operations[0].attempt == 1, execution="wf~")
    t.describe()
    t.terminate()
    remove(t, t.made)


@configured(component__nexusoperations__request__timeout="4s")
@scenario
def nobody_answers(t):
    begin(t)
    task = poll(t)
    t.until("DescribeWorkflowExecution", lambda answer: answer.pending_nexus_operations[0].attempt == 1, execution="wf~")
    succeed(t, task)
    t.describe()
    succeed(t, poll(t))
    t.wait_event("NexusOperationCompleted")
    t.history()
    remove(t, t.made)


@scenario
def answered_too_late(t):
    """A handler is given up a second before the operation's time is over, and may not say any more what became of it."""
    begin(t, schedule_to_close_timeout=5)
    task = poll(t)
    t.until("DescribeWorkflowExecution", lambda answer: answer.pending_nexus_operations[0].attempt == 1, execution="wf~")
    handler_error(t, task, "BAD_REQUEST")
    t.wait_event("NexusOperationTimedOut")
    t.history()
    remove(t, t.made)


@scenario
def too_little_time(t):
    """A handler that would have less than a second and a half is not asked; the operation has timed out at once."""
    made = endpoint(t)
    for number, bounds in enumerate(({"schedule_to_close_timeout": 1}, {"schedule_to_start_timeout": 1},
                                     {"schedule_to_close_timeout": 1, "schedule_to_start_timeout": 20},
                                     {"schedule_to_close_timeout": 20, "schedule_to_start_timeout": 1})):
        t.start(f"wf{number}~", task_queue=f"q{number}~")
        t.complete(t.poll(f"q{number}~"), schedule(**bounds))
        t.wait_event("NexusOperationTimedOut", f"wf{number}~")
        t.history(f"wf{number}~")
        t.terminate(f"wf{number}~")
    remove(t, made)


@scenario
def the_endpoint_is_gone(t):
    """An operation of an endpoint that is removed before it could be started fails."""
    t.made = endpoint(t)
    t.start()
    t.step(schedule())
    handler_fails(t, poll(t), handler("INTERNAL"))
    remove(t, t.made)
    t.wait_event("NexusOperationFailed")
    t.history()


@scenario
def the_endpoint_has_moved(t):
    """The next attempt goes to where the endpoint leads by then."""
    from nexus import spec, worker_target
    t.made = endpoint(t)
    t.start()
    t.step(schedule())
    handler_fails(t, poll(t), handler("INTERNAL"))
    moved = t.quiet("UpdateNexusEndpoint", id=t.made.id, version=t.made.version, spec=spec(target=worker_target("nq2~"))).endpoint
    succeed(t, poll(t, "nq2~"))
    t.wait_event("NexusOperationCompleted")
    t.history()
    remove(t, moved)


def is_blocked(answer):
    return any(each.state == 4 for each in answer.pending_nexus_operations)


@scenario
def the_breaker_opens(t):
    """A destination that fails five times in a row is left in peace for a while; who describes the run is told."""
    t.made = endpoint(t)
    t.start()
    t.step(*[schedule() for _ in range(6)])
    for _ in range(6):
        handler_fails(t, poll(t), handler("UNAVAILABLE"))
    t.blocks.clear()
    t.until("DescribeWorkflowExecution", is_blocked, execution="wf~")
    answer = t.quiet("DescribeWorkflowExecution", execution="wf~")
    blocked = [each for each in answer.pending_nexus_operations if each.state == 4]
    t.note(f"reasons: {sorted({each.blocked_reason for each in blocked})}")
    t.note(f"failures: {sorted({each.last_attempt_failure.message for each in blocked})}")
    t.terminate()
    remove(t, t.made)
