//! `longhaul schedule skipped`: asks a running server what a schedule has left out.

use anyhow::{Result, anyhow};
use longhaul_frontend::SkippedRequest;
use longhaul_kernel::{time::Timestamp, visibility::format_datetime};
use longhaul_runtime::peers::LeftOutSpan;

use crate::{arguments::Skipped, run::print};

/// Asks and prints.
pub(crate) fn skipped(arguments: &Skipped) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let request =
        SkippedRequest { namespace: arguments.namespace.clone(), schedule_id: arguments.schedule_id.clone() };
    let answer = runtime.block_on(longhaul_frontend::skipped(&arguments.address, request));
    print(&table(&answer.map_err(|status| anyhow!("{}", status.message()))?.spans))
}

/// A line for each span, under a head.
fn table(spans: &[LeftOutSpan]) -> String {
    if spans.is_empty() {
        return "nothing was left out\n".into();
    }
    let line = |first: &str, last: &str, count: &str, reason: &str| {
        format!("{first:<31} {last:<31} {count:>8}  {reason}\n")
    };
    let rows = spans.iter().map(|span| {
        let time = |time| format_datetime(Timestamp::from_proto(time));
        let reason = match span.details.as_str() {
            "" => span.reason.clone(),
            details => format!("{}: {details}", span.reason),
        };
        line(&time(&span.first), &time(&span.last), &span.count.to_string(), &reason)
    });
    line("First", "Last", "Actions", "Reason") + &rows.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_a_table() {
        let at = |seconds| prost_types::Timestamp { seconds, nanos: 0 };
        let span = LeftOutSpan {
            first: at(1_700_000_000),
            last: at(1_700_003_600),
            left_out: at(1_700_003_600),
            count: 3601,
            reason: "NotStarted".into(),
            details: "too long".into(),
        };
        let told =
            "2023-11-14T22:13:20Z            2023-11-14T23:13:20Z                3601  NotStarted: too long";
        assert_eq!(table(&[span]).lines().nth(1), Some(told));
        assert_eq!(table(&[]), "nothing was left out\n");
    }
}
