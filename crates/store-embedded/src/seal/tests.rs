//! Flipped bits, cut values and values in the wrong place are found.

use super::{open, seal};
use crate::{engine::Part, error::Failure};

#[test]
fn what_was_sealed_opens() {
    for body in [&b""[..], b"body"] {
        assert_eq!(open(Part::State, b"key", &seal(b"key", body.to_vec())), Ok(body));
    }
}

#[test]
fn whatever_was_changed_does_not_open() {
    let sealed = seal(b"key", b"body".to_vec());
    for at in 0..sealed.len() {
        let mut flipped = sealed.clone();
        flipped[at] ^= 1;
        assert!(open(Part::State, b"key", &flipped).is_err(), "byte {at}");
        assert!(open(Part::State, b"key", &sealed[..at]).is_err(), "cut at {at}");
    }
    let Err(Failure::Corrupt(text)) = open(Part::State, b"kez", &sealed) else {
        panic!("a value in the wrong place")
    };
    assert!(text.starts_with("record 6b657a of state: "), "{text}");
}
