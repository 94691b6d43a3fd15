"""Commands that schedule and cancel Nexus operations: what is refused, and what is written (sections 2.4 and 2.12)."""

from commands import bare, complete, timer
from harness import configured, scenario
from nexus import cancel_operation, endpoint, poll, remove, schedule, start_async, succeed


def refused(t, *commands):
    """Completes tasks of a workflow with commands that are refused, each in a task of its own."""
    made = endpoint(t)
    for number, command in enumerate(commands):
        name = f"wf{number}~"
        t.start(name, task_queue=f"q{number}~")
        t.complete(t.poll(f"q{number}~"), *(command if isinstance(command, list) else [command]))
        t.history(name)
        t.terminate(name)
    remove(t, made)


@scenario
def without_attributes(t):
    refused(t, bare("SCHEDULE_NEXUS_OPERATION"), bare("REQUEST_CANCEL_NEXUS_OPERATION"),
            bare("SCHEDULE_NEXUS_OPERATION", "schedule_nexus_operation", {}),
            bare("REQUEST_CANCEL_NEXUS_OPERATION", "request_cancel_nexus_operation", {}))


@scenario
def unknown_endpoint(t):
    refused(t, schedule(endpoint="nobody~"), schedule(endpoint=""))


@scenario
def names(t):
    refused(t, schedule(service="s" * 1001), schedule(operation="o" * 1001),
            schedule(service="s" * 1000, operation="o" * 1000))


@scenario
def headers(t):
    refused(t, schedule(nexus_header={"Request-Timeout": "1s"}), schedule(nexus_header={"operation-timeout": "1s"}),
            schedule(nexus_header={"Nexus-Callback-Token": "x"}), schedule(nexus_header={"nexus-request-id": "x"}),
            schedule(nexus_header={"content-type": "x", "host": "x"}),
            schedule(nexus_header={"Nexus-Operation-State": "x"}), schedule(nexus_header={"temporal-callback-token": "x"}),
            schedule(nexus_header={"accept-encoding": "x"}), schedule(nexus_header={"x-forwarded-for": "x"}),
            schedule(nexus_header={"xdc-redirection": "x"}), schedule(nexus_header={"": "x"}),
            schedule(nexus_header={"big": "x" * 8190}), schedule(nexus_header={"big": "x" * 8189}),
            schedule(nexus_header={"Nexus-Operation-Token": "x"}), schedule(nexus_header={"user-agent": "x"}))


@scenario
def timeouts(t):
    refused(t, schedule(schedule_to_close_timeout=-1), schedule(schedule_to_start_timeout=-1), schedule(start_to_close_timeout=-1),
            schedule(schedule_to_close_timeout=5, schedule_to_start_timeout=10, start_to_close_timeout=20),
            schedule(schedule_to_close_timeout=0), schedule(schedule_to_start_timeout=7, start_to_close_timeout=8))


@scenario
def the_run_timeout_counts(t):
    made = endpoint(t)
    t.start(workflow_run_timeout=100)
    t.step(schedule(), schedule(schedule_to_close_timeout=200), schedule(schedule_to_close_timeout=50),
           schedule(schedule_to_start_timeout=300, start_to_close_timeout=300))
    t.history()
    t.terminate()
    remove(t, made)


@scenario
def too_large(t):
    made = endpoint(t)
    t.start()
    t.step(schedule(input="x" * (2 << 20)))
    t.history()
    remove(t, made)


@scenario
def cancel_of_nothing(t):
    refused(t, cancel_operation(1), cancel_operation(0), cancel_operation(-1), [timer(), cancel_operation(5)])


@scenario
def cancel_in_the_same_task(t):
    made = endpoint(t)
    t.start()
    t.step(schedule(), cancel_operation(5))
    t.history()
    t.describe()
    remove(t, made)


@scenario
def cancel_twice(t):
    made = endpoint(t)
    t.start()
    t.step(schedule())
    start_async(t, poll(t))
    t.complete(t.poll(), cancel_operation(5), cancel_operation(5))
    t.history()
    t.terminate()
    remove(t, made)


@scenario
def cancel_of_a_finished_one(t):
    """Its end waits in the buffer, or was seen."""
    made = endpoint(t)
    t.start()
    t.step(schedule(), timer(seconds=0))
    task = t.poll()
    succeed(t, poll(t))
    t.until("DescribeWorkflowExecution", lambda answer: not answer.pending_nexus_operations, execution="wf~")
    t.complete(task, cancel_operation(5))
    t.history()
    t.step(cancel_operation(5))
    t.history()
    remove(t, made)


@scenario
def with_the_closing_command(t):
    made = endpoint(t)
    t.start()
    t.step(schedule(), complete())
    t.history()
    t.describe()
    remove(t, made)


@configured(component__nexusoperations__limit__operation__concurrency=2)
@scenario
def too_many(t):
    made = endpoint(t)
    t.start()
    t.step(schedule(), schedule(), schedule())
    t.history()
    t.step(schedule(), schedule())
    t.history()
    remove(t, made)


@scenario
def without_a_name(t):
    """An operation that has no name is scheduled, and is not found."""
    made = endpoint(t)
    t.start()
    t.step(schedule(operation=""))
    t.wait_event("NexusOperationFailed")
    t.history()
    remove(t, made)
