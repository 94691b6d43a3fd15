//! Instants and lengths of time, in nanoseconds, as the kernel counts them. The clock itself is the runtime's.

use std::{fmt, ops::Add, ops::Sub, time::Duration};

use minicbor::{Decode, Encode};

/// An instant: nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

impl Timestamp {
    /// The last instant that can be told; stands for "never".
    pub const MAX: Self = Self(i64::MAX);

    /// The instant `seconds` after the epoch.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds * 1_000_000_000)
    }

    /// Time passed since `earlier`; zero if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0).max(0) as u64)
    }

    /// The wire form.
    pub fn to_proto(self) -> prost_types::Timestamp {
        prost_types::Timestamp {
            seconds: self.0.div_euclid(1_000_000_000),
            nanos: self.0.rem_euclid(1_000_000_000) as i32,
        }
    }

    /// Reads the wire form; instants outside of the range are clamped to it.
    pub fn from_proto(wire: &prost_types::Timestamp) -> Self {
        Self(wire.seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(wire.nanos)))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_proto())
    }
}

/// Reads a wire duration: `None` if it is absent or zero, negative lengths count as zero.
pub fn positive(wire: Option<&prost_types::Duration>) -> Option<Duration> {
    let wire = wire?;
    let nanos = i128::from(wire.seconds) * 1_000_000_000 + i128::from(wire.nanos);
    (nanos > 0).then(|| Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
}

/// The wire form of a length.
pub fn to_proto(length: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(length.as_secs()).unwrap_or(i64::MAX),
        nanos: length.subsec_nanos() as i32,
    }
}

/// The wire form of a length that may be absent; absent is written as zero, as the reference does.
pub fn to_proto_or_zero(length: Option<Duration>) -> Option<prost_types::Duration> {
    Some(to_proto(length.unwrap_or_default()))
}
