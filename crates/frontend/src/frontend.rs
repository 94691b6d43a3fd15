//! The frontend itself: what it holds, and what every call goes through before and after the function that answers it.

use std::sync::Arc;

use longhaul_kernel::{
    ids::{NamespaceId, RunId},
    namespace::{self, ClusterArchival, Namespace, State},
};
use longhaul_proto::{Refusal, api::enums::v1::NamespaceState};
use longhaul_runtime::{
    Host, Live,
    peers::{Ask, History, HistoryAnswer, HistoryCall, Matching, MatchingAnswer, MatchingCall, PeerError},
};
use longhaul_store::{
    Archive, CommitError, ReadError, Store,
    namespaces::{Directory, DirectoryError},
};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::{
    Settings,
    asker::Asker,
    metrics,
    rates::{self, Rates, Waiting, Waits},
    status, versions,
};

/// What a call is answered with.
pub(crate) type Answered<T> = Result<T, PeerError>;

/// Everything the frontend needs to answer.
pub struct Parts {
    /// Clock, entropy and tasks.
    pub host: Host,
    /// For lists, counts and documents.
    pub store: Arc<dyn Store>,
    /// Namespaces.
    pub directory: Arc<Directory>,
    /// Owns runs.
    pub history: Arc<dyn History>,
    /// Owns task queues.
    pub matching: Arc<dyn Matching>,
    /// What the cluster is called.
    pub cluster: ClusterIdentity,
    /// Limits and switches.
    pub settings: Live<Settings>,
    /// What the cluster archives.
    pub archival: ClusterArchival,
    /// Where that is.
    pub archive: Option<Arc<dyn Archive>>,
    /// Turns true when the server is told to stop: polls are answered at once then.
    pub draining: watch::Receiver<bool>,
}

/// How this cluster introduces itself.
#[derive(Clone, Debug)]
pub struct ClusterIdentity {
    /// A UUID that outlives restarts.
    pub id: String,
    /// Address of the gRPC listener.
    pub address: String,
    /// Address of the HTTP listener.
    pub http_address: String,
    /// Name of the store behind it.
    pub store: &'static str,
}

/// Answers the public API. Cheap to clone.
#[derive(Clone)]
pub struct Frontend {
    parts: Arc<Parts>,
    rates: Arc<Rates>,
}

impl std::ops::Deref for Frontend {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// Which states of a namespace allow a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allow {
    /// Only a registered namespace.
    Registered,
    /// A registered or deprecated one.
    Open,
}

