//! Callbacks that a start brings: whether they can be meant, and where they may lead to. As in a fresh reference no
//! address outside of the cluster is allowed.

use longhaul_proto::{
    Refusal,
    api::{
        common::v1::{
            Callback, Link,
            callback::{Nexus, Variant},
        },
        workflowservice::v1::StartWorkflowExecutionRequest,
    },
};

/// Most callbacks of an execution.
const CALLBACKS_MAX: usize = 2000;

/// Longest address, in bytes.
const URL_BYTES_MAX: usize = 1000;

/// Most bytes of a callback's headers.
const HEADER_BYTES_MAX: usize = 8192;

/// The address that stands for the cluster itself.
const SYSTEM_URL: &str = "temporal://system";

/// Refuses callbacks that can't be meant.
pub(crate) fn check(callbacks: &[Callback]) -> Result<(), Refusal> {
    if callbacks.len() > CALLBACKS_MAX {
        return Err(Refusal::invalid(format!(
            "cannot attach more than {CALLBACKS_MAX} callbacks to an execution"
        )));
    }
    for callback in callbacks {
        match &callback.variant {
            Some(Variant::Nexus(nexus)) => check_nexus(nexus)?,
            Some(Variant::Internal(_)) => {
                return Err(Refusal::invalid("unsupported callback variant: *common.Callback_Internal_"));
            }
            Some(Variant::NexusHandler(_)) => {
                return Err(Refusal::invalid("unsupported callback variant: *common.Callback_NexusHandler_"));
            }
            None => return Err(Refusal::Unimplemented("unknown callback variant: <nil>".into())),
        }
    }
    Ok(())
}

fn check_nexus(nexus: &Nexus) -> Result<(), Refusal> {
    let url = &nexus.url;
    let refuse = |text: String| Err(Refusal::InvalidArgument(format!("invalid url: {text}")));
    if url.len() > URL_BYTES_MAX {
        return refuse(format!("url length longer than max length allowed of {URL_BYTES_MAX}"));
    }
    if url != SYSTEM_URL {
        let Some(rest) = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")) else {
            return refuse(format!("unknown scheme: {url}"));
        };
        if rest.split(['/', '?', '#']).next().is_none_or(str::is_empty) {
            return refuse("missing host".into());
        }
        return refuse(format!("url does not match any configured callback address: {url}"));
    }
    let bytes: usize = nexus.header.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > HEADER_BYTES_MAX {
        return Err(Refusal::invalid(format!(
            "invalid header: header size longer than max allowed size of {HEADER_BYTES_MAX}"
        )));
    }
    Ok(())
}

/// Every link of a start: its own and those of its callbacks. One that a callback has is not the start's own, too.
pub(crate) fn all_links(own: &[Link], callbacks: &[Callback]) -> Vec<Link> {
    let of_callbacks: Vec<Link> = callbacks.iter().flat_map(|callback| callback.links.clone()).collect();
    let own = own.iter().filter(|link| !of_callbacks.contains(link)).cloned();
    own.chain(of_callbacks.iter().cloned()).collect()
}

/// Leaves to the callbacks the links that they have, and writes the names of headers in small letters.
pub(crate) fn prepare(request: &mut StartWorkflowExecutionRequest) {
    let StartWorkflowExecutionRequest { links, completion_callbacks, .. } = request;
    links.retain(|link| !completion_callbacks.iter().any(|callback| callback.links.contains(link)));
    for callback in completion_callbacks {
        if let Some(Variant::Nexus(nexus)) = &mut callback.variant {
            let header = std::mem::take(&mut nexus.header);
            nexus.header = header.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        }
    }
}
