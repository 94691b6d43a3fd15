//! Listeners, limits, health, the end.

use std::time::Duration;

use longhaul_proto::{
    api::{
        common::v1::{Payload, Payloads},
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{
            GetSystemInfoRequest, PollWorkflowTaskQueueRequest, StartWorkflowExecutionRequest,
        },
    },
    grpc::health::v1::{
        HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
    },
};
use longhaul_server::{config::Config, server::Server};
use prost::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::codec::CompressionEncoding;

use super::client::{start, told};

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn probes_and_metrics_answer_over_http() {
    let mut fixture = start().await;
    for path in ["/livez", "/readyz", "/healthz"] {
        assert!(get(fixture.server.http_address, path).await.starts_with("HTTP/1.1 200"), "{path}");
    }
    assert!(get(fixture.server.http_address, "/other").await.starts_with("HTTP/1.1 404"));
    fixture.workflow.get_system_info(GetSystemInfoRequest {}).await.unwrap();
    let metrics = get(fixture.server.metrics_address, "/metrics").await;
    assert!(metrics.contains("service_requests{operation=\"GetSystemInfo\""), "{metrics}");
    assert!(metrics.contains("service_latency_bucket{operation=\"GetSystemInfo\""), "{metrics}");
    fixture.server.stop().await;
}

#[tokio::test]
async fn the_health_service_knows_the_services() {
    let fixture = start().await;
    let mut health = HealthClient::connect(format!("http://{}", fixture.server.address)).await.unwrap();
    for service in ["", "temporal.api.workflowservice.v1.WorkflowService"] {
        let request = HealthCheckRequest { service: service.into() };
        let answer = health.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    let unknown = HealthCheckRequest { service: "nonsense".into() };
    assert_eq!(health.check(unknown).await.unwrap_err().code(), tonic::Code::NotFound);
    fixture.server.stop().await;
}

#[tokio::test]
async fn compressed_calls_are_answered_and_large_ones_refused() {
    let fixture = start().await;
    let mut compressed = fixture
        .workflow
        .clone()
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    let info = compressed.get_system_info(GetSystemInfoRequest {}).await.unwrap().into_inner();
    assert_eq!(info.server_version, longhaul_frontend::COMPATIBLE_VERSION);

    let payload = Payload { data: vec![b'x'; 5 << 20].into(), ..Payload::default() };
    let request = StartWorkflowExecutionRequest {
        input: Some(Payloads { payloads: vec![payload] }),
        ..StartWorkflowExecutionRequest::default()
    };
    let bytes = request.encoded_len();
    let status = fixture.workflow.clone().start_workflow_execution(request).await.unwrap_err();
    assert_eq!(
        told(&status),
        format!("ResourceExhausted: grpc: received message larger than max ({bytes} vs. 4194304)")
    );
    fixture.server.stop().await;
}

#[tokio::test]
async fn clients_of_a_later_major_version_are_refused() {
    let mut fixture = start().await;
    let mut request = tonic::Request::new(GetSystemInfoRequest {});
    request.metadata_mut().insert("client-name", "temporal-go".parse().unwrap());
    request.metadata_mut().insert("client-version", "2.0.0".parse().unwrap());
    let status = fixture.workflow.get_system_info(request).await.unwrap_err();
    assert_eq!(
        told(&status),
        "FailedPrecondition: Client version 2.0.0 is not supported. Server supports temporal-go versions: \
         <2.0.0 [ClientVersionNotSupportedFailure]"
    );
    fixture.server.stop().await;
}

#[tokio::test]
async fn a_poll_is_answered_when_the_server_stops() {
    let fixture = start().await;
    let poll = PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(TaskQueue { name: "q".into(), ..TaskQueue::default() }),
        ..PollWorkflowTaskQueueRequest::default()
    };
    let mut patient = tonic::Request::new(poll);
    patient.set_timeout(Duration::from_secs(60));
    let mut workflow = fixture.workflow.clone();
    let polling = workflow.poll_workflow_task_queue(patient);
    let stopping = async {
        // The poll is under way as soon as the server has counted it.
        while !get(fixture.server.metrics_address, "/metrics").await.contains(
            "service_pending_requests{operation=\"PollWorkflowTaskQueue\",service_name=\"frontend\"} 1",
        ) {}
        fixture.server.stop().await;
    };
    let (polled, ()) = tokio::join!(polling, stopping);
    assert!(polled.unwrap().into_inner().task_token.is_empty());
}

#[tokio::test]
async fn a_port_in_use_is_an_error_that_names_the_flag() {
    let fixture = start().await;
    let config = Config { port: fixture.server.address.port(), ..Config::default() };
    let error = match Server::start(&config).await {
        Ok(_) => panic!("two servers on one port"),
        Err(error) => format!("{error:#}"),
    };
    assert!(error.contains("is in use by another program: choose another one with --port"), "{error}");
    fixture.server.stop().await;
}
