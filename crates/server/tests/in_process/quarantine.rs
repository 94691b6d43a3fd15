//! A run whose stored record is damaged: it alone does not go on, it is listed, and it is repaired.

use std::time::Duration;

use longhaul_frontend::{RunsRequest, about_runs};
use longhaul_kernel::ids::{ExecutionKey, NamespaceId, RunId, RunKey, SLOTS, Slot};
use longhaul_proto::api::{
    command::v1::{
        Command, CompleteWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
        command::Attributes,
    },
    common::v1::{ActivityType, WorkflowExecution, WorkflowType},
    enums::v1::{CommandType, WorkflowExecutionStatus as Status},
    history::v1::History,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        DescribeNamespaceRequest, DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse,
        PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse,
        RespondActivityTaskCompletedRequest, RespondWorkflowTaskCompletedRequest,
        SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest,
    },
};
use longhaul_runtime::peers::{RunAction, RunsAnswered, RunsAsked};
use longhaul_server::config::{Config, Storage};
use longhaul_store::{CurrentWrite, Expect, ShardId, ShardRange, StateWrite, Store, VisibilityWrite, Write};
use longhaul_store_embedded::{EmbeddedStore, Options};
use prost::Message as _;
use tonic::Code;

use super::client::{Fixture, start_with};

const NAMESPACE: &str = "default";

fn queue(name: &str) -> Option<TaskQueue> {
    Some(TaskQueue { name: name.into(), ..TaskQueue::default() })
}

fn schedules_activity(queue_name: &str) -> Command {
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: "a".into(),
        activity_type: Some(ActivityType { name: "act".into() }),
        task_queue: queue(queue_name),
        start_to_close_timeout: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    Command {
        command_type: CommandType::ScheduleActivityTask.into(),
        attributes: Some(Attributes::ScheduleActivityTaskCommandAttributes(attributes)),
        ..Command::default()
    }
}

fn completes() -> Command {
    let attributes = CompleteWorkflowExecutionCommandAttributes::default();
    Command {
        command_type: CommandType::CompleteWorkflowExecution.into(),
        attributes: Some(Attributes::CompleteWorkflowExecutionCommandAttributes(attributes)),
        ..Command::default()
    }
}

fn patient<T>(request: T) -> tonic::Request<T> {
    let mut patient = tonic::Request::new(request);
    patient.set_timeout(Duration::from_secs(60));
    patient
}

async fn task(fixture: &mut Fixture, name: &str) -> PollWorkflowTaskQueueResponse {
    let poll = PollWorkflowTaskQueueRequest {
        namespace: NAMESPACE.into(),
        task_queue: queue(name),
        ..PollWorkflowTaskQueueRequest::default()
    };
    fixture.workflow.poll_workflow_task_queue(patient(poll)).await.unwrap().into_inner()
}

async fn answer(fixture: &mut Fixture, task: PollWorkflowTaskQueueResponse, command: Option<Command>) {
    let completed = RespondWorkflowTaskCompletedRequest {
        task_token: task.task_token,
        commands: command.into_iter().collect(),
        ..RespondWorkflowTaskCompletedRequest::default()
    };
    fixture.workflow.respond_workflow_task_completed(completed).await.unwrap();
}

/// Starts a workflow on a queue of its own name, which schedules an activity. Answers its run id.
async fn begin(fixture: &mut Fixture, id: &str) -> String {
    let start = StartWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        workflow_id: id.into(),
        workflow_type: Some(WorkflowType { name: "order".into() }),
        task_queue: queue(id),
        ..StartWorkflowExecutionRequest::default()
    };
    let run_id = fixture.workflow.start_workflow_execution(start).await.unwrap().into_inner().run_id;
    let first = task(fixture, id).await;
    answer(fixture, first, Some(schedules_activity(id))).await;
    run_id
}

async fn activity_completes(fixture: &mut Fixture, name: &str) {
    let poll = PollActivityTaskQueueRequest {
        namespace: NAMESPACE.into(),
        task_queue: queue(name),
        ..PollActivityTaskQueueRequest::default()
    };
    let task = fixture.workflow.poll_activity_task_queue(patient(poll)).await.unwrap().into_inner();
    let completed = RespondActivityTaskCompletedRequest { task_token: task.task_token, ..Default::default() };
    fixture.workflow.respond_activity_task_completed(completed).await.unwrap();
}

