//! Callbacks that a start brings: whether they can be meant, and where they may lead to. As in a fresh reference no
//! address outside of the cluster is allowed unless a setting names it.

mod addresses;

pub use addresses::{Address, Addresses};

use longhaul_kernel::context::Limits;
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

/// The address that stands for the cluster itself.
const SYSTEM_URL: &str = "temporal://system";

/// Refuses callbacks that can't be meant.
pub(crate) fn check(callbacks: &[Callback], limits: &Limits, allowed: &Addresses) -> Result<(), Refusal> {
    if callbacks.len() > limits.callbacks_max {
        return Err(Refusal::invalid(format!(
            "cannot attach more than {} callbacks to an execution",
            limits.callbacks_max
        )));
    }
    for callback in callbacks {
        match &callback.variant {
            Some(Variant::Nexus(nexus)) => check_nexus(nexus, limits, allowed)?,
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

fn check_nexus(nexus: &Nexus, limits: &Limits, allowed: &Addresses) -> Result<(), Refusal> {
    let url = &nexus.url;
    let refuse = |text: String| Err(Refusal::InvalidArgument(format!("invalid url: {text}")));
    if url.len() > limits.callback_url_bytes_max {
        return refuse(format!(
            "url length longer than max length allowed of {}",
            limits.callback_url_bytes_max
        ));
    }
    if url != SYSTEM_URL {
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
            _ => return refuse(format!("unknown scheme: {url}")),
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() {
            return refuse("missing host".into());
        }
        if let Err(fault) = allowed.check(url, scheme, host) {
            return refuse(fault);
        }
    }
    let bytes: usize = nexus.header.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > limits.callback_header_bytes_max {
        return Err(Refusal::invalid(format!(
            "invalid header: header size longer than max allowed size of {}",
            limits.callback_header_bytes_max
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(callbacks: &[Callback]) -> Result<(), Refusal> {
        super::check(callbacks, &Limits::default(), &Addresses::default())
    }

    fn callback(url: &str) -> Callback {
        let nexus = Nexus { url: url.into(), ..Nexus::default() };
        Callback { variant: Some(Variant::Nexus(nexus)), ..Callback::default() }
    }

    fn link(workflow_id: &str) -> Link {
        use longhaul_proto::api::common::v1::link;
        let event = link::WorkflowEvent { workflow_id: workflow_id.into(), ..link::WorkflowEvent::default() };
        Link { variant: Some(link::Variant::WorkflowEvent(event)) }
    }

    #[test]
    fn only_the_cluster_itself_may_be_called() {
        for (url, fault) in [
            ("", "unknown scheme: "),
            ("temporal://system/path", "unknown scheme: temporal://system/path"),
            ("https://", "missing host"),
            ("https://?query", "missing host"),
            ("http://example.com", "url does not match any configured callback address: http://example.com"),
        ] {
            assert_eq!(check(&[callback(url)]), Err(Refusal::invalid(format!("invalid url: {fault}"))));
        }
        assert_eq!(check(&[callback(SYSTEM_URL)]), Ok(()));
        assert!(check(&vec![callback(SYSTEM_URL); 2000]).is_ok());
        assert!(check(&vec![callback(SYSTEM_URL); 2001]).is_err());
    }

    #[test]
    fn headers_have_a_limit_and_small_letters() {
        let with = |bytes: usize| {
            let nexus = Nexus { url: SYSTEM_URL.into(), header: [("Name".into(), "x".repeat(bytes))].into() };
            Callback { variant: Some(Variant::Nexus(nexus)), ..Callback::default() }
        };
        assert!(check(&[with(8192 - 4)]).is_ok());
        assert!(check(&[with(8192 - 3)]).is_err());
        let mut request =
            StartWorkflowExecutionRequest { completion_callbacks: vec![with(1)], ..Default::default() };
        prepare(&mut request);
        let Some(Variant::Nexus(nexus)) = &request.completion_callbacks[0].variant else { panic!("lost") };
        assert!(nexus.header.contains_key("name"));
    }

    #[test]
    fn a_link_belongs_to_the_callback_that_has_it() {
        let called = Callback { links: vec![link("a"), link("b")], ..callback(SYSTEM_URL) };
        let own = [link("a"), link("c")];
        assert_eq!(all_links(&own, std::slice::from_ref(&called)), [link("c"), link("a"), link("b")]);
        let mut request = StartWorkflowExecutionRequest {
            links: own.into(),
            completion_callbacks: vec![called],
            ..StartWorkflowExecutionRequest::default()
        };
        prepare(&mut request);
        assert_eq!(request.links, [link("c")]);
    }
}
