//! Figures as text: the median of the rounds for each side, and how many times better ours is.

use std::fmt::Write as _;

use serde_json::Value;

/// A figure: its name, where it is in a round, and whether more is better.
struct Figure {
    name: &'static str,
    pointer: &'static str,
    more_is_better: bool,
}

const fn less(name: &'static str, pointer: &'static str) -> Figure {
    Figure { name, pointer, more_is_better: false }
}

const fn more(name: &'static str, pointer: &'static str) -> Figure {
    Figure { name, pointer, more_is_better: true }
}

const FIGURES: [Figure; 20] = [
    less("one at a time: start p50, ms", "/latency/start_ms/p50"),
    less("one at a time: start p99, ms", "/latency/start_ms/p99"),
    less("one at a time: result p50, ms", "/latency/result_ms/p50"),
    less("one at a time: result p99, ms", "/latency/result_ms/p99"),
    less("one at a time: server CPU, ms per 1,000", "/latency/cpu_ms_per_1000"),
    less("one at a time: commits each", "/latency/commits_each"),
    less("fixed rate: start p50, ms", "/throughput/start_ms/p50"),
    less("fixed rate: start p99, ms", "/throughput/start_ms/p99"),
    less("fixed rate: result p50, ms", "/throughput/result_ms/p50"),
    less("fixed rate: result p99, ms", "/throughput/result_ms/p99"),
    less("fixed rate: server CPU, ms per 1,000", "/throughput/cpu_ms_per_1000"),
    more("capacity: workflows per second", "/capacity/per_second"),
    less("capacity: server CPU, ms per 1,000", "/capacity/cpu_ms_per_1000"),
    less("capacity: commits each", "/capacity/commits_each"),
    less("signals into one run: p50, ms", "/signals/signal_ms/p50"),
    less("signals into one run: p99, ms", "/signals/signal_ms/p99"),
    less("signals: server CPU, ms per 1,000", "/signals/cpu_ms_per_1000"),
    less("memory at start, MB", "/memory_fresh_mb"),
    less("memory after the loads, MB", "/memory_mb"),
    less("idle afterwards: CPU, % of a core", "/idle_cpu_percent"),
];

/// A table in Markdown.
pub fn table(figures: &Value) -> String {
    let sides: Vec<&Value> = figures["sides"].as_array().into_iter().flatten().collect();
    let mut text = String::from("\n| Figure |");
    for side in &sides {
        let _ = write!(text, " {} |", side["name"].as_str().unwrap_or_default());
    }
    let is_pair = sides.len() == 2;
    text += if is_pair { " times better |\n| --- | ---: | ---: | ---: |\n" } else { "\n| --- | ---: |\n" };
    for figure in &FIGURES {
        let medians: Vec<Option<f64>> = sides.iter().map(|side| median(side, figure.pointer)).collect();
        if medians.iter().all(Option::is_none) {
            continue;
        }
        let _ = write!(text, "| {} |", figure.name);
        for median in &medians {
            let _ = write!(text, " {} |", median.map_or_else(|| "-".into(), show));
        }
        if let [ours, reference] = medians[..] {
            let _ = write!(text, " {} |", ratio(ours, reference, figure.more_is_better));
        }
        text += "\n";
    }
    text
}

/// The page in `docs/reference`.
pub fn page(figures: &Value, table: &str) -> String {
    let machine = &figures["machine"];
    format!(
        "# Performance\n\n\
         Written by `cargo xtask bench`. Both servers as they ship, but for limits on requests, which are lifted for\n\
         both; state on the same disk, the same load in alternating rounds; each figure is the median of {} rounds.\n\
         Workflows have one activity. Client and worker share the machine with the server; a load generator that\n\
         speaks raw gRPC plays both. Where the time goes: [profile](../guide/profile.md).\n\n\
         Machine: {}, {} cores, {} GB, Linux {};\n\
         at the end, making 4 kB durable took {} ms and the load average was {}.\n{table}",
        figures["rounds"],
        machine["processor"].as_str().unwrap_or_default(),
        machine["cores"],
        machine["memory_gb"],
        machine["kernel"].as_str().unwrap_or_default(),
        machine["sync_ms"],
        machine["load_average"].as_str().unwrap_or_default(),
    )
}

/// One result on one line, while a bench is under way.
pub fn line(result: &Value) -> String {
    let shown = [
        ("per second", "/per_second"),
        ("start p50 ms", "/start_ms/p50"),
        ("result p50 ms", "/result_ms/p50"),
        ("result p99 ms", "/result_ms/p99"),
        ("signal p50 ms", "/signal_ms/p50"),
        ("cpu ms per 1,000", "/cpu_ms_per_1000"),
        ("commits each", "/commits_each"),
    ];
    let parts = shown
        .iter()
        .filter_map(|(name, pointer)| Some(format!("{name} {}", show(result.pointer(pointer)?.as_f64()?))));
    parts.collect::<Vec<_>>().join(", ")
}

fn median(side: &Value, pointer: &str) -> Option<f64> {
    let rounds = side["rounds"].as_array()?;
    let mut values: Vec<f64> = rounds.iter().filter_map(|round| round.pointer(pointer)?.as_f64()).collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    Some((values[low] + values[high]) / 2.0)
}

fn ratio(ours: Option<f64>, reference: Option<f64>, more_is_better: bool) -> String {
    match (ours, reference) {
        (Some(ours), Some(reference)) if ours > 0.0 && reference > 0.0 => {
            let ratio = if more_is_better { ours / reference } else { reference / ours };
            format!("{ratio:.1}")
        }
        _ => "-".into(),
    }
}

fn show(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{median, table};

    #[test]
    fn the_median_ignores_rounds_without_a_value() {
        let side = json!({"rounds": [{"a": 3.0}, {}, {"a": 1.0}, {"a": 2.0}]});
        assert_eq!(median(&side, "/a"), Some(2.0));
        assert_eq!(median(&side, "/b"), None);
    }

    #[test]
    fn ours_is_so_many_times_better() {
        let side = |name: &str, memory: f64, rate: f64| json!({"name": name, "rounds": [{"memory_mb": memory, "capacity": {"per_second": rate}}]});
        let text = table(&json!({"sides": [side("ours", 20.0, 300.0), side("reference", 200.0, 100.0)]}));
        assert!(text.contains("| memory after the loads, MB | 20.00 | 200 | 10.0 |"), "{text}");
        assert!(text.contains("| capacity: workflows per second | 300 | 100 | 3.0 |"), "{text}");
        assert!(!text.contains("signals"), "{text}");
    }
}
