//! What a machine has to know of its surroundings: its namespace and the limits in force.

use std::{sync::Arc, time::Duration};

use longhaul_proto::{Refusal, api::common::v1::SearchAttributes};

use crate::{
    deployment::Routes,
    nexus::Endpoints,
    visibility::{self, Attributes},
    workflow_rule::Rules,
};

pub use limits::{Limits, is_reached};

mod limits;

/// Surroundings of a run, as they are at one input.
#[derive(Clone, Debug)]
pub struct Context {
    /// Name of the namespace.
    pub namespace: String,
    /// Names of the other namespaces; its own may be among them.
    pub other_namespaces: Arc<Vec<String>>,
    /// How long a closed run is kept.
    pub retention: Duration,
    /// Whether a closed run has to be archived before it is removed.
    pub archives: bool,
    /// Nexus endpoints.
    pub endpoints: Arc<Endpoints>,
    /// Limits in force.
    pub limits: Arc<Limits>,
    /// Search attributes of the namespace.
    pub attributes: Arc<Attributes>,
    /// Where its task queues lead, as its worker deployments have it.
    pub routes: Arc<Routes>,
    /// Rules of the namespace.
    pub rules: Arc<Rules>,
}

impl Context {
    /// Refuses search attributes that the namespace does not have, and values that are not of their type.
    ///
    /// # Errors
    /// The refusal, with the reference's text.
    pub fn check_search_attributes(&self, attributes: &SearchAttributes) -> Result<(), Refusal> {
        visibility::validate(attributes, &self.attributes, &self.limits.search_attributes()).map(|_| ())
    }
}
