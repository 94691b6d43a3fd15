//! How state is stored: CBOR with numbered fields, so that a new binary reads what an old one wrote and the other way
//! round. Messages of the public API are kept in their own encoding.

use std::ops::{Deref, DerefMut};

use minicbor::{
    Decode, Decoder, Encode, Encoder,
    decode::Error as DecodeError,
    encode::{Error as EncodeError, Write},
};
use prost::Message;

/// A message of the public API inside of stored state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pb<M>(pub M);

impl<M> Deref for Pb<M> {
    type Target = M;
    fn deref(&self) -> &M {
        &self.0
    }
}

impl<M> DerefMut for Pb<M> {
    fn deref_mut(&mut self) -> &mut M {
        &mut self.0
    }
}

impl<C, M: Message> Encode<C> for Pb<M> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.bytes(&self.0.encode_to_vec())?.ok()
    }
}

impl<'b, C, M: Message + Default> Decode<'b, C> for Pb<M> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        M::decode(d.bytes()?).map(Pb).map_err(DecodeError::custom)
    }
}

/// Version of every record written by this binary; the first byte of a record.
const VERSION: u8 = 1;

/// Why a stored record can't be read.
#[derive(Debug)]
pub struct Unreadable(pub String);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stored record can't be read: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

/// Encodes a record with its version in front.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    // Most records fit, so that encoding one does not move it again and again.
    let mut out = Vec::with_capacity(256);
    out.push(VERSION);
    minicbor::encode(value, &mut out).expect("a vector takes any bytes");
    out
}

/// Reads a record of this or an older version.
pub fn decode<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Result<T, Unreadable> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => minicbor::decode(rest).map_err(|error| Unreadable(error.to_string())),
        Some((version, _)) => Err(Unreadable(format!("version {version} is newer than this binary"))),
        None => Err(Unreadable("it is empty".into())),
    }
}
