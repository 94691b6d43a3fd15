//! How a run begins that a test plays by itself, where a script says too little.

use std::{sync::Arc, time::Duration};

use longhaul_proto::api::history::v1::WorkflowExecutionStartedEventAttributes;

use crate::{
    context::{Context, Limits},
    ids::{NamespaceId, RunId},
    run::Start,
    visibility::Attributes,
};

/// A namespace in which nothing is set.
pub(super) fn context() -> Context {
    Context {
        namespace: "default".into(),
        other_namespaces: Arc::default(),
        retention: Duration::from_secs(86_400),
        limits: Arc::new(Limits::default()),
        attributes: Arc::new(Attributes::system()),
        archives: false,
        endpoints: Arc::default(),
        routes: Arc::default(),
        rules: Arc::default(),
    }
}

/// The start of the run `1` of the workflow `w`, the first attempt.
pub(super) fn start(attributes: WorkflowExecutionStartedEventAttributes) -> Start {
    Start {
        namespace: NamespaceId::default(),
        workflow_id: "w".into(),
        run_id: RunId::from_bytes([1; 16]),
        request_id: "r".into(),
        attributes: Box::new(WorkflowExecutionStartedEventAttributes { attempt: 1, ..attributes }),
        user_metadata: None,
        links: Vec::new(),
        signal: None,
        eager: None,
        priority: None,
        scheduled_by: None,
    }
}
