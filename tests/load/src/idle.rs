//! What is measured without a load: parked polls, and the moment at which a server that was just started answers.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{plan::Plan, session::Session, worker::Worker};

/// How long a server may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// How often a server that starts is asked.
const ASK_EVERY: Duration = Duration::from_millis(2);

/// Polls for `seconds`.
pub async fn park(session: Session, pollers: usize, seconds: f64) -> Result<Value> {
    let _worker = Worker::start(&session, Plan::Activities(1), pollers);
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    Ok(json!({ "mode": "park", "polls": pollers * 3, "seconds": seconds }))
}

/// Asks until the namespace answers; the answer is the time of day, because another process started the server.
pub async fn ready(session: Session) -> Result<Value> {
    let began = Instant::now();
    while let Err(status) = session.describe_namespace().await {
        if began.elapsed() > START_TIMEOUT {
            return Err(status).context("not ready");
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
    let at = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(json!({ "mode": "ready", "at_ms": at.as_secs_f64() * 1e3 }))
}
