//! Starts a server on free ports and connects to it.

use longhaul_proto::{
    api::{
        operatorservice::v1::operator_service_client::OperatorServiceClient,
        workflowservice::v1::workflow_service_client::WorkflowServiceClient,
    },
    google::rpc,
};
use longhaul_server::{config::Config, server::Server};
use prost::Message;
use tonic::{Status, transport::Channel};

pub struct Fixture {
    pub server: Server,
    pub workflow: WorkflowServiceClient<Channel>,
    pub operator: OperatorServiceClient<Channel>,
}

/// A server in memory with the namespace `default`.
pub async fn start() -> Fixture {
    start_with(Config { port: 0, ..Config::default() }).await
}

pub async fn start_with(config: Config) -> Fixture {
    let server = Server::start(&config).await.unwrap();
    let channel =
        Channel::from_shared(format!("http://{}", server.address)).unwrap().connect().await.unwrap();
    Fixture {
        server,
        workflow: WorkflowServiceClient::new(channel.clone()),
        operator: OperatorServiceClient::new(channel),
    }
}

/// Code, text and name of the first detail message, as a line.
pub fn told(status: &Status) -> String {
    let detail = match rpc::Status::decode(status.details()) {
        Ok(whole) if !whole.details.is_empty() => {
            assert_eq!(whole.message, status.message());
            assert_eq!(whole.code, status.code() as i32);
            format!(" [{}]", whole.details[0].type_url.rsplit('.').next().unwrap())
        }
        _ => String::new(),
    };
    format!("{:?}: {}{detail}", status.code(), status.message())
}
