//! Figures as text: the rows beside their goals, and the page in `docs/reference`.

use std::fmt::Write as _;

use serde_json::Value;

/// What a page of a short bench says of it.
const SHORT: &str = "\nThis was a short bench (`--short`): a fifth of the calls, so that the highest percentiles rest on few.\n";

/// What a page says of sides that were measured one after the other (`--with`).
const APART: &str =
    "\nThe two were not measured in alternation this time, but one after the other on the same machine.\n";

/// Rows as a table in Markdown.
pub fn table(figures: &Value) -> String {
    let mut text = String::from(
        "\n| Row | Figure | Goal | Ours | Reference | Times better | Met |\n\
         | --- | --- | --- | ---: | ---: | ---: | --- |\n",
    );
    for row in figures["rows"].as_array().into_iter().flatten() {
        if row["ours"].is_null() && row["reference"].is_null() {
            continue;
        }
        let word = |name: &str| row[name].as_str().unwrap_or_default();
        let met = row["met"].as_bool().map_or("-", |met| if met { "met" } else { "**not met**" });
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} | {met} |",
            word("id"),
            word("title"),
            word("goal"),
            spread(&row["ours"]),
            spread(&row["reference"]),
            row["times_better"].as_f64().map_or_else(|| "-".into(), |ratio| format!("{ratio:.1}")),
        );
    }
    text
}

/// The page in `docs/reference`.
pub fn page(figures: &Value) -> String {
    format!(
        "# Performance\n\n\
         Written by `cargo xtask bench`; the same figures and those behind them are in `performance.json`. Both servers\n\
         as they ship, but for limits on requests, which are lifted for both; state on the same disk; the same kind of\n\
         load in alternating rounds, a fresh server in each. A figure is the median of the rounds ({rounds}), and in parentheses\n\
         the least and the most. A one-activity workflow is a start, two workflow tasks, one activity. Client and\n\
         worker share the machine with the server. Open loop: calls have scheduled times, and latencies count from\n\
         them. The reference gets as much load as it takes in about the same time: with ours it would only have a\n\
         backlog. Where the time goes: [profile](../guide/profile.md); what follows for a cluster:\n\
         [capacity](../guide/capacity.md).\n\n{machine}\n{short}{apart}{note}{table}{large}",
        rounds = figures["rounds"],
        machine = machine(figures),
        short = if figures["length"].as_f64().is_some_and(|length| length < 1.0) { SHORT } else { "" },
        apart = if figures["apart"].as_bool().unwrap_or_default() { APART } else { "" },
        note = figures["note"].as_str().map(|note| format!("\n{note}\n")).unwrap_or_default(),
        table = table(figures),
        large = large(figures),
    )
}

fn machine(figures: &Value) -> String {
    let machine = &figures["machine"];
    let word = |name: &str| machine[name].as_str().unwrap_or_default();
    format!(
        "Machine: {}, {} cores, {} GB, Linux {}. Making 4 kB durable took {} ms at\n\
         the end; the load average was {} at the beginning and {} at the end.",
        word("processor"),
        machine["cores"],
        machine["memory_gb"],
        word("kernel"),
        machine["sync_ms"],
        word("load_average_before"),
        word("load_average"),
    )
}

/// What has to be said about the rows of a million runs: how many there really were.
fn large(figures: &Value) -> String {
    let sides = figures["sides"].as_array().into_iter().flatten();
    let measured = sides.flat_map(|side| side["rounds"].as_array().into_iter().flatten());
    let Some(large) = measured.map(|round| &round["large"]).find(|large| !large.is_null()) else {
        return "\nRows of a million runs were not measured this time (`--large`).\n".into();
    };
    let runs = large["runs"].as_f64().unwrap_or_default();
    let extrapolated = if runs < 1e6 {
        " What is said of a million is extrapolated from them: memory and start in proportion, throughput as it was."
    } else {
        ""
    };
    format!("\nRows of a million runs were measured with {runs} runs, once, on ours alone.{extrapolated}\n")
}

/// One result on one line, while a bench is under way.
pub fn line(result: &Value) -> String {
    let shown = [
        ("per second", "/per_second"),
        ("start p50 ms", "/start_ms/p50"),
        ("result p50 ms", "/result_ms/p50"),
        ("result p99 ms", "/result_ms/p99"),
        ("signal p50 ms", "/signal_ms/p50"),
        ("cpu ms each", "/cpu_ms_each"),
        ("cpu %", "/cpu_percent"),
        ("commits each", "/commits_each"),
        ("bytes written each", "/written_bytes_each"),
        ("late to early", "/late_to_early"),
        ("ms", "/ms"),
    ];
    let parts = shown
        .iter()
        .filter_map(|(name, pointer)| Some(format!("{name} {}", show(result.pointer(pointer)?.as_f64()?))));
    parts.collect::<Vec<_>>().join(", ")
}

fn spread(spread: &Value) -> String {
    let number = |name: &str| spread[name].as_f64();
    match (number("median"), number("low"), number("high")) {
        (Some(median), Some(low), Some(high)) if low < high => {
            format!("{} ({}-{})", show(median), show(low), show(high))
        }
        (Some(median), ..) => show(median),
        _ => "-".into(),
    }
}

fn show(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::table;

    #[test]
    fn a_row_shows_its_spread_and_its_verdict() {
        let spread = |median: f64| json!({"median": median, "low": median / 2.0, "high": median * 2.0});
        let row = json!({"id": "cpu", "title": "CPU, ms", "goal": "at most 1", "met": false, "times_better": 10.0,
            "ours": spread(20.0), "reference": spread(200.0)});
        let nothing = json!({"id": "none", "ours": null, "reference": null});
        let text = table(&json!({"rows": [row, nothing]}));
        let line = "| `cpu` | CPU, ms | at most 1 | 20.0 (10.0-40.0) | 200 (100-400) | 10.0 | **not met** |";
        assert!(text.contains(line), "{text}");
        assert!(!text.contains("none"), "{text}");
    }
}
