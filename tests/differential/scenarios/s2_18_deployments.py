"""Worker deployments (section 2.18): how they come to be, and what becomes of them."""

from deployments import (describe_deployment, describe_queue, describe_version, options, pinned, registered, routed, set_current,
                         set_ramping, version)
from harness import scenario


@scenario
def the_first_poll_makes_a_version(t):
    registered(t, "1")
    describe_deployment(t)
    describe_version(t, "1")
    describe_queue(t, "q~", "WORKFLOW")


@scenario
def two_queues_of_a_version(t):
    registered(t, "1")
    registered(t, "1", kind="ACTIVITY")
    registered(t, "1", queue="other~")
    describe_version(t, "1")
    describe_version(t, "1", report_task_queue_stats=True)


@scenario
def a_version_becomes_current(t):
    registered(t, "1")
    set_current(t, "1")
    describe_deployment(t)
    describe_version(t, "1")
    describe_queue(t, "q~", "WORKFLOW")
    describe_queue(t, "q~", "ACTIVITY")
    set_current(t, "1")


@scenario
def another_version_becomes_current(t):
    registered(t, "1")
    registered(t, "2")
    set_current(t, "1")
    set_current(t, "2")
    describe_deployment(t)
    describe_version(t, "1")
    describe_version(t, "2")
    set_current(t, "")
    describe_deployment(t)
    describe_version(t, "2")


@scenario
def a_version_ramps(t):
    registered(t, "1")
    registered(t, "2")
    set_current(t, "1")
    set_ramping(t, "2", 20)
    describe_deployment(t)
    describe_version(t, "2")
    describe_queue(t, "q~", "WORKFLOW")
    set_ramping(t, "2", 40)
    describe_deployment(t)
    set_current(t, "2")
    describe_deployment(t)
    describe_version(t, "2")


@scenario
def a_ramp_ends(t):
    registered(t, "1")
    registered(t, "2")
    set_current(t, "1")
    set_ramping(t, "2", 20)
    set_ramping(t, "", 0)
    describe_deployment(t)
    describe_version(t, "2")
    set_ramping(t, "", 30)
    describe_deployment(t)
    set_ramping(t, "1", 30)
    set_ramping(t, "2", 0)
    describe_deployment(t)


@scenario
def a_ramp_without_a_current_version(t):
    registered(t, "1")
    set_ramping(t, "1", 50)
    describe_deployment(t)
    set_ramping(t, "1", 101)
    set_ramping(t, "1", -1)
    set_ramping(t, "", 10)
    set_ramping(t, "", 0)
    describe_deployment(t)


@scenario
def changes_that_are_refused(t):
    registered(t, "1")
    base = {"deployment_name": "dep~", "build_id": "1", "identity": "client"}
    t.table("SetWorkerDeploymentCurrentVersion", base, [
        {"deployment_name": ""}, {"deployment_name": "none~"}, {"build_id": "none"},
        {"build_id": "", "version": "dep~.none"}, {"build_id": "", "version": "none"}, {"build_id": "", "version": "other~.1"},
        {"deployment_name": "a.b"}, {"deployment_name": "a:b"}, {"deployment_name": "__a"}, {"deployment_name": "d" * 1001},
        {"build_id": "a.b"}, {"build_id": "a:b"}, {"build_id": "__unversioned__"}, {"build_id": "b" * 1001},
        {"conflict_token": b"nonsense"}, {"namespace": "none"},
    ])
    t.table("SetWorkerDeploymentRampingVersion", {**base, "percentage": 10}, [
        {"deployment_name": ""}, {"deployment_name": "none~"}, {"build_id": "absent"},
        {"build_id": "", "version": "dep~.absent"}, {"build_id": "", "version": "none"},
        {"build_id": "", "percentage": 10}, {"percentage": 100.5}, {"percentage": -0.5},
        {"conflict_token": b"nonsense"}, {"build_id": "__unversioned__"}, {"build_id": "", "version": "__unversioned__"},
    ])
    describe_deployment(t)