async fn described(
    fixture: &mut Fixture,
    id: &str,
) -> Result<DescribeWorkflowExecutionResponse, tonic::Status> {
    let request = DescribeWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        execution: Some(WorkflowExecution { workflow_id: id.into(), run_id: String::new() }),
    };
    fixture.workflow.describe_workflow_execution(request).await.map(tonic::Response::into_inner)
}

async fn status(fixture: &mut Fixture, id: &str) -> Status {
    described(fixture, id).await.unwrap().workflow_execution_info.unwrap().status()
}

async fn signal(fixture: &mut Fixture, id: &str) -> Result<(), tonic::Status> {
    let request = SignalWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        workflow_execution: Some(WorkflowExecution { workflow_id: id.into(), run_id: String::new() }),
        signal_name: "s".into(),
        ..SignalWorkflowExecutionRequest::default()
    };
    fixture.workflow.signal_workflow_execution(request).await.map(|_| ())
}

/// As `longhaul run` asks.
async fn ask(fixture: &Fixture, action: RunAction, id: &str) -> Result<RunsAnswered, tonic::Status> {
    let asked = RunsAsked { action: action.into(), workflow_id: id.into(), ..RunsAsked::default() };
    let request = RunsRequest { namespace: NAMESPACE.into(), asked };
    about_runs(&fixture.server.address.to_string(), request).await
}

fn line<'a>(report: &'a RunsAnswered, name: &str) -> &'a str {
    let found = report.lines.iter().find(|line| line.name == name);
    &found.unwrap_or_else(|| panic!("no {name} in {report:#?}")).value
}

async fn stop(fixture: Fixture) {
    let Fixture { server, workflow, operator } = fixture;
    drop((workflow, operator));
    server.stop().await;
}

/// Puts bytes in the place of a run's state that are none.
async fn damage(folder: &std::path::Path, run: RunKey, bytes: &'static [u8]) {
    let store = EmbeddedStore::open(folder, Options::default()).unwrap();
    let all = ShardRange { shard: ShardId(0), first: Slot(0), last: Slot(SLOTS - 1) };
    let fence = store.fence(all).await.unwrap();
    let version = store.run(run.clone()).await.unwrap().unwrap().version;
    let write = Write {
        run,
        expect: Expect::Version(version),
        version: version + 1,
        state: StateWrite::Snapshot(bytes.into()),
        history: Vec::new(),
        shares: Vec::new(),
        current: CurrentWrite::Keep,
        outbox_put: Vec::new(),
        outbox_delete: Vec::new(),
        wake_delete: None,
        wake_put: None,
        visibility: VisibilityWrite::Keep,
    };
    store.commit(fence, vec![write]).await.unwrap();
}

async fn namespace_id(fixture: &mut Fixture) -> NamespaceId {
    let request = DescribeNamespaceRequest { namespace: NAMESPACE.into(), ..Default::default() };
    let described = fixture.workflow.describe_namespace(request).await.unwrap().into_inner();
    NamespaceId::parse(&described.namespace_info.unwrap().id).unwrap()
}

/// Plays a run until its record is damaged; the server that comes back has it, and a whole one.
async fn with_damage(folder: &std::path::Path, bytes: &'static [u8]) -> Fixture {
    let config = || Config { port: 0, storage: Storage::Folder(folder.to_owned()), ..Config::default() };
    let mut fixture = start_with(config()).await;
    let run = begin(&mut fixture, "damaged").await;
    begin(&mut fixture, "whole").await;
    let execution = ExecutionKey::workflow(namespace_id(&mut fixture).await, "damaged");
    stop(fixture).await;
    damage(folder, RunKey { execution, run: RunId::parse(&run).unwrap() }, bytes).await;
    start_with(config()).await
}

