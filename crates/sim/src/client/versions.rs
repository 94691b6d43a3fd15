//! Versions of workers: somebody makes one version current, ramps the next one up and makes it current in its turn,
//! while clients start workflows that are pinned and such that follow the routing.

use std::time::Duration;

use longhaul_kernel::time::to_proto;
use longhaul_proto::api::{
    common::v1::WorkflowType,
    deployment::v1::RoutingConfig,
    enums::v1::{WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse},
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        DescribeWorkerDeploymentRequest, SetWorkerDeploymentCurrentVersionRequest,
        SetWorkerDeploymentRampingVersionRequest, StartWorkflowExecutionRequest,
    },
};

use super::TRIES;
use crate::{
    dice::Dice,
    line::{Line, Said},
    player::payloads,
    script::Script,
    world::{DEPLOYMENT, NAMESPACE_NAME, VERSIONED},
};

/// What begins the ids of workflows that are pinned.
pub(crate) const PINNED: &str = "pinned";

/// A step of the routing.
#[derive(Clone, Copy)]
enum Route {
    /// New runs go to this version.
    Current(&'static str),
    /// So many per cent of them go to this one.
    Ramping(&'static str, u8),
}

/// Begins to lead from the first version to the second.
pub(crate) fn deploy(line: &Line) {
    let line = line.clone();
    let world = line.world.clone();
    world.enter();
    line.world.clone().tasks.spawn("client", async move {
        let dice = world.dice("deployment");
        let low = dice.between(10, 40);
        let ramps = [low, low + dice.between(10, 40)].map(|ramp| u8::try_from(ramp).unwrap_or(50));
        let routes = [
            Route::Current("1"),
            Route::Ramping("2", ramps[0]),
            Route::Ramping("2", ramps[1]),
            Route::Current("2"),
        ];
        for route in routes {
            // A repeated call of the step before has come by then, or never will.
            world.clock.sleep(dice.millis(6_000, 25_000)).await;
            if !lead(&line, &dice, route).await {
                world.accuse("the routing of a deployment can't be changed");
                break;
            }
        }
        world.leave();
    });
}

/// Takes a step, and sees to it that it was taken.
async fn lead(line: &Line, dice: &Dice, route: Route) -> bool {
    for _ in 0..TRIES {
        let describe = DescribeWorkerDeploymentRequest {
            namespace: NAMESPACE_NAME.into(),
            deployment_name: DEPLOYMENT.into(),
        };
        if let Said::Yes(answer) = line.insist(dice, TRIES, describe).await {
            let info = answer.worker_deployment_info.unwrap_or_default();
            if is_taken(route, &info.routing_config.unwrap_or_default()) {
                return true;
            }
            let token = answer.conflict_token;
            let refused = match route {
                Route::Current(build) => {
                    let request = SetWorkerDeploymentCurrentVersionRequest {
                        namespace: NAMESPACE_NAME.into(),
                        deployment_name: DEPLOYMENT.into(),
                        build_id: build.into(),
                        conflict_token: token,
                        ..SetWorkerDeploymentCurrentVersionRequest::default()
                    };
                    refused(line.insist(dice, 5, request).await)
                }
                Route::Ramping(build, percent) => {
                    let request = SetWorkerDeploymentRampingVersionRequest {
                        namespace: NAMESPACE_NAME.into(),
                        deployment_name: DEPLOYMENT.into(),
                        build_id: build.into(),
                        percentage: f32::from(percent),
                        conflict_token: token,
                        ..SetWorkerDeploymentRampingVersionRequest::default()
                    };
                    refused(line.insist(dice, 5, request).await)
                }
            };
            // A version is not known before one of its workers has polled.
            if let Some(why) = refused {
                line.world.say(format_args!("the routing stays as it is: {why}"));
            }
        }
        line.world.clock.sleep(dice.millis(200, 2000)).await;
    }
    false
}

fn refused<T>(said: Said<T>) -> Option<String> {
    match said {
        Said::No(refusal) => Some(format!("{refusal:?}")),
        Said::Yes(_) | Said::Unclear => None,
    }
}

fn is_taken(route: Route, config: &RoutingConfig) -> bool {
    match route {
        Route::Current(build) => {
            config.current_deployment_version.as_ref().is_some_and(|current| current.build_id == build)
        }
        Route::Ramping(build, percent) => {
            config.ramping_deployment_version.as_ref().is_some_and(|ramping| ramping.build_id == build)
                && (config.ramping_version_percentage - f32::from(percent)).abs() < 0.5
        }
    }
}

/// Begins to start runs of a workflow for versioned workers; `others` are executions that they may write to.
pub(crate) fn start_versioned(line: &Line, workflow_id: &str, others: &[String]) {
    let (line, id, others) = (line.clone(), workflow_id.to_owned(), others.to_vec());
    let world = line.world.clone();
    world.enter();
    line.world.clone().tasks.spawn("client", async move {
        let dice = world.dice(&format!("client of {id}"));
        for _ in 0..dice.between(2, 5) {
            world.clock.sleep(dice.millis(0, 25_000)).await;
            let request = StartWorkflowExecutionRequest {
                namespace: NAMESPACE_NAME.into(),
                workflow_id: id.clone(),
                workflow_type: Some(WorkflowType { name: "script".into() }),
                task_queue: Some(TaskQueue { name: VERSIONED.into(), ..TaskQueue::default() }),
                input: Some(payloads(&Script::draw(&dice, 1, &others).following(VERSIONED))),
                request_id: dice.name("start"),
                workflow_id_reuse_policy: Reuse::AllowDuplicate as i32,
                workflow_id_conflict_policy: Conflict::UseExisting as i32,
                workflow_run_timeout: Some(to_proto(Duration::from_secs(300))),
                ..StartWorkflowExecutionRequest::default()
            };
            line.insist(&dice, TRIES, request).await;
        }
        world.leave();
    });
}
