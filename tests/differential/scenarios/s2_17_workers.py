"""The registry of workers: heartbeats, lists, counts, the query language (section 2.17)."""

from harness import configured, scenario

FIRST = {
    "worker_instance_key": "w1~", "worker_identity": "me~", "host_info": {"host_name": "host", "process_id": "12"},
    "task_queue": "q~", "deployment_version": {"deployment_name": "d", "build_id": "b1"}, "sdk_name": "sdk-a",
    "sdk_version": "1.2.3", "status": "RUNNING", "start_time": {"seconds": 1735689600},
    "heartbeat_time": {"seconds": 1735689700}, "plugins": [{"name": "p", "version": "1"}],
    "drivers": [{"type": "s3"}], "total_sticky_cache_hit": 3,
    "workflow_task_slots_info": {"current_available_slots": 5, "slot_supplier_kind": "Fixed"},
}
SECOND = {
    "worker_instance_key": "w2~", "worker_identity": "you~", "task_queue": "other~", "sdk_name": "sdk-b",
    "sdk_version": "0.9", "status": "SHUTTING_DOWN", "start_time": {"seconds": 1738368000},
}


def beat(t, *workers, **fields):
    return t.call("RecordWorkerHeartbeat", identity="me", worker_heartbeat=list(workers), **fields)


def listed(t, query="", **fields):
    return t.call("ListWorkers", query=query, **fields)


def registered(t):
    """A namespace of its own, where other scenarios' workers are not seen."""
    t.quiet("RegisterNamespace", namespace="workers~", workflow_execution_retention_period=86400)
    t.until("ListWorkflowExecutions", lambda answer: True, namespace="workers~")
    t.namespace = "workers~"


def crowd(t):
    """One worker of the first sort, two of the second, four that say nothing: a count names who was counted."""
    registered(t)
    t.quiet("RecordWorkerHeartbeat", worker_heartbeat=[
        FIRST, *({**SECOND, "worker_instance_key": f"v{n}~"} for n in range(2)),
        *({"worker_instance_key": f"u{n}~"} for n in range(4))])


def capability(t):
    answer = t.until("DescribeNamespace", lambda answer: True, namespace="default")
    t.note(f"worker_heartbeats: {answer.namespace_info.capabilities.worker_heartbeats}")


def ask(t, *queries):
    t.table("CountWorkers", {}, [{"query": query} for query in queries])


@scenario
def heartbeats(t):
    registered(t)
    beat(t, FIRST, SECOND)
    t.call("DescribeWorker", worker_instance_key="w1~")
    listed(t)
    t.call("CountWorkers")
    beat(t, {**FIRST, "status": "SHUTDOWN", "sdk_version": "1.2.4"})
    t.call("DescribeWorker", worker_instance_key="w1~")
    listed(t)


@scenario
def sparse_heartbeats(t):
    registered(t)
    beat(t)
    beat(t, {})
    beat(t, {"worker_instance_key": "k~"})
    listed(t)
    t.call("DescribeWorker", worker_instance_key="k~")
    t.call("DescribeWorker", worker_instance_key="")
    t.call("DescribeWorker", worker_instance_key="none")
    t.call("DescribeWorker")
    beat(t, {"worker_instance_key": "k~", "status": 77, "task_queue": "x" * 1001, "worker_identity": "y" * 1001})
    listed(t)
    beat(t, {"worker_instance_key": "z" * 1001})
    t.call("CountWorkers")


@scenario
def unknown_namespace(t):
    for namespace in ("", "nowhere"):
        beat(t, FIRST, namespace=namespace)
        listed(t, namespace=namespace)
        t.call("CountWorkers", namespace=namespace)
        t.call("DescribeWorker", worker_instance_key="w1~", namespace=namespace)


@scenario
def shut_down(t):
    registered(t)
    beat(t, FIRST, SECOND)
    t.call("ShutdownWorker", worker_instance_key="w1~", identity="me~", reason="done", sticky_task_queue="s~",
           worker_heartbeat={**FIRST, "status": "SHUTDOWN"})
    listed(t)
    t.call("DescribeWorker", worker_instance_key="w1~")
    t.call("ShutdownWorker", worker_instance_key="w2~", identity="you~")
    listed(t)
    t.call("ShutdownWorker", identity="me", worker_heartbeat={"worker_instance_key": "w3~", "status": "SHUTDOWN"})
    listed(t)
    t.call("ShutdownWorker")
    t.call("ShutdownWorker", sticky_task_queue="s~", identity="me", worker_heartbeat={})
    listed(t)


