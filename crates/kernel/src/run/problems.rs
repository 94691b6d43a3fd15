//! Workflow tasks that fail again and again: the run says so in a search attribute until one completes, so that broken
//! workflows can be found.

use longhaul_proto::api::enums::v1::{TimeoutType, WorkflowTaskFailedCause as Cause};

use super::{Fact, Run, transition::Transition};
use crate::{
    codec::Pb,
    visibility::{Value, encode},
};

/// The search attribute that names the problems.
const ATTRIBUTE: &str = "TemporalReportedProblems";

/// How the first of a row of workflow tasks ended; that is what is reported of the row, as on the reference.
#[derive(Clone, Copy, Debug)]
pub enum Problem {
    /// It failed.
    Failed(Cause),
    /// Its time was up.
    TimedOut(TimeoutType),
}

impl Problem {
    /// The values of the search attribute, as the reference spells them.
    fn values(self) -> Vec<String> {
        let (category, cause) = match self {
            Self::Failed(cause) => ("WorkflowTaskFailed", format!("{cause:?}")),
            Self::TimedOut(timeout) => ("WorkflowTaskTimedOut", format!("{timeout:?}")),
        };
        vec![format!("category={category}"), format!("cause={category}Cause{cause}")]
    }
}

impl Transition<'_> {
    /// Reports the problem if too many workflow tasks in a row have not been completed.
    pub fn report_problem(&mut self, problem: Problem) {
        let failed = self.run.failed_workflow_tasks;
        let enough = i32::from(self.context.limits.reported_problems_min);
        if failed <= 1 && enough > 1 {
            self.fact(Fact::Problem(problem.values()));
        }
        if enough > 0 && failed >= enough && !self.run.search_attributes.contains_key(ATTRIBUTE) {
            let values = if failed > 1 && !self.run.problem.is_empty() {
                self.run.problem.clone()
            } else {
                problem.values()
            };
            self.fact(Fact::ReportedProblems(values));
            self.effects.visible = true;
        }
    }

    /// Takes back what was reported: a workflow task has completed.
    pub fn forget_problems(&mut self) {
        if self.run.search_attributes.contains_key(ATTRIBUTE) {
            self.fact(Fact::ReportedProblems(Vec::new()));
            self.effects.visible = true;
        }
    }
}

impl Run {
    pub(super) fn fold_problems(&mut self, problems: &[String]) {
        if problems.is_empty() {
            self.search_attributes.remove(ATTRIBUTE);
        } else {
            let value = Value::KeywordList(problems.to_vec());
            self.search_attributes.insert(ATTRIBUTE.to_owned(), Pb(encode(&value)));
        }
    }
}
