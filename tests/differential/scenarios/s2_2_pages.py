"""A workflow task's completion in pages (section 2.2)."""

from commands import activity, complete, marker, timer
from harness import configured, scenario

PAGES = configured(history__enableWorkflowTaskCompletionPagination=True)


def page(t, task, number, *commands, **fields):
    return t.complete(task, *commands, intermediate_page=True, page_number=number, **fields)


@scenario
def switched_off(t):
    t.start()
    task = t.poll()
    page(t, task, 0, marker("m0"))
    t.complete(task, complete(), page_number=1)
    t.history()
    can = t.quiet("DescribeNamespace", namespace="default").namespace_info
    t.note((can.capabilities.workflow_task_completion_pagination, can.limits.workflow_task_completion_size_limit_error))


@PAGES
@scenario
def three_pages(t):
    can = t.quiet("DescribeNamespace", namespace="default").namespace_info
    t.note((can.capabilities.workflow_task_completion_pagination, can.limits.workflow_task_completion_size_limit_error))
    t.start()
    task = t.poll()
    page(t, task, 0, marker("m0"), timer("t0"))
    page(t, task, 1, marker("m1"), identity="other")
    t.describe()
    t.complete(task, marker("m2"), page_number=2)
    t.history()
    t.signal()
    t.step(complete())
    t.history()


@PAGES
@scenario
def last_page_is_empty(t):
    t.start()
    task = t.poll()
    page(t, task, 0, marker("m0"), complete())
    t.complete(task, page_number=1)
    t.history()


@PAGES
@scenario
def refused_pages(t):
    t.start()
    task = t.poll()
    page(t, task, 0)
    page(t, task, -1, marker("m"))
    page(t, task, 1, marker("m1"))
    page(t, task, 0, marker("m0"))
    page(t, task, 0, marker("again"))
    page(t, task, 2, marker("m2"))
    page(t, task, 100000, marker("many"))
    t.complete(task, marker("last"), page_number=-1)
    t.complete(task, marker("last"), page_number=4)
    t.complete(task, marker("last"), page_number=3)
    t.history()


@PAGES
@scenario
def lost_pages(t):
    t.start()
    task = t.poll()
    t.complete(task, complete(), page_number=2)
    page(t, task, 0, marker("m0"))
    t.complete(task, complete(), page_number=2)
    page(t, task, 1, marker("m1"))
    t.complete(task, complete(), page_number=2)
    t.history()


@PAGES
@scenario
def pages_in_any_order(t):
    t.start()
    task = t.poll()
    page(t, task, 1, marker("m1"))
    page(t, task, 0, marker("m0"))
    t.complete(task, complete(), page_number=2)
    t.history()


@PAGES
@scenario
def fewer_pages_than_sent(t):
    t.start()
    task = t.poll()
    for number in range(3):
        page(t, task, number, marker(f"m{number}"))
    t.complete(task, complete(), page_number=1)
    t.history()


@PAGES
@scenario
def one_page_after_pages(t):
    """A completion without a number after pages were sent."""
    t.start()
    task = t.poll()
    page(t, task, 0, marker("m0"))
    t.complete(task, complete())
    t.history()


@PAGES
@scenario
def bad_commands_in_pages(t):
    t.start()
    task = t.poll()
    page(t, task, 0, timer("t"), complete(), marker("m"))
    page(t, task, 1, timer("t"))
    t.complete(task, complete(), page_number=2)
    t.history()
    task = t.poll()
    t.complete(task, complete(), page_number=2)
    page(t, task, 0, timer("t"))
    page(t, task, 1, timer("t"))
    t.complete(task, page_number=2)
    t.history()


@PAGES
@scenario
def pages_of_stale_tasks(t):
    t.start(workflow_task_timeout=1)
    task = t.poll()
    page(t, task, 0, marker("m0"))
    again = t.poll()
    page(t, task, 1, marker("m1"))
    t.complete(task, complete(), page_number=1)
    t.complete(again, complete(), page_number=1)
    page(t, again, 0, marker("m0"))
    t.terminate()
    page(t, again, 1, marker("m1"))
    t.complete(again, complete(), page_number=2)
    t.history()


def sent_task(t):
    """A task of the second kind, with an update; its page before the last has all a completion may have."""
    from updates import both, request
    t.start()
    t.step(timer("t0"))
    return t.begin("UpdateWorkflowExecution", **request()), t.poll(), both


@PAGES
@scenario
def pages_of_a_task_with_an_update(t):
    pending, task, both = sent_task(t)
    page(t, task, 0, marker("m0"))
    t.complete(task, marker("m1"), messages=both(task.messages[0]), page_number=1)
    t.end(pending)
    t.history()


@PAGES
@scenario
def messages_in_the_first_page(t):
    pending, task, both = sent_task(t)
    page(t, task, 0, marker("m0"), messages=both(task.messages[0]))
    t.complete(task, marker("m1"), page_number=1)
    t.end(pending)
    t.history()


