//! What rooms ask of each other: `history` and `matching` never import one another, they see these traits. There are
//! three ways to answer: a direct call in the same process, a call between nodes, and the simulator's lossy wire.

mod history;
mod late;
mod matching;
mod runs;
mod token;

use futures_util::future::BoxFuture;
use longhaul_proto::Refusal;

pub use history::*;
pub use late::Late;
pub use matching::*;
pub use runs::{QuarantinedRun, ReportLine, RunAction, RunsAnswered, RunsAsked};
pub use token::{QueryToken, TaskToken};

/// Who asks, for whom, and how long the answer is of use.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// Id of the namespace, sixteen bytes.
    pub namespace_id: [u8; 16],
    /// Name of the namespace, for texts.
    pub namespace: String,
    /// When the caller stops listening, in nanoseconds since the epoch; `None` if it did not say.
    pub deadline: Option<i64>,
    /// Name of the client's SDK (`client-name` header), or empty.
    pub client_name: String,
    /// Its version, or empty.
    pub client_version: String,
}

/// Why a peer did not answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PeerError {
    /// The request was refused; the caller of the public API is told so.
    #[error("refused: {0:?}")]
    Refused(Box<Refusal>),
    /// Try again soon.
    #[error("peer is busy: {0}")]
    Busy(String),
    /// The peer no longer owns what was asked for: look up the owner again.
    #[error("peer is not the owner: {0}")]
    Lost(String),
    /// It may have happened.
    #[error("outcome is unknown: {0}")]
    Unknown(String),
    /// Stored data is damaged.
    #[error("data is damaged: {0}")]
    Corrupt(String),
    /// What was asked for is kept from going on until an operator has looked at it; says what he can do.
    #[error("{0}")]
    Quarantined(String),
}

impl From<Refusal> for PeerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

/// A request that a peer answers with a certain type.
pub trait Ask<Call, Answer>: Sized {
    /// What it is answered with.
    type Answer;
    /// Puts the request into the envelope.
    fn into_call(self) -> Call;
    /// Takes the answer out of the envelope; `None` if it holds another one.
    fn from_answer(answer: Answer) -> Option<Self::Answer>;
}

/// Declares an envelope of calls and one of answers, and which answer belongs to which call.
macro_rules! envelope {
    ($(#[$doc:meta])* $call:ident / $answer:ident { $($variant:ident : $request:ty => $response:ty = $tag:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, prost::Oneof)]
        #[allow(clippy::large_enum_variant, missing_docs)]
        pub enum $call { $(#[prost(message, tag = $tag)] $variant($request)),+ }

        /// The answers, in the order of the calls.
        #[derive(Clone, PartialEq, prost::Oneof)]
        #[allow(clippy::large_enum_variant, missing_docs)]
        pub enum $answer { $(#[prost(message, tag = $tag)] $variant($response)),+ }

        $(impl $crate::peers::Ask<$call, $answer> for $request {
            type Answer = $response;
            fn into_call(self) -> $call { $call::$variant(self) }
            fn from_answer(answer: $answer) -> Option<$response> {
                match answer { $answer::$variant(answer) => Some(answer), _ => None }
            }
        })+
    };
}
pub(crate) use envelope;

/// A peer's answer, some time.
pub type Answering<'a, T> = BoxFuture<'a, Result<T, PeerError>>;
