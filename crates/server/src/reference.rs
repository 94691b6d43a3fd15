//! Every setting with its default, its range and why one would change it; and which calls are built. The pages under
//! `docs/reference` are printed from here.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use anyhow::{Result, anyhow};
use longhaul_frontend::{Call, OPERATOR_CALLS, State, WORKFLOW_CALLS};
use serde_json::Value;

use crate::config::Settings;

/// One setting: where it lives, what it may be, why one would change it.
struct Setting {
    name: &'static str,
    range: Range,
    reason: &'static str,
    show: fn(&Settings) -> String,
    set: fn(&mut Settings, &Value) -> Option<()>,
}

/// What a setting may be.
#[derive(Clone, Copy)]
enum Range {
    /// True or false.
    Switch,
    /// A list of texts.
    Texts,
    /// A number (of seconds, if it is a length of time) between two others, both included.
    Between(f64, f64),
}

/// No upper bound.
const MOST: f64 = f64::INFINITY;

impl Range {
    fn holds(self, value: &Value) -> bool {
        match self {
            Self::Switch => value.is_boolean(),
            Self::Texts => Vec::<String>::read(value).is_some(),
            Self::Between(least, most) => value.as_f64().is_some_and(|value| least <= value && value <= most),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch => f.write_str("true or false"),
            Self::Texts => f.write_str("a list of texts"),
            Self::Between(least, most) if most.is_finite() => write!(f, "{least} to {most}"),
            Self::Between(least, _) => write!(f, "at least {least}"),
        }
    }
}

/// A value that a file can give.
trait Read: Sized {
    fn read(value: &Value) -> Option<Self>;
    fn show(&self) -> String;
}

macro_rules! read_whole {
    ($($whole:ty),+) => {
        $(impl Read for $whole {
            fn read(value: &Value) -> Option<Self> {
                value.as_u64().and_then(|number| Self::try_from(number).ok())
            }
            fn show(&self) -> String {
                self.to_string()
            }
        })+
    };
}
read_whole!(usize, u64, u16, i64);

