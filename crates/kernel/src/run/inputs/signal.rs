//! Somebody signals the run.

use longhaul_proto::{
    Refusal,
    api::history::v1::{WorkflowExecutionSignaledEventAttributes, history_event::Attributes},
};

use prost::Message;

use crate::run::{Fact, Reply, Signal, too_large, transition::Transition};

/// Records the signal once per request id.
pub fn step(t: &mut Transition<'_>, signal: Signal) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    ensure_child(t, signal.child_only, signal.source.as_ref())?;
    if t.run.signal_request_ids.contains(&signal.request.request_id) {
        t.effects.reply = Reply::Already;
        return Ok(());
    }
    t.ensure_not_closing()?;
    let signals_max = t.context.limits.signals_max;
    if signals_max > 0 && t.run.signal_count >= signals_max {
        return Err(Refusal::invalid("exceeded workflow execution limit for signal events"));
    }
    let (bytes, limit) = (signal.request.encoded_len() as u64, t.context.limits.transaction_bytes_max);
    if bytes > limit {
        return Err(Refusal::invalid(too_large::transaction(bytes, limit)));
    }
    if signal.skips_delay {
        t.skip_delay();
    }
    record(t, signal);
    Ok(())
}

/// Refuses a request that only the parent may make.
pub fn ensure_child(
    t: &Transition<'_>,
    child_only: bool,
    source: Option<&longhaul_proto::api::common::v1::WorkflowExecution>,
) -> Result<(), Refusal> {
    if child_only && t.run.start.parent_workflow_execution.as_ref() != source {
        return Err(Refusal::not_found("workflow execution is not a child of the requester"));
    }
    Ok(())
}

/// Writes the signal, whatever the state.
pub fn record(t: &mut Transition<'_>, signal: Signal) {
    let request = signal.request;
    if !request.request_id.is_empty() {
        t.fact(Fact::SignalSeen(request.request_id.clone()));
    }
    #[allow(deprecated)]
    let signaled = WorkflowExecutionSignaledEventAttributes {
        signal_name: request.signal_name,
        input: request.input,
        identity: request.identity,
        header: request.header,
        external_workflow_execution: signal.source,
        request_id: request.request_id,
        ..Default::default()
    };
    t.outside_event_of(Attributes::WorkflowExecutionSignaledEventAttributes(signaled), None, request.links);
    t.needs_task = true;
}
