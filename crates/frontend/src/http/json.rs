//! JSON as the reference reads and writes it: proto3 JSON over the descriptors, with payloads in shorthand.
//!
//! `tree` reads text, `read` turns it into a message, `write` turns a message into text, `payload` knows the shorthand,
//! `known` the types with a form of their own, `number` how numbers are spelt.

mod known;
mod number;
mod payload;
mod read;
mod tree;
mod write;

use longhaul_kernel::base64;

pub(super) use known::{camel, read_text as read_known};
pub(super) use read::read;
pub(super) use write::write;

/// How a message is written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Whether it is indented.
    pub pretty: bool,
    /// Whether payloads of JSON stand for themselves.
    pub shorthand: bool,
}
