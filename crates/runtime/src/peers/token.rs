//! Task tokens: what a worker sends back with its answer. Opaque to workers and to clients, unsigned; every field is
//! checked against the run before it counts. Fields may be added, never renumbered: workers hold tokens across upgrades.

use bytes::Bytes;
use prost::Message;

/// Names a dispatched workflow or activity task.
#[derive(Clone, PartialEq, Message)]
pub struct TaskToken {
    /// Namespace of the run, sixteen bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub namespace_id: Bytes,
    /// The workflow; empty for an activity that stands alone.
    #[prost(string, tag = "2")]
    pub workflow_id: String,
    /// Its run.
    #[prost(string, tag = "3")]
    pub run_id: String,
    /// The event that scheduled the task.
    #[prost(int64, tag = "4")]
    pub scheduled_event_id: i64,
    /// The event that started it, or the id that event will have; zero for an activity.
    #[prost(int64, tag = "5")]
    pub started_event_id: i64,
    /// Attempt that was dispatched.
    #[prost(int32, tag = "6")]
    pub attempt: i32,
    /// The activity; empty for a workflow task.
    #[prost(string, tag = "7")]
    pub activity_id: String,
    /// When the attempt started, nanoseconds since the epoch.
    #[prost(int64, tag = "8")]
    pub started_at: i64,
    /// Grows when a dispatched task becomes void.
    #[prost(int64, tag = "9")]
    pub version: i64,
}

/// Names a query that was handed to a worker without a workflow task.
#[derive(Clone, PartialEq, Message)]
pub struct QueryToken {
    /// Namespace of the run, sixteen bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub namespace_id: Bytes,
    /// Queue whose worker got the query.
    #[prost(string, tag = "2")]
    pub task_queue: String,
    /// Which query; drawn by matching.
    #[prost(string, tag = "3")]
    pub query_id: String,
}
