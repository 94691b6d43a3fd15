//! Measures lists and counts over many rows: fills a folder through the store, then asks the same questions again and
//! again and prints how long they took, and the memory that the process came to use.
//!
//! `cargo run --release -p longhaul-store-embedded --example visibility [-- FOLDER [ROWS [ROUNDS]]]`
//!
//! A folder that has rows already is measured as it is. The last line is a JSON object: the median and the 99th percentile
//! of each question in milliseconds, and the memory.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::{
    env,
    error::Error,
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use longhaul_kernel::{
    ids::Kind,
    time::Timestamp,
    visibility::{Query, Row, Value},
};
use longhaul_store::{
    ListCursor, Store, VisibilityWrite, Write,
    conformance::{
        sample::{NAMESPACE, attributes, noise, own, run, start},
        wait,
    },
};
use longhaul_store_embedded::{EmbeddedStore, Options};

/// Writes of one commit while the folder is filled.
const COMMIT: u64 = 2_000;

/// Rows of a page.
const PAGE: usize = 1_000;

/// One row of many: a tenth is open, every hundredth customer has a custom attribute of each type.
fn row(n: u64, rows: u64) -> Row {
    let keyword = |text: String| Value::Keyword(text);
    let key = run(&format!("{n:012x}"));
    let start = 1_700_000_000 + n as i64;
    let is_open = n.is_multiple_of(10) && n > rows / 2;
    let status =
        if is_open { "Running" } else { ["Completed", "Failed", "TimedOut"][(n % 50 / 48) as usize] };
    let mut found = vec![
        ("WorkflowType", keyword(format!("type-{}", n % 20))),
        ("TaskQueue", keyword(format!("queue-{}", n % 5))),
        ("ExecutionStatus", keyword(status.to_owned())),
        ("RootWorkflowId", keyword(key.execution.id.to_string())),
        ("ExecutionTime", Value::Datetime(Timestamp::from_secs(start))),
    ];
    if n.is_multiple_of(4) {
        found.push(("Customer", keyword(format!("customer-{}", n / 4 % 10_000))));
        found.push(("Amount", Value::Int((n * 7919 % 100_000) as i64)));
    }
    if n.is_multiple_of(100) {
        found.push(("Tags", Value::KeywordList(vec!["rare".into(), format!("tag-{}", n % 700)])));
        found.push(("Due", Value::Datetime(Timestamp::from_secs(start + 86_400))));
    }
    Row {
        start_time: Timestamp::from_secs(start),
        close_time: (!is_open).then(|| Timestamp::from_secs(start + (n % 600) as i64)),
        attributes: found.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        info: noise(n, 300),
        run: key,
    }
}

