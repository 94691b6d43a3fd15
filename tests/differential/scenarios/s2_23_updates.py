"""What may be said of a namespace, and what becomes of what was said (section 2.23)."""

from commands import complete
from harness import configured, scenario

DAY = 86400


def fresh(t, name="ns~", **fields):
    """Registers a namespace and goes on in it."""
    t.quiet("RegisterNamespace", **{
        "namespace": name, "workflow_execution_retention_period": DAY, **fields})
    t.until("ListWorkflowExecutions", lambda answer: True, namespace=name)
    t.namespace = name


def config_of(t):
    """Records the configuration and the data of the namespace."""
    answer = t.quiet("DescribeNamespace", namespace=t.namespace)
    for part in (answer.config, answer.replication_config):
        t.block(f"= {type(part).__name__}", t.normaliser.lines(part))
    t.note(f"{answer.namespace_info.state} {sorted(answer.namespace_info.data.items())} "
           f"{answer.namespace_info.description} {answer.namespace_info.owner_email} {answer.failover_version}")


def update(t, **fields):
    """Updates the namespace and records the answer without what every answer says."""
    pending = t.begin("UpdateNamespace", **fields)
    answer = t._wait(pending)
    if not answer:
        return t.block(f"> {pending.title}", t._refusal_lines(answer))
    answer.namespace_info.ClearField("capabilities")
    answer.namespace_info.ClearField("limits")
    t.block(f"> {pending.title}", t.normaliser.lines(answer))


@scenario
def data_is_merged(t):
    fresh(t, data={"a": "1", "b": "2"})
    update(t, update_info={"data": {"b": "3", "c": "4"}})
    update(t, update_info={"data": {"a": ""}})
    update(t, update_info={})
    update(t)
    config_of(t)


@scenario
def words_are_replaced_and_never_emptied(t):
    fresh(t, description="d", owner_email="o")
    update(t, update_info={"description": "", "owner_email": "p"})
    update(t, update_info={"description": "e" * 1001, "owner_email": ""})
    config_of(t)


@scenario
def long_names_and_words(t):
    t.call("RegisterNamespace", namespace="n" * 1000, workflow_execution_retention_period=DAY, description="d" * 5000)
    t.call("RegisterNamespace", namespace="n n/ä~", workflow_execution_retention_period=DAY)
    t.call("RegisterNamespace", namespace="data~", workflow_execution_retention_period=DAY,
           data={f"k{index}": "v" for index in range(200)})


@scenario
def retention(t):
    fresh(t)
    for length in (3600, 3599, 0, -5, 10 * 365 * DAY, 1e9):
        update(t, config={"workflow_execution_retention_ttl": length})
    config_of(t)


@scenario
def bad_binaries(t):
    fresh(t)
    def bad(*names):
        return {"bad_binaries": {"binaries": {name: {"reason": "r" + name, "operator": "o"} for name in names}}}
    update(t, config=bad("a"))
    update(t, config=bad("a", "b"))
    update(t, config={"bad_binaries": {"binaries": {"": {"reason": "r"}}}})
    update(t, delete_bad_binary="b")
    update(t, delete_bad_binary="b")
    update(t, config=bad(*"cdefghijkl"))
    update(t, config=bad(*"cdefghij"))
    update(t, delete_bad_binary="c", config=bad("x"))
    config_of(t)


@scenario
def states(t):
    fresh(t)
    for state in ("REGISTERED", "DEPRECATED", "REGISTERED", "DEPRECATED", "DELETED", "REGISTERED", "DEPRECATED", "DELETED", 9):
        t.note(state)
        update(t, update_info={"state": state})
    config_of(t)


@scenario
def state_from_registered_to_deleted(t):
    fresh(t)
    update(t, update_info={"state": 9})
    update(t, update_info={"state": "DELETED", "description": "told"})
    config_of(t)


@scenario
def deprecated(t):
    """What was begun goes on, nothing is begun."""
    fresh(t)
    t.start()
    t.call("DeprecateNamespace")
    t.call("DeprecateNamespace")
    config_of(t)
    t.until_refused("StartWorkflowExecution", workflow_id="other~", workflow_type="type", task_queue="none~",
                    workflow_id_conflict_policy="USE_EXISTING")
    t.start("new~")
    t.start("new~", "SignalWithStartWorkflowExecution", signal_name="s")
    t.call("CreateSchedule", schedule_id="s~", schedule={
        "spec": {"interval": [{"interval": 3600}]},
        "action": {"start_workflow": {"workflow_id": "w~", "workflow_type": "type", "task_queue": "q~"}}},
        request_id="r~", identity="client")
    t.signal()
    t.cancel()
    t.describe("none~")
    t.call("ResetWorkflowExecution", workflow_execution="none~", workflow_task_finish_event_id=3, request_id="r")
    t.call("CountWorkflowExecutions", query="WorkflowId = 'none'")
    t.step(complete())
    t.history()


@scenario
def archival_is_off(t):
    """With no archival configured in the cluster, what is said of it is refused or ignored."""
    fresh(t)
    for state in ("ENABLED", "DISABLED", 0, 7):
        for uri in ("", "file:///tmp/archive", "s3://bucket/folder", "nonsense", "gs://x"):
            t.note(f"{state} {uri}")
            update(t, config={"history_archival_state": state, "history_archival_uri": uri})
            update(t, config={"visibility_archival_state": state, "visibility_archival_uri": uri})
    config_of(t)


