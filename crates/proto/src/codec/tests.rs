//! What a message keeps in memory.

use bytes::BytesMut;

use super::*;

/// Where the message is, and where the buffer was.
fn places(length: usize) -> (Bytes, std::ops::Range<usize>) {
    let mut buffer = BytesMut::with_capacity(2 * length);
    buffer.resize(length, 7);
    let from = buffer.as_ptr() as usize;
    let message = apart(&mut buffer);
    assert!(buffer.is_empty());
    assert_eq!(message, vec![7; length]);
    (message, from..from + 2 * length)
}

#[test]
fn a_message_keeps_no_buffer_in_memory() {
    let (message, buffer) = places(300);
    assert!(!buffer.contains(&(message.as_ptr() as usize)));
}

#[test]
fn a_large_message_is_not_copied() {
    let (message, buffer) = places(LARGE);
    assert!(buffer.contains(&(message.as_ptr() as usize)));
}
