//! `cargo xtask capacity`: what machines carry, computed from what the bench and a profile have measured.
//!
//! The tables of `docs/guide/capacity.md` stand between marks there; this command writes them anew. Its only inputs are
//! `docs/reference/performance.json` (cargo xtask bench) and `docs/reference/profile.json` (tests/load/cpu_shares.py).

mod model;
mod queue;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{bench, host};
use model::Costs;

/// Where the figures come from.
#[derive(clap::Args)]
pub struct Options {
    /// Figures of the bench instead of docs/reference/performance.json
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Prints the tables, and puts them into the page.
pub fn run(options: &Options) -> Result<()> {
    let figures = read(&options.json.clone().unwrap_or_else(bench::recorded))?;
    let profile = read(&host::root().join("docs/reference/profile.json"))?;
    let costs = Costs::of(&figures, &profile)?;
    let tables = [
        ("inputs", costs.inputs()),
        ("components", costs.components()),
        ("nodes", costs.nodes()),
        ("database", costs.database()),
        ("million", costs.million()),
        ("group commit", queue::table(&figures, &costs)?),
    ];
    let path = host::root().join("docs/guide/capacity.md");
    let mut page = fs::read_to_string(&path).context("read docs/guide/capacity.md")?;
    for (name, table) in tables {
        println!("{name}\n\n{table}");
        page = replaced(&page, name, &table).with_context(|| format!("the page has no place for {name}"))?;
    }
    if options.json.is_none() && !host::is_ci() {
        fs::write(path, page)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// The page with what stands between the marks of `name` replaced.
fn replaced(page: &str, name: &str, table: &str) -> Option<String> {
    let (head, rest) = page.split_once(&format!("<!-- {name} -->\n"))?;
    let (_, tail) = rest.split_once("<!-- end -->")?;
    Some(format!("{head}<!-- {name} -->\n{table}<!-- end -->{tail}"))
}

/// A table in Markdown; the first column is text and the others are numbers.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n| --- |{}\n", head.join(" | "), " ---: |".repeat(head.len() - 1));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// A number with three digits that matter and commas.
fn number(value: f64) -> String {
    if value < 10.0 {
        return format!("{value:.2}");
    }
    let unit = 10f64.powf((value.log10().floor() - 2.0).max(0.0));
    let digits = format!("{:.0}", (value / unit).round() * unit);
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{number, replaced};

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = "a\n<!-- x -->\nold\n<!-- end -->\nb\n<!-- y -->\nkept\n<!-- end -->\n";
        let new = replaced(page, "x", "new\n").expect("the mark is there");
        assert_eq!(new, page.replace("old", "new"));
        assert_eq!(replaced(page, "z", "new\n"), None);
    }

    #[test]
    fn numbers_show_what_matters() {
        assert_eq!(number(1.234), "1.23");
        assert_eq!(number(999.6), "1,000");
        assert_eq!(number(1_234_567.0), "1,230,000");
        assert_eq!(number(45.6), "46");
    }
}
