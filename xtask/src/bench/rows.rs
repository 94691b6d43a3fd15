//! The goals: what each row measures, what it has to reach, and whether it does.

use serde_json::{Value, json};

use Goal::{AtLeast, AtMost, FractionOf, Less, More};

/// A goal and the figure that is held against it.
pub struct Row {
    /// What `--only` takes.
    pub id: &'static str,
    /// What the figure is.
    pub title: &'static str,
    /// Where it is in a round: the name of a measurement, then the field.
    pub pointer: &'static str,
    /// What it has to reach.
    pub goal: Goal,
    /// Whether the goal grows with `--scale`.
    pub is_scaled: bool,
}

/// What a figure has to reach.
#[derive(Clone, Copy)]
pub enum Goal {
    /// At most so much.
    AtMost(f64),
    /// At least so much.
    AtLeast(f64),
    /// At most the reference's figure divided by this.
    FractionOf(f64),
    /// More is better, and nothing in particular is asked for.
    More,
    /// Less is better, and nothing in particular is asked for.
    Less,
}

const fn row(id: &'static str, title: &'static str, pointer: &'static str, goal: Goal) -> Row {
    Row { id, title, pointer, goal, is_scaled: false }
}

const fn scaled(id: &'static str, title: &'static str, pointer: &'static str, goal: Goal) -> Row {
    Row { id, title, pointer, goal, is_scaled: true }
}

/// Every row, in the order of the page.
pub const ROWS: [Row; 36] = [
    row("cpu", "server CPU of a one-activity workflow, ms", "/capacity/cpu_ms_each", AtMost(1.0)),
    row("cpu-ratio", "the same beside the reference, ms", "/capacity/cpu_ms_each", FractionOf(40.0)),
    row(
        "transitions",
        "state transitions in a second of server CPU",
        "/capacity/transitions_per_cpu_second",
        AtLeast(7000.0),
    ),
    row(
        "latency-p50",
        "one at a time, raw gRPC, start to result: p50, ms",
        "/latency/result_ms/p50",
        AtMost(3.0),
    ),
    row(
        "latency-p99",
        "one at a time, raw gRPC, start to result: p99, ms",
        "/latency/result_ms/p99",
        AtMost(8.0),
    ),
    row(
        "python-latency",
        "one at a time, Python SDK, start to result: p50, ms",
        "/python_latency/result_ms/p50",
        FractionOf(10.0),
    ),
    row(
        "python-share",
        "50 at once, Python SDK: the server's share of the machine, %",
        "/python_capacity/machine_percent",
        AtMost(15.0),
    ),
    row("python-rate", "50 at once, Python SDK: workflows a second", "/python_capacity/per_second", More),
    scaled(
        "throughput",
        "open loop, raw gRPC: one-activity workflows a second",
        "/throughput/per_second",
        AtLeast(800.0),
    ),
    row("throughput-p99", "the same: start to result, p99, ms", "/throughput/result_ms/p99", AtMost(250.0)),
    row("capacity", "closed loop, raw gRPC: one-activity workflows a second", "/capacity/per_second", More),
    row("start-p50", "start of a workflow at half load: p50, ms", "/half/start_ms/p50", AtMost(1.0)),
    row("start-p99", "start of a workflow at half load: p99, ms", "/half/start_ms/p99", AtMost(5.0)),
    row(
        "signal-p50",
        "signal at half load, into 50 runs: p50, ms",
        "/half_signals/signal_ms/p50",
        AtMost(1.0),
    ),
    row(
        "signal-p99",
        "signal at half load, into 50 runs: p99, ms",
        "/half_signals/signal_ms/p99",
        AtMost(5.0),
    ),
    row("hot", "signals a second into one run", "/hot/per_second", AtLeast(5000.0)),
    row("commits-waiting", "commits of a workflow, polls waiting", "/latency/commits_each", AtMost(4.0)),
    row("commits", "commits of a workflow, polls busy", "/capacity/commits_each", AtMost(7.0)),
    row(
        "bytes",
        "bytes written for each byte of history, polls busy",
        "/capacity/written_to_history",
        AtMost(3.0),
    ),
    row("memory-idle", "memory after the start, MB", "/start/memory_mb", AtMost(40.0)),
    row("memory-load", "memory at most, under load, MB", "/capacity/memory_peak_mb", FractionOf(4.0)),
    row("memory-million", "memory with 1,000,000 open runs, MB", "/large/open_memory_mb", AtMost(1024.0)),
    row("start", "start of the process, empty: to its first answer, ms", "/start/ms", AtMost(150.0)),
    row(
        "start-million",
        "start of the process on 1,000,000 open runs: to its first answer, ms",
        "/large/open_start_ms",
        AtMost(5000.0),
    ),
    row(
        "growth-closed",
        "throughput with 1,000,000 closed runs on disk, of that when empty",
        "/large/closed_to_empty",
        AtLeast(0.9),
    ),
    row(
        "growth-history",
        "cost of a late transition of a run, of the hundredth",
        "/growth/late_to_early",
        AtMost(1.2),
    ),
    row("idle", "idle with 102 parked polls, % of a core", "/park/cpu_percent", AtMost(0.3)),
    row("binary", "size of the program, stripped, MB", "/binary/mb", AtMost(40.0)),
    row(
        "list-page",
        "first page (1,000) of the default list over 1,000,000 runs: p50, ms",
        "/around/lists/the first page of all/p50",
        AtMost(10.0),
    ),
    row(
        "list-selective",
        "list by a custom attribute over 1,000,000 runs: p99, ms",
        "/around/lists/one customer/p99",
        AtMost(20.0),
    ),
    row("list-memory", "memory after these lists, MB", "/around/lists/memory_mb", Less),
    row("batch", "20,000 terminations by one batch, s", "/around/batch/seconds", AtMost(20.0)),
    row(
        "schedules",
        "100,000 schedules on one second, two kills meanwhile, s",
        "/around/schedules/seconds_until_all_started",
        AtMost(60.0),
    ),
    row(
        "bytes-waiting",
        "one at a time: bytes written for each byte of history",
        "/latency/written_to_history",
        Less,
    ),
    row("signals-cpu", "server CPU of a signal into one run, ms", "/hot/cpu_ms_each", Less),
    row("closed-start", "start of the process on 1,000,000 closed runs, ms", "/large/closed_start_ms", Less),
];

