//! Tasks that run in the background and end with their owner.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use tokio::sync::watch;

/// Spawns tasks and stops them together.
#[derive(Clone, Debug)]
pub struct Tasks {
    stop: Arc<watch::Sender<bool>>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { stop: Arc::new(watch::Sender::new(false)) }
    }
}

impl Tasks {
    /// Runs `work` until it ends or [`Tasks::stop`] is called. A panic in it is logged with `name` and ends only it.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let mut stopped = self.stop.subscribe();
        let guarded = async move {
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stop| *stop) => {}
                () = work => {}
            }
        };
        tokio::spawn(async move {
            // What the task held is dropped with it, so nobody sees it half changed.
            if AssertUnwindSafe(guarded).catch_unwind().await.is_err() {
                tracing::error!(task = name, "task panicked");
            }
        });
    }

    /// Runs `work` to its end even if [`Tasks::stop`] is called meanwhile: for work that others wait for.
    pub fn spawn_detached(&self, work: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(work);
    }

    /// Stops every task, now and later ones.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Resolves when [`Tasks::stop`] has been called.
    pub async fn stopped(&self) {
        let mut stopped = self.stop.subscribe();
        // The sender lives as long as `self`, so the only outcome is that it was set.
        let _ = stopped.wait_for(|stop| *stop).await;
    }
}
