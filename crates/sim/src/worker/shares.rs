//! The one who works off the queue that is shared by weight: it begins when all is calm and everything waits, takes one
//! task after the other and notes whose turn it was.

use std::time::Duration;

use longhaul_proto::api::{
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{PollActivityTaskQueueRequest, RespondActivityTaskCompletedRequest},
};

use crate::{
    job::Share,
    line::Line,
    player::{payloads, value},
    world::{FAIR, NAMESPACE_NAME},
};

/// How long everything has to be calm before it begins: by then every task waits in the queue.
const CALM: Duration = Duration::from_secs(60);

/// Begins to work, until the world ends.
pub(crate) fn work_on_shares(line: &Line) {
    let line = line.clone();
    let world = line.world.clone();
    line.world.clone().tasks.spawn("poll", async move {
        let dice = world.dice("shares");
        while !world.faults.is_calm() {
            world.clock.sleep(Duration::from_secs(1)).await;
        }
        world.clock.sleep(CALM).await;
        loop {
            let request = PollActivityTaskQueueRequest {
                namespace: NAMESPACE_NAME.into(),
                task_queue: Some(TaskQueue { name: FAIR.into(), ..Default::default() }),
                identity: "shares".into(),
                ..Default::default()
            };
            let Ok(task) = line.poll(20, request).await else {
                world.clock.sleep(Duration::from_millis(100)).await;
                continue;
            };
            if task.task_token.is_empty() {
                continue;
            }
            let Some(share) = value::<Share>(task.input.as_ref()) else { continue };
            world
                .say(format_args!("a share of {}: {} attempt {}", share.key, task.activity_id, task.attempt));
            world.book.lock().shares.push(share.key);
            let request = RespondActivityTaskCompletedRequest {
                namespace: NAMESPACE_NAME.into(),
                task_token: task.task_token,
                result: Some(payloads(&"done")),
                ..Default::default()
            };
            line.insist(&dice, 6, request).await;
        }
    });
}