@PAGES
@scenario
def wishes_in_the_first_page(t):
    t.start()
    task = t.poll()
    page(t, task, 0, activity(request_eager_execution=True),
         return_new_workflow_task=True, force_create_new_workflow_task=True,
         sticky_attributes={"worker_task_queue": {"name": "sticky~", "kind": "STICKY"}, "schedule_to_start_timeout": 5})
    t.complete(task, marker("m"), page_number=1)
    t.history()
    t.describe()


@PAGES
@scenario
def a_refused_page_between(t):
    t.start()
    task = t.poll()
    page(t, task, 0, marker("m0"))
    page(t, task, 1)
    page(t, task, 2000, marker("m"))
    t.complete(task, marker("m1"), page_number=1)
    t.history()


@PAGES
@scenario
def the_same_page_again(t):
    t.start()
    task = t.poll()
    page(t, task, 0, marker("m0"))
    page(t, task, 1, marker("m1"))
    page(t, task, 0, marker("again"))
    t.complete(task, marker("m2"), page_number=2)
    t.history()


@PAGES
@scenario
def a_bad_last_page(t):
    t.start(workflow_task_timeout=60)
    task = t.poll()
    page(t, task, 0, marker("m0"))
    t.complete(task, complete(), marker("m1"), page_number=1)
    t.complete(task, marker("m1"), page_number=1)
    t.history()


@PAGES
@scenario
def a_bad_command_then_the_last_page_again(t):
    t.start()
    t.fail_task(t.poll())
    task = t.poll()
    page(t, task, 0, timer("t"))
    t.complete(task, timer("t"), page_number=1)
    t.complete(task, marker("m1"), page_number=1)
    t.history()


@PAGES
@scenario
def numbers_at_the_limit(t):
    t.start()
    task = t.poll()
    for number in (1022, 1023, 1024):
        page(t, task, number, marker("m"))
        t.complete(task, marker("m"), page_number=number + 1)


@PAGES
@scenario
def signals_between_pages(t):
    t.start()
    task = t.poll()
    page(t, task, 0, marker("m0"))
    t.signal()
    page(t, task, 1, marker("m1"))
    t.complete(task, complete(), page_number=2)
    t.history()
    task = t.poll()
    t.complete(task, complete(), page_number=2)
    t.complete(task, complete())
    t.history()


@PAGES
@scenario
def a_task_fails_between_pages(t):
    t.start()
    task = t.poll()
    page(t, task, 0, marker("m0"))
    t.fail_task(task)
    task = t.poll()
    t.complete(task, complete(), page_number=1)
    page(t, task, 0, marker("m0"))
    t.complete(task, complete(), page_number=1)
    t.history()


@PAGES
@scenario
def unknown_tokens(t):
    t.call("RespondWorkflowTaskCompleted", task_token=b"nonsense", intermediate_page=True, commands=[marker()])
    t.call("RespondWorkflowTaskCompleted", intermediate_page=True, commands=[marker()])


@configured(history__enableWorkflowTaskCompletionPagination=True, history__workflowTaskCompletionBufferSizeLimit=2000)
@scenario
def too_many_bytes(t):
    can = t.quiet("DescribeNamespace", namespace="default").namespace_info
    t.note((can.capabilities.workflow_task_completion_pagination, can.limits.workflow_task_completion_size_limit_error))
    big = {"metadata": {"encoding": b"json/plain"}, "data": b"x" * 800}
    t.start()
    task = t.poll()
    page(t, task, 0, marker("m0", details={"d": big}))
    page(t, task, 1, marker("m1", details={"d": big}))
    page(t, task, 2, marker("m2", details={"d": big}))
    t.complete(task, complete(), page_number=3)
    t.history()
    t.start("last~", task_queue="last~")
    task = t.poll("last~")
    page(t, task, 0, marker("m0", details={"d": big}))
    page(t, task, 1, marker("m1", details={"d": big}))
    t.complete(task, marker("m2", details={"d": big}), page_number=2)
    t.history("last~")


@configured(history__enableWorkflowTaskCompletionPagination=True, history__workflowTaskCompletionBufferTotalSizeLimit=2000)
@scenario
def too_many_bytes_in_all(t):
    big = {"metadata": {"encoding": b"json/plain"}, "data": b"x" * 600}
    for name in ("a", "b"):
        t.start(f"{name}~", task_queue=f"{name}~")
    tasks = [t.poll("a~"), t.poll("b~")]
    page(t, tasks[0], 0, marker("m0", details={"d": big}))
    page(t, tasks[0], 1, marker("m0", details={"d": big}))
    page(t, tasks[1], 0, marker("m0", details={"d": big}))
    t.complete(tasks[0], complete(), page_number=1)
    page(t, tasks[1], 0, marker("m0", details={"d": big}))
    t.history("a~")
    t.history("b~")


@configured(history__enableWorkflowTaskCompletionPagination=True, history__workflowTaskCompletionBufferMaxPages=3,
            history__workflowTaskCompletionMaxPages=3)
@scenario
def many_pages(t):
    t.start()
    task = t.poll()
    for number in (0, 9, 99, 999, 9999):
        page(t, task, number, marker("m"))
    t.complete(task, complete(), page_number=99999)
