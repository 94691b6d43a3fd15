//! Counts of passed and failed tests, read from what suites print.

use std::{fmt, ops::AddAssign};

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed; a suite that broke off counts as one.
    pub failed: usize,
}

impl Tally {
    /// One failure: a suite that did not reach its end.
    pub const BROKEN: Self = Self { passed: 0, failed: 1 };

    /// Reads a suite's last line, `N passed, N failed`.
    pub fn of_suite(line: &str) -> Option<Self> {
        let (passed, failed) = line.trim().split_once(", ")?;
        Some(Self { passed: count(passed, "passed")?, failed: count(failed, "failed")? })
    }

    /// Reads cargo's `test result: ok. N passed; N failed; ...`.
    pub fn of_cargo(line: &str) -> Option<Self> {
        let (_, counts) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
        let mut parts = counts.split("; ");
        Some(Self { passed: count(parts.next()?, "passed")?, failed: count(parts.next()?, "failed")? })
    }
}

fn count(part: &str, noun: &str) -> Option<usize> {
    part.strip_suffix(noun)?.trim().parse().ok()
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn a_suite_ends_with_its_counts() {
        assert_eq!(Tally::of_suite("12 passed, 3 failed\n"), Some(Tally { passed: 12, failed: 3 }));
        assert_eq!(Tally::of_suite("12 passed"), None);
        assert_eq!(Tally::of_suite("all 12 passed, 3 failed"), None);
        assert_eq!(Tally::of_suite("12 passed, 3 failed, 1 skipped"), None);
    }

    #[test]
    fn cargo_prints_one_line_per_test_program() {
        let line =
            "test result: FAILED. 8 passed; 2 failed; 0 ignored; 0 measured; 1 filtered out; finished in 1s";
        assert_eq!(Tally::of_cargo(line), Some(Tally { passed: 8, failed: 2 }));
        assert_eq!(Tally::of_cargo("test ids::tests::slots ... ok"), None);
    }
}
