//! Generates the public API from the descriptor set that `temporalio-protos` exports.
//!
//! Three fields are generated as bytes instead of messages: the `history` of the answers to a poll and to the two
//! history reads. A length-delimited message and a bytes field look the same on the wire, so a stored history can be
//! sent without being decoded and encoded again. Reflection and JSON use the unchanged descriptors.

#![allow(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything through the environment"
)]

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet, OneofDescriptorProto, field_descriptor_proto::Type};

/// Messages whose field `history` stays encoded.
const RAW_HISTORY: [&str; 3] = [
    "PollWorkflowTaskQueueResponse",
    "GetWorkflowExecutionHistoryResponse",
    "GetWorkflowExecutionHistoryReverseResponse",
];

/// Packages that are generated; the descriptor set also carries the SDK's inner protocol, which we never speak.
const PACKAGES: [&str; 4] = ["temporal.api.", "google.rpc", "google.protobuf", "grpc.health.v1"];

/// Packages of the public API whose room has not been built.
const LATER: [&str; 1] = ["temporal.api.cloud."];

/// Files whose descriptors, with all that they import, are kept for reflection and JSON.
const FILES: [&str; 8] = [
    "temporal/api/workflowservice/v1/service.proto",
    "temporal/api/operatorservice/v1/service.proto",
    "temporal/api/nexusservices/workerservice/v1/request_response.proto",
    "temporal/api/sdk/v1/workflow_metadata.proto",
    "temporal/api/errordetails/v1/message.proto",
    "temporal/api/testservice/v1/service.proto",
    "health/v1/health.proto",
    "google/rpc/status.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let path = env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), with_options(&sources()?)?)?;
    let mut set = FileDescriptorSet::decode(fs::read(&path)?.as_slice())?;
    set.file.retain(|file| !file.package().starts_with("coresdk"));
    set.file.retain(|file| {
        PACKAGES.iter().any(|wanted| file.package().starts_with(wanted))
            && !LATER.iter().any(|later| file.package().starts_with(later))
    });
    for file in set.file.iter_mut().filter(|file| file.package() == "temporal.api.workflowservice.v1") {
        file.message_type
            .iter_mut()
            .filter(|m| RAW_HISTORY.contains(&m.name()))
            .for_each(keep_history_encoded);
    }
    tonic_prost_build::configure()
        .build_client(true)
        .build_server(true)
        .codec_path("crate::codec::Codec")
        .bytes(".")
        .btree_map(".")
        .include_file("api.rs")
        .compile_fds(set)?;
    Ok(())
}

/// Where the crate that brings the API keeps its protocol files. Cargo alone knows, and tells only when it has every
/// package of this target: on a machine that has never tested us it fetches those of the tests first.
fn sources() -> Result<PathBuf, Box<dyn Error>> {
    let output = Command::new(env::var("CARGO")?)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &env::var("TARGET")?])
        .arg("--manifest-path")
        .arg(PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("Cargo.toml"))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let found = packages.iter().find(|package| package["name"] == "temporalio-protos");
    let manifest =
        found.and_then(|package| package["manifest_path"].as_str()).ok_or("no temporalio-protos")?;
    Ok(PathBuf::from(manifest).with_file_name("protos"))
}

/// The descriptors with the options that declare HTTP bindings, which the exported set has lost.
fn with_options(protos: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let roots = ["api_upstream", "testsrv_upstream", "grpc", ""].map(|root| protos.join(root));
    let mut compiler = protox::Compiler::new(roots)?;
    compiler.include_imports(true).include_source_info(false).open_files(FILES)?;
    Ok(compiler.encode_file_descriptor_set())
}

/// Turns `History history` into `optional bytes history`.
fn keep_history_encoded(message: &mut DescriptorProto) {
    let oneof = message.oneof_decl.len() as i32;
    for field in message.field.iter_mut().filter(|field| field.name() == "history") {
        field.set_type(Type::Bytes);
        field.type_name = None;
        field.proto3_optional = Some(true);
        field.oneof_index = Some(oneof);
        message.oneof_decl.push(OneofDescriptorProto { name: Some("_history".into()), options: None });
    }
}
