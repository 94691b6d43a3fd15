//! Asking `history` to record that a task starts, and what its answer means for the task.

use std::{sync::Arc, time::Duration};

use longhaul_proto::Refusal;
use longhaul_runtime::{
    Host,
    peers::{Ask, Caller, History, HistoryAnswer, HistoryCall, PeerError},
};

use crate::lease::Lease;

/// Waits between attempts to reach a history that is busy, before the poll turns to another task.
const RETRIES: [Duration; 3] =
    [Duration::from_millis(10), Duration::from_millis(40), Duration::from_millis(160)];

/// How long a task is kept from other polls whose run could not be reached.
const DEFER: Duration = Duration::from_secs(1);

/// Asks, and again if history is busy. Repeating is harmless, as `request` makes the same request with the same id.
pub(crate) async fn ask<R>(
    host: &Host,
    history: &Arc<dyn History>,
    caller: &Caller,
    request: impl Fn() -> R,
) -> Result<R::Answer, PeerError>
where
    R: Ask<HistoryCall, HistoryAnswer>,
{
    for wait in RETRIES {
        match history.ask(caller.clone(), request()).await {
            Err(error) if is_passing(&error) => host.clock.sleep(wait).await,
            settled => return settled,
        }
    }
    history.ask(caller.clone(), request()).await
}

/// Settles a task whose start was not recorded: deferred if the trouble passes, else dropped.
pub(crate) fn settle(host: &Host, lease: Lease, error: &PeerError) {
    if is_passing(error) {
        let clock = host.clock;
        host.tasks.spawn("matching retry", async move {
            clock.sleep(DEFER).await;
            drop(lease);
        });
        return;
    }
    let is_over = matches!(error, PeerError::Refused(refusal) if matches!(**refusal, Refusal::NotFound(_)));
    if !is_over {
        tracing::warn!(run = %lease.task().run, %error, "task dropped");
    }
    lease.stale();
}

/// Whether asking again may help.
pub(crate) fn is_passing(error: &PeerError) -> bool {
    match error {
        PeerError::Busy(_) | PeerError::Lost(_) | PeerError::Unknown(_) => true,
        PeerError::Refused(refusal) => matches!(
            **refusal,
            Refusal::Unavailable(_)
                | Refusal::ResourceExhausted { .. }
                | Refusal::Aborted(_)
                | Refusal::DeadlineExceeded(_)
                | Refusal::Canceled(_)
        ),
        PeerError::Corrupt(_) | PeerError::Quarantined(_) => false,
    }
}
