//! Rates at which syncs keep their distance, and at which they do not.
#![allow(
    clippy::disallowed_methods,
    reason = "an instant can't be made from nothing; only distances between them count"
)]

use super::*;

const DISTANCE: Duration = Duration::from_millis(2);

/// Whether groups of `commits`, so many a second, are held back after half a second.
fn is_held(pace: &mut Pace, at: &mut Instant, commits: usize, groups_per_second: u32) -> bool {
    for _ in 0..groups_per_second / 2 {
        *at += Duration::from_secs(1) / groups_per_second;
        pace.begins(*at, commits);
    }
    pace.pause(*at).is_some()
}

#[test]
fn thick_commits_are_held_back_and_rare_ones_are_not() {
    let (mut pace, mut at) = (Pace::new(DISTANCE), Instant::now());
    assert_eq!(pace.pause(at), None);
    assert!(!is_held(&mut pace, &mut at, 1, 1700));
    assert!(is_held(&mut pace, &mut at, 2, 1700));
    assert!(is_held(&mut pace, &mut at, 7, 480), "the same commits in fewer groups");
    assert!(is_held(&mut pace, &mut at, 5, 480), "somewhat fewer");
    assert!(!is_held(&mut pace, &mut at, 4, 450), "half the load");
    assert!(!is_held(&mut pace, &mut at, 1, 1700), "the same in single groups");
}

#[test]
fn groups_begin_a_distance_apart() {
    let (mut pace, mut at) = (Pace::new(DISTANCE), Instant::now());
    is_held(&mut pace, &mut at, 20, 500);
    assert_eq!(pace.pause(at), Some(DISTANCE));
    assert_eq!(pace.pause(at + DISTANCE / 2), Some(DISTANCE / 2));
    assert_eq!(pace.pause(at + DISTANCE), None);
}

#[test]
fn after_a_rest_nothing_is_held_back() {
    let (mut pace, mut at) = (Pace::new(DISTANCE), Instant::now());
    is_held(&mut pace, &mut at, 20, 500);
    pace.begins(at + Duration::from_secs(1), 1);
    assert_eq!(pace.pause(at + Duration::from_secs(1)), None);
}

#[test]
fn without_a_distance_nothing_is_held_back() {
    let (mut pace, mut at) = (Pace::new(Duration::ZERO), Instant::now());
    assert!(!is_held(&mut pace, &mut at, 20, 500));
}

#[test]
fn one_who_is_quick_is_not_taken_for_a_crowd() {
    let (mut pace, mut at) = (Pace::new(DISTANCE), Instant::now());
    let mut held = 0;
    for _ in 0..1000 {
        at += Duration::from_micros(250);
        held += u32::from(pace.pause(at).is_some());
        pace.begins(at, 1);
    }
    assert_eq!(held, ALONE_MAX, "of 1000 groups");
}
