//! What every Rust file begins with, and what none may contain.

use super::{Source, scrub::scrub};

/// Code that says "not yet" or "not today"; comments and strings may speak of it.
const FORBIDDEN: [(&str, &str); 2] =
    [("todo!(", "finish it or leave it out"), ("#[ignore", "a test that does not run does not test")];

/// Complaints about a missing header and about forbidden code.
pub fn check(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    if !source.text.starts_with("//!") {
        found.push(format!("{}:1: opens without a `//!` paragraph that says what lives here", source.path));
    }
    let code = scrub(&source.text);
    for (number, line) in code.lines().enumerate() {
        for (word, reason) in FORBIDDEN.iter().filter(|(word, _)| line.contains(word)) {
            found.push(format!("{}:{}: {word} is forbidden: {reason}", source.path, number + 1));
        }
    }
    found
}
