//! The seal of stored values: a checksum over key and value behind the value, so that a flipped byte, a torn write or a
//! value in the wrong place is found when it is read.

#[cfg(test)]
mod tests;

use crate::{engine::Part, error::Failure};

const SEAL_BYTES: usize = 4;

fn checksum(key: &[u8], body: &[u8]) -> [u8; SEAL_BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(body);
    hasher.finalize().to_le_bytes()
}

/// Puts the seal behind `body`.
pub(crate) fn seal(key: &[u8], mut body: Vec<u8>) -> Vec<u8> {
    let sum = checksum(key, &body);
    body.extend_from_slice(&sum);
    body
}

/// The body of a sealed value.
pub(crate) fn open<'v>(part: Part, key: &[u8], value: &'v [u8]) -> Result<&'v [u8], Failure> {
    match value.split_last_chunk::<SEAL_BYTES>() {
        Some((body, sum)) if checksum(key, body) == *sum => Ok(body),
        Some(_) | None => Err(broken(part, key, "its checksum does not match")),
    }
}

/// Tells which record can't be read and what to do about it.
pub(crate) fn broken(part: Part, key: &[u8], why: &str) -> Failure {
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    Failure::Corrupt(format!("record {key} of {}: {why}; restore the folder from a copy", part.name()))
}
