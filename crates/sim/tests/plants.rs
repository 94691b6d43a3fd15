//! Faults that are planted on purpose: each has to be noticed, by the check that is meant for it.

use longhaul_sim::{Plant, simulate};

/// Seeds within which a planted fault has to be noticed.
const SEEDS: u64 = 60;

/// Plants a fault and says in which seed it was noticed, by one of these words.
fn is_noticed(plant: Plant, words: &[&str]) {
    for seed in 1..=SEEDS {
        let outcome = simulate(seed, Some(plant));
        let noticed = outcome.broken.iter().find(|broken| words.iter().any(|word| broken.contains(word)));
        if let Some(broken) = noticed {
            println!("{plant:?} is noticed in seed {seed}: {broken}");
            return;
        }
    }
    panic!("{plant:?} is not noticed within {SEEDS} seeds");
}

#[test]
fn a_reply_before_the_commit_is_noticed() {
    let words = ["got lost", "does not exist", "acknowledged and", "is not in it"];
    is_noticed(Plant::ReplyBeforeCommit, &words);
}

#[test]
fn an_update_answered_before_its_acceptance_is_durable_is_noticed() {
    is_noticed(Plant::UpdateAnsweredEarly, &["was acknowledged before it was durable"]);
}

#[test]
fn a_skipped_fence_check_is_noticed() {
    is_noticed(Plant::SkippedFence, &["a stale owner committed"]);
}

#[test]
fn a_dropped_outbox_row_is_noticed() {
    is_noticed(Plant::DroppedOutboxRow, &["never ends"]);
}

#[test]
fn a_lost_wake_is_noticed() {
    is_noticed(Plant::LostWake, &["late", "was lost", "never ends"]);
}

#[test]
fn an_early_timer_is_noticed() {
    is_noticed(Plant::EarlyTimer, &["early"]);
}

#[test]
fn a_double_dispatch_is_noticed() {
    is_noticed(Plant::DoubleDispatch, &["was handed out"]);
}

#[test]
fn a_lost_buffered_event_is_noticed() {
    is_noticed(Plant::LostBufferedEvent, &["got lost", "never ends", "acknowledged and happened 0 times"]);
}

#[test]
fn an_accepted_stale_token_is_noticed() {
    is_noticed(Plant::StaleToken, &["with the result of attempt"]);
}

#[test]
fn a_dropped_batch_of_history_is_noticed() {
    is_noticed(Plant::DroppedHistory, &["follows event"]);
}

#[test]
fn a_forgotten_row_is_noticed() {
    is_noticed(Plant::ForgottenRow, &["is listed as"]);
}

#[test]
fn a_repetition_under_another_request_id_is_noticed() {
    is_noticed(Plant::StrippedRequestId, &["received signal"]);
}

#[test]
fn a_forgotten_current_run_is_noticed() {
    is_noticed(Plant::ForgottenCurrent, &["are open"]);
}

#[test]
fn a_dropped_callback_is_noticed() {
    is_noticed(Plant::DroppedCallback, &["was never told its end"]);
}

#[test]
fn a_lost_action_of_a_schedule_is_noticed() {
    is_noticed(Plant::LostAction, &["actions and started"]);
}

#[test]
fn a_signal_that_a_reset_alters_is_noticed() {
    is_noticed(Plant::AlteredReapply, &["was told 0 times"]);
}

#[test]
fn a_confusion_of_versions_is_noticed() {
    is_noticed(Plant::ConfusedVersion, &["is pinned to version", "went back from version"]);
}

#[test]
fn tasks_without_their_keys_are_noticed() {
    is_noticed(Plant::UnfairKeys, &["were due"]);
}