@scenario
def filters(t):
    crowd(t)
    ask(t, "WorkerInstanceKey = 'w1~'", "WorkerIdentity = 'you~'", "HostName = 'host'", "TaskQueue = 'q~'",
        "DeploymentName = 'd'", "BuildId = 'b1'", "SdkName = 'sdk-b'", "SdkVersion = '0.9'",
        "WorkerStatus = 'Running'", "Status = 'Running'", "StartTime > '2025-01-15T00:00:00Z'",
        "HeartbeatTime > '2025-01-01T00:00:00Z'", "LastHeartbeatTime > '2025-01-01T00:00:00Z'",
        "Platform = 'x'", "Plugins = 'p'")


@scenario
def operators(t):
    crowd(t)
    ask(t, "WorkerIdentity != 'you~'", "WorkerIdentity STARTS_WITH 'you'", "WorkerIdentity NOT STARTS_WITH 'you'",
        "WorkerIdentity > 'you~'", "WorkerIdentity IN ('you~', 'me~')", "WorkerIdentity NOT IN ('you~')",
        "WorkerIdentity LIKE 'you%'", "WorkerIdentity IS NULL", "WorkerIdentity IS NOT NULL",
        "HostName IS NULL", "WorkerIdentity BETWEEN 'a' AND 'z'", "WorkerIdentity = 5", "WorkerIdentity = true",
        "WorkerIdentity = \"you~\"", "`WorkerIdentity` = 'you~'", "workeridentity = 'you~'", "'you~' = WorkerIdentity",
        "WorkerIdentity = WorkerIdentity", "WorkerIdentity = ''", "HostName = ''", "HostName != 'host'")


@scenario
def combined(t):
    crowd(t)
    ask(t, "WorkerIdentity = 'me~' AND TaskQueue = 'q~'", "WorkerIdentity = 'me~' AND TaskQueue = 'other~'",
        "WorkerIdentity = 'me~' OR TaskQueue = 'other~'", "(WorkerIdentity = 'me~') AND (TaskQueue = 'q~')",
        "NOT WorkerIdentity = 'me~'", "WorkerIdentity = 'me~' AND NOT TaskQueue = 'q~'",
        "(WorkerIdentity = 'me~' OR WorkerIdentity = 'you~') AND SdkName STARTS_WITH 'sdk'",
        "WorkerIdentity = 'me~' OR WorkerIdentity = 'you~' AND SdkName = 'none'",
        "WorkerIdentity = 'me~' AND Nonsense = 'x'", "WorkerIdentity = 'me~' OR Nonsense = 'x'",
        "WorkerIdentity = 'you~' AND Nonsense = 'x'")


@scenario
def times_and_states(t):
    crowd(t)
    ask(t, "StartTime = '2025-01-01T00:00:00Z'", "StartTime != '2025-01-01T00:00:00Z'",
        "StartTime >= '2025-02-01T00:00:00Z'", "StartTime < '2025-02-01T00:00:00Z'", "StartTime <= '2025-01-01T00:00:00Z'",
        "StartTime BETWEEN '2025-01-01T00:00:00Z' AND '2025-01-02T00:00:00Z'",
        "StartTime NOT BETWEEN '2025-01-01T00:00:00Z' AND '2025-01-02T00:00:00Z'",
        "StartTime > '2025'", "StartTime > '2025-01-15'", "StartTime > 1735689600000000000", "StartTime > 1.5",
        "StartTime STARTS_WITH '2025'", "StartTime IS NULL", "StartTime IN ('2025-01-01T00:00:00Z')",
        "StartTime > '2025-01-15T00:00:00+02:00'", "StartTime > '2025-01-15T00:00:00.5Z'",
        "Status = 'running'", "Status = 'ShuttingDown'", "Status = 'SHUTTING_DOWN'",
        "Status = 'WORKER_STATUS_RUNNING'", "Status != 'Running'", "Status = 1", "Status IN ('Running')",
        "Status = 'nonsense'", "Status = ''", "Status STARTS_WITH 'Run'", "Status = 'Shutdown'",
        "WorkerStatus = 'ShuttingDown'", "WorkerStatus = 'Nonsense'")


@scenario
def bad_queries(t):
    crowd(t)
    ask(t, "nonsense", "=", "WorkerIdentity", "WorkerIdentity =", "WorkerIdentity = 'me~' AND", "Nonsense = 'a'",
        "WorkerIdentity = 'me~' ORDER BY WorkerIdentity", "ORDER BY WorkerIdentity", "GROUP BY WorkerIdentity",
        "WorkerIdentity = 'me~' LIMIT 1", "1 = 1", "SELECT * FROM x", "WorkerIdentity = 'me~'; DROP TABLE x",
        " ", "WorkerIdentity = f('a')", "WorkerIdentity = ('me~')", "WorkerIdentity = 'a' XOR TaskQueue = 'b'",
        "a.WorkerIdentity = 'me~'", "WorkerIdentity = 'it''s'", "WorkerIdentity = NULL", "(WorkerIdentity = 'me~'",
        "true", "WorkerIdentity = 'a' + 'b'", "x" * 5000)


