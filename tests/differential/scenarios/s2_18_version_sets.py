"""2.18 Version sets, the first form of worker versioning, on servers that are told to have them."""

from harness import configured, scenario

ON = configured(frontend__workerVersioningDataAPIs=True, frontend__workerVersioningWorkflowAPIs=True)
FEW = configured(frontend__workerVersioningDataAPIs=True, limit__versionCompatibleSetLimitPerQueue=2, limit__versionBuildIdLimitPerQueue=4)


def update(t, **fields):
    return t.call("UpdateWorkerBuildIdCompatibility", **{"task_queue": "q~", **fields})


def get(t, **fields):
    return t.call("GetWorkerBuildIdCompatibility", **{"task_queue": "q~", **fields})


def default(t, build, **fields):
    return update(t, add_new_build_id_in_new_default_set=build, **fields)


def compatible(t, build, existing, default=False, **fields):
    return update(t, add_new_compatible_build_id={
        "new_build_id": build, "existing_compatible_build_id": existing, "make_set_default": default}, **fields)


@ON
@scenario
def nothing_yet(t):
    get(t)
    t.table("GetWorkerBuildIdCompatibility", {"task_queue": "q~"}, [
        {"namespace": ""}, {"namespace": "nowhere~"}, {"task_queue": ""}, {"task_queue": "q" * 1001}, {"max_sets": -1}, {"task_queue": "/_sys/x"}])


@ON
@scenario
def sets_and_defaults(t):
    default(t, "1.0")
    get(t)
    default(t, "2.0")
    compatible(t, "1.1", "1.0")
    get(t)
    compatible(t, "1.2", "1.1", True)
    get(t)
    update(t, promote_set_by_build_id="2.0")
    get(t)
    update(t, promote_build_id_within_set="1.0")
    get(t)
    get(t, max_sets=1)
    update(t, merge_sets={"primary_set_build_id": "2.0", "secondary_set_build_id": "1.1"})
    get(t)


@ON
@scenario
def repeated(t):
    default(t, "1.0")
    default(t, "1.0")
    default(t, "2.0")
    default(t, "1.0")
    compatible(t, "1.1", "1.0")
    compatible(t, "1.1", "1.0")
    compatible(t, "1.1", "1.0", True)
    get(t)
    compatible(t, "1.0", "1.1")
    compatible(t, "1.1", "2.0")
    compatible(t, "2.0", "2.0")
    default(t, "1.1")
    update(t, promote_set_by_build_id="1.1")
    update(t, promote_set_by_build_id="1.1")
    update(t, promote_build_id_within_set="1.1")
    update(t, promote_build_id_within_set="1.0")
    update(t, promote_build_id_within_set="1.0")
    update(t, merge_sets={"primary_set_build_id": "1.1", "secondary_set_build_id": "1.0"})
    get(t)


@ON
@scenario
def refused(t):
    default(t, "1.0")
    t.table("UpdateWorkerBuildIdCompatibility", {"task_queue": "q~"}, [
        {}, {"add_new_build_id_in_new_default_set": ""}, {"add_new_compatible_build_id": {}},
        {"add_new_compatible_build_id": {"new_build_id": "2"}}, {"add_new_compatible_build_id": {"existing_compatible_build_id": "1.0"}},
        {"add_new_compatible_build_id": {"new_build_id": "2", "existing_compatible_build_id": "none"}},
        {"promote_set_by_build_id": ""}, {"promote_set_by_build_id": "none"}, {"promote_build_id_within_set": ""},
        {"promote_build_id_within_set": "none"}, {"merge_sets": {}}, {"merge_sets": {"primary_set_build_id": "1.0"}},
        {"merge_sets": {"primary_set_build_id": "1.0", "secondary_set_build_id": "none"}},
        {"merge_sets": {"primary_set_build_id": "none", "secondary_set_build_id": "1.0"}},
        {"add_new_build_id_in_new_default_set": "x" * 256}, {"promote_set_by_build_id": "x" * 256},
        {"add_new_compatible_build_id": {"new_build_id": "x" * 256, "existing_compatible_build_id": "1.0"}},
        {"namespace": "", "add_new_build_id_in_new_default_set": "y"}, {"namespace": "nowhere~", "add_new_build_id_in_new_default_set": "y"},
        {"task_queue": "", "add_new_build_id_in_new_default_set": "y"}, {"task_queue": "q" * 1001, "add_new_build_id_in_new_default_set": "y"},
        {"task_queue": "/_sys/x", "add_new_build_id_in_new_default_set": "y"}, {"task_queue": ""},
    ])
    get(t)


@FEW
@scenario
def as_many_as_may_be(t):
    default(t, "1")
    default(t, "2")
    default(t, "3")
    compatible(t, "2.1", "2")
    compatible(t, "2.2", "2")
    compatible(t, "2.3", "2")
    get(t)


@ON
@scenario
def reachability(t):
    ask = {"build_ids": ["1.0"], "task_queues": ["q~"]}
    t.call("GetWorkerTaskReachability", **ask)
    default(t, "1.0")
    default(t, "2.0")
    compatible(t, "2.1", "2.0")
    t.call("GetWorkerTaskReachability", **{**ask, "build_ids": ["1.0", "2.0", "2.1", "none", ""]})
    t.table("GetWorkerTaskReachability", ask, [
        {"build_ids": []}, {"build_ids": [str(n) for n in range(10)]}, {"task_queues": [f"q{n}" for n in range(30)]},
        {"reachability": "NEW_WORKFLOWS"}, {"reachability": "EXISTING_WORKFLOWS"}, {"reachability": "OPEN_WORKFLOWS"}, {"reachability": "CLOSED_WORKFLOWS"},
        {"namespace": ""}, {"namespace": "nowhere~"}, {"build_ids": [""]}, {"build_ids": ["x" * 300]}, {"task_queues": ["none~"]}])


@ON
@scenario
def rules_stay_off(t):
    t.call("GetWorkerVersioningRules", task_queue="q~")
    t.call("UpdateWorkerVersioningRules", task_queue="q~")
    t.call("GetWorkerVersioningRules", task_queue="", namespace="")


@ON
@scenario
def reachability_without_queues(t):
    t.table("GetWorkerTaskReachability", {}, [{"build_ids": [""]}, {"build_ids": ["none~"]}, {"build_ids": ["", "none~"]}])
    default(t, "1~")
    t.call("GetWorkerTaskReachability", build_ids=["1~"])
    t.table("GetWorkerTaskReachability", {"build_ids": ["1~"]}, [{"reachability": "OPEN_WORKFLOWS"}, {"task_queues": ["other~"]}])


@ON
@scenario
def defaults_again(t):
    default(t, "1")
    compatible(t, "1.1", "1")
    default(t, "1")
    default(t, "1.1")
    default(t, "2")
    compatible(t, "1", "1.1", True)
    compatible(t, "2", "2", True)
    update(t, merge_sets={"primary_set_build_id": "1", "secondary_set_build_id": "2"})
    get(t)
    default(t, "3")
    default(t, "4")
    update(t, merge_sets={"primary_set_build_id": "1.1", "secondary_set_build_id": "3"})
    get(t)
    update(t, merge_sets={"primary_set_build_id": "x" * 256, "secondary_set_build_id": "1"})
