//! Calls that make, show and remove workflow rules. They are answered where `frontend.workflowRulesAPIsEnabled` is on; the
//! rules that there are stand either way. A change is true as soon as it is acknowledged.

use std::sync::Arc;

use longhaul_kernel::{
    codec::Pb,
    namespace::Namespace,
    time::Timestamp,
    workflow_rule::{self, Limits, Rule},
};
use longhaul_proto::{
    Refusal,
    api::workflowservice::v1::{
        CreateWorkflowRuleRequest, CreateWorkflowRuleResponse, DeleteWorkflowRuleRequest,
        DeleteWorkflowRuleResponse, DescribeWorkflowRuleRequest, DescribeWorkflowRuleResponse,
        ListWorkflowRulesRequest, ListWorkflowRulesResponse,
    },
};
use longhaul_runtime::peers::PeerError;

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered, changing},
};

/// The namespace, if it may have rules.
async fn namespace(frontend: &Frontend, name: &str, call: &str) -> Result<Arc<Namespace>, PeerError> {
    let namespace = frontend.namespace(name, Allow::Open).await?;
    if !frontend.settings(&namespace).workflow_rules {
        return Err(Refusal::Unimplemented(format!("method {call} not supported")).into());
    }
    Ok(namespace)
}

/// Answers `CreateWorkflowRule`. A forced scan does nothing, as on the reference: what has started is not looked for.
pub(crate) async fn create(
    frontend: &Frontend,
    asker: Asker,
    request: CreateWorkflowRuleRequest,
) -> Answered<CreateWorkflowRuleResponse> {
    let namespace = namespace(frontend, &request.namespace, "CreateWorkflowRule").await?;
    let spec = request.spec.ok_or_else(|| Refusal::invalid("Rule Specification is not set."))?;
    let at = Timestamp(asker.now);
    let rule =
        Rule { spec: Pb(spec), created: at, identity: request.identity, description: request.description };
    let settings = frontend.settings(&namespace);
    let limits = Limits { rules_max: settings.workflow_rules_max, id_bytes_max: frontend.id_bytes_max() };
    let add = |namespace: &mut Namespace| {
        workflow_rule::add(&mut namespace.workflow_rules, rule.clone(), limits, at)
    };
    frontend.directory.change(&namespace.name, add).await.map_err(changing)?;
    Ok(CreateWorkflowRuleResponse { rule: Some(rule.to_proto()), job_id: String::new() })
}

/// Answers `DescribeWorkflowRule`.
pub(crate) async fn describe(
    frontend: &Frontend,
    _: Asker,
    request: DescribeWorkflowRuleRequest,
) -> Answered<DescribeWorkflowRuleResponse> {
    let namespace = namespace(frontend, &request.namespace, "DescribeWorkflowRule").await?;
    let rule = workflow_rule::find(&namespace.workflow_rules, &request.rule_id)?;
    Ok(DescribeWorkflowRuleResponse { rule: Some(rule.to_proto()) })
}

/// Answers `ListWorkflowRules`: all of them, in one page.
pub(crate) async fn list(
    frontend: &Frontend,
    _: Asker,
    request: ListWorkflowRulesRequest,
) -> Answered<ListWorkflowRulesResponse> {
    let namespace = namespace(frontend, &request.namespace, "ListWorkflowRules").await?;
    let rules = namespace.workflow_rules.values().map(Rule::to_proto).collect();
    Ok(ListWorkflowRulesResponse { rules, next_page_token: Vec::new().into() })
}

/// Answers `DeleteWorkflowRule`. What a rule has paused stays so.
pub(crate) async fn delete(
    frontend: &Frontend,
    _: Asker,
    request: DeleteWorkflowRuleRequest,
) -> Answered<DeleteWorkflowRuleResponse> {
    let namespace = namespace(frontend, &request.namespace, "DeleteWorkflowRule").await?;
    let remove =
        |namespace: &mut Namespace| workflow_rule::remove(&mut namespace.workflow_rules, &request.rule_id);
    frontend.directory.change(&namespace.name, remove).await.map_err(changing)?;
    Ok(DeleteWorkflowRuleResponse {})
}
