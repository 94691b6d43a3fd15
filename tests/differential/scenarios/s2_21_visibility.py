"""Listing and counting workflows (section 2.21)."""

from commands import complete, continue_as_new, fail, timer
from harness import scenario
from scenarios.s2_13_metadata import VALUES

ONE = "WorkflowId = 'wf~'"


def listed(t, query=ONE, count=1):
    """Waits until a query finds `count` workflows: visibility follows a moment later."""
    t.until("ListWorkflowExecutions", lambda answer: len(answer.executions) == count, query=query)


def status_is(t, name, query=ONE):
    listed(t, f"{query} AND ExecutionStatus = '{name}'")


@scenario
def running_then_closed(t):
    t.start(memo={"k": "v"}, search_attributes=VALUES)
    status_is(t, "Running")
    t.call("ListWorkflowExecutions", query=ONE)
    t.call("CountWorkflowExecutions", query=ONE)
    t.step(complete())
    status_is(t, "Completed")
    t.call("ListWorkflowExecutions", query=ONE)
    t.call("ScanWorkflowExecutions", query=ONE)
    t.call("CountWorkflowExecutions", query=ONE)


@scenario
def statuses(t):
    t.start("completed~", task_queue="q1~")
    t.complete(t.poll("q1~"), complete())
    t.start("failed~", task_queue="q2~")
    t.complete(t.poll("q2~"), fail())
    t.start("terminated~")
    t.terminate("terminated~")
    t.start("continued~", task_queue="q3~", workflow_type="chain~")
    t.complete(t.poll("q3~"), continue_as_new(workflow_type="chain~"))
    for name in ("Completed", "Failed", "Terminated"):
        status_is(t, name, f"WorkflowId = '{name.lower()}~'")
    status_is(t, "ContinuedAsNew", "WorkflowType = 'chain~'")
    status_is(t, "Running", "WorkflowType = 'chain~'")
    ids = "WorkflowId IN ('completed~', 'failed~', 'terminated~', 'continued~')"
    t.call("CountWorkflowExecutions", query=ids)
    answer = t.quiet("CountWorkflowExecutions", query=ids + " GROUP BY ExecutionStatus")
    t.block("= grouped", sorted(line for group in answer.groups for line in
                                [f"{group.group_values[0].data.decode()} {group.count}"]))
    t.call("CountWorkflowExecutions", query=ids + " AND ExecutionStatus != 'Running'")


@scenario
def custom_attributes(t):
    t.start("with~", search_attributes=VALUES)
    t.start("without~")
    listed(t, "WorkflowId IN ('with~', 'without~')", 2)
    for condition in (
        "OwnKeyword = 'word'", "OwnKeyword != 'word'", "OwnKeyword STARTS_WITH 'wo'", "OwnKeyword IS NULL",
        "OwnKeyword IS NOT NULL", "OwnKeyword IN ('a', 'word')", "OwnKeyword NOT IN ('word')", "OwnText = 'words'",
        "OwnText = 'none'", "OwnInt = 7", "OwnInt > 7", "OwnInt BETWEEN 6 AND 8", "OwnInt >= 7 AND OwnInt < 8",
        "OwnDouble = 1.5", "OwnDouble > 1", "OwnBool = true", "OwnBool = false", "OwnDatetime = '2026-01-02T03:04:05Z'",
        "OwnDatetime > '2026-01-01T00:00:00Z'", "OwnList = 'a'", "OwnList IN ('b', 'z')", "OwnList != 'a'",
        "`OwnKeyword` = 'word'", "NOT OwnKeyword = 'word'", "(OwnInt = 7 OR OwnInt = 8) AND OwnBool = true",
        "OwnKeyword NOT STARTS_WITH 'wo'", "OwnInt NOT BETWEEN 6 AND 8", 'OwnKeyword = "word"',
    ):
        answer = t.quiet("ListWorkflowExecutions", query=f"WorkflowId IN ('with~', 'without~') AND ({condition})")
        names = sorted(item.execution.workflow_id for item in answer.executions)
        t.note(f"{condition}: {names}")


@scenario
def system_attributes(t):
    t.start()
    t.step(complete())
    status_is(t, "Completed")
    for condition in (
        "WorkflowType = 'type'", "TaskQueue = 'q~'", "StartTime > '2020-01-01T00:00:00Z'", "CloseTime IS NOT NULL",
        "CloseTime IS NULL", "ExecutionStatus = 2", "ExecutionStatus IN ('Completed', 'Failed')",
        "HistoryLength = 5", "StateTransitionCount = 3", "ExecutionDuration < '1h'", "ExecutionDuration < 3600000000000",
        "ExecutionTime > '2020-01-01T00:00:00Z'", "ParentWorkflowId IS NULL", "RootWorkflowId = 'wf~'",
        "HistorySizeBytes > 100", "BuildIds = 'unversioned'", "StartTime > 0", "ExecutionDuration < '01:00:00'",
        "TemporalNamespaceDivision IS NULL", "WorkflowId STARTS_WITH 'wf~'",
    ):
        answer = t.quiet("ListWorkflowExecutions", query=f"{ONE} AND {condition}")
        t.note(f"{condition}: {len(answer.executions)}")
    t.call("ListWorkflowExecutions", query=f"{ONE} AND ExecutionStatus = 'completed'")


