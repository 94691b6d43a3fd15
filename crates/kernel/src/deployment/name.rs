//! Names of worker deployments and of their versions: what may be one, and the forms in which clients write them.

use std::fmt;

use longhaul_proto::{
    Refusal,
    api::deployment::v1::{WorkerDeploymentOptions, WorkerDeploymentVersion},
    api::enums::v1::WorkerVersioningMode,
};
use minicbor::{Decode, Encode};

/// How the workers that belong to no version are written.
pub const UNVERSIONED: &str = "__unversioned__";

/// What stands between deployment and build in texts for people and in search attributes.
const DELIMITER: char = ':';

/// The same in the form of the first clients.
const OLD_DELIMITER: char = '.';

/// Name of a version: a deployment, and the build of its workers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct VersionName {
    /// The deployment.
    #[n(0)]
    pub deployment: String,
    /// The build.
    #[n(1)]
    pub build: String,
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{DELIMITER}{}", self.deployment, self.build)
    }
}

impl VersionName {
    /// A version of a deployment.
    pub fn new(deployment: &str, build: &str) -> Self {
        Self { deployment: deployment.to_owned(), build: build.to_owned() }
    }

    /// Reads the form of the API.
    pub fn of(version: &WorkerDeploymentVersion) -> Self {
        Self::new(&version.deployment_name, &version.build_id)
    }

    /// The version that a worker belongs to; `None` for one that is not versioned.
    pub fn of_worker(options: Option<&WorkerDeploymentOptions>) -> Option<Self> {
        let options = options?;
        let versioned = options.worker_versioning_mode == WorkerVersioningMode::Versioned as i32;
        versioned.then(|| Self::new(&options.deployment_name, &options.build_id))
    }

    /// The form of the API.
    pub fn to_proto(&self) -> WorkerDeploymentVersion {
        WorkerDeploymentVersion { deployment_name: self.deployment.clone(), build_id: self.build.clone() }
    }

    /// The form of the first clients.
    pub fn old_form(&self) -> String {
        format!("{}{OLD_DELIMITER}{}", self.deployment, self.build)
    }

    /// Reads the form of the first clients; both parts are there.
    pub fn from_old_form(text: &str) -> Option<Self> {
        let (deployment, build) = text.split_once(OLD_DELIMITER)?;
        (!deployment.is_empty() && !build.is_empty()).then(|| Self::new(deployment, build))
    }
}

/// A version that may be none, in the form of the first clients.
pub fn old_form(version: Option<&VersionName>) -> String {
    version.map_or_else(|| UNVERSIONED.to_owned(), VersionName::old_form)
}

/// Refuses what can't be the name of a deployment.
///
/// # Errors
/// `InvalidArgument`, with the reference's text.
pub fn check_deployment(name: &str, length_max: usize) -> Result<(), Refusal> {
    check_part("WorkerDeploymentName", name, length_max)?;
    match name.chars().find(|c| [OLD_DELIMITER, DELIMITER].contains(c)) {
        Some(c) => Err(Refusal::invalid(format!("worker deployment name cannot contain '{c}'"))),
        None => Ok(()),
    }
}

/// Refuses what can't be the name of a build.
///
/// # Errors
/// `InvalidArgument`, with the reference's text.
pub fn check_build(build: &str, length_max: usize) -> Result<(), Refusal> {
    check_part("BuildID", build, length_max)
}

fn check_part(what: &str, text: &str, length_max: usize) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(Refusal::invalid(format!("{what} cannot be empty")));
    }
    if text.len() > length_max {
        return Err(Refusal::invalid(format!("size of {what} larger than the maximum allowed")));
    }
    if text.starts_with("__") {
        return Err(Refusal::invalid(format!("{what} cannot start with '__'")));
    }
    Ok(())
}