impl Frontend {
    /// A frontend over its parts.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), rates: Arc::default() }
    }

    /// Answers one call by `handler`: reads the headers, checks the client's version, counts, maps the error.
    pub(crate) async fn answer<Q, A>(
        &self,
        name: &'static str,
        request: Request<Q>,
        handler: impl AsyncFnOnce(Asker, Q) -> Answered<A>,
    ) -> Result<Response<A>, Status> {
        let asker = Asker::new(request.metadata(), &self.host.clock);
        let pending = metrics::started(name, asker.now);
        let admitted = self.rates.admit(name, &self.settings.general(), asker.now);
        let answered = match (admitted, asker.check_version()) {
            // Boxed: every future around it would hold it twice, and be as large for the smallest call as for the largest.
            (Ok(()), Ok(())) => rates::counted(name, Box::pin(handler(asker, request.into_inner()))).await,
            (Ok(()), Err(refusal)) => {
                let work = rates::counted(name, Box::pin(handler(asker, request.into_inner())));
                versions::refused(name, refusal, work).await
            }
            (Err(refusal), _) => Err(refusal.into()),
        };
        let answered = answered.map(Response::new).map_err(|error| status::of(&error));
        pending.ended(self.host.clock.now(), answered.as_ref().err());
        answered
    }

    /// A random UUID in the form of the API.
    pub(crate) fn draw_uuid(&self) -> String {
        RunId::from_bytes(self.host.entropy.uuid()).to_string()
    }

    /// The namespace called `name`, if its state allows the call, and if the client fits.
    pub(crate) async fn namespace(&self, name: &str, allow: Allow) -> Answered<Arc<Namespace>> {
        let namespace = self.find_namespace(name, allow).await?;
        versions::check()?;
        Ok(namespace)
    }

    async fn find_namespace(&self, name: &str, allow: Allow) -> Answered<Arc<Namespace>> {
        if name.is_empty() {
            return Err(Refusal::invalid("Namespace is empty.").into());
        }
        namespace::check_name(name)?;
        let found = self.directory.by_name(name).await.map_err(reading)?;
        let namespace = found.ok_or_else(|| Refusal::NamespaceNotFound(name.into()))?;
        check_state(&namespace, allow)?;
        self.admit(&namespace)?;
        Ok(namespace)
    }

    /// Counts the call against the limits of its namespace.
    pub(crate) fn admit(&self, namespace: &Namespace) -> Result<(), Refusal> {
        self.settings.read(&namespace.name, |settings| {
            self.rates.admit_to(namespace.id, settings, self.host.clock.now())
        })
    }

    /// Counts a call that is going to wait, for as long as the answer is kept.
    pub(crate) fn wait(&self, namespace: &Namespace, kind: Waits) -> Result<Waiting, Refusal> {
        self.settings.read(&namespace.name, |settings| self.rates.wait(namespace.id, kind, settings))
    }

    /// The settings of a namespace.
    pub(crate) fn settings(&self, namespace: &Namespace) -> Arc<Settings> {
        self.settings.in_namespace(&namespace.name)
    }

    /// Bytes of any id or name.
    pub(crate) fn id_bytes_max(&self) -> usize {
        self.settings.read("", |settings| settings.limits.id_bytes_max)
    }

    /// Refuses a call that names a namespace that does not exist, before anything else of it is looked at.
    pub(crate) async fn named_namespace(&self, name: &str) -> Answered<()> {
        if name.is_empty() { Ok(()) } else { self.find_namespace(name, Allow::Open).await.map(drop) }
    }

    /// The namespace of a call that carries a token: the one the token names, which must be the one the request names
    /// if it names any.
    pub(crate) async fn namespace_of_token(&self, name: &str, id: &[u8]) -> Answered<Arc<Namespace>> {
        let id: [u8; 16] = match id.try_into() {
            Ok(id) => id,
            Err(_) if id.is_empty() => return Err(Refusal::invalid("Error deserializing task token.").into()),
            // Whatever a token says in the place of an id is looked for as one.
            Err(_) => return Err(Refusal::NamespaceNotFound(String::from_utf8_lossy(id).into_owned()).into()),
        };
        let id = NamespaceId::from_bytes(id);
        if !name.is_empty() {
            let named = self.namespace(name, Allow::Open).await?;
            if named.id == id {
                return Ok(named);
            }
        }
        let found = self.directory.by_id(id).await.map_err(reading)?;
        let of_token = found.ok_or_else(|| Refusal::NamespaceNotFound(id.to_string()))?;
        if !name.is_empty() {
            let text = "Operation requested with a token from a different namespace.";
            return Err(Refusal::invalid(text).into());
        }
        check_state(&of_token, Allow::Open)?;
        self.admit(&of_token)?;
        versions::check()?;
        Ok(of_token)
    }

    /// Passes a request of a workflow on to its owner.
    pub(crate) async fn history<R: Ask<HistoryCall, HistoryAnswer>>(
        &self,
        asker: &Asker,
        namespace: &Namespace,
        request: R,
    ) -> Answered<R::Answer> {
        self.history.ask(asker.caller(namespace), request).await
    }

    /// Passes a poll on to the owner of its task queue. It is answered empty when the server is told to stop; dropping
    /// the question withdraws the poll.
    pub(crate) async fn poll<R: Ask<MatchingCall, MatchingAnswer>>(
        &self,
        asker: &Asker,
        namespace: &Namespace,
        request: R,
    ) -> Answered<R::Answer>
    where
        R::Answer: Default,
    {
        let mut draining = self.draining.clone();
        tokio::select! {
            answered = self.matching.ask(asker.caller(namespace), request) => answered,
            _ = draining.wait_for(|draining| *draining) => Ok(R::Answer::default()),
        }
    }

    /// Passes a request for a task queue on to its owner.
    pub(crate) async fn matching<R: Ask<MatchingCall, MatchingAnswer>>(
        &self,
        asker: &Asker,
        namespace: &Namespace,
        request: R,
    ) -> Answered<R::Answer> {
        self.matching.ask(asker.caller(namespace), request).await
    }
}

fn check_state(namespace: &Namespace, allow: Allow) -> Result<(), Refusal> {
    let allowed: &[NamespaceState] = match (allow, namespace.state) {
        (_, State::Registered) | (Allow::Open, State::Deprecated) => return Ok(()),
        (Allow::Registered, _) => &[NamespaceState::Registered],
        (Allow::Open, State::Deleted) => &[NamespaceState::Registered, NamespaceState::Deprecated],
    };
    Err(Refusal::NamespaceInvalidState {
        namespace: namespace.name.clone(),
        state: namespace.state.to_proto(),
        allowed: allowed.to_vec(),
    })
}

/// What a failed read means to the caller of the API.
pub(crate) fn reading(error: ReadError) -> PeerError {
    match error {
        ReadError::Busy(text) => PeerError::Busy(text),
        ReadError::Corrupt(text) => PeerError::Corrupt(text),
        ReadError::Refused(text) => Refusal::InvalidArgument(text).into(),
    }
}

/// What a failed change of a namespace means to the caller of the API.
pub(crate) fn changing(error: DirectoryError) -> PeerError {
    match error {
        DirectoryError::Read(error) => reading(error),
        DirectoryError::Refused(refusal) => (*refusal).into(),
        DirectoryError::Write(error) => match error {
            CommitError::Busy(text) => PeerError::Busy(text),
            CommitError::Unknown(text) => PeerError::Unknown(text),
            CommitError::Corrupt(text) => PeerError::Corrupt(text),
            error @ (CommitError::Fenced { .. } | CommitError::Conflict { .. }) => {
                PeerError::Lost(error.to_string())
            }
        },
    }
}
