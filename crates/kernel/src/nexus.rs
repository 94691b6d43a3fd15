//! Nexus: endpoints, and what a call of an operation is made of, for whoever calls.

mod attempts;
mod content;
mod endpoint;
mod failure;
mod json;
mod link;
mod outcome;

pub use attempts::{Attempts, backoff};
pub use content::{from_content, to_content};
pub use endpoint::{Endpoint, Endpoints, Target, check_spec};
pub use failure::{from_wire, handler, handler_error, is_retryable, unsuccessful};
pub use json::{failure_from_json, failure_to_json, handler_to_json, operation_to_json, wire_to_json};
pub use link::{link_from_wire, link_to_wire, links_from_header, links_to_header, to_event, to_operation};
pub use outcome::{Completion, DeliveryOutcome, Ending, StartOutcome};
