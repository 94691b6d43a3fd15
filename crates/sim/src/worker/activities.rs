//! Workers of activities.

use std::{sync::Arc, time::Duration};

use longhaul_proto::api::{
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        PollActivityTaskQueueRequest, PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatRequest,
        RespondActivityTaskCanceledRequest, RespondActivityTaskCompletedRequest,
        RespondActivityTaskFailedRequest,
    },
};

use crate::{
    book::ActivityAnswer,
    dice::Dice,
    line::{Line, Said},
    player::{failure, payloads, value},
    script::Work,
    world::{ACTIVITIES, NAMESPACE_NAME},
};

struct Worker {
    line: Line,
    dice: Dice,
    name: String,
}

/// How an attempt went.
enum Went {
    Well,
    Wrong,
    Canceled,
}

/// Begins to work on activities, until the world ends.
pub(crate) fn work_on_activities(line: &Line, name: &str) {
    let worker = Arc::new(Worker { line: line.clone(), dice: line.world.dice(name), name: name.into() });
    for _ in 0..2 {
        line.world.tasks.spawn("poll", poll(worker.clone()));
    }
}

async fn poll(worker: Arc<Worker>) {
    let world = worker.line.world.clone();
    loop {
        let request = PollActivityTaskQueueRequest {
            namespace: NAMESPACE_NAME.into(),
            task_queue: Some(TaskQueue { name: ACTIVITIES.into(), ..Default::default() }),
            identity: worker.name.clone(),
            ..Default::default()
        };
        match worker.line.poll(20, request).await {
            Ok(answer) if answer.task_token.is_empty() => {}
            Ok(answer) => {
                let worker = worker.clone();
                world.tasks.spawn("activity", async move { worker.serve(answer).await });
            }
            Err(_) => world.clock.sleep(worker.dice.millis(100, 1000)).await,
        }
    }
}

impl Worker {
    async fn serve(&self, task: PollActivityTaskQueueResponse) {
        let world = &self.line.world;
        let run = task.workflow_execution.clone().unwrap_or_default();
        world.say(format_args!(
            "{} has activity {} of {}/{} attempt {}",
            self.name,
            task.activity_id,
            run.workflow_id,
            &run.run_id[..8],
            task.attempt,
        ));
        let scheduled = task.scheduled_time.as_ref().map_or(0, |time| time.seconds);
        let handed = (run.run_id.clone(), task.activity_id.clone(), scheduled, task.attempt);
        let times = {
            let mut book = world.book.lock();
            let times = book.handed.entry(handed).or_default();
            *times += 1;
            *times
        };
        if times > 1 {
            world.accuse(format!(
                "attempt {} of activity {} of {} was handed out {times} times",
                task.attempt, task.activity_id, run.run_id
            ));
        }
        let rates = world.faults.rates();
        if self.dice.chance(rates.dies) {
            return;
        }
        let Some(work) = value::<Work>(task.input.as_ref()) else { return };
        let went = self.attempt(&task, &work).await;
        if self.dice.chance(rates.late) {
            world.clock.sleep(Duration::from_millis(work.start_to_close)).await;
            world.clock.sleep(self.dice.millis(0, 3000)).await;
        }
        match went {
            Went::Well => self.complete(&task, &run.run_id).await,
            Went::Wrong => self.fail(&task, work.is_hopeless).await,
            Went::Canceled => self.cancel(&task).await,
        }
    }

    /// Does the work of one attempt, with heartbeats.
    async fn attempt(&self, task: &PollActivityTaskQueueResponse, work: &Work) -> Went {
        let clock = self.line.world.clock;
        let mut left = work.takes;
        let pause = if work.heartbeat > 0 { work.heartbeat / 2 } else { u64::MAX };
        while left > 0 {
            let part = left.min(pause);
            clock.sleep(Duration::from_millis(part)).await;
            left -= part;
            if work.heartbeat > 0 && self.is_canceled(task).await {
                return Went::Canceled;
            }
        }
        if task.attempt <= work.fails { Went::Wrong } else { Went::Well }
    }

    async fn is_canceled(&self, task: &PollActivityTaskQueueResponse) -> bool {
        let request = RecordActivityTaskHeartbeatRequest {
            namespace: NAMESPACE_NAME.into(),
            task_token: task.task_token.clone(),
            details: Some(payloads(&task.attempt)),
            identity: self.name.clone(),
            ..Default::default()
        };
        self.line.ask(1, request).await.is_ok_and(|answer| answer.cancel_requested)
    }

    async fn complete(&self, task: &PollActivityTaskQueueResponse, run_id: &str) {
        let world = &self.line.world;
        let result = self.dice.name("result");
        let request = |result: &String| RespondActivityTaskCompletedRequest {
            namespace: NAMESPACE_NAME.into(),
            task_token: task.task_token.clone(),
            result: Some(payloads(result)),
            identity: self.name.clone(),
            ..Default::default()
        };
        if let Said::Yes(_) = self.line.insist(&self.dice, 6, request(&result)).await {
            self.acknowledged(task, run_id, result);
            if self.dice.chance(world.faults.rates().again) {
                world.clock.sleep(self.dice.millis(0, 2000)).await;
                let another = self.dice.name("another-result");
                if self.line.ask(10, request(&another)).await.is_ok() {
                    self.acknowledged(task, run_id, another);
                }
            }
        }
    }

    fn acknowledged(&self, task: &PollActivityTaskQueueResponse, run_id: &str, result: String) {
        self.line.world.say(format_args!("{}: activity {} completed: {result}", self.name, task.activity_id));
        self.line.world.book.lock().activities.push(ActivityAnswer {
            run_id: run_id.into(),
            activity_id: task.activity_id.clone(),
            attempt: task.attempt,
            result,
        });
    }

    async fn fail(&self, task: &PollActivityTaskQueueResponse, is_hopeless: bool) {
        let request = RespondActivityTaskFailedRequest {
            namespace: NAMESPACE_NAME.into(),
            task_token: task.task_token.clone(),
            failure: Some(failure("as planned", is_hopeless)),
            identity: self.name.clone(),
            ..Default::default()
        };
        self.line.insist(&self.dice, 6, request).await;
    }

    async fn cancel(&self, task: &PollActivityTaskQueueResponse) {
        let request = RespondActivityTaskCanceledRequest {
            namespace: NAMESPACE_NAME.into(),
            task_token: task.task_token.clone(),
            identity: self.name.clone(),
            ..Default::default()
        };
        self.line.insist(&self.dice, 6, request).await;
    }
}
