"""2.24 Workflow rules, with `frontend.workflowRulesAPIsEnabled`."""

from commands import activity
from harness import configured, scenario

RULE = {"id": "rule~", "activity_start": {"predicate": "ActivityType = 'act~'"}, "actions": [{"activity_pause": {}}]}


@scenario
@configured(frontend__workflowRulesAPIsEnabled=True)
def life(t):
    t.call("ListWorkflowRules")
    t.call("CreateWorkflowRule", spec=RULE, identity="operator", description="why", request_id="r1")
    t.call("CreateWorkflowRule", spec=RULE, identity="operator", description="why", request_id="r1")
    t.call("CreateWorkflowRule", spec=RULE, identity="operator", request_id="r2")
    t.call("DescribeWorkflowRule", rule_id="rule~")
    t.call("ListWorkflowRules")
    t.call("TriggerWorkflowRule", execution="wf~", id="rule~")
    t.call("DeleteWorkflowRule", rule_id="rule~")
    t.call("DeleteWorkflowRule", rule_id="rule~")
    t.call("DescribeWorkflowRule", rule_id="rule~")


@scenario
@configured(frontend__workflowRulesAPIsEnabled=True)
def refused(t):
    for spec in (None, {}, {**RULE, "id": ""}, {**RULE, "id": "x" * 1001}, {**RULE, "actions": []}, {"id": "other~"},
                 {**RULE, "activity_start": {}}, {**RULE, "activity_start": {"predicate": "nonsense("}},
                 {**RULE, "visibility_query": "nonsense("}):
        t.call("CreateWorkflowRule", spec=spec)
    t.call("DescribeWorkflowRule", rule_id="")
    t.call("DescribeWorkflowRule", rule_id="none")
    t.call("DeleteWorkflowRule", rule_id="")


@scenario
@configured(frontend__workflowRulesAPIsEnabled=True)
def pauses_activities(t):
    t.call("CreateWorkflowRule", spec=RULE, identity="operator")
    t.start()
    t.step(activity(activity_type="act~", retry_policy={"initial_interval": 0.1}))
    t.fail_activity(t.poll_activity())
    t.describe()
    t.call("DeleteWorkflowRule", rule_id="rule~")
