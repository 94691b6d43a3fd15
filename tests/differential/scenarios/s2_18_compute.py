"""2.18 Compute configurations of worker deployment versions: what starts their workers. Neither server has a provider. With
several wrong groups the reference tells of any one of them.

`ValidateWorkerDeploymentVersionComputeConfig` with groups is left out: the reference tries for 35 seconds and then tells
that its time is up, whatever is wrong.
"""

from deployments import describe_deployment, describe_version, version
from harness import scenario

PROVIDER = {"type": "subprocess"}


def made(t, build="1", **fields):
    t.call("CreateWorkerDeployment", deployment_name="dep~", identity="client", request_id="r1")
    return t.call("CreateWorkerDeploymentVersion", deployment_version=version(build), identity="client", request_id=f"v{build}", **fields)


def update(t, groups, **fields):
    given = {name: {"scaling_group": group} for name, group in groups.items()}
    t.call("UpdateWorkerDeploymentVersionComputeConfig", **{
        "deployment_version": version("1"), "identity": "client", "compute_config_scaling_groups": given, **fields})


@scenario
def providers(t):
    made(t)
    for kind in ("", "x", "aws-lambda", "AWS_LAMBDA", "gcp-cloud-run", "cloud-run", "subprocess", "nexus", "noop"):
        update(t, {"g": {"provider": {"type": kind}}})
    update(t, {"g": {"provider": {"type": "subprocess", "details": "d", "nexus_endpoint": "e"}}})
    update(t, {"g": {}})
    describe_version(t, "1")


@scenario
def scalers(t):
    made(t)
    for kind in ("", "x", "no-sync", "rate-based", "rate_based"):
        update(t, {"g": {"provider": PROVIDER, "scaler": {"type": kind}}})
    update(t, {"g": {"provider": {"type": "x"}, "scaler": {"type": "x"}}})


@scenario
def queues(t):
    made(t)
    for kinds in (["WORKFLOW"], ["WORKFLOW", "ACTIVITY", "NEXUS"], ["ACTIVITY", "ACTIVITY"], ["NEXUS", "NEXUS"], ["UNSPECIFIED"], [9], [9, 9]):
        update(t, {"g": {"provider": PROVIDER, "task_queue_types": kinds}})
    update(t, {"g": {"provider": {"type": "x"}, "task_queue_types": ["WORKFLOW", "WORKFLOW"]}})
    update(t, {"g": {"provider": PROVIDER, "task_queue_types": ["WORKFLOW", "WORKFLOW"], "scaler": {"type": "x"}}})
    update(t, {"g": {"provider": {"type": "x"}, "task_queue_types": ["UNSPECIFIED"]}})


@scenario
def names(t):
    made(t)
    update(t, {"": {"provider": PROVIDER}})
    update(t, {"": {"provider": {"type": "x"}}})


@scenario
def several_groups(t):
    made(t)
    group = {"provider": PROVIDER, "task_queue_types": ["WORKFLOW"]}
    update(t, {"a": group, "b": {"provider": {"type": "y"}}})


@scenario
def removed(t):
    made(t)
    update(t, {"g": {"provider": PROVIDER}}, remove_compute_config_scaling_groups=["g"])
    update(t, {"g": {"provider": {"type": "x"}}}, remove_compute_config_scaling_groups=["g"])
    update(t, {"": {}}, remove_compute_config_scaling_groups=[""])
    update(t, {}, remove_compute_config_scaling_groups=["g", "g", ""])
    describe_version(t, "1")
    describe_deployment(t)


@scenario
def of_a_version_that_is_not_there(t):
    update(t, {"g": {"provider": {"type": "x"}}})
    made(t)
    update(t, {"g": {"provider": {"type": "x"}}}, deployment_version=version("2"))
    update(t, {}, deployment_version=version("2"))
    update(t, {"g": {"provider": {"type": "x"}}}, deployment_version=None)
    update(t, {"g": {"provider": {"type": "x"}}}, namespace="nowhere~")


@scenario
def of_a_new_version(t):
    for number, groups in enumerate(({"g": {}}, {"": {}}, {"g": {"provider": PROVIDER}}, {"g": {"provider": PROVIDER, "scaler": {"type": "x"}}})):
        made(t, f"{number}", compute_config={"scaling_groups": groups})
        t.call("DescribeWorkerDeploymentVersion", deployment_version=version(f"{number}"))
