"""Pages, groups, old lists and bad input of the calls of visibility (section 2.21)."""

import google.protobuf.timestamp_pb2 as stamps

from commands import complete
from harness import scenario

FAR = {"earliest_time": stamps.Timestamp(seconds=0), "latest_time": stamps.Timestamp(seconds=4000000000)}
LISTS = ("ListWorkflowExecutions", "ScanWorkflowExecutions", "CountWorkflowExecutions", "ListArchivedWorkflowExecutions")


def many(t, count, workflow_type="many~", prefix="wf"):
    for index in range(count):
        t.quiet("StartWorkflowExecution", workflow_id=f"{prefix}{index}~", workflow_type=workflow_type, task_queue="q~",
                request_id=f"{prefix}{index}~")
    query = f"WorkflowType = '{workflow_type}' AND WorkflowId STARTS_WITH '{prefix}'"
    t.until("CountWorkflowExecutions", lambda answer: answer.count == count, query=query)


def ids(answer):
    return [item.execution.workflow_id for item in answer.executions]


def walk(t, method, size_field="page_size", **fields):
    token = b""
    for _ in range(20):
        page = t.quiet(method, **{size_field: 2, "next_page_token": token, **fields})
        t.note(ids(page))
        token = page.next_page_token
        if not token:
            break


@scenario
def scan_in_pages(t):
    many(t, 5)
    walk(t, "ScanWorkflowExecutions", query="WorkflowType = 'many~'")


@scenario
def full_last_page(t):
    many(t, 4)
    walk(t, "ListWorkflowExecutions", query="WorkflowType = 'many~'")


@scenario
def open_in_pages(t):
    many(t, 3)
    walk(t, "ListOpenWorkflowExecutions", "maximum_page_size", start_time_filter=FAR, type_filter={"name": "many~"})


@scenario
def closed_in_pages(t):
    many(t, 3)
    for index in range(3):
        t.quiet("TerminateWorkflowExecution", workflow_execution=f"wf{index}~")
    t.until("CountWorkflowExecutions", lambda answer: answer.count == 3,
            query="WorkflowType = 'many~' AND ExecutionStatus = 'Terminated'")
    walk(t, "ListClosedWorkflowExecutions", "maximum_page_size", start_time_filter=FAR, type_filter={"name": "many~"})


@scenario
def token_before_new_runs(t):
    """A page goes on where the last one ended, whatever has started since."""
    many(t, 4)
    query = "WorkflowType = 'many~'"
    first = t.quiet("ListWorkflowExecutions", query=query, page_size=2)
    t.note(ids(first))
    many(t, 3, prefix="later")
    second = t.quiet("ListWorkflowExecutions", query=query, page_size=2, next_page_token=first.next_page_token)
    t.note(ids(second))
    third = t.quiet("ListWorkflowExecutions", query=query, page_size=2, next_page_token=second.next_page_token)
    t.note(ids(third))


@scenario
def token_of_another_query(t):
    many(t, 4)
    first = t.quiet("ListWorkflowExecutions", query="WorkflowType = 'many~'", page_size=2)
    other = t.quiet("ListWorkflowExecutions", query="WorkflowType = 'many~' AND WorkflowId != 'wf0~'", page_size=5,
                    next_page_token=first.next_page_token)
    t.note(ids(other))


@scenario
def token_of_a_list_for_a_scan(t):
    many(t, 3)
    first = t.quiet("ListWorkflowExecutions", query="WorkflowType = 'many~'", page_size=2)
    t.note(ids(t.quiet("ScanWorkflowExecutions", query="WorkflowType = 'many~'", next_page_token=first.next_page_token)))


@scenario
def open_before_closed(t):
    many(t, 3)
    for index in (0, 2):
        t.quiet("TerminateWorkflowExecution", workflow_execution=f"wf{index}~")
        t.until("CountWorkflowExecutions", lambda answer: answer.count == 1,
                query=f"WorkflowId = 'wf{index}~' AND CloseTime IS NOT NULL")
    t.note(ids(t.quiet("ListWorkflowExecutions", query="WorkflowType = 'many~'")))


@scenario
def groups_by_status(t):
    many(t, 3)
    t.quiet("TerminateWorkflowExecution", workflow_execution="wf0~")
    t.until("CountWorkflowExecutions", lambda answer: answer.count == 1,
            query="WorkflowType = 'many~' AND ExecutionStatus = 'Terminated'")
    for query in ("WorkflowType = 'many~' GROUP BY ExecutionStatus", "WorkflowType = 'none~' GROUP BY ExecutionStatus",
                  "WorkflowType = 'many~' group by `ExecutionStatus`"):
        answer = t.quiet("CountWorkflowExecutions", query=query)
        t.note(f"{query}: {answer.count}")
        t.block("= groups", sorted(f"{group.group_values[0].data.decode()} {group.count}" for group in answer.groups))