@scenario
def refused_queries(t):
    for query in (
        "nonsense", "Nonsense = 1", "WorkflowId", "WorkflowId LIKE 'x'", "WorkflowId = 'a' LIMIT 1",
        "WorkflowId > 'a' AND RunId = 'none'", "OwnInt = 'text'", "OwnInt STARTS_WITH '1'",
        "OwnBool > true", "OwnText > 'a'", "OwnText STARTS_WITH 'a'", "OwnList > 'a'", "OwnList STARTS_WITH 'a'",
        "OwnDatetime = 'yesterday'", "ExecutionStatus = 'Odd'", "ExecutionStatus = 99", "ExecutionDuration = 'long'",
        "lower(WorkflowId) = 'a'", "WorkflowId IN (SELECT 1)", "1 = 1", "WorkflowId = RunId",
        "WorkflowId = 'a' GROUP BY ExecutionStatus", "OwnInt = 1.5",
        "OwnKeyword = 5", "HistoryLength = 'x'", "StartTime = 'x'", "'a' = WorkflowId",
        "OwnKeyword BETWEEN 'qa' AND 'qb'",
    ):
        t.call("ListWorkflowExecutions", query=query)


@scenario
def malformed_queries(t):
    for query in ("WorkflowId =", "WorkflowId = 'a' AND", "(WorkflowId = 'a'", "WorkflowId IS 5", ";",
                  "WorkflowId = 'a'; DROP TABLE x", "AND", "WorkflowId == 'a'", "WorkflowId = 'a"):
        t.call("ListWorkflowExecutions", query=query)


@scenario
def refused_counts(t):
    for query in ("Nonsense = 1", "GROUP BY StartTime", "GROUP BY ExecutionStatus, WorkflowId", "GROUP BY Nonsense",
                  "ORDER BY StartTime"):
        t.call("CountWorkflowExecutions", query=query)


@scenario
def pages(t):
    for index in range(5):
        t.quiet("StartWorkflowExecution", workflow_id=f"wf{index}~", workflow_type="paged~", task_queue="q~",
                request_id=f"r{index}~")
    query = "WorkflowType = 'paged~'"
    listed(t, query, 5)
    token, seen = b"", []
    while True:
        page = t.quiet("ListWorkflowExecutions", query=query, page_size=2, next_page_token=token)
        seen.append([item.execution.workflow_id for item in page.executions])
        token = page.next_page_token
        if not token:
            break
    t.note(seen)
    t.call("ListWorkflowExecutions", query=query, page_size=-1)
    t.call("ListWorkflowExecutions", query=query, next_page_token=b"garbage")
    answer = t.quiet("ListWorkflowExecutions", query=query, page_size=100000)
    t.note(len(answer.executions))


@scenario
def legacy_lists(t):
    t.start(workflow_type="legacy~")
    t.start("closed~", workflow_type="legacy~", task_queue="q2~")
    t.terminate("closed~")
    listed(t, "WorkflowType = 'legacy~' AND ExecutionStatus = 'Running'")
    listed(t, "WorkflowType = 'legacy~' AND ExecutionStatus = 'Terminated'")
    import google.protobuf.timestamp_pb2 as stamps

    far = {"earliest_time": stamps.Timestamp(seconds=0), "latest_time": stamps.Timestamp(seconds=4000000000)}
    for method in ("ListOpenWorkflowExecutions", "ListClosedWorkflowExecutions"):
        t.call(method, start_time_filter=far, type_filter={"name": "legacy~"})
        t.call(method, start_time_filter=far, execution_filter={"workflow_id": "closed~"})
        t.call(method, type_filter={"name": "legacy~"})
        t.call(method, start_time_filter=far, type_filter={"name": "legacy~"}, maximum_page_size=-1)
    t.call("ListClosedWorkflowExecutions", start_time_filter=far, status_filter={"status": "RUNNING"})
    t.call("ListClosedWorkflowExecutions", start_time_filter={
        "earliest_time": stamps.Timestamp(seconds=4000000000), "latest_time": stamps.Timestamp(seconds=0)})


@scenario
def upserts_are_seen(t):
    from commands import upsert

    t.start()
    t.step(upsert({"OwnKeyword": "upserted~"}), timer())
    listed(t, "OwnKeyword = 'upserted~'")
    t.call("ListWorkflowExecutions", query="OwnKeyword = 'upserted~'")


@scenario
def delete(t):
    """The deletion itself takes the reference up to half a minute, so only the answers are compared."""
    first = t.start()
    t.step(complete())
    t.call("DeleteWorkflowExecution", workflow_execution=("wf~", "00000000-0000-4000-8000-000000000000"))
    t.call("DeleteWorkflowExecution", workflow_execution=("wf~", first.run_id))
    t.call("DeleteWorkflowExecution", workflow_execution="none~")


@scenario
def delete_running(t):
    """A running workflow is terminated first."""
    t.start()
    status_is(t, "Running")
    task = t.poll()
    t.call("DeleteWorkflowExecution", workflow_execution="wf~")
    t.until_refused("SignalWorkflowExecution", workflow_execution="wf~", signal_name="s")
    late = t.begin("RespondWorkflowTaskCompleted", task_token=task.task_token)
    t.note(f"a late completion: {t._wait(late).code}")
