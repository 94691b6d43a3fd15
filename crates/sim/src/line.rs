//! A client's line to the cluster: asks once, or until the answer is beyond doubt.

use std::{sync::Arc, time::Duration};

use longhaul_proto::Refusal;
use longhaul_runtime::peers::{
    Ask, Caller, History, HistoryAnswer, HistoryCall, Matching, MatchingAnswer, MatchingCall, PeerError,
};

use crate::{
    dice::Dice,
    world::{NAMESPACE, NAMESPACE_NAME, SECOND, World},
};

/// What was said in the end.
#[derive(Debug)]
pub(crate) enum Said<T> {
    /// It was done.
    Yes(T),
    /// It was refused, this time; an earlier try may have been done.
    No(Refusal),
    /// Nothing that could be relied upon.
    Unclear,
}

/// A line to the cluster.
#[derive(Clone)]
pub(crate) struct Line {
    /// The world.
    pub(crate) world: Arc<World>,
    /// To the history room of whoever serves.
    pub(crate) history: Arc<dyn History>,
    /// To the matching room of whoever serves.
    pub(crate) matching: Arc<dyn Matching>,
}

impl Line {
    /// A caller that listens for so many seconds.
    pub(crate) fn caller(&self, seconds: i64) -> Caller {
        Caller {
            namespace_id: *NAMESPACE.as_bytes(),
            namespace: NAMESPACE_NAME.into(),
            deadline: Some(self.world.clock.now() + seconds * SECOND),
            client_name: "simulated".into(),
            client_version: "1.0.0".into(),
        }
    }

    /// Asks the history room once.
    pub(crate) async fn ask<R>(&self, seconds: i64, request: R) -> Result<R::Answer, PeerError>
    where
        R: Ask<HistoryCall, HistoryAnswer>,
    {
        let caller = self.caller(seconds);
        tokio::select! {
            biased;
            answer = self.history.ask(caller, request) => answer,
            () = self.world.clock.sleep(duration(seconds)) => Err(PeerError::Unknown("no answer in time".into())),
        }
    }

    /// Asks the matching room once.
    pub(crate) async fn poll<R>(&self, seconds: i64, request: R) -> Result<R::Answer, PeerError>
    where
        R: Ask<MatchingCall, MatchingAnswer>,
    {
        let caller = self.caller(seconds);
        tokio::select! {
            biased;
            answer = self.matching.ask(caller, request) => answer,
            () = self.world.clock.sleep(duration(seconds)) => Err(PeerError::Unknown("no answer in time".into())),
        }
    }

    /// Asks the history room the same thing until its answer is beyond doubt, at most `tries` times.
    pub(crate) async fn insist<R>(&self, dice: &Dice, tries: u32, request: R) -> Said<R::Answer>
    where
        R: Ask<HistoryCall, HistoryAnswer> + Clone,
    {
        for _ in 0..tries {
            match self.ask(10, request.clone()).await {
                Ok(answer) => return Said::Yes(answer),
                Err(PeerError::Refused(refusal)) if !is_passing(&refusal) => return Said::No(*refusal),
                Err(PeerError::Corrupt(text)) => self.world.accuse(format!("data is called damaged: {text}")),
                Err(_) => {}
            }
            self.world.clock.sleep(dice.millis(50, 1500)).await;
        }
        Said::Unclear
    }
}

fn duration(seconds: i64) -> Duration {
    Duration::from_secs(seconds.unsigned_abs())
}

fn is_passing(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Unavailable(_)
            | Refusal::DeadlineExceeded(_)
            | Refusal::ResourceExhausted { .. }
            | Refusal::Aborted(_)
    )
}
