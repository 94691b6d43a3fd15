//! What an operator asks about runs that can't go on: which there are, what is left of one, and what is to be done.

use prost::Message;

/// What an operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum RunAction {
    /// To know which runs of the namespace are quarantined.
    List = 0,
    /// To see what is stored of a run.
    Inspect = 1,
    /// To have a quarantined run made again from its history.
    Rebuild = 2,
    /// To put a run aside.
    Quarantine = 3,
    /// To let a run go on that was put aside.
    Lift = 4,
}

/// A request of an operator.
#[derive(Clone, PartialEq, Message)]
pub struct RunsAsked {
    /// What is wanted.
    #[prost(enumeration = "RunAction", tag = "1")]
    pub action: i32,
    /// The workflow.
    #[prost(string, tag = "2")]
    pub workflow_id: String,
    /// The run; the newest one if it is empty.
    #[prost(string, tag = "3")]
    pub run_id: String,
    /// Why, for whoever looks later.
    #[prost(string, tag = "4")]
    pub reason: String,
}

/// The answer to it.
#[derive(Clone, PartialEq, Message)]
pub struct RunsAnswered {
    /// Quarantined runs.
    #[prost(message, repeated, tag = "1")]
    pub runs: Vec<QuarantinedRun>,
    /// Whether there are more of them than are told.
    #[prost(bool, tag = "2")]
    pub more: bool,
    /// What is stored of the run, or what was done, in lines.
    #[prost(message, repeated, tag = "3")]
    pub lines: Vec<ReportLine>,
}

/// A run that is kept from going on.
#[derive(Clone, PartialEq, Message)]
pub struct QuarantinedRun {
    /// Its kind, in words.
    #[prost(string, tag = "1")]
    pub kind: String,
    /// Its workflow id, or the id of whatever else it is.
    #[prost(string, tag = "2")]
    pub id: String,
    /// Its run id.
    #[prost(string, tag = "3")]
    pub run_id: String,
    /// Since when.
    #[prost(message, required, tag = "4")]
    pub since: prost_types::Timestamp,
    /// Why.
    #[prost(string, tag = "5")]
    pub reason: String,
    /// Whether somebody put it aside.
    #[prost(bool, tag = "6")]
    pub by_hand: bool,
}

/// A line of a report.
#[derive(Clone, PartialEq, Message)]
pub struct ReportLine {
    /// What it is about.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What there is to say.
    #[prost(string, tag = "2")]
    pub value: String,
}
