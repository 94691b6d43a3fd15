//! Limits and switches of the frontend.

/// What an operator may change about the frontend.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Largest message a client may send, in bytes.
    pub message_bytes_max: usize,
    /// Largest payload, in bytes.
    pub blob_bytes_max: usize,
    /// Largest memo, in bytes.
    pub memo_bytes_max: usize,
    /// Most rows in a page of a list.
    pub page_rows_max: usize,
    /// Whether a started workflow's first task may come with the answer.
    pub eager_workflow_start: bool,
    /// Hosts that HTTP requests may name, with or without a port; a star stands for any text.
    pub http_allowed_hosts: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            message_bytes_max: 4 << 20,
            blob_bytes_max: 2 << 20,
            memo_bytes_max: 2 << 20,
            page_rows_max: 1000,
            eager_workflow_start: true,
            http_allowed_hosts: vec!["*".into()],
        }
    }
}