@scenario
def groups_refused(t):
    for query in ("GROUP BY", "GROUP BY ExecutionStatus, ExecutionStatus", "GROUP BY Nonsense", "GROUP BY StartTime",
                  "GROUP BY 1", "GROUP BY ExecutionStatus LIMIT 5", "WorkflowId = 'a' GROUP ExecutionStatus",
                  "GROUP BY OwnText", "GROUP BY OwnDouble", "GROUP BY OwnList", "GROUP BY OwnDatetime"):
        t.call("CountWorkflowExecutions", query=query)


@scenario
def counts(t):
    many(t, 2)
    for query in ("WorkflowType = 'many~'", "WorkflowType = 'many~' AND ExecutionStatus = 'Running'", "WorkflowId = 'none~'"):
        t.call("CountWorkflowExecutions", query=query)


@scenario
def unknown_namespace(t):
    for method in LISTS + ("ListOpenWorkflowExecutions", "ListClosedWorkflowExecutions"):
        extra = {"start_time_filter": FAR} if method in ("ListOpenWorkflowExecutions", "ListClosedWorkflowExecutions") else {}
        t.call(method, namespace="nowhere~", **extra)
        t.call(method, namespace="", **extra)


@scenario
def archived(t):
    t.call("ListArchivedWorkflowExecutions", query="WorkflowId = 'a'")
    t.call("ListArchivedWorkflowExecutions", query="nonsense", page_size=-1)
    t.call("ListArchivedWorkflowExecutions", page_size=5, next_page_token=b"x")


@scenario
def malformed(t):
    for query in ("WorkflowId", "= 'a'", "WorkflowId = ", "WorkflowId = 'a' OR", "NOT", "((WorkflowId = 'a')", "WorkflowId IN 'a'",
                  "WorkflowId IN ('a'", "WorkflowId BETWEEN 'a'", "WorkflowId = 'a' WorkflowId = 'b'", "WorkflowId = 'a' AND AND",
                  "5", "'text'", "WorkflowId = 5x", "WorkflowId = 'it's'", "SELECT 1"):
        for method in LISTS[:3]:
            t.call(method, query=query)


@scenario
def unsupported(t):
    for query in ("WorkflowId LIKE 'a%'", "WorkflowId REGEXP 'a'", "WorkflowId = 'a' LIMIT 5", "WorkflowId = UPPER('a')",
                  "WorkflowId = (SELECT 1)", "WorkflowId IS TRUE", "WorkflowId + 'a' = 'b'", "-WorkflowId = 'a'",
                  "EXISTS (SELECT 1)", "WorkflowId <=> 'a'", "CASE WHEN 1 THEN 2 END"):
        t.call("ListWorkflowExecutions", query=query)


@scenario
def old_filters(t):
    many(t, 1)
    t.start("gone~", workflow_type="many~", task_queue="q2~")
    t.complete(t.poll("q2~"), complete())
    t.until("CountWorkflowExecutions", lambda answer: answer.count == 1,
            query="WorkflowId = 'gone~' AND ExecutionStatus = 'Completed'")
    for fields in ({"execution_filter": {"workflow_id": "wf0~"}}, {"execution_filter": {"workflow_id": "gone~"}},
                   {"type_filter": {"name": "many~"}}, {"type_filter": {"name": "none~"}}):
        for method in ("ListOpenWorkflowExecutions", "ListClosedWorkflowExecutions"):
            t.note(f"{method} {sorted(fields)}: {ids(t.quiet(method, start_time_filter=FAR, **fields))}")
    for status in ("COMPLETED", "FAILED", "TIMED_OUT"):
        answer = t._wait(t.begin("ListClosedWorkflowExecutions", start_time_filter=FAR, status_filter={"status": status}))
        t.note(f"{status}: {[name for name in ids(answer) if name.startswith('gone') and t.unique in name]}")


@scenario
def old_filters_refused(t):
    early, late = stamps.Timestamp(seconds=5), stamps.Timestamp(seconds=9)
    for method in ("ListOpenWorkflowExecutions", "ListClosedWorkflowExecutions"):
        t.call(method, start_time_filter={"earliest_time": late, "latest_time": early})
        t.call(method, start_time_filter=FAR, type_filter={"name": "none~"}, next_page_token=b"")
        t.call(method, start_time_filter={"earliest_time": early, "latest_time": late}, type_filter={"name": "none~"})
    t.call("ListClosedWorkflowExecutions", start_time_filter=FAR, status_filter={"status": "UNSPECIFIED"})


@scenario
def attributes_of_the_cluster(t):
    answer = t.quiet("GetSearchAttributes")
    t.block("= keys", sorted(f"{name} {kind}" for name, kind in answer.keys.items() if not name.startswith("Own")))


