//! What a run decides, case by case: scripts of inputs beside the transcript they lead to. The language of the scripts
//! is in `script.rs`, that of the commands in `commands.rs`, and what a transcript shows in `transcript.rs`.

mod beginning;
mod commands;
mod operators;
mod script;
mod transcript;
mod words;

mod activity_cancel;
mod activity_ends;
mod activity_operators;
mod activity_timeouts;
mod attaching;
mod bad_commands;
mod buffering;
mod builds;
mod chains;
mod children;
mod closing;
mod external;
mod heartbeats;
mod limits;
mod nexus;
mod properties;
mod rules;
mod signals;
mod starts;
mod time_skipping;
mod timers;
mod updates;
mod versions;
mod wakes;
mod workflow_tasks;

use expect_test::Expect;

/// Plays `script` and compares its transcript. What comes before a line of dashes is played and not shown.
#[track_caller]
fn check(script: &str, expect: Expect) {
    expect.assert_eq(&script::transcript(script));
}
