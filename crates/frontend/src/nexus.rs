//! Calls about Nexus: endpoints, the tasks of its workers, and its routes over HTTP.

pub(crate) mod endpoints;
pub(crate) mod operations;
pub(crate) mod tasks;
