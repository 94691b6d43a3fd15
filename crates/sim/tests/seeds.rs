//! Seeds that failed once, and a fixed set of small ones.

use longhaul_sim::simulate;

/// Simulates these seeds and fails with everything that was broken.
fn hold(seeds: impl IntoIterator<Item = u64>) {
    let mut broken = Vec::new();
    for seed in seeds {
        let outcome = simulate(seed, None);
        broken.extend(outcome.broken.into_iter().map(|broken| format!("seed {seed}: {broken}")));
    }
    assert!(broken.is_empty(), "{}\nreplay with: cargo xtask sim --seed N", broken.join("\n"));
}

#[test]
fn seeds_that_failed_once_hold() {
    let listed = include_str!("../seeds.txt").lines().filter(|line| !line.starts_with('#'));
    hold(listed.map(|line| {
        let number = line.split_whitespace().next().expect("a line begins with a seed");
        number.parse().expect("a seed is a number")
    }));
}

// In parts, so that they run beside each other.

#[test]
fn fixed_seeds_hold_first_part() {
    hold(1000..1040);
}

#[test]
fn fixed_seeds_hold_second_part() {
    hold(1040..1080);
}

#[test]
fn fixed_seeds_hold_third_part() {
    hold(1080..1120);
}

#[test]
fn fixed_seeds_hold_fourth_part() {
    hold(1120..1160);
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in [3, 6, 8, 62] {
        let (first, second) = (simulate(seed, None), simulate(seed, None));
        let differs = first.trace.iter().zip(&second.trace).find(|(first, second)| first != second);
        assert_eq!(first.hash, second.hash, "seed {seed} tells two stories, from here on: {differs:?}");
    }
}

#[test]
fn different_seeds_give_different_traces() {
    assert_ne!(simulate(1, None).hash, simulate(2, None).hash);
}
