//! How messages of the API are read from and written to gRPC's buffers.
//!
//! A field of bytes is a part of the buffer that its message was read from, and keeps all of it in memory. The buffer of a
//! call is larger than most messages, and what a workflow keeps of a message, it keeps for long: so a message is first
//! copied to where nothing else is, unless it is so large that it fills the buffer anyway.

#[cfg(test)]
mod tests;

use std::marker::PhantomData;

use bytes::{Buf, Bytes};
use prost::Message;
use tonic::{
    Status,
    codec::{BufferSettings, DecodeBuf, EncodeBuf},
};

/// Messages of so many bytes are not copied.
const LARGE: usize = 32 << 10;

/// What a call's buffers begin with. Reading grows them by as much; writing asks for what the message needs.
const BUFFER_BYTES: usize = 1 << 10;

/// Bytes of a stream of answers that are sent together.
const YIELD_BYTES: usize = 32 << 10;

/// Reads and writes the messages of a call.
#[derive(Clone, Copy, Debug)]
pub struct Codec<Sent, Received>(PhantomData<(Sent, Received)>);

impl<Sent, Received> Default for Codec<Sent, Received> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<Sent, Received> tonic::codec::Codec for Codec<Sent, Received>
where
    Sent: Message + 'static,
    Received: Message + Default + 'static,
{
    type Encode = Sent;
    type Decode = Received;
    type Encoder = Encoder<Sent>;
    type Decoder = Decoder<Received>;

    fn encoder(&mut self) -> Self::Encoder {
        Encoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        Decoder(PhantomData)
    }
}

/// Writes messages.
#[derive(Clone, Copy, Debug)]
pub struct Encoder<M>(PhantomData<M>);

impl<M: Message> tonic::codec::Encoder for Encoder<M> {
    type Item = M;
    type Error = Status;

    fn encode(&mut self, message: M, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(message.encoded_len());
        message.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER_BYTES, YIELD_BYTES)
    }
}

/// Reads messages.
#[derive(Clone, Copy, Debug)]
pub struct Decoder<M>(PhantomData<M>);

impl<M: Message + Default> tonic::codec::Decoder for Decoder<M> {
    type Item = M;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<M>, Status> {
        M::decode(apart(buffer)).map(Some).map_err(|error| Status::internal(error.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER_BYTES, YIELD_BYTES)
    }
}

/// The message as bytes of its own.
fn apart(buffer: &mut impl Buf) -> Bytes {
    let length = buffer.remaining();
    if length < LARGE && buffer.chunk().len() == length {
        let message = Bytes::copy_from_slice(buffer.chunk());
        buffer.advance(length);
        return message;
    }
    buffer.copy_to_bytes(length)
}