@scenario
def pages(t):
    registered(t)
    beat(t, *({"worker_instance_key": f"w{n}~", "status": "RUNNING"} for n in range(5)))
    token = b""
    for _ in range(4):
        answer = listed(t, page_size=2, next_page_token=token)
        token = answer.next_page_token
        if not token:
            break
    for size in (-1, 0, 1001, 100000):
        listed(t, page_size=size)
    listed(t, next_page_token=b"nonsense")
    listed(t, page_size=2, query="WorkerInstanceKey STARTS_WITH 'w'")


@scenario
def system_workers(t):
    registered(t)
    beat(t, {**FIRST, "task_queue": "temporal-sys-per-ns-tq"}, {**SECOND, "task_queue": "/_sys/x"})
    for include in (False, True):
        listed(t, include_system_workers=include)
        t.call("CountWorkers", include_system_workers=include)


@scenario
def emptiness(t):
    crowd(t)
    ask(t, "WorkerIdentity != ''", "HostName != ''", "StartTime < '1960-01-01T00:00:00Z'", "StartTime > '1960-01-01T00:00:00Z'",
        "StartTime < 0", "StartTime <= 0", "StartTime = 0", "StartTime IS NOT NULL", "HeartbeatTime IS NULL", "Status IS NULL",
        "Status IS NOT NULL", "WorkerStatus IS NULL", "Status = 'Unspecified'", "Status = 'UNSPECIFIED'", "BuildId IS NULL",
        "DeploymentName IS NOT NULL", "WorkerGroupingKey IS NULL", "ProcessId = '12'", "DeploymentVersion = 'd:b1'",
        "WorkerIdentity STARTS_WITH ''", "WorkerIdentity NOT STARTS_WITH ''", "Nonsense IS NULL", "StartTime = ''",
        "Status NOT STARTS_WITH 'Run'", "Status BETWEEN 'A' AND 'Z'", "WorkerIdentity IS TRUE", "WorkerIdentity STARTS_WITH 5")


@scenario
def clauses(t):
    crowd(t)
    ask(t, "WorkerIdentity = 'me~' GROUP BY WorkerIdentity", "WorkerIdentity = 'me~' LIMIT 1, 2", "\t", "()", "(WorkerIdentity = 'me~')",
        "((WorkerIdentity = 'me~'))", "WorkerIdentity == 'me~'", "WorkerIdentity <> 'me~'", "WorkerIdentity = 'me~' && TaskQueue = 'q~'",
        "WorkerIdentity = 'me~' || TaskQueue = 'other~'", "! WorkerIdentity = 'me~'", "worker-identity = 'a'", "WorkerIdentity = 'a",
        "   WorkerIdentity =   'me~'  ", "WorkerIdentity = 'me~';", "WorkerIdentity REGEXP 'x'", "WorkerIdentity <=> 'x'",
        "WorkerIdentity = 'me~' AND (TaskQueue = 'q~' OR Nonsense = 'a')", "WorkerIdentity = 'me~' AND (Nonsense = 'a' OR TaskQueue = 'q~')",
        "Nonsense = 'a' OR WorkerIdentity = 'me~'", "Nonsense = 'a' AND WorkerIdentity = 'me~'")


@scenario
def full_pages(t):
    registered(t)
    for first in range(0, 2500, 500):
        t.quiet("RecordWorkerHeartbeat", worker_heartbeat=[{"worker_instance_key": f"w{n:04}~"} for n in range(first, first + 500)])
    for size in (0, 1000, 1001, 2499, 2500, 100000):
        answer = t.until("ListWorkers", lambda answer: True, page_size=size)
        t.note((size, len(answer.workers), bool(answer.next_page_token)))


@configured(frontend__WorkerHeartbeatsEnabled=False)
@scenario
def turned_off(t):
    capability(t)
    beat(t, FIRST)
    listed(t)
    t.call("CountWorkers")
    t.call("DescribeWorker", worker_instance_key="w1~")


@configured(frontend__ListWorkersEnabled=False)
@scenario
def lists_turned_off(t):
    capability(t)
    beat(t, FIRST)
    listed(t)
    t.call("CountWorkers")
    t.call("DescribeWorker", worker_instance_key="w1~")