impl Read for f64 {
    fn read(value: &Value) -> Option<Self> {
        value.as_f64().filter(|number| *number > 0.0)
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Read for bool {
    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Read for Vec<String> {
    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
    }
    fn show(&self) -> String {
        self.join(", ")
    }
}

/// A number of seconds.
impl Read for Duration {
    fn read(value: &Value) -> Option<Self> {
        value.as_f64().and_then(|seconds| Self::try_from_secs_f64(seconds).ok())
    }
    fn show(&self) -> String {
        format!("{} s", self.as_secs_f64())
    }
}

/// Declares settings by the path of their field.
macro_rules! settings {
    ($($room:ident . $field:ident, $range:expr, $reason:literal;)+) => {
        /// Every setting, by room.
        const SETTINGS: &[Setting] = &[$(Setting {
            name: concat!(stringify!($room), ".", stringify!($field)),
            range: $range,
            reason: $reason,
            show: |settings| settings.$room.$field.show(),
            set: |settings, value| {
                settings.$room.$field = Read::read(value)?;
                Some(())
            },
        }),+];
    };
}

settings! {
    frontend.message_bytes_max, Range::Between(1024.0, 134_217_728.0), "clients send larger requests than the SDKs' default allows";
    frontend.blob_bytes_max, Range::Between(1.0, MOST), "larger payloads are wanted, or smaller ones enforced";
    frontend.memo_bytes_max, Range::Between(1.0, MOST), "larger memos are wanted, or smaller ones enforced";
    frontend.page_rows_max, Range::Between(1.0, MOST), "lists answer too much or too little at a time";
    frontend.eager_workflow_start, Range::Switch, "the first workflow task must always go through a task queue";
    frontend.http_allowed_hosts, Range::Texts, "only some names of the HTTP listener should be answered, so that a web page can't reach it by a name of its own";
    matching.poll_wait, Range::Between(1.0, 600.0), "a proxy in between cuts long calls";
    matching.poll_margin, Range::Between(0.0, 10.0), "empty answers arrive too late at clients far away";
    matching.query_wait, Range::Between(1.0, MOST), "queries without a deadline of their own should wait longer";
    matching.sticky_window, Range::Between(1.0, 600.0), "workers poll their sticky queue rarely";
    matching.idle_unload, Range::Between(1.0, MOST), "there are very many task queues that are used now and then";
    matching.sweep_interval, Range::Between(1.0, MOST), "unloading idle queues should cost less or free memory sooner";
    matching.poller_window, Range::Between(1.0, MOST), "pollers should be listed longer after their last poll";
    matching.pollers_max, Range::Between(1.0, MOST), "a queue has more workers than are listed";
    matching.queues_max, Range::Between(1.0, MOST), "there are more task queues in use than fit";
    matching.queries_max, Range::Between(1.0, MOST), "more queries wait for workers than are let in";
    matching.backlog_entries_max, Range::Between(1.0, MOST), "a backlog should stay in memory, or memory is short";
    matching.backlog_bytes_max, Range::Between(1.0, MOST), "a backlog should stay in memory, or memory is short";
    matching.dispatch_rate_max, Range::Between(0.001, MOST), "one queue must not take all of the machine";
    matching.labelled_queues_max, Range::Between(0.0, MOST), "metrics of more task queues are wanted one by one";
    history.shards, Range::Between(1.0, 16384.0), "many cores wait for each other";
    history.executions_max, Range::Between(1.0, MOST), "memory is short, or runs are read from the store too often";
    history.executions_bytes_max, Range::Between(0.0, MOST), "memory is short, or runs are read from the store too often";
    history.events_bytes_max, Range::Between(0.0, MOST), "long histories are read from the store too often";
    history.wakes_ahead_secs, Range::Between(1.0, MOST), "there are very many timers, or memory is short";
    history.snapshot_every, Range::Between(1.0, MOST), "writes are too large, or loading a run takes too long";
    history.page_batches_max, Range::Between(1.0, 1000.0), "workers fetch long histories in too many or too large pages";
    history.history_wait_secs, Range::Between(1.0, 60.0), "a proxy in between cuts long calls";
    history.buffered_queries_max, Range::Between(1.0, MOST), "more queries should wait for the same workflow task";
}

/// Gives a setting a value.
pub(crate) fn set(settings: &mut Settings, name: &str, value: &Value) -> Result<()> {
    let setting = SETTINGS
        .iter()
        .find(|setting| setting.name == name)
        .ok_or_else(|| anyhow!("there is no setting {name}; see `longhaul config reference`"))?;
    Some(value)
        .filter(|value| setting.range.holds(value))
        .and_then(|value| (setting.set)(settings, value))
        .ok_or_else(|| anyhow!("setting {name} can't be {value}: it is {}", setting.range))
}

/// The page of settings.
pub fn settings_page() -> String {
    let mut page = String::from(
        "# Settings\n\nPrinted by `longhaul config reference`. Set them in the section `settings` of the file given \
         with `--config` (durations in seconds).\n\n| setting | default | range | change it when |\n| --- | --- | --- | --- |\n",
    );
    let defaults = Settings::default();
    for setting in SETTINGS {
        let Setting { name, range, reason, show, .. } = setting;
        // Writing to a string never fails.
        let _ = writeln!(page, "| `{name}` | {} | {range} | {reason} |", show(&defaults));
    }
    page
}

/// The page of calls.
pub fn coverage_page() -> String {
    let mut page = String::from(
        "# API coverage\n\nPrinted by `longhaul config api-coverage` from the table that answers the calls. *Refused* \
         means that the reference refuses the call by default too.\n",
    );
    for (service, calls) in [("WorkflowService", WORKFLOW_CALLS), ("OperatorService", OPERATOR_CALLS)] {
        let built = calls.iter().filter(|call| call.state == State::Built).count();
        let _ = writeln!(page, "\n## {service}: {built} of {} calls built\n", calls.len());
        page.push_str("| call | state |\n| --- | --- |\n");
        for Call { name, state } in calls {
            let state = match state {
                State::Built => "built",
                State::Later => "later",
                State::Refused => "refused",
            };
            let _ = writeln!(page, "| {name} | {state} |");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_set_by_name() {
        let mut settings = Settings::default();
        set(&mut settings, "matching.poll_wait", &json!(1.5)).expect("it is a duration");
        assert_eq!(settings.matching.poll_wait, Duration::from_millis(1500));
        assert!(set(&mut settings, "matching.poll_wait", &json!(-1)).is_err());
        assert!(set(&mut settings, "matching.nonsense", &json!(1)).is_err());
        let error = set(&mut settings, "history.shards", &json!(0)).expect_err("there must be one");
        assert_eq!(error.to_string(), "setting history.shards can't be 0: it is 1 to 16384");
    }

    #[test]
    fn the_page_names_every_setting_once() {
        let page = settings_page();
        for setting in SETTINGS {
            assert_eq!(page.matches(&format!("| `{}` |", setting.name)).count(), 1, "{}", setting.name);
        }
    }
}