@scenario
def attributes_of_a_namespace(t):
    answer = t.quiet("ListSearchAttributes")
    t.block("= system", sorted(f"{name} {kind}" for name, kind in answer.system_attributes.items()))
    t.block("= own", sorted(f"{name} {kind}" for name, kind in answer.custom_attributes.items() if name.startswith("Own")))


def namespaced(t):
    t.quiet("RegisterNamespace", namespace="attributes~", workflow_execution_retention_period={"seconds": 86400})
    t.until("DescribeNamespace", lambda answer: True, namespace="attributes~")
    t.namespace = "attributes~"


def until_added(t, *names):
    t.until("ListSearchAttributes", lambda answer: sorted(answer.custom_attributes) == sorted(names))


@scenario
def attributes_added_and_removed(t):
    namespaced(t)
    t.call("AddSearchAttributes", search_attributes={"First": "INDEXED_VALUE_TYPE_KEYWORD", "Second": "INDEXED_VALUE_TYPE_INT"})
    until_added(t, "First", "Second")
    t.call("AddSearchAttributes", search_attributes={"First": "INDEXED_VALUE_TYPE_KEYWORD"})
    t.call("AddSearchAttributes", search_attributes={"First": "INDEXED_VALUE_TYPE_INT"})
    t.call("RemoveSearchAttributes", search_attributes=["Second"])
    until_added(t, "First")
    t.call("RemoveSearchAttributes", search_attributes=["Second"])


@scenario
def attributes_refused(t):
    namespaced(t)
    t.call("AddSearchAttributes")
    t.call("AddSearchAttributes", search_attributes={"WorkflowId": "INDEXED_VALUE_TYPE_KEYWORD"})
    t.call("AddSearchAttributes", search_attributes={"TemporalMine": "INDEXED_VALUE_TYPE_KEYWORD"})
    t.call("AddSearchAttributes", search_attributes={"BuildIds": "INDEXED_VALUE_TYPE_KEYWORD"})
    t.call("AddSearchAttributes", search_attributes={"Mine": "INDEXED_VALUE_TYPE_UNSPECIFIED"})
    t.call("RemoveSearchAttributes")
    t.call("RemoveSearchAttributes", search_attributes=["WorkflowId"])
    t.call("RemoveSearchAttributes", search_attributes=["Nonsense"])
    for method in ("AddSearchAttributes", "RemoveSearchAttributes", "ListSearchAttributes"):
        t.call(method, namespace="")
        t.call(method, namespace="nowhere~")


@scenario
def attributes_are_of_one_namespace(t):
    """An attribute of one namespace means nothing in another."""
    namespaced(t)
    t.call("ListWorkflowExecutions", query="OwnKeyword = 'a'")
    t.quiet("AddSearchAttributes", search_attributes={"Mine": "INDEXED_VALUE_TYPE_KEYWORD"})
    until_added(t, "Mine")
    t.until("CountWorkflowExecutions", lambda answer: True, query="Mine = 'a'")
    t.call("ListWorkflowExecutions", query="Mine = 'a'")
    t.call("ListWorkflowExecutions", namespace="default", query="Mine = 'a'")


@scenario
def attribute_of_a_removed_name(t):
    namespaced(t)
    t.quiet("AddSearchAttributes", search_attributes={"Mine": "INDEXED_VALUE_TYPE_KEYWORD"})
    t.until("CountWorkflowExecutions", lambda answer: True, query="Mine = 'a'")
    t.quiet("RemoveSearchAttributes", search_attributes=["Mine"])
    t.until_refused("CountWorkflowExecutions", query="Mine = 'a'")
    t.call("ListWorkflowExecutions", query="Mine = 'a'")
    t.call("StartWorkflowExecution", workflow_id="wf~", workflow_type="t", task_queue="q~", request_id="r~",
           search_attributes={"Mine": "a"})


@scenario
def ordered(t):
    """The reference refuses every order."""
    many(t, 3)
    for order in ("WorkflowId", "WorkflowId DESC", "OwnInt, StartTime DESC", "ExecutionStatus, WorkflowId"):
        answer = t._wait(t.begin("ListWorkflowExecutions", query=f"WorkflowType = 'many~' ORDER BY {order}"))
        t.note(f"{order}: {ids(answer) if answer else answer.message}")


@scenario
def orders_refused(t):
    for query in ("ORDER BY", "ORDER BY Nonsense", "ORDER BY OwnText", "WorkflowId = 'a' ORDER StartTime", "ORDER BY 1"):
        t.call("ListWorkflowExecutions", query=query)
    t.call("CountWorkflowExecutions", query="ORDER BY StartTime")


@scenario
def groups_of_keywords(t):
    """The reference groups by status only."""
    many(t, 3)
    t.call("CountWorkflowExecutions", query="WorkflowType = 'many~' GROUP BY WorkflowId")
    t.call("CountWorkflowExecutions", query="WorkflowType = 'many~' GROUP BY OwnBool")