@scenario
def archival_at_registration(t):
    for state in ("ENABLED", "DISABLED", 0):
        for uri in ("", "file:///tmp/archive", "nonsense"):
            t.note(f"{state} {uri}")
            name = f"a{state}{len(uri)}~"
            t.call("RegisterNamespace", namespace=name, workflow_execution_retention_period=DAY,
                   history_archival_state=state, history_archival_uri=uri,
                   visibility_archival_state=state, visibility_archival_uri=uri)
            t.namespace = name
            if t._wait(t.begin("DescribeNamespace", namespace=name)):
                config_of(t)


@scenario
def clusters(t):
    fresh(t)
    update(t, replication_config={"active_cluster_name": "active"})
    update(t, replication_config={"active_cluster_name": "other"})
    update(t, replication_config={"clusters": [{"cluster_name": "active"}]})
    update(t, replication_config={"clusters": [{"cluster_name": "active"}, {"cluster_name": "other"}]})
    update(t, replication_config={"clusters": [{"cluster_name": ""}]})
    update(t, replication_config={"state": "HANDOVER"})
    update(t, replication_config={"state": "NORMAL"})
    update(t, promote_namespace=True)
    update(t, promote_namespace=True, update_info={"description": "d"})
    config_of(t)


@scenario
def registered_with_clusters(t):
    for index, fields in enumerate((
            {"active_cluster_name": "active"}, {"active_cluster_name": "other"}, {"clusters": [{"cluster_name": "active"}]},
            {"clusters": [{"cluster_name": "other"}]}, {"clusters": [{"cluster_name": ""}]},
            {"clusters": [{"cluster_name": "active"}, {"cluster_name": "other"}]},
            {"security_token": "x"}, {"is_global_namespace": True, "active_cluster_name": "active"})):
        t.note(fields)
        t.call("RegisterNamespace", namespace=f"c{index}~", workflow_execution_retention_period=DAY, **fields)


@scenario
def aliases(t):
    """Search attributes have columns, and a name for each that is in use."""
    fresh(t)
    t.normaliser.fuzzy.discard("custom_search_attribute_aliases")
    t.quiet("AddSearchAttributes", search_attributes={
        "One": "INDEXED_VALUE_TYPE_KEYWORD", "Number": "INDEXED_VALUE_TYPE_INT"})
    aliases = t.quiet("DescribeNamespace", namespace="ns~").config.custom_search_attribute_aliases
    column = next(key for key, value in aliases.items() if value == "One")
    def known():
        aliases = t.quiet("DescribeNamespace", namespace="ns~").config.custom_search_attribute_aliases
        t.note(sorted(aliases.values()))
    for key, alias in ((column, "Two"), ("Keyword09", "Three"), ("Keyword08", "One"), (column, ""), ("Keyword05", ""),
                       ("Text01", "Number"), ("Keyword09", "Three"), ("Keyword10", "WorkflowId")):
        config = {"custom_search_attribute_aliases": {key: alias}}
        answer = t._wait(t.begin("UpdateNamespace", config=config))
        t.note(f"{alias!r} for {'its column' if key == column else key}: {'ok' if answer else answer.message}")
        known()


@scenario
def system_namespace(t):
    t.call("UpdateNamespace", namespace="temporal-system", promote_namespace=True)
    t.call("DescribeNamespace", id="32049b68-7872-4094-8e63-d0dd59896a83", namespace="temporal-system")
    t.call("RegisterNamespace", namespace="temporal-system", workflow_execution_retention_period=DAY)


@scenario
def several_errors_at_once(t):
    fresh(t)
    update(t, promote_namespace=True, config={"workflow_execution_retention_ttl": 1})
    update(t, delete_bad_binary="none", config={"workflow_execution_retention_ttl": 1})
    update(t, delete_bad_binary="none", replication_config={"active_cluster_name": "other"})
    update(t, update_info={"description": "kept?"}, delete_bad_binary="none")
    config_of(t)


@scenario
def remote_clusters(t):
    t.call("AddOrUpdateRemoteCluster")
    t.call("AddOrUpdateRemoteCluster", frontend_address="")
    t.call("AddOrUpdateRemoteCluster", frontend_address="nonsense", timeout=20)
    t.call("AddOrUpdateRemoteCluster", frontend_address="127.0.0.1:1", timeout=20)
    t.call("AddOrUpdateRemoteCluster", frontend_address="127.0.0.1:1", frontend_http_address="127.0.0.1:2",
           enable_remote_cluster_connection=True, timeout=20)
    t.call("RemoveRemoteCluster", cluster_name="active")
    t.call("RemoveRemoteCluster", cluster_name="")
    t.call("RemoveRemoteCluster", cluster_name="none")


@scenario
def pages_of_clusters(t):
    for size in (0, 1, -1, 100000):
        answer = t.quiet("ListClusters", page_size=size)
        t.note(f"{size}: {len(answer.clusters)}")


@configured(frontend__maxBadBinaries=2)
@scenario
def few_bad_binaries(t):
    fresh(t)
    update(t, config={"bad_binaries": {"binaries": {name: {"reason": name} for name in "abc"}}})
    update(t, config={"bad_binaries": {"binaries": {name: {"reason": name} for name in "ab"}}})


@configured(system__namespaceMinRetentionLocal="24h")
@scenario
def longer_least_retention(t):
    for length in (DAY - 1, DAY):
        t.call("RegisterNamespace", namespace=f"r{length}~", workflow_execution_retention_period=length)


@configured(worker__protectedNamespaces=("guarded",))
@scenario
def protected(t):
    t.call("RegisterNamespace", namespace="guarded", workflow_execution_retention_period=DAY)
    t.until("DescribeNamespace", lambda answer: True, namespace="guarded")
    t.call("DeleteNamespace", namespace="guarded")
    t.call("DescribeWorkflowExecution", namespace="guarded", execution="none~")
