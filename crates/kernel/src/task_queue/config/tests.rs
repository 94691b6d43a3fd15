//! What updates make of a configuration, and which are refused.

use longhaul_proto::api::taskqueue::v1::RateLimit;

use super::*;
use crate::codec;

fn rate(per_second: Option<f32>) -> Option<RateLimitUpdate> {
    let rate_limit = per_second.map(|requests_per_second| RateLimit { requests_per_second });
    Some(RateLimitUpdate { rate_limit, reason: "why".into() })
}

fn request() -> UpdateTaskQueueConfigRequest {
    UpdateTaskQueueConfigRequest {
        task_queue: "q".into(),
        task_queue_type: TaskQueueType::Activity as i32,
        identity: "me".into(),
        ..Default::default()
    }
}

fn weights<const N: usize>(weights: [(&str, f32); N]) -> BTreeMap<String, f32> {
    weights.into_iter().map(|(key, weight)| (key.to_owned(), weight)).collect()
}

#[test]
fn a_rate_is_set_and_taken_back_and_what_is_not_said_stays() {
    let at = Timestamp::from_secs(7);
    let set = UpdateTaskQueueConfigRequest {
        update_queue_rate_limit: rate(Some(5.0)),
        update_fairness_key_rate_limit_default: rate(Some(2.0)),
        set_fairness_weight_overrides: weights([("a", 3.0), ("b", 0.5)]),
        ..request()
    };
    let config = Config::default().updated(&set, at).unwrap();
    assert_eq!((config.queue_rate(), config.key_rate()), (Some(5.0), Some(2.0)));
    assert_eq!((config.weight("a", 9.0).get(), config.weight("c", 9.0).get()), (3.0, 9.0));
    assert_eq!(codec::decode::<Config>(&codec::encode(&config)).unwrap(), config);
    let taken_back = UpdateTaskQueueConfigRequest {
        update_queue_rate_limit: rate(None),
        unset_fairness_weight_overrides: vec!["a".into(), "none".into()],
        ..request()
    };
    let config = config.updated(&taken_back, at).unwrap();
    assert_eq!((config.queue_rate(), config.key_rate()), (None, Some(2.0)));
    assert!(config.queue_rate.is_some(), "who took it back is told");
    assert_eq!(config.weights, weights([("b", 0.5)]));
}

#[test]
fn a_queue_has_a_thousand_weights_at_most() {
    let many = (0..1000).map(|number| (format!("k{number}"), 1.0)).collect();
    let full = UpdateTaskQueueConfigRequest { set_fairness_weight_overrides: many, ..request() };
    let config = Config::default().updated(&full, Timestamp(0)).unwrap();
    let one_more =
        UpdateTaskQueueConfigRequest { set_fairness_weight_overrides: weights([("x", 1.0)]), ..request() };
    assert!(config.updated(&one_more, Timestamp(0)).is_err());
    let in_place =
        UpdateTaskQueueConfigRequest { unset_fairness_weight_overrides: vec!["k0".into()], ..one_more };
    assert_eq!(config.updated(&in_place, Timestamp(0)).unwrap().weights.len(), 1000);
}

#[test]
fn what_is_no_number_counts_as_unsaid() {
    let set = UpdateTaskQueueConfigRequest {
        update_queue_rate_limit: rate(Some(f32::NAN)),
        set_fairness_weight_overrides: weights([("a", f32::NAN), ("b", f32::INFINITY)]),
        ..request()
    };
    let config = Config::default().updated(&set, Timestamp(0)).unwrap();
    assert_eq!(config.queue_rate(), None);
    assert_eq!((config.weight("a", 1.0).get(), config.weight("b", 1.0).get()), (1.0, 1000.0));
}

#[test]
fn rates_of_workflow_queues_and_senseless_ones_are_refused() {
    let workflow = TaskQueueType::Workflow as i32;
    for (refused, text) in [
        (
            UpdateTaskQueueConfigRequest {
                task_queue_type: workflow,
                update_queue_rate_limit: rate(Some(1.0)),
                ..request()
            },
            "Setting rate limit on workflow task queues is not allowed.",
        ),
        (
            UpdateTaskQueueConfigRequest { update_queue_rate_limit: rate(Some(-1.0)), ..request() },
            "RequestsPerSecond for UpdateQueueRateLimit rate limit must be non-negative.",
        ),
        (
            UpdateTaskQueueConfigRequest {
                set_fairness_weight_overrides: weights([("a", 0.0)]),
                ..request()
            },
            "invalid fairness weight weight for key \"a\": must be greater than zero",
        ),
    ] {
        assert_eq!(check(&refused, 1000), Err(Refusal::invalid(text)));
    }
    let unset = UpdateTaskQueueConfigRequest {
        task_queue_type: workflow,
        update_queue_rate_limit: rate(None),
        ..request()
    };
    assert_eq!(check(&unset, 1000), Ok(()));
}
