"""2.18 Versioning rules, the second form of worker versioning, on servers that are told to have them.

Left out is what the reference does for want of a check: an update that says nothing removes all rules, an assignment rule
that is not there is a masked internal error.
"""

from builds import Rules, rule
from harness import configured, scenario

ON = configured(frontend__workerVersioningRuleAPIs=True)
FEW = configured(frontend__workerVersioningRuleAPIs=True, limit__wv__AssignmentRuleLimitPerQueue=2, limit__wv__RedirectRuleLimitPerQueue=2,
                 limit__wv__RedirectRuleMaxUpstreamBuildIDsPerQueue=2)


@ON
@scenario
def nothing_yet(t):
    t.table("GetWorkerVersioningRules", {"task_queue": "q~"}, [
        {}, {"namespace": ""}, {"namespace": "nowhere~"}, {"task_queue": ""}, {"task_queue": "q" * 1001}])


@ON
@scenario
def assignment_rules(t):
    rules = Rules(t)
    rules.insert("1")
    rules.insert("2", 0, 10)
    rules.insert("3", 1, 20.5)
    rules.insert("4", 99)
    rules.get()
    rules.replace("5", 1, 0)
    rules.replace("6", 2)
    rules.delete(0)
    rules.delete(0)
    rules.get()


@ON
@scenario
def the_last_one_without_a_ramp(t):
    rules = Rules(t)
    rules.replace("1", 0)
    rules.delete(0)
    rules.insert("1", 0, 50)
    rules.replace("1", 0)
    rules.delete(0)
    rules.replace("1", 0, 30)
    rules.replace("1", 0, 30, True)
    rules.replace("1", 0)
    rules.insert("2", 0)
    rules.delete(1)
    rules.delete(0)
    rules.delete(0, True)
    rules.get()


@ON
@scenario
def assignment_rules_refused(t):
    rules = Rules(t)
    rules.insert("1")
    for index, build, share in ((-1, "x", None), (0, "", None), (0, "x" * 256, None), (0, "x", -1), (0, "x", 100), (0, "x", 100.5), (0, "x", 99.9)):
        rules.insert(build, index, share)
    for index, build, share in ((-1, "x", None), (9, "x", None), (0, "", None), (0, "x" * 256, None), (0, "x", -1), (0, "x", 100)):
        rules.replace(build, index, share)
    rules.delete(-1)
    rules.delete(9)
    rules.update(delete_assignment_rule={})


@ON
@scenario
def requests_refused(t):
    rules = Rules(t)
    insert = {"insert_assignment_rule": {"rule": rule("1")}, "conflict_token": rules.token}
    t.table("UpdateWorkerVersioningRules", {"task_queue": "q~", **insert}, [
        {"namespace": ""}, {"namespace": "nowhere~"}, {"task_queue": ""}, {"task_queue": "q" * 1001}, {"conflict_token": b""},
        {"conflict_token": b"nonsense"}])


@ON
@scenario
def stale_tokens(t):
    rules = Rules(t)
    old = rules.token
    rules.insert("1")
    rules.update(conflict_token=old, insert_assignment_rule={"rule": rule("2")})
    rules.get()


@ON
@scenario
def redirect_rules(t):
    rules = Rules(t)
    rules.add("1", "2")
    rules.add("2", "3")
    rules.add("1", "4")
    rules.add("3", "1")
    rules.add("3", "3")
    rules.redirect("1", "3")
    rules.redirect("none", "3")
    rules.redirect("2", "1")
    rules.undirect("1")
    rules.undirect("1")
    rules.get()
    for source, target in (("", "x"), ("x", ""), ("x" * 256, "y"), ("x", "y" * 256)):
        rules.add(source, target)
        rules.redirect(source, target)
    rules.undirect("")
    rules.update(add_compatible_redirect_rule={})
    rules.update(replace_compatible_redirect_rule={})
    rules.update(delete_compatible_redirect_rule={})


@ON
@scenario
def both_sorts(t):
    rules = Rules(t)
    rules.insert("1")
    rules.insert("2", 0, 30)
    rules.add("2", "3")
    rules.add("1", "3")
    rules.insert("1", 0, 20)
    rules.add("4", "2")
    rules.get()


@ON
@scenario
def commits(t):
    rules = Rules(t)
    rules.commit("1")
    rules.insert("0")
    rules.insert("1", 0, 10)
    rules.insert("2", 0, 10)
    rules.commit("1")
    rules.commit("1", True)
    rules.commit("1", True)
    rules.commit("9", True)
    rules.commit("", True)
    rules.commit("x" * 256, True)
    rules.get()


@ON
@scenario
def committed_behind_a_poller(t):
    rules = Rules(t)
    rules.insert("1", 0, 10)
    poll = t.begin_poll(worker_version_capabilities={"build_id": "1", "use_versioning": True}, timeout=3)
    t.wait_poller()
    rules.commit("1")
    t._wait(poll)


@FEW
@scenario
def as_many_as_may_be(t):
    rules = Rules(t)
    rules.insert("1")
    rules.insert("2")
    rules.insert("3")
    rules.add("a", "b")
    rules.add("b", "c")
    rules.add("c", "d")
    rules.undirect("b")
    rules.add("c", "d")
    rules.redirect("c", "a")


@ON
@scenario
def long_chains(t):
    rules = Rules(t)
    for number in range(4):
        rules.add(f"{number}", f"{number + 1}")
    rules.insert("4")


@ON
@scenario
def sets_stay_off(t):
    t.call("GetWorkerBuildIdCompatibility", task_queue="q~")
    t.call("UpdateWorkerBuildIdCompatibility", task_queue="q~")
    t.call("GetWorkerTaskReachability", build_ids=["x"])


@ON
@scenario
def several_faults(t):
    rules = Rules(t)
    token = rules.token
    rules.insert("1")
    stale = {"conflict_token": token}
    rules.update(insert_assignment_rule={"rule_index": -1, "rule": rule("1")}, **stale)
    rules.update(insert_assignment_rule={"rule_index": -1, "rule": rule("x" * 256, 200)})
    rules.update(insert_assignment_rule={"rule_index": 0, "rule": rule("x" * 256, 200)})
    rules.update(replace_assignment_rule={"rule_index": 7, "rule": rule("x" * 256, 200)})
    rules.update(insert_assignment_rule={"rule_index": 0, "rule": rule("x" * 256, 200)}, **stale)
    rules.update(commit_build_id={"target_build_id": "x" * 256})
    rules.update(delete_compatible_redirect_rule={"source_build_id": "a"}, **stale)
    rules.update(delete_compatible_redirect_rule={"source_build_id": "x" * 256})
    rules.update(commit_build_id={"target_build_id": "9"}, **stale)
    rules.add("a", "b")
    rules.add("a", "")
    rules.add("a", "x" * 256)
    rules.add("b", "a")
    rules.redirect("a", "a")
    rules.insert("a", 0, 10)
    rules.replace("a", 0, 10)
    rules.replace("a", 0, 10, True)


@configured(frontend__workerVersioningRuleAPIs=True, limit__wv__RedirectRuleMaxUpstreamBuildIDsPerQueue=2)
@scenario
def many_upstream(t):
    rules = Rules(t)
    rules.add("a", "b")
    rules.add("b", "c")
    rules.add("c", "d")
    rules.add("0", "a")
    rules.add("x", "y")
    rules.add("z", "y")
    rules.add("w", "y")
    rules.redirect("b", "y")