fn fill(store: &Arc<dyn Store>, rows: u64) -> Result<(), Box<dyn Error>> {
    let fence = own(store);
    let begun = Instant::now();
    for from in (0..rows).step_by(COMMIT as usize) {
        let writes = (from..rows.min(from + COMMIT)).map(|n| {
            let row = row(n, rows);
            Write { visibility: VisibilityWrite::Put(Box::new(row.clone())), ..start(&row.run) }
        });
        wait(store.commit(fence, writes.collect()))?;
    }
    println!("{rows} rows written in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

fn percentile(took: &[Duration], percent: usize) -> f64 {
    took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1e3
}

fn resident_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or_default()
        / 1024
}

/// What was found, as the fields of a JSON object.
type Figures = Vec<String>;

/// Asks `rounds` times and prints a line of a table.
fn measure(
    figures: &mut Figures,
    what: &str,
    rounds: usize,
    mut ask: impl FnMut(usize) -> Result<u64, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut took = Vec::with_capacity(rounds);
    let mut found = 0;
    for round in 0..rounds {
        let begun = Instant::now();
        found = ask(round)?;
        took.push(begun.elapsed());
    }
    took.sort();
    let (p50, p99) = (percentile(&took, 50), percentile(&took, 99));
    println!("| {what} | {found} | {p50:.2} | {p99:.2} |");
    figures.push(format!("\"{what}\": {{\"p50\": {p50:.3}, \"p99\": {p99:.3}}}"));
    Ok(())
}

fn parsed(text: &str) -> Result<Arc<Query>, String> {
    Query::parse(text, &attributes()).map(Arc::new).map_err(|refusal| format!("{refusal:?}"))
}

fn counts(store: &Arc<dyn Store>, figures: &mut Figures, rounds: usize) -> Result<(), Box<dyn Error>> {
    let count = |text: &str| -> Result<u64, Box<dyn Error>> {
        let query = parsed(text)?;
        let group = query.group_by().map(|group| group.0.name.clone());
        Ok(wait(store.count(NAMESPACE, Kind::Workflow, query, group))?.iter().map(|(_, rows)| rows).sum())
    };
    let few = rounds.div_ceil(20);
    measure(figures, "count of one customer", rounds, |round| {
        count(&format!("Customer = 'customer-{round}'"))
    })?;
    measure(figures, "count of failed ones", few, |_| {
        count("ExecutionStatus = 'TimedOut' OR ExecutionStatus = 'Failed'")
    })?;
    measure(figures, "count of all", few, |_| count(""))?;
    measure(figures, "count of all by status", few, |_| count("GROUP BY ExecutionStatus"))?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder: PathBuf =
        arguments.next().map_or_else(|| env::temp_dir().join("longhaul-visibility"), Into::into);
    let rows: u64 = arguments.next().map_or(Ok(1_000_000), |rows| rows.parse())?;
    let rounds: usize = arguments.next().map_or(Ok(100), |rounds| rounds.parse())?;
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&folder, Options::default())?);
    let everything = Arc::new(Query::everything());
    if wait(store.list(NAMESPACE, Kind::Workflow, everything.clone(), None, 1))?.is_empty() {
        fill(&store, rows)?;
    }
    let list = |text: &str| -> Result<u64, Box<dyn Error>> {
        Ok(wait(store.list(NAMESPACE, Kind::Workflow, parsed(text)?, None, PAGE))?.len() as u64)
    };
    let mut figures = Figures::new();
    println!("| question | rows | p50, ms | p99, ms |\n| --- | ---: | ---: | ---: |");
    measure(&mut figures, "the first page of all", rounds, |_| list(""))?;
    let mut after: Option<ListCursor> = None;
    measure(&mut figures, "the pages behind it", rounds, |_| {
        let page = wait(store.list(NAMESPACE, Kind::Workflow, everything.clone(), after.take(), PAGE))?;
        after = page.last().map(|last| ListCursor::of(&everything, last));
        Ok(page.len() as u64)
    })?;
    let nth = |round: usize| round as u64 * 7919 % rows;
    measure(&mut figures, "one workflow id", rounds, |round| {
        list(&format!("WorkflowId = '{:012x}'", nth(round)))
    })?;
    measure(&mut figures, "one run id", rounds, |round| {
        list(&format!("RunId = '{}'", run(&format!("{:012x}", nth(round))).run))
    })?;
    measure(&mut figures, "one customer", rounds, |round| {
        list(&format!("Customer = 'customer-{}'", round * 13 % 10_000))
    })?;
    measure(&mut figures, "one customer of one type, failed", rounds, |round| {
        list(&format!(
            "Customer = 'customer-{}' AND WorkflowType = 'type-0' AND ExecutionStatus = 'Failed'",
            round
        ))
    })?;
    measure(&mut figures, "a prefix of ids", rounds, |round| {
        list(&format!("WorkflowId STARTS_WITH '{:010x}'", nth(round) >> 8))
    })?;
    measure(&mut figures, "an hour of starts", rounds, |round| {
        let from = (1_700_000_000 + nth(round)) * 1_000_000_000;
        list(&format!("StartTime BETWEEN {from} AND {}", from + 100_000_000_000))
    })?;
    measure(&mut figures, "a range of amounts", rounds, |round| {
        list(&format!("Amount BETWEEN {} AND {}", round * 100, round * 100 + 9))
    })?;
    measure(&mut figures, "two elements of a list", rounds, |_| {
        list("Tags = 'tag-100' OR Tags = 'tag-200'")
    })?;
    measure(&mut figures, "running ones of one type", rounds, |_| {
        list("ExecutionStatus = 'Running' AND WorkflowType = 'type-10'")
    })?;
    measure(&mut figures, "the largest amounts", rounds, |_| list("ORDER BY Amount DESC"))?;
    measure(&mut figures, "the oldest of one queue", rounds, |_| {
        list("TaskQueue = 'queue-1' ORDER BY StartTime")
    })?;
    counts(&store, &mut figures, rounds)?;
    println!("\nmost memory used: {} MB\n", resident_mb());
    println!("{{{}, \"memory_mb\": {}}}", figures.join(", "), resident_mb());
    Ok(())
}
