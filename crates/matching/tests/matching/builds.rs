//! Version sets and versioning rules: a task goes where they lead it, also when that changes while it waits.
#![allow(deprecated)]

use longhaul_proto::{
    Refusal,
    api::{
        common::v1::WorkerVersionCapabilities,
        taskqueue::v1::{BuildIdAssignmentRule, CompatibleBuildIdRedirectRule},
        workflowservice::v1::{
            PollWorkflowTaskQueueRequest, UpdateWorkerBuildIdCompatibilityRequest,
            UpdateWorkerVersioningRulesRequest,
            update_worker_build_id_compatibility_request::{MergeSets, Operation as OfSets},
            update_worker_versioning_rules_request::{
                AddCompatibleBuildIdRedirectRule, InsertBuildIdAssignmentRule, Operation as OfRules,
            },
        },
    },
};
use longhaul_runtime::peers::{AddTask, Matching as _, VersioningCall};

use crate::world::*;

fn call() -> VersioningCall {
    VersioningCall {
        task_queue: "q".into(),
        sets_max: 9,
        builds_max: 9,
        assignments_max: 9,
        redirects_max: 9,
        upstream_max: 9,
        ..VersioningCall::default()
    }
}

async fn sets(world: &World, operation: OfSets) {
    let request =
        UpdateWorkerBuildIdCompatibilityRequest { operation: Some(operation), ..Default::default() };
    let call = VersioningCall { sets: Some(request), ..call() };
    world.ask(world.caller(5), call).await.expect("the change is right");
}

async fn default(world: &World, build: &str) {
    sets(world, OfSets::AddNewBuildIdInNewDefaultSet(build.into())).await;
}

async fn rules(world: &World, operation: OfRules) {
    let told = world.ask(world.caller(5), call()).await.expect("they are told");
    let request = UpdateWorkerVersioningRulesRequest {
        conflict_token: told.token.into(),
        operation: Some(operation),
        ..Default::default()
    };
    let call = VersioningCall { rules: Some(request), ..call() };
    world.ask(world.caller(5), call).await.expect("the change is right");
}

async fn assign(world: &World, build: &str) {
    let rule = Some(BuildIdAssignmentRule { target_build_id: build.into(), ramp: None });
    rules(world, OfRules::InsertAssignmentRule(InsertBuildIdAssignmentRule { rule_index: 0, rule })).await;
}

async fn redirect(world: &World, source: &str, target: &str) {
    let rule =
        CompatibleBuildIdRedirectRule { source_build_id: source.into(), target_build_id: target.into() };
    let rule = AddCompatibleBuildIdRedirectRule { rule: Some(rule) };
    rules(world, OfRules::AddCompatibleRedirectRule(rule)).await;
}

fn poll_of(build: &str) -> PollWorkflowTaskQueueRequest {
    let worker = WorkerVersionCapabilities {
        build_id: build.into(),
        use_versioning: true,
        ..WorkerVersionCapabilities::default()
    };
    PollWorkflowTaskQueueRequest { worker_version_capabilities: Some(worker), ..poll("q") }
}

fn new(workflow_id: &str) -> AddTask {
    AddTask { is_new: true, ..task(workflow_id) }
}

fn of(build: &str, workflow_id: &str) -> AddTask {
    AddTask { build: build.into(), ..task(workflow_id) }
}

async fn taken(world: &World, build: &str) -> Option<String> {
    workflow_id(&world.poll_answer(poll_of(build)).await)
}

#[tokio::test(start_paused = true)]
async fn new_work_goes_to_the_default_set_and_moves_with_it() {
    let world = world();
    world.add(new("early")).await;
    world.add(task("unversioned")).await;
    default(&world, "1").await;
    world.add(new("later")).await;
    world.add(of("1", "bound")).await;
    default(&world, "2").await;
    assert_eq!(taken(&world, "2").await.as_deref(), Some("early"));
    assert_eq!(taken(&world, "2").await.as_deref(), Some("later"));
    assert_eq!(taken(&world, "1").await.as_deref(), Some("bound"));
    assert_eq!(world.poll().await.as_deref(), Some("unversioned"));
}

#[tokio::test(start_paused = true)]
async fn polls_of_a_set_that_is_no_more_go_home() {
    let world = world();
    default(&world, "1").await;
    default(&world, "2").await;
    world.add(of("1", "a")).await;
    let waiting = world.poll_behind(poll_of("2")).await;
    let merge = MergeSets { primary_set_build_id: "1".into(), secondary_set_build_id: "2".into() };
    sets(&world, OfSets::MergeSets(merge)).await;
    settle().await;
    assert_eq!(workflow_id(&waiting.await.unwrap()), None, "it comes back to where it belongs");
    assert_eq!(taken(&world, "1").await.as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_task_of_a_build_stays_with_it_until_it_is_redirected() {
    let world = world();
    assign(&world, "1").await;
    world.add(new("first")).await;
    world.add(of("1", "bound")).await;
    assign(&world, "2").await;
    world.add(new("other")).await;
    assert_eq!(taken(&world, "2").await.as_deref(), Some("other"), "what is new goes by the new rule");
    redirect(&world, "1", "1.1").await;
    assert_eq!(taken(&world, "1.1").await.as_deref(), Some("first"));
    assert_eq!(taken(&world, "1.1").await.as_deref(), Some("bound"));
    let old = world.ask(world.caller(5), poll_of("1")).await;
    let Refusal::NewerBuildExists { default_build_id, .. } = refusal(old) else {
        panic!("not that there is a newer")
    };
    assert_eq!(default_build_id, "1.1");
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_kept_for_the_build_that_the_task_is_for() {
    let world = world();
    assign(&world, "1").await;
    let _other = world.poll_behind(poll_of("2")).await;
    let _unversioned = world.poll_behind(poll("q")).await;
    assert!(world.matching.reserve(&world.caller(5), &new("a")).is_none(), "no worker of build 1 polls");
    let _own = world.poll_behind(poll_of("1")).await;
    assert!(world.matching.reserve(&world.caller(5), &new("a")).is_some());
}
