//! `longhaul visibility explain`: asks a running server how it answers a list.

use std::time::Duration;

use anyhow::{Result, anyhow};
use longhaul_frontend::{ExplainRequest, ExplainResponse};

use crate::{arguments::Explain, run::print};

/// Asks and prints.
pub(crate) fn explain(arguments: &Explain) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let request = ExplainRequest {
        namespace: arguments.namespace.clone(),
        query: arguments.query.clone(),
        page_size: arguments.page_size,
    };
    let answer = runtime.block_on(longhaul_frontend::explain(&arguments.address, request));
    print(&text(&answer.map_err(|status| anyhow!("{}", status.message()))?))
}

fn text(answer: &ExplainResponse) -> String {
    let or =
        |text: &str, otherwise: &str| if text.is_empty() { otherwise.to_owned() } else { text.to_owned() };
    let estimated = format!("{}{}", if answer.at_least { "at least " } else { "" }, answer.estimated);
    let lines = [
        ("Filter", or(&answer.filter, "none: every workflow")),
        ("Order", or(&answer.order, "default: open ones first, then newest first")),
        ("Reads", answer.plan.clone()),
        ("Entries expected", estimated),
        ("Entries read", answer.entries_read.to_string()),
        ("Rows read", answer.rows_read.to_string()),
        ("Rows found", answer.rows_found.to_string()),
        ("Time", format!("{:?}", Duration::from_nanos(answer.nanos))),
    ];
    lines.map(|(name, value)| format!("{name:<17} {value}\n")).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_short_table() {
        let answer = ExplainResponse {
            filter: "`WorkflowType` = 'a'".into(),
            plan: "index WorkflowType: 'a'".into(),
            estimated: 2048,
            at_least: true,
            nanos: 1_500_000,
            ..ExplainResponse::default()
        };
        let text = text(&answer);
        for line in [
            "Filter            `WorkflowType` = 'a'\n",
            "Entries expected  at least 2048\n",
            "Time              1.5ms\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