@scenario
def versions_in_the_old_form(t):
    registered(t, "1")
    set_current(t, "", version="dep~.1")
    describe_deployment(t)
    set_ramping(t, "", 10, version="__unversioned__")
    describe_deployment(t)
    set_current(t, "", version="__unversioned__")
    set_ramping(t, "", 30, version="dep~.1")
    describe_deployment(t)


@scenario
def versions_that_nobody_knows_are_made_on_request(t):
    set_current(t, "1", "fresh~", allow_no_pollers=True)
    describe_deployment(t, "fresh~")
    set_ramping(t, "2", 10, "fresh~", allow_no_pollers=True)
    describe_deployment(t, "fresh~")
    describe_version(t, "2", "fresh~")


@scenario
def conflict_tokens(t):
    registered(t, "1")
    registered(t, "2")
    old = describe_deployment(t).conflict_token
    fresh = t.call("SetWorkerDeploymentCurrentVersion", deployment_name="dep~", build_id="1", conflict_token=old,
                   identity="client").conflict_token
    t.call("SetWorkerDeploymentCurrentVersion", deployment_name="dep~", build_id="2", conflict_token=old)
    routed(t)
    t.call("SetWorkerDeploymentRampingVersion", deployment_name="dep~", build_id="2", conflict_token=old, percentage=5)
    t.call("SetWorkerDeploymentRampingVersion", deployment_name="dep~", build_id="2", conflict_token=fresh, percentage=5)
    t.call("SetWorkerDeploymentManager", deployment_name="dep~", self=True, conflict_token=old, identity="me")
    describe_deployment(t)


@scenario
def a_manager_alone_may_change(t):
    registered(t, "1")
    manage = {"deployment_name": "dep~", "identity": "me"}
    t.call("SetWorkerDeploymentManager", **manage, self=True)
    t.call("SetWorkerDeploymentManager", **manage, self=True)
    set_current(t, "1")
    t.call("SetWorkerDeploymentRampingVersion", deployment_name="dep~", build_id="1", percentage=4, identity="client")
    t.call("DeleteWorkerDeploymentVersion", deployment_version=version("1"), identity="client")
    t.call("DeleteWorkerDeployment", deployment_name="dep~", identity="client")
    t.call("UpdateWorkerDeploymentVersionMetadata", deployment_version=version("1"), identity="client",
           upsert_entries={"a": "b"})
    t.call("SetWorkerDeploymentManager", deployment_name="dep~", identity="client", manager_identity="client")
    set_current(t, "1")
    describe_deployment(t)
    t.call("SetWorkerDeploymentManager", deployment_name="dep~", identity="client", manager_identity="")
    t.call("SetWorkerDeploymentManager", deployment_name="dep~", identity="client")
    t.call("SetWorkerDeploymentManager", deployment_name="none~", identity="client", self=True)
    t.call("SetWorkerDeploymentManager", deployment_name="", identity="client", self=True)
    describe_deployment(t)


@scenario
def metadata_of_a_version(t):
    registered(t, "1")
    base = {"deployment_version": version("1"), "identity": "client"}
    t.table("UpdateWorkerDeploymentVersionMetadata", base, [
        {"upsert_entries": {"a": "1", "b": "2"}}, {"remove_entries": ["a", "none"]}, {"upsert_entries": {"b": "3"}}, {},
        {"upsert_entries": {"c": "1"}, "remove_entries": ["c"]}, {"deployment_version": version("none")},
        {"deployment_version": version("1", "none~")}, {"deployment_version": None}, {"deployment_version": None, "version": "dep~.1"},
        {"deployment_version": version("")}, {"deployment_version": version("1", "")},
    ])
    describe_version(t, "1")


