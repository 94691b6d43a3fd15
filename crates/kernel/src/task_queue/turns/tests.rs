//! Shares are as the weights say, at every moment and whoever comes and goes.

use proptest::prelude::*;

use super::*;

/// Serves `count` tasks; how many of each key.
fn serve(turns: &mut Turns, weights: &BTreeMap<Arc<str>, Weight>, count: usize) -> BTreeMap<Arc<str>, usize> {
    let mut served = BTreeMap::new();
    for _ in 0..count {
        let key = turns.next().expect("every key waits").clone();
        turns.serve(&key, weights[&key]);
        *served.entry(key).or_default() += 1;
    }
    served
}

fn weighed(weights: impl IntoIterator<Item = f32>) -> BTreeMap<Arc<str>, Weight> {
    let named = |(number, weight): (usize, f32)| (format!("k{number}").into(), Weight::new(weight));
    weights.into_iter().enumerate().map(named).collect()
}

#[test]
fn ten_keys_of_weights_one_to_ten_get_their_shares_in_every_thousand() {
    let weights = weighed((1..=10).map(|weight| weight as f32));
    let mut turns = Turns::default();
    weights.iter().for_each(|(key, weight)| turns.wait(key, *weight));
    for thousand in 0..10 {
        for (key, count) in serve(&mut turns, &weights, 1000) {
            let due = 1000.0 * weights[&key].get() / 55.0;
            let off = (count as f32 - due).abs() / due;
            assert!(off <= 0.05, "{key} got {count} of {due} in thousand {thousand}");
        }
    }
}

#[test]
fn who_goes_away_and_comes_back_gains_nothing() {
    let weights = weighed([1.0, 1.0]);
    let [steady, fickle]: [Arc<str>; 2] = ["k0".into(), "k1".into()];
    let mut turns = Turns::default();
    turns.wait(&steady, weights[&steady]);
    let mut gained = 0;
    for _ in 0..100 {
        turns.wait(&fickle, weights[&fickle]);
        let key = turns.next().unwrap().clone();
        turns.serve(&key, weights[&key]);
        gained += usize::from(key == fickle);
        turns.leave(&fickle);
    }
    assert!((49..=51).contains(&gained), "{gained}");
}

#[test]
fn keys_that_were_served_long_ago_are_forgotten() {
    let mut turns = Turns::default();
    for number in 0..10_000 {
        let key: Arc<str> = format!("k{number}").into();
        turns.wait(&key, Weight::DEFAULT);
        turns.serve(&key, Weight::DEFAULT);
        turns.leave(&key);
    }
    assert!(turns.keys.len() <= 2 * SLACK, "{}", turns.keys.len());
}

proptest! {
    /// Keys that wait all the time never get more or less than their share, but for one task.
    #[test]
    fn shares_are_exact_but_for_one_task(raw in prop::collection::vec(0.01_f32..100.0, 1..12), count in 1_usize..2000) {
        let weights = weighed(raw);
        let sum: f64 = weights.values().map(|weight| f64::from(weight.get())).sum();
        let mut turns = Turns::default();
        weights.iter().for_each(|(key, weight)| turns.wait(key, *weight));
        let served = serve(&mut turns, &weights, count);
        let keys = weights.len() as f64;
        for (key, weight) in &weights {
            let due = count as f64 * f64::from(weight.get()) / sum;
            let got = served.get(key).copied().unwrap_or_default() as f64;
            // Others' rounding moves the share of a heavy key by at most half a task for each of them.
            let slack = 1.0 + keys * f64::from(weight.get()) / sum;
            prop_assert!((got - due).abs() <= slack, "{key}: {got} of {due}");
        }
    }

    /// What is taken back leaves no trace.
    #[test]
    fn taking_back_is_the_inverse_of_serving(weight in 0.001_f32..1000.0, other in 0.001_f32..1000.0) {
        let weights = weighed([weight, other]);
        let mut turns = Turns::default();
        weights.iter().for_each(|(key, weight)| turns.wait(key, *weight));
        let before: Vec<_> = turns.waiting.iter().cloned().collect();
        let key = turns.next().unwrap().clone();
        turns.serve(&key, weights[&key]);
        turns.take_back(&key, weights[&key]);
        prop_assert_eq!(before, turns.waiting.iter().cloned().collect::<Vec<_>>());
    }

    /// Nobody waits for ever: a key is served before the others had their shares twice over.
    #[test]
    fn nobody_starves(raw in prop::collection::vec(0.1_f32..10.0, 2..8)) {
        let weights = weighed(raw);
        let lightest = weights.values().map(|weight| weight.get()).fold(f32::MAX, f32::min);
        let sum: f32 = weights.values().map(|weight| weight.get()).sum();
        let mut turns = Turns::default();
        weights.iter().for_each(|(key, weight)| turns.wait(key, *weight));
        let served = serve(&mut turns, &weights, (2.0 * sum / lightest).ceil() as usize + weights.len());
        prop_assert_eq!(served.len(), weights.len());
    }
}