impl Row {
    /// The measurement that the row is about.
    pub fn measurement(&self) -> &'static str {
        self.pointer[1..].split('/').next().unwrap_or_default()
    }

    /// Figure, goal and verdict, from everything that was measured.
    pub fn judge(&self, figures: &Value) -> Value {
        let scale = figures["scale"].as_f64().filter(|_| self.is_scaled).unwrap_or(1.0);
        let (ours, reference) = (Spread::of(figures, "ours", self), Spread::of(figures, "reference", self));
        let ratio = ours.as_ref().zip(reference.as_ref()).and_then(|(ours, reference)| {
            let (ours, reference) = (ours.median, reference.median);
            let ratio = if self.goal.more_is_better() { ours / reference } else { reference / ours };
            ratio.is_finite().then_some(ratio)
        });
        let met = match self.goal {
            AtMost(bound) => ours.as_ref().map(|ours| ours.median <= bound),
            AtLeast(bound) => ours.as_ref().map(|ours| ours.median >= bound * scale),
            FractionOf(part) => ratio.map(|ratio| ratio >= part),
            More | Less => None,
        };
        json!({
            "id": self.id, "title": self.title, "goal": self.goal.text(scale), "met": met, "times_better": ratio,
            "ours": ours.map(Spread::json), "reference": reference.map(Spread::json),
        })
    }
}

impl Goal {
    fn more_is_better(self) -> bool {
        matches!(self, AtLeast(_) | More)
    }

    fn text(self, scale: f64) -> String {
        match self {
            AtMost(bound) => format!("at most {bound}"),
            AtLeast(bound) => format!("at least {}", bound * scale),
            FractionOf(part) => format!("1/{part} of the reference"),
            More | Less => "-".into(),
        }
    }
}

/// A figure in several rounds.
struct Spread {
    median: f64,
    low: f64,
    high: f64,
}

impl Spread {
    /// Rounds without the figure are ignored; without any there is no spread.
    fn of(figures: &Value, side: &str, row: &Row) -> Option<Self> {
        let sides = figures["sides"].as_array()?;
        let rounds = sides.iter().find(|each| each["name"] == side)?["rounds"].as_array()?;
        let mut values: Vec<f64> =
            rounds.iter().filter_map(|round| round.pointer(row.pointer)?.as_f64()).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (values.len().checked_sub(1)? / 2, values.len() / 2);
        let median = (values[low] + values[high]) / 2.0;
        Some(Self { median, low: values[0], high: values[values.len() - 1] })
    }

    fn json(self) -> Value {
        json!({ "median": self.median, "low": self.low, "high": self.high })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Goal, ROWS, Row};

    fn judge(goal: Goal, ours: &[f64], reference: &[f64]) -> Value {
        let row = Row { id: "x", title: "x", pointer: "/load/x", goal, is_scaled: true };
        let rounds =
            |values: &[f64]| -> Vec<Value> { values.iter().map(|x| json!({"load": {"x": x}})).collect() };
        row.judge(&json!({"scale": 2.0, "sides": [
            {"name": "ours", "rounds": rounds(ours)}, {"name": "reference", "rounds": rounds(reference)},
        ]}))
    }

    #[test]
    fn a_figure_is_the_median_and_its_spread() {
        let verdict = judge(Goal::AtMost(2.0), &[3.0, 1.0, 2.0, 2.0], &[]);
        assert_eq!(verdict["ours"], json!({"median": 2.0, "low": 1.0, "high": 3.0}));
        assert_eq!(verdict["met"], true);
        assert_eq!(verdict["reference"], Value::Null);
    }

    #[test]
    fn a_goal_is_met_or_not() {
        assert_eq!(judge(Goal::AtMost(2.0), &[2.1], &[])["met"], false);
        assert_eq!(judge(Goal::AtLeast(100.0), &[199.0], &[])["met"], false, "the goal grows with the scale");
        assert_eq!(judge(Goal::AtLeast(100.0), &[200.0], &[])["met"], true);
        assert_eq!(judge(Goal::FractionOf(10.0), &[2.0], &[20.0])["met"], true);
        assert_eq!(judge(Goal::FractionOf(10.0), &[2.0], &[19.0])["met"], false);
        assert_eq!(judge(Goal::FractionOf(10.0), &[2.0], &[])["met"], Value::Null, "nothing to compare with");
        assert_eq!(judge(Goal::AtMost(1.0), &[], &[])["met"], Value::Null, "nothing was measured");
    }

    #[test]
    fn rows_have_names_of_their_own() {
        let mut ids: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ROWS.len());
    }
}