@scenario
def descriptions_that_are_refused(t):
    registered(t, "1")
    t.table("DescribeWorkerDeployment", {}, [{"deployment_name": ""}, {"deployment_name": "none~"}, {"deployment_name": "a.b"},
                                             {"deployment_name": "d" * 1001}, {"deployment_name": "dep~", "namespace": "none"}])
    t.table("DescribeWorkerDeploymentVersion", {}, [
        {}, {"deployment_version": version("none")}, {"deployment_version": version("1", "none~")}, {"version": "dep~.1"},
        {"version": "nonsense"}, {"deployment_version": version("")}, {"deployment_version": version("1", "")},
        {"version": "__unversioned__"}, {"version": "dep~.1", "deployment_version": version("1")},
        {"deployment_version": version("b" * 1001)}, {"version": "dep~.none"}])


@scenario
def creating_by_request(t):
    base = {"deployment_name": "dep~", "identity": "client", "request_id": "r1"}
    t.table("CreateWorkerDeployment", base, [{}, {}, {"request_id": "r2"}, {"deployment_name": ""}, {"deployment_name": "a.b"},
                                             {"deployment_name": "__x"}, {"deployment_name": "d" * 1001}, {"deployment_name": "two~", "request_id": ""},
                                             {"deployment_name": "two~", "identity": "", "request_id": "x"}])
    describe_deployment(t)
    base = {"deployment_version": version("1"), "identity": "client", "request_id": "v1"}
    t.table("CreateWorkerDeploymentVersion", base, [
        {}, {}, {"request_id": "v2"}, {"deployment_version": version("1", "none~")}, {"deployment_version": version("")},
        {"deployment_version": None}, {"deployment_version": version("a.b")}, {"deployment_version": version("2"), "request_id": ""}])
    describe_deployment(t)
    describe_version(t, "1")
    registered(t, "1")
    describe_version(t, "1")


@scenario
def a_created_version_becomes_current(t):
    t.call("CreateWorkerDeployment", deployment_name="dep~", identity="client", request_id="r1")
    t.call("CreateWorkerDeploymentVersion", deployment_version=version("1"), identity="client", request_id="v1")
    set_current(t, "1")
    set_current(t, "1", allow_no_pollers=True)
    describe_deployment(t)
    describe_version(t, "1")


@scenario
def a_version_is_deleted(t):
    registered(t, "1")
    registered(t, "2")
    set_current(t, "1")
    base = {"identity": "client"}
    t.table("DeleteWorkerDeploymentVersion", base, [
        {"deployment_version": version("1")}, {"deployment_version": version("2")}, {"deployment_version": version("none")},
        {"deployment_version": version("1", "none~")}, {}, {"version": "nonsense"}, {"version": "dep~.1"},
        {"deployment_version": version("1"), "skip_drainage": True}])
    t.call("DeleteWorkerDeployment", deployment_name="dep~", identity="client")
    t.call("DeleteWorkerDeployment", deployment_name="none~", identity="client")
    t.call("DeleteWorkerDeployment", deployment_name="", identity="client")


@scenario
def a_created_version_is_deleted(t):
    t.call("CreateWorkerDeployment", deployment_name="dep~", identity="client", request_id="r1")
    t.call("CreateWorkerDeploymentVersion", deployment_version=version("1"), identity="client", request_id="v1")
    t.call("DeleteWorkerDeployment", deployment_name="dep~", identity="client")
    t.call("DeleteWorkerDeploymentVersion", deployment_version=version("1"), identity="client")
    t.call("DeleteWorkerDeploymentVersion", deployment_version=version("1"), identity="client")
    describe_deployment(t)
    t.call("DeleteWorkerDeployment", deployment_name="dep~", identity="client")
    t.until_refused("DescribeWorkerDeployment", deployment_name="dep~")
    describe_deployment(t)
    t.call("DeleteWorkerDeployment", deployment_name="dep~", identity="client")


