//! Resets as a client asks for them: to the end of one of the run's workflow tasks.

use longhaul_proto::api::{
    enums::v1::EventType,
    workflowservice::v1::{GetWorkflowExecutionHistoryRequest, ResetWorkflowExecutionRequest},
};

use super::{Client, TRIES};
use crate::{line::Said, worker::decode, world::NAMESPACE_NAME};

impl Client {
    /// Resets a run to a point where one of its workflow tasks was over.
    pub(super) async fn reset(&self, run_id: &str) {
        let points = self.reset_points(run_id).await;
        if points.is_empty() {
            return;
        }
        let request_id = self.dice.name("reset");
        let request = ResetWorkflowExecutionRequest {
            namespace: NAMESPACE_NAME.into(),
            workflow_execution: self.execution(run_id),
            reason: "a client wanted it".into(),
            workflow_task_finish_event_id: *self.dice.pick(&points),
            request_id: request_id.clone(),
            ..ResetWorkflowExecutionRequest::default()
        };
        *self.line.world.book.lock().resets_asked.entry(self.workflow_id.clone()).or_default() += 1;
        if let Said::Yes(answer) = self.line.insist(&self.dice, TRIES, request).await {
            let world = &self.line.world;
            world.say(format_args!("client of {} was told of reset run {}", self.workflow_id, answer.run_id));
            world.book.lock().resets.push((request_id, run_id.into(), answer.run_id));
        }
    }

    /// Where a run can be reset to, as far as its history goes now.
    async fn reset_points(&self, run_id: &str) -> Vec<i64> {
        let mut points = Vec::new();
        let mut token = bytes::Bytes::new();
        loop {
            let request = GetWorkflowExecutionHistoryRequest {
                namespace: NAMESPACE_NAME.into(),
                execution: self.execution(run_id),
                next_page_token: token,
                ..GetWorkflowExecutionHistoryRequest::default()
            };
            let Said::Yes(page) = self.line.insist(&self.dice, TRIES, request).await else { return points };
            let events = decode(page.history.as_deref()).unwrap_or_default();
            points.extend(events.iter().filter_map(|event| {
                let is_end = matches!(
                    event.event_type(),
                    EventType::WorkflowTaskCompleted
                        | EventType::WorkflowTaskFailed
                        | EventType::WorkflowTaskTimedOut
                );
                is_end.then_some(event.event_id)
            }));
            token = page.next_page_token;
            if token.is_empty() {
                return points;
            }
        }
    }
}
