//! `longhaul run ...`: asks a running server about runs that are kept from going on.

use anyhow::{Result, anyhow};
use longhaul_frontend::RunsRequest;
use longhaul_kernel::{time::Timestamp, visibility::format_datetime};
use longhaul_runtime::peers::{QuarantinedRun, RunAction, RunsAnswered, RunsAsked};

use crate::{
    arguments::{Place, RunCommand, WhichRun},
    run::print,
};

/// Asks and prints.
pub(crate) fn obey(command: &RunCommand) -> Result<()> {
    match command {
        RunCommand::Inspect(inspect) => {
            let action = if inspect.workflow_id.is_some() { RunAction::Inspect } else { RunAction::List };
            let workflow_id = inspect.workflow_id.clone().unwrap_or_default();
            ask(&inspect.place, action, workflow_id, inspect.run_id.clone(), None)
        }
        RunCommand::Rebuild(run) => about(run, RunAction::Rebuild, None),
        RunCommand::Quarantine(wanted) => {
            let action = if wanted.lift { RunAction::Lift } else { RunAction::Quarantine };
            about(&wanted.run, action, wanted.reason.clone())
        }
    }
}

fn about(run: &WhichRun, action: RunAction, reason: Option<String>) -> Result<()> {
    ask(&run.place, action, run.workflow_id.clone(), run.run_id.clone(), reason)
}

fn ask(
    place: &Place,
    action: RunAction,
    workflow_id: String,
    run_id: Option<String>,
    reason: Option<String>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked = RunsAsked {
        action: action.into(),
        workflow_id,
        run_id: run_id.unwrap_or_default(),
        reason: reason.unwrap_or_default(),
    };
    let request = RunsRequest { namespace: place.namespace.clone(), asked };
    let answer = runtime.block_on(longhaul_frontend::about_runs(&place.address, request));
    let answer = answer.map_err(|status| anyhow!("{}", status.message()))?;
    print(&if action == RunAction::List { list(&answer) } else { report(&answer) })
}

/// A line for each run, under a head.
fn list(answer: &RunsAnswered) -> String {
    if answer.runs.is_empty() {
        return "nothing is quarantined\n".into();
    }
    let line = |since: &str, kind: &str, id: &str, run: &str, why: &str| {
        format!("{since:<31} {kind:<17} {id:<24} {run:<36}  {why}\n")
    };
    let rows = answer.runs.iter().map(|run: &QuarantinedRun| {
        let since = format_datetime(Timestamp::from_proto(&run.since));
        let by = if run.by_hand { "by hand: " } else { "" };
        line(&since, &run.kind, &run.id, &run.run_id, &format!("{by}{}", run.reason))
    });
    let more = if answer.more { "there are more\n" } else { "" };
    line("Since", "Kind", "Id", "Run", "Why") + &rows.collect::<String>() + more
}

fn report(answer: &RunsAnswered) -> String {
    answer.lines.iter().map(|line| format!("{:<15} {}\n", line.name, line.value)).collect()
}

#[cfg(test)]
mod tests {
    use longhaul_runtime::peers::ReportLine;

    use super::*;

    #[test]
    fn runs_are_a_table() {
        let run = QuarantinedRun {
            kind: "workflow".into(),
            id: "order".into(),
            run_id: "5d7e".into(),
            since: prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 },
            reason: "its record can't be read".into(),
            by_hand: true,
        };
        let table = list(&RunsAnswered { runs: vec![run], more: true, lines: Vec::new() });
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines[1].split_whitespace().collect::<Vec<_>>().join(" "),
            "2023-11-14T22:13:20Z workflow order 5d7e by hand: its record can't be read"
        );
        assert_eq!(lines[2], "there are more");
        assert_eq!(list(&RunsAnswered::default()), "nothing is quarantined\n");
    }

    #[test]
    fn a_report_is_lines() {
        let line = ReportLine { name: "Version".into(), value: "7".into() };
        let answer = RunsAnswered { lines: vec![line], ..RunsAnswered::default() };
        assert_eq!(report(&answer), "Version         7\n");
    }
}
