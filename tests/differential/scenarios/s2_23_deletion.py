"""Namespaces that are deleted: what is refused at once, and what of them answers afterwards (sections 1.4, 2.23)."""

from harness import scenario

DAY = 86400


def fresh(t, name="ns~", **fields):
    """Registers a namespace and goes on in it."""
    t.quiet("RegisterNamespace", **{
        "namespace": name, "workflow_execution_retention_period": DAY, **fields})
    t.until("ListWorkflowExecutions", lambda answer: True, namespace=name)
    t.namespace = name
    return t.quiet("DescribeNamespace", namespace=name).namespace_info.id


def deleted(t, namespace_id, name="ns~"):
    """Deletes a namespace and waits until its name is free."""
    answer = t.quiet("DeleteNamespace", namespace=name)
    suffix = f"-deleted-{namespace_id[:5]}"
    t.note(f"renamed by the first five of the id: {answer.deleted_namespace.endswith(suffix)}")
    t.until_refused("ListWorkflowExecutions", namespace=name)
    return answer.deleted_namespace


@scenario
def bad_deletions(t):
    namespace_id = t.quiet("DescribeNamespace", namespace="default").namespace_info.id
    t.call("DeleteNamespace", namespace="")
    t.call("DeleteNamespace", namespace="none~")
    t.call("DeleteNamespace", namespace="x" * 1001)
    t.call("DeleteNamespace", namespace="", namespace_id="nonsense")
    t.call("DeleteNamespace", namespace="", namespace_id="00000000-0000-4000-8000-000000000000")
    t.call("DeleteNamespace", namespace="default", namespace_id=namespace_id)
    t.call("DeleteNamespace", namespace="temporal-system")


@scenario
def an_empty_namespace(t):
    deleted(t, fresh(t))
    t.call("DescribeNamespace", namespace="ns~")
    t.start()
    t.call("ListWorkflowExecutions", namespace="ns~")
    t.call("UpdateNamespace", namespace="ns~", update_info={"description": "d"})
    t.call("DeprecateNamespace", namespace="ns~")


@scenario
def deletion_by_id(t):
    namespace_id = fresh(t)
    answer = t.quiet("DeleteNamespace", namespace="", namespace_id=namespace_id)
    t.note(answer.deleted_namespace.endswith(f"-deleted-{namespace_id[:5]}"))
    t.until_refused("DescribeNamespace", id=namespace_id)
    t.call("DescribeNamespace", id=namespace_id)


@scenario
def its_runs_are_gone(t):
    """What is left of the name is refused, with one word while the data go and with another when they are gone."""
    namespace_id = fresh(t)
    t.start("open~")
    t.start("closed~")
    t.terminate("closed~")
    name = deleted(t, namespace_id)
    for method, fields in (
            ("ListWorkflowExecutions", {}), ("CountWorkflowExecutions", {}), ("ListSchedules", {}),
            ("DescribeWorkflowExecution", {"execution": "open~"}),
            ("GetWorkflowExecutionHistory", {"execution": "closed~"})):
        answer = t._wait(t.begin(method, namespace=name, **fields))
        t.note(f"{method}: {not answer and answer.code in ('NOT_FOUND', 'FAILED_PRECONDITION')}")


@scenario
def its_schedules_are_gone(t):
    namespace_id = fresh(t)
    t.quiet("CreateSchedule", schedule_id="s~", schedule={
        "spec": {"interval": [{"interval": 3600}]},
        "action": {"start_workflow": {"workflow_id": "w~", "workflow_type": "type", "task_queue": "q~"}}},
        request_id="r~", identity="client")
    deleted(t, namespace_id)
    t.until_refused("DescribeNamespace", id=namespace_id)
    fresh(t)
    t.call("ListSchedules")
    t.call("DescribeSchedule", schedule_id="s~")


@scenario
def tokens_of_a_deleted_namespace(t):
    namespace_id = fresh(t)
    t.start()
    task = t.poll()
    deleted(t, namespace_id)
    t.until_refused("DescribeNamespace", id=namespace_id)
    t.call("RespondWorkflowTaskCompleted", namespace="ns~", task_token=task.task_token, identity="worker")
    t.call("RecordActivityTaskHeartbeat", namespace="ns~", task_token=task.task_token, identity="worker")


@scenario
def twice_with_the_same_name(t):
    deleted(t, fresh(t))
    deleted(t, fresh(t))
    t.call("DescribeNamespace", namespace="ns~")


@scenario
def a_deprecated_namespace_can_be_deleted(t):
    namespace_id = fresh(t)
    t.call("DeprecateNamespace")
    deleted(t, namespace_id)
    t.until_refused("DescribeNamespace", id=namespace_id)
    t.call("DescribeNamespace", id=namespace_id)


@scenario
def lists_of_namespaces(t):
    """Deleted ones are not listed, and when they are reclaimed nothing of them is left."""
    namespace_id = fresh(t)
    name = deleted(t, namespace_id)
    t.until_refused("DescribeNamespace", id=namespace_id)
    for filter in (None, {"include_deleted": True}):
        names, token = set(), b""
        while True:
            page = t.quiet("ListNamespaces", page_size=10, next_page_token=token, namespace_filter=filter)
            names |= {item.namespace_info.name for item in page.namespaces}
            token = page.next_page_token
            if not token:
                break
        t.note(f"{filter}: {name in names}, default: {'default' in names}")
