//! Cases of the black-box suites that wait for a feature: `tests/pending.txt` names each with the reason.
//!
//! A pending case may fail, and is counted apart. One that succeeds is an error, so that the list can only shrink.

use std::{cell::RefCell, collections::BTreeMap, fs};

use crate::{host, tally::Tally};

/// The pending cases of one suite, and what was seen of them.
#[derive(Default)]
pub struct Pending {
    cases: BTreeMap<String, String>,
    seen: RefCell<Seen>,
}

#[derive(Default)]
struct Seen {
    failed: Vec<String>,
    succeeded: Vec<String>,
}

impl Pending {
    /// The pending cases of `suite`.
    pub fn of(suite: &str) -> Self {
        let text = fs::read_to_string(host::root().join("tests/pending.txt")).unwrap_or_default();
        Self { cases: parse(&text, suite), seen: RefCell::default() }
    }

    /// Looks at a line that the suite printed.
    pub fn look(&self, line: &str) {
        let mut seen = self.seen.borrow_mut();
        let failed = line.strip_prefix("FAILED ").or_else(|| line.strip_prefix("short: "));
        if let Some(rest) = failed {
            let name = rest.split(": ").next().unwrap_or(rest).trim();
            if self.cases.contains_key(name) && !seen.failed.iter().any(|known| known == name) {
                seen.failed.push(name.to_owned());
            }
        } else if let Some(rest) = line.strip_prefix("ok ") {
            let name = rest.rsplit_once(" (").map_or(rest, |(name, _)| name).trim();
            if self.cases.contains_key(name) {
                seen.succeeded.push(name.to_owned());
            }
        }
    }

    /// The suite's count without the failures that are expected, and with those that are missing.
    pub fn settle(&self, mut tally: Tally) -> Tally {
        let seen = self.seen.borrow();
        tally.failed = tally.failed.saturating_sub(seen.failed.len());
        for name in &seen.failed {
            println!("pending: {name}: {}", self.cases[name]);
        }
        for name in &seen.succeeded {
            println!("no longer pending, take it out of tests/pending.txt: {name}");
            tally.failed += 1;
        }
        tally
    }
}

/// Lines `suite | case | reason`; `#` begins a comment.
fn parse(text: &str, suite: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut parts = line.split(" | ").map(str::trim);
            let (of, case, reason) = (parts.next()?, parts.next()?, parts.next()?);
            (of == suite).then(|| (case.to_owned(), reason.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Pending, parse};
    use crate::tally::Tally;

    fn pending() -> Pending {
        let cases = parse("# why\nsdk go | schedules | later\nsdk java | other | later\n", "sdk go");
        Pending { cases, ..Pending::default() }
    }

    #[test]
    fn a_pending_case_may_fail() {
        let pending = pending();
        pending.look("FAILED schedules: not supported");
        pending.look("FAILED other: not of this suite");
        assert_eq!(pending.settle(Tally { passed: 3, failed: 2 }), Tally { passed: 3, failed: 1 });
    }

    #[test]
    fn a_pending_case_that_succeeds_is_told() {
        let pending = pending();
        pending.look("ok schedules (12 ms)");
        assert_eq!(pending.settle(Tally { passed: 3, failed: 0 }), Tally { passed: 3, failed: 1 });
    }
}
