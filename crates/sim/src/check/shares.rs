//! A queue that is shared by weight: as long as everybody has something to do, nobody gets more or less than the share
//! that is due, but for a task or two.

use crate::book::Book;

/// The keys, their weights and the number of their tasks, which is in proportion.
pub(crate) const SHARES: [(&str, u32, u32); 3] = [("a", 1, 6), ("b", 2, 12), ("c", 4, 24)];

/// How many tasks anybody may be ahead or behind.
const BOUND: f64 = 2.0;

/// Checks the order in which tasks were handed out.
pub(super) fn check(book: &Book, broken: &mut Vec<String>) {
    let weights: u32 = SHARES.iter().map(|(_, weight, _)| weight).sum();
    let mut counts = SHARES.map(|_| 0_u32);
    for (number, key) in book.shares.iter().enumerate() {
        if SHARES.iter().zip(counts).any(|((_, _, tasks), count)| count >= *tasks) {
            return;
        }
        for ((name, ..), count) in SHARES.iter().zip(&mut counts) {
            *count += u32::from(name == key);
        }
        for ((name, weight, _), count) in SHARES.iter().zip(counts) {
            let due = (number + 1) as f64 * f64::from(*weight) / f64::from(weights);
            if (f64::from(count) - due).abs() > BOUND {
                broken.push(format!(
                    "of {} tasks {name} got {count} where {due:.1} were due: {:?}",
                    number + 1,
                    book.shares
                ));
                return;
            }
        }
    }
}
