//! Generates the public API from the descriptor set that `temporalio-protos` exports.
//!
//! Three fields are generated as bytes instead of messages: the `history` of the answers to a poll and to the two
//! history reads. A length-delimited message and a bytes field look the same on the wire, so a stored history can be
//! sent without being decoded and encoded again. Reflection and JSON use the unchanged descriptors.

#![allow(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything through the environment"
)]

use std::{env, error::Error, fs, path::PathBuf};

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
const LATER: [&str; 2] = ["temporal.api.cloud.", "temporal.api.testservice."];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let path = env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut set = FileDescriptorSet::decode(fs::read(&path)?.as_slice())?;
    set.file.retain(|file| !file.package().starts_with("coresdk") && !file.package().starts_with(LATER[0]));
    fs::write(out.join("descriptors.bin"), set.encode_to_vec())?;
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
        .bytes(".")
        .btree_map(".")
        .include_file("api.rs")
        .compile_fds(set)?;
    Ok(())
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
