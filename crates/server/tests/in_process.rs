//! A whole server in this process, spoken to over gRPC: wiring, status codes, details, limits, an orderly end.
#![allow(clippy::unwrap_used, missing_docs)]

mod in_process {
    mod archival;
    pub mod client;
    mod connections;
    mod docs;
    mod http;
    mod http_live;
    pub mod limits;
    mod namespaces;
    mod quarantine;
    mod refusals;
    mod running;
    mod transport;
    mod versions;
    mod visibility;
    mod wiring;
}
