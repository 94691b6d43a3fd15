//! Every call of the public services: which function answers it, or that nothing does yet.
//!
//! One table per service. The implementation of the service and the list of what is built both come from it, so the
//! documentation of the coverage can't lie.

mod operator;
mod workflow;

pub use operator::OPERATOR_CALLS;
pub use workflow::WORKFLOW_CALLS;

/// How far a call is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is answered.
    Built,
    /// The reference answers it, this server does not yet.
    Later,
    /// The reference refuses it by default, and so does this server.
    Refused,
}

/// A call of a public service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name, as the API spells it.
    pub name: &'static str,
    /// How far it is built.
    pub state: State,
}

/// Cuts `Request` off the name of a request message, which leaves the name of the call.
const fn call_name(request: &'static str) -> &'static str {
    request.split_at(request.len() - "Request".len()).0
}

/// Implements a service from a table of `method(Request) -> Response = state`.
macro_rules! serve {
    (
        $(#[$doc:meta])* $calls:ident: $service:path;
        $($method:ident($request:ident) -> $response:ident = $state:tt $($handler:expr)?;)+
    ) => {
        $(#[$doc])*
        pub const $calls: &[Call] = &[
            $(Call { name: call_name(stringify!($request)), state: serve!(@state $state) }),+
        ];

        #[tonic::async_trait]
        impl $service for $crate::Frontend {
            $(async fn $method(
                &self,
                request: tonic::Request<messages::$request>,
            ) -> Result<tonic::Response<messages::$response>, tonic::Status> {
                const NAME: &str = call_name(stringify!($request));
                self.answer(NAME, request, async |asker, request| {
                    serve!(@answer self, asker, request, NAME, $state $($handler)?)
                }).await
            })+
        }
    };
    (@state built) => { State::Built };
    (@state later) => { State::Later };
    (@state refused) => { State::Refused };
    (@answer $frontend:expr, $asker:expr, $request:expr, $name:expr, built $handler:expr) => {
        $handler($frontend, $asker, $request).await
    };
    (@answer $frontend:expr, $asker:expr, $request:expr, $name:expr, later) => {{
        let _: (Asker, _) = ($asker, $request);
        Err(Refusal::Unimplemented(format!("{} is not supported by this server yet", $name)).into())
    }};
    (@answer $frontend:expr, $asker:expr, $request:expr, $name:expr, refused $handler:expr) => {
        $handler($frontend, $asker, $request).await
    };
}
use serve;