#[tokio::test]
async fn a_run_whose_record_is_damaged_harms_no_other_and_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = with_damage(&folder.path().join("state"), b"\x01\x9f\xff").await;
    // The other one goes on to its end.
    activity_completes(&mut fixture, "whole").await;
    let last = task(&mut fixture, "whole").await;
    answer(&mut fixture, last, Some(completes())).await;
    assert_eq!(status(&mut fixture, "whole").await, Status::Completed);
    // This one says what is wrong with it and what can be done.
    for refused in
        [described(&mut fixture, "damaged").await.map(|_| ()), signal(&mut fixture, "damaged").await]
    {
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
        for part in ["is quarantined", "can't be read", "longhaul run inspect --workflow-id \"damaged\""] {
            assert!(refused.message().contains(part), "{refused}");
        }
    }
    let listed = ask(&fixture, RunAction::List, "").await.unwrap().runs;
    assert_eq!(listed.iter().map(|run| &*run.id).collect::<Vec<_>>(), ["damaged"]);
    assert!(!listed[0].by_hand && listed[0].reason.contains("can't be read"), "{listed:?}");
    let report = ask(&fixture, RunAction::Inspect, "damaged").await.unwrap();
    assert!(line(&report, "Snapshot").contains("position"), "{report:#?}");
    assert!(line(&report, "State").starts_with("can't be made"), "{report:#?}");
    assert_eq!(line(&report, "History"), "5 events in 3 batches");
    assert!(line(&report, "Event 5").ends_with("ACTIVITY_TASK_SCHEDULED"), "{report:#?}");
    assert!(line(&report, "Owes").starts_with("Activity(5)"), "{report:#?}");
    // Repaired, it goes on to its end.
    let rebuilt = ask(&fixture, RunAction::Rebuild, "damaged").await.unwrap();
    assert!(line(&rebuilt, "Activity").starts_with("\"a\", event 5"), "{rebuilt:#?}");
    assert_eq!(ask(&fixture, RunAction::List, "").await.unwrap().runs, []);
    signal(&mut fixture, "damaged").await.unwrap();
    activity_completes(&mut fixture, "damaged").await;
    while status(&mut fixture, "damaged").await == Status::Running {
        let task = task(&mut fixture, "damaged").await;
        let history = History::decode(task.history.clone().unwrap_or_default()).unwrap();
        let is_done = history.events.iter().any(|event| event.event_id > 8);
        answer(&mut fixture, task, is_done.then(completes)).await;
    }
    assert_eq!(status(&mut fixture, "damaged").await, Status::Completed);
    stop(fixture).await;
}

#[tokio::test]
async fn a_record_of_a_newer_version_is_told_of_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = with_damage(&folder.path().join("state"), b"\xc8 of a time to come").await;
    let refused = described(&mut fixture, "damaged").await.unwrap_err();
    assert!(refused.message().contains("version 200 is newer than this binary"), "{refused}");
    stop(fixture).await;
    // The list outlives the process.
    let config =
        Config { port: 0, storage: Storage::Folder(folder.path().join("state")), ..Config::default() };
    let fixture = start_with(config).await;
    let listed = ask(&fixture, RunAction::List, "").await.unwrap().runs;
    assert_eq!(listed.len(), 1, "{listed:?}");
    stop(fixture).await;
}

#[tokio::test]
async fn a_run_that_is_put_aside_waits_until_it_is_let_go() {
    let mut fixture = super::client::start().await;
    begin(&mut fixture, "order").await;
    let refused = ask(&fixture, RunAction::Rebuild, "order").await.unwrap_err();
    assert!(refused.message().ends_with("is not quarantined"), "{refused}");
    assert_eq!(ask(&fixture, RunAction::Inspect, "nothing").await.unwrap_err().code(), Code::NotFound);
    ask(&fixture, RunAction::Quarantine, "order").await.unwrap();
    let refused = signal(&mut fixture, "order").await.unwrap_err();
    assert!(refused.message().contains("is quarantined: it was put aside by an operator"), "{refused}");
    let listed = ask(&fixture, RunAction::List, "").await.unwrap().runs;
    assert!(listed.len() == 1 && listed[0].by_hand, "{listed:?}");
    ask(&fixture, RunAction::Lift, "order").await.unwrap();
    signal(&mut fixture, "order").await.unwrap();
    activity_completes(&mut fixture, "order").await;
    // A healthy one can be made again, too, once it is put aside.
    ask(&fixture, RunAction::Quarantine, "order").await.unwrap();
    ask(&fixture, RunAction::Rebuild, "order").await.unwrap();
    let next = task(&mut fixture, "order").await;
    answer(&mut fixture, next, Some(completes())).await;
    assert_eq!(status(&mut fixture, "order").await, Status::Completed);
    stop(fixture).await;
}
