//! A workflow that fills the queue that is shared by weight.

use std::time::Duration;

use longhaul_kernel::time::to_proto;
use longhaul_proto::api::{
    common::v1::WorkflowType, taskqueue::v1::TaskQueue, workflowservice::v1::StartWorkflowExecutionRequest,
};

use super::TRIES;
use crate::{
    check::SHARES,
    job::Share,
    line::Line,
    player::payloads,
    script::{End, Script, Step},
    world::{NAMESPACE_NAME, WORKFLOWS},
};

/// Begins to fill the queue.
pub(crate) fn fill(line: &Line) {
    let line = line.clone();
    let world = line.world.clone();
    world.enter();
    line.world.clone().tasks.spawn("client", async move {
        let dice = world.dice("client of shares");
        world.clock.sleep(dice.millis(0, 30_000)).await;
        let mut keys = SHARES;
        if dice.chance(500) {
            keys.reverse();
        }
        let steps = keys.iter().flat_map(|(key, weight, tasks)| {
            (0..*tasks).map(|_| Step::Share(Share { key: (*key).into(), weight: *weight }))
        });
        let script = Script::of(vec![steps.collect()], End::Complete);
        let request = StartWorkflowExecutionRequest {
            namespace: NAMESPACE_NAME.into(),
            workflow_id: "shares".into(),
            workflow_type: Some(WorkflowType { name: "script".into() }),
            task_queue: Some(TaskQueue { name: WORKFLOWS.into(), ..TaskQueue::default() }),
            input: Some(payloads(&script)),
            request_id: dice.name("start"),
            workflow_run_timeout: Some(to_proto(Duration::from_secs(900))),
            ..StartWorkflowExecutionRequest::default()
        };
        line.insist(&dice, TRIES, request).await;
        world.leave();
    });
}
