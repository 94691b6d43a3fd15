//! Updates as a client sees them: asked for until they have reached the stage that is wanted, then followed to their
//! outcome.

use longhaul_proto::api::{
    enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage,
    update::v1::{Input, Meta, Outcome, Request, UpdateRef, WaitPolicy},
    workflowservice::v1::{
        ExecuteMultiOperationRequest, PollWorkflowExecutionUpdateRequest, StartWorkflowExecutionRequest,
        UpdateWorkflowExecutionRequest, UpdateWorkflowExecutionResponse,
        execute_multi_operation_request::{Operation, operation::Operation as Asked},
        execute_multi_operation_response::response::Response,
    },
};

use super::{Client, TRIES};
use crate::{book::UpdateTold, line::Said, player::payloads, script::Wish, world::NAMESPACE_NAME};

/// An update that a client wants.
struct Wanted {
    id: String,
    wish: Wish,
    stage: Stage,
}

impl Client {
    fn wanted(&self) -> Wanted {
        Wanted {
            id: self.dice.name("update"),
            wish: Wish::draw(&self.dice),
            stage: *self.dice.pick(&[Stage::Accepted, Stage::Completed]),
        }
    }

    fn update_request(&self, wanted: &Wanted, run_id: &str) -> UpdateWorkflowExecutionRequest {
        let args = Some(payloads(&wanted.wish));
        UpdateWorkflowExecutionRequest {
            namespace: NAMESPACE_NAME.into(),
            workflow_execution: self.execution(run_id),
            wait_policy: Some(WaitPolicy { lifecycle_stage: wanted.stage as i32 }),
            request: Some(Request {
                meta: Some(Meta { update_id: wanted.id.clone(), identity: "client".into() }),
                input: Some(Input { name: "change".into(), args, ..Input::default() }),
                ..Request::default()
            }),
            ..UpdateWorkflowExecutionRequest::default()
        }
    }

    /// Asks for an update of a run, or of whichever is current.
    pub(super) async fn update(&self, run_id: &str) {
        let wanted = self.wanted();
        let request = self.update_request(&wanted, run_id);
        for _ in 0..TRIES {
            let said = self.line.insist(&self.dice, TRIES, request.clone()).await;
            let Said::Yes(answer) = said else { return };
            if self.told(&wanted, answer).await {
                return;
            }
        }
    }

    /// Starts the workflow with an update, and answers its run.
    pub(super) async fn start_with_update(&self, start: StartWorkflowExecutionRequest) -> Option<String> {
        let wanted = self.wanted();
        let operations =
            [Asked::StartWorkflow(start), Asked::UpdateWorkflow(self.update_request(&wanted, ""))];
        let request = ExecuteMultiOperationRequest {
            namespace: NAMESPACE_NAME.into(),
            operations: operations.map(|asked| Operation { operation: Some(asked) }).into(),
            ..ExecuteMultiOperationRequest::default()
        };
        for _ in 0..TRIES {
            let said = self.line.insist(&self.dice, TRIES, request.clone()).await;
            let Said::Yes(answer) = said else { return None };
            let mut parts = answer.responses.into_iter().filter_map(|part| part.response);
            let (Some(Response::StartWorkflow(started)), Some(Response::UpdateWorkflow(updated))) =
                (parts.next(), parts.next())
            else {
                self.line.world.accuse("a start with an update was answered with something else");
                return None;
            };
            if self.told(&wanted, updated).await {
                return Some(started.run_id);
            }
        }
        None
    }

    /// Notes what was told of an update; true if that is all that was wanted.
    async fn told(&self, wanted: &Wanted, answer: UpdateWorkflowExecutionResponse) -> bool {
        let run_id = answer.update_ref.as_ref().and_then(|update| update.workflow_execution.as_ref());
        let run_id = run_id.map_or_else(String::new, |execution| execution.run_id.clone());
        let stage = answer.stage();
        self.note(wanted, &run_id, stage, answer.outcome);
        match stage {
            Stage::Completed => true,
            Stage::Accepted => {
                if self.dice.chance(500) {
                    self.follow(wanted, &run_id).await;
                }
                true
            }
            Stage::Admitted | Stage::Unspecified => false,
        }
    }

    /// Asks about an accepted update until it has an outcome.
    async fn follow(&self, wanted: &Wanted, run_id: &str) {
        let request = PollWorkflowExecutionUpdateRequest {
            namespace: NAMESPACE_NAME.into(),
            update_ref: Some(UpdateRef {
                workflow_execution: self.execution(run_id),
                update_id: wanted.id.clone(),
            }),
            wait_policy: Some(WaitPolicy { lifecycle_stage: Stage::Completed as i32 }),
            ..PollWorkflowExecutionUpdateRequest::default()
        };
        for _ in 0..TRIES {
            match self.line.insist(&self.dice, TRIES, request.clone()).await {
                Said::Yes(answer) => {
                    let stage = answer.stage();
                    self.note(wanted, run_id, stage, answer.outcome);
                    if stage == Stage::Completed {
                        return;
                    }
                }
                Said::No(refusal) => {
                    let id = &wanted.id;
                    let world = &self.line.world;
                    return world.accuse(format!("{id} of {run_id} was accepted and got lost: {refusal:?}"));
                }
                Said::Unclear => return,
            }
        }
    }

    /// Notes what was told, which has to be durable by now.
    fn note(&self, wanted: &Wanted, run_id: &str, stage: Stage, outcome: Option<Outcome>) {
        let world = &self.line.world;
        let told = UpdateTold {
            workflow_id: self.workflow_id.clone(),
            run_id: run_id.into(),
            id: wanted.id.clone(),
            wish: wanted.wish.clone(),
            is_accepted: stage == Stage::Accepted,
            outcome,
        };
        world.say(format_args!("{} of {run_id}: {stage:?} {:?}", wanted.id, told.verdict()));
        if told.is_in_history() && !world.ledger.lock().has_accepted(run_id, &wanted.id) {
            world.accuse(format!("{} of {run_id} was acknowledged before it was durable", wanted.id));
        }
        world.book.lock().updates.push(told);
    }
}
