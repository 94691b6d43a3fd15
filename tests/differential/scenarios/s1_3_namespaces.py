"""Namespaces and what the server says of itself (section 1.3)."""

from commands import complete
from harness import scenario

DAY = 86400


def register(t, name="ns~", **fields):
    return t.call("RegisterNamespace", **{
        "namespace": name, "workflow_execution_retention_period": DAY, **fields})


@scenario
def life_of_a_namespace(t):
    register(t, description="words", owner_email="me@example.com", data={"k": "v"})
    register(t)
    t.until("DescribeNamespace", lambda answer: True, namespace="ns~")
    t.call("DescribeNamespace", namespace="ns~")
    t.call("UpdateNamespace", namespace="ns~", update_info={"description": "other", "data": {"k2": "v2"}},
           config={"workflow_execution_retention_ttl": 2 * DAY})
    t.call("DescribeNamespace", namespace="ns~")
    t.call("DeprecateNamespace", namespace="ns~")
    t.call("DescribeNamespace", namespace="ns~")


@scenario
def work_in_a_namespace(t):
    t.quiet("RegisterNamespace", namespace="ns~", workflow_execution_retention_period=DAY)
    t.until("ListWorkflowExecutions", lambda answer: True, namespace="ns~")
    t.namespace = "ns~"
    t.start()
    t.step(complete())
    t.history()
    t.call("DescribeWorkflowExecution", namespace="default", execution="wf~")


@scenario
def bad_registrations(t):
    for fields in ({"namespace": ""}, {"namespace": "x" * 1001}, {"workflow_execution_retention_period": None},
                   {"workflow_execution_retention_period": 3599}, {"workflow_execution_retention_period": -1},
                   {"namespace": "default"}, {"namespace": "temporal-system"}, {"is_global_namespace": True}):
        register(t, **{"name": fields.pop("namespace", "bad~"), **fields})


@scenario
def bad_descriptions(t):
    namespace_id = t.quiet("DescribeNamespace", namespace="default").namespace_info.id
    t.call("DescribeNamespace", id=namespace_id)
    t.call("DescribeNamespace", namespace="none~")
    t.call("DescribeNamespace", id="00000000-0000-4000-8000-000000000000")
    t.call("DescribeNamespace", id="nonsense")
    t.call("DescribeNamespace")
    t.call("DescribeNamespace", namespace="default", id=namespace_id)


@scenario
def bad_updates(t):
    t.call("UpdateNamespace", namespace="none~")
    t.call("UpdateNamespace", namespace="")
    t.call("UpdateNamespace", namespace="default", config={"workflow_execution_retention_ttl": 60})
    t.call("DeprecateNamespace", namespace="none~")
    t.call("DeprecateNamespace", namespace="")


@scenario
def list_namespaces(t):
    answer = t.quiet("ListNamespaces", page_size=1000)
    names = {item.namespace_info.name for item in answer.namespaces}
    t.note(f"default: {'default' in names}, temporal-system: {'temporal-system' in names}")
    page = t.quiet("ListNamespaces", page_size=1)
    t.note(f"{len(page.namespaces)} in a page of one")


@scenario
def default_namespace(t):
    t.normaliser.fuzzy |= {"custom_search_attribute_aliases"}
    t.call("DescribeNamespace", namespace="default")


@scenario
def system_info(t):
    t.call("GetSystemInfo")
    t.call("GetSystemInfo", metadata=(("client-name", "temporal-go"), ("client-version", "0.1.0")))
    t.call("GetSystemInfo", metadata=())


@scenario
def cluster_info(t):
    t.call("GetClusterInfo")
    t.call("GetClusterInfo", metadata=())


@scenario
def client_versions(t):
    """The version of a known client is checked on every call but GetSystemInfo's kind."""
    for name, version in (("temporal-go", "2.0.0"), ("temporal-go", "nonsense"), ("temporal-java", "9.0.0"),
                          ("temporal-python", "9.0.0"), ("temporal-ui", "3.0.0"), ("unknown", "99.0.0"),
                          ("temporal-go", ""), ("temporal-typescript", "2.0.0"), ("temporal-cli", "2.0.0")):
        t.note(f"{name} {version}")
        t.call("DescribeWorkflowExecution", execution="none~",
               metadata=(("client-name", name), ("client-version", version)))
    for supported in (">=99.0.0", "<1.0.0", "nonsense", ">=1.0.0 <2.0.0"):
        t.note(supported)
        t.call("DescribeWorkflowExecution", execution="none~", metadata=(
            ("client-name", "temporal-go"), ("client-version", "1.0.0"), ("supported-server-versions", supported)))


@scenario
def search_attributes_of_the_namespace(t):
    t.call("ListSearchAttributes")
    t.call("GetSearchAttributes")


@scenario
def search_attribute_changes_refused(t):
    t.call("AddSearchAttributes", search_attributes={"OwnKeyword": "INDEXED_VALUE_TYPE_INT"})
    t.call("AddSearchAttributes", search_attributes={"OwnKeyword": "INDEXED_VALUE_TYPE_KEYWORD"})
    t.call("AddSearchAttributes", search_attributes={"WorkflowId": "INDEXED_VALUE_TYPE_KEYWORD"})
    t.call("AddSearchAttributes", search_attributes={"TemporalOdd": "INDEXED_VALUE_TYPE_KEYWORD"})
    t.call("AddSearchAttributes", search_attributes={"Odd": 0})
    t.call("AddSearchAttributes", search_attributes={"Odd": 99})
    t.call("AddSearchAttributes")
    t.call("AddSearchAttributes", namespace="none~", search_attributes={"Odd": "INDEXED_VALUE_TYPE_KEYWORD"})
    t.call("RemoveSearchAttributes", search_attributes=["None"])
    t.call("RemoveSearchAttributes", search_attributes=["WorkflowId"])
    t.call("RemoveSearchAttributes")


@scenario
def refused_by_default(t):
    """Calls that the dev server does not offer."""
    for method, fields in (
        ("PauseWorkflowExecution", {"workflow_id": "w"}), ("UnpauseWorkflowExecution", {"workflow_id": "w"}),
        ("PollWorkflowExecutionTimeSkipping", {}), ("FetchWorkerConfig", {}), ("UpdateWorkerConfig", {}),
        ("CreateWorkflowRule", {}), ("DescribeWorkflowRule", {}), ("DeleteWorkflowRule", {}),
        ("ListWorkflowRules", {}), ("TriggerWorkflowRule", {}),
        ("UpdateWorkerBuildIdCompatibility", {"task_queue": "q~"}), ("GetWorkerBuildIdCompatibility", {"task_queue": "q~"}),
        ("GetWorkerTaskReachability", {}), ("UpdateWorkerVersioningRules", {"task_queue": "q~"}),
        ("GetWorkerVersioningRules", {"task_queue": "q~"}),
        ("DescribeDeployment", {}), ("ListDeployments", {}), ("GetDeploymentReachability", {}),
        ("GetCurrentDeployment", {}), ("SetCurrentDeployment", {}),
        ("StartNexusOperationExecution", {}), ("ListNexusOperationExecutions", {}),
        ("ListArchivedWorkflowExecutions", {}), ("RemoveRemoteCluster", {}),
    ):
        t.call(method, timeout=5, **fields)
