//! Names of things: namespaces, executions, runs, and the slot a name belongs to.
//!
//! Identifiers are parsed once, at the edge, and are never empty afterwards unless their type says so.

use std::{fmt, sync::Arc};

use minicbor::{
    Decode, Decoder, Encode, Encoder,
    data::Type,
    decode::Error as DecodeError,
    encode::{Error as EncodeError, Write},
};
use uuid::Uuid;

/// Number of slots that executions are spread over; fixed for ever, because stored keys begin with the slot.
pub const SLOTS: u16 = 1 << 14;

/// A contiguous part of the key space: the hash of a namespace id and a business id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u16);

/// Identity of a namespace; survives a change of its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceId([u8; 16]);

/// Identity of one run of an execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId([u8; 16]);

/// Identity of a history branch; the first branch of a run has the run's own id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchId([u8; 16]);

macro_rules! uuid_newtype {
    ($name:ident) => {
        impl $name {
            /// Wraps sixteen bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The sixteen bytes, for stored keys.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Reads the hyphenated form of the API; `None` if it is anything else.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(|uuid| Self(uuid.into_bytes()))
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: Write>(
                &self,
                encoder: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), EncodeError<W::Error>> {
                encoder.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, DecodeError> {
                // An array of sixteen numbers is how the first builds wrote it, in nearly twice the bytes.
                if decoder.datatype()? == Type::Array {
                    return <[u8; 16]>::decode(decoder, context).map(Self);
                }
                let bytes = decoder.bytes()?.try_into();
                bytes.map(Self).map_err(|_| DecodeError::message("an id has sixteen bytes"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Uuid::from_bytes(self.0).fmt(f)
            }
        }
    };
}
uuid_newtype!(NamespaceId);
uuid_newtype!(RunId);
uuid_newtype!(BranchId);

impl From<RunId> for BranchId {
    fn from(run: RunId) -> Self {
        Self(run.0)
    }
}

impl BranchId {
    /// The run that owns it, of the same execution as every run that reads it.
    pub const fn owner(self) -> RunId {
        RunId(self.0)
    }
}

/// The machine behind an execution; part of every stored key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// A workflow run.
    #[n(0)]
    Workflow,
    /// A standalone activity.
    #[n(1)]
    Activity,
    /// A standalone Nexus operation.
    #[n(2)]
    NexusOperation,
    /// A schedule.
    #[n(3)]
    Schedule,
    /// A batch operation.
    #[n(4)]
    Batch,
    /// A worker deployment.
    #[n(5)]
    Deployment,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Workflow, Self::Activity, Self::NexusOperation, Self::Schedule, Self::Batch, Self::Deployment];

    /// The byte that stands for this kind in stored keys.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind that `code` stands for.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Workflow,
            1 => Self::Activity,
            2 => Self::NexusOperation,
            3 => Self::Schedule,
            4 => Self::Batch,
            5 => Self::Deployment,
            _ => return None,
        })
    }
}

/// Name of an execution: what the user chose (a workflow id, a schedule id), within a namespace and a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutionKey {
    /// The namespace.
    pub namespace: NamespaceId,
    /// The machine behind it.
    pub kind: Kind,
    /// The business id, never empty.
    pub id: Arc<str>,
}

impl ExecutionKey {
    /// Names a workflow execution.
    pub fn workflow(namespace: NamespaceId, id: &str) -> Self {
        Self { namespace, kind: Kind::Workflow, id: id.into() }
    }

    /// The slot this execution and all of its runs live in. Stable for ever: stored keys begin with it.
    pub fn slot(&self) -> Slot {
        // FNV-1a, 64 bits, folded: fixed by this code rather than by a dependency's version.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in self.namespace.as_bytes().iter().chain(self.id.as_bytes()) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let folded = hash ^ (hash >> 32);
        Slot(((folded ^ (folded >> 16)) & u64::from(SLOTS - 1)) as u16)
    }
}

/// Name of one run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// The execution it is a run of.
    pub execution: ExecutionKey,
    /// Which run.
    pub run: RunId,
}

impl fmt::Display for RunKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.execution.namespace, self.execution.id, self.run)
    }
}

#[cfg(test)]
mod tests {
    use super::RunId;
    use crate::codec;

    #[test]
    fn an_id_takes_its_sixteen_bytes_and_the_longer_form_of_old_folders_is_read() {
        let id = RunId::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 24, 99, 100, 128, 200, 253, 254, 255]);
        let stored = codec::encode(&id);
        assert_eq!(stored.len(), 18);
        assert_eq!(codec::decode::<RunId>(&stored).ok(), Some(id));
        let mut old = vec![1];
        minicbor::encode(id.as_bytes(), &mut old).expect("a vector takes any bytes");
        assert_eq!(codec::decode::<RunId>(&old).ok(), Some(id));
        assert!(codec::decode::<RunId>(&[1, 0x42, 0, 0]).is_err());
    }
}