@scenario
def lists_of_deployments(t):
    t.quiet("RegisterNamespace", namespace="n~", workflow_execution_retention_period=86400)
    t.until("ListWorkerDeployments", lambda answer: True, namespace="n~".replace("~", t.unique))
    t.namespace = "n~".replace("~", t.unique)
    t.call("ListWorkerDeployments")
    for name in ("b", "c", "a"):
        t.call("CreateWorkerDeployment", deployment_name=name, identity="client", request_id=name)
    t.until("ListWorkerDeployments", lambda answer: len(answer.worker_deployments) == 3)
    registered(t, "1", "a")
    registered(t, "2", "a")
    set_current(t, "1", "a")
    set_ramping(t, "2", 10, "a")

    def names_all(answer):
        summaries = [each for each in answer.worker_deployments if each.name == "a"]
        return summaries and summaries[0].HasField("ramping_version_summary") and summaries[0].HasField("current_version_summary")

    def listed(**fields):
        answer = t.quiet("ListWorkerDeployments", **fields)
        for each in answer.worker_deployments:
            for summary in (each.latest_version_summary, each.current_version_summary, each.ramping_version_summary):
                if summary.HasField("drainage_info") and not summary.drainage_info.status:
                    summary.ClearField("drainage_info")
        t.block(f"= list {sorted(fields)}", t.normaliser.lines(answer))
        return answer

    t.until("ListWorkerDeployments", names_all)
    first = listed(page_size=2)
    listed(page_size=2, next_page_token=first.next_page_token)
    listed(page_size=-1)


@scenario
def compute_configs(t):
    t.call("CreateWorkerDeployment", deployment_name="dep~", identity="client", request_id="r1")
    groups = {"g": {"task_queue_types": ["WORKFLOW"], "provider": {"type": "subprocess"}}}
    t.call("CreateWorkerDeploymentVersion", deployment_version=version("1"), identity="client", request_id="v1",
           compute_config={"scaling_groups": groups})
    t.call("CreateWorkerDeploymentVersion", deployment_version=version("2"), identity="client", request_id="v2")
    describe_version(t, "2")
    base = {"deployment_version": version("2"), "identity": "client"}
    t.table("ValidateWorkerDeploymentVersionComputeConfig", base, [
        {}, {"remove_compute_config_scaling_groups": ["g"]}, {"deployment_version": version("none")}, {"deployment_version": None}])
    t.table("UpdateWorkerDeploymentVersionComputeConfig", base, [
        {"compute_config_scaling_groups": {"g": {"scaling_group": groups["g"]}}},
        {"remove_compute_config_scaling_groups": ["g"]}, {"deployment_version": version("none")}, {"deployment_version": None}])
    describe_version(t, "2")


@scenario
def polls_that_are_refused(t):
    for given in (options("", "dep~"), options("1", ""), options("a.b"), options("1", "a.b"), options("1", "__x"),
                  options("b" * 1001), options("1", "d" * 1001), options("1", mode="UNSPECIFIED"), options("", "", "VERSIONED")):
        t.call("PollWorkflowTaskQueue", task_queue="q~", identity="worker", deployment_options=given, timeout=4)
    for given in (options("", "dep~"), options("1", "", mode="UNVERSIONED"), options("", "dep~", mode="UNVERSIONED"), options("1", "")):
        t.call("PollActivityTaskQueue", task_queue="q~", identity="worker", deployment_options=given, timeout=4)
    for given in (options("1", "", mode="UNVERSIONED"), options("", "dep~", mode="UNVERSIONED"), options("1", "", mode="UNSPECIFIED")):
        t.call("PollWorkflowTaskQueue", task_queue="q~", identity="worker", deployment_options=given, timeout=4)
    t.start()
    task = t.poll()
    t.complete(task, deployment_options=options("1", "", mode="UNVERSIONED"))


@scenario
def a_worker_that_is_not_versioned_makes_no_version(t):
    poll = t.begin_poll(deployment_options=options("1", mode="UNVERSIONED"))
    t.wait_poller()
    poll.future.cancel()
    describe_deployment(t)
    describe_queue(t, "q~", "WORKFLOW")
