//! The example of the guide is in force, namespace by namespace.

use std::path::PathBuf;

use clap::Parser;
use longhaul_proto::api::workflowservice::v1::{CountWorkflowExecutionsRequest, DescribeNamespaceRequest};
use longhaul_server::{
    arguments::{Arguments, Command},
    config::Config,
};
use tonic::Code;

use super::client::{start_with, told};

/// The configuration that these arguments of `start-dev` make.
pub fn configured(arguments: &[&str]) -> anyhow::Result<Config> {
    let all = ["longhaul", "start-dev", "--in-memory", "--namespace", "media"].iter().chain(arguments);
    let Command::StartDev(start) = Arguments::parse_from(all).command else { panic!("it starts a server") };
    Ok(Config { port: 0, ..Config::new(&start, true)? })
}

fn example() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/dynamic.yaml")
}

#[tokio::test]
async fn the_example_of_the_guide_is_in_force() {
    let path = example();
    let config = configured(&["--dynamic-config-file", path.to_str().unwrap()]).unwrap();
    let mut fixture = start_with(config).await;
    for (namespace, bytes) in [("default", 1 << 20), ("media", 4 << 20)] {
        let request = DescribeNamespaceRequest { namespace: namespace.into(), ..Default::default() };
        let info = fixture.workflow.describe_namespace(request).await.unwrap().into_inner().namespace_info;
        assert_eq!(info.unwrap().limits.unwrap().blob_size_limit_error, bytes, "{namespace}");
    }
    let mut count = async |namespace: &str| {
        let request = CountWorkflowExecutionsRequest { namespace: namespace.into(), ..Default::default() };
        fixture.workflow.count_workflow_executions(request).await
    };
    let mut refused = None;
    for _ in 0..10_000 {
        if let Err(status) = count("default").await {
            refused = Some(status);
            break;
        }
    }
    let refused = refused.expect("twenty lists a second are allowed");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(told(&refused).contains("namespace rate limit exceeded"), "{}", told(&refused));
    assert!(count("media").await.is_ok(), "each namespace has a limit of its own");
}

#[test]
fn a_wrong_setting_ends_the_start() {
    let error = configured(&["--dynamic-config-value", "limit.blobSize.error=\"much\""]).unwrap_err();
    assert!(format!("{error:#}").contains("setting limit.blobSize.error can't be \"much\""), "{error:#}");
    assert!(configured(&["--dynamic-config-value", "frontend.nonsense=1"]).is_ok());
}
