//! The way to servers outside of the cluster: requests over HTTP, with TLS or without, each with a time and a size that
//! it may take. What goes wrong is told in the words of the reference where it has some, because people look for them.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, ext::ReasonPhrase};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use self::trust::Authorities;
pub use self::trust::AuthoritiesError;
use crate::Clock;

mod reason;
mod redirect;
mod trust;

/// Largest body of an answer, in bytes.
const ANSWER_BYTES_MAX: usize = 2 << 20;

/// Redirections that are followed.
const REDIRECTS_MAX: usize = 10;

type Caller = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Makes requests. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    network: Option<Arc<Network>>,
    home: Arc<OnceLock<String>>,
}

/// What is made when somebody outside is called for the first time, for most servers never are.
#[derive(Default)]
struct Network {
    caller: OnceLock<Caller>,
    authorities: OnceLock<Authorities>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("home", &self.home).finish_non_exhaustive()
    }
}

/// A request that brings something.
#[derive(Clone, Debug, Default)]
pub struct Post {
    /// Where to.
    pub url: String,
    /// Headers; what can't be one is left out.
    pub headers: Vec<(String, String)>,
    /// What it brings.
    pub body: Bytes,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The code of HTTP.
    pub status: u16,
    /// The words that stand beside it.
    pub reason: String,
    /// Headers by their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The address is none that can be asked.
    #[error("invalid address: {0}")]
    Address(String),
    /// The server can't be reached, is not to be trusted, or broke off.
    #[error("{0}")]
    Unreachable(String),
    /// The server took too long.
    #[error("request timed out")]
    TimedOut,
}

/// A request on its way, perhaps by redirections.
#[derive(Clone, Debug)]
struct Step {
    method: Method,
    url: Uri,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Outbound {
    /// The network of this machine.
    pub fn network() -> Self {
        Self { network: Some(Arc::default()), home: Arc::default() }
    }

    /// A machine without a network.
    pub fn nowhere() -> Self {
        Self { network: None, home: Arc::default() }
    }

    /// Says where servers outside find this process over HTTP; a second call changes nothing.
    pub fn set_home(&self, url: String) {
        let _ = self.home.set(url);
    }

    /// Where servers outside find this process over HTTP.
    pub fn home(&self) -> Option<&str> {
        self.home.get().map(String::as_str)
    }

    /// Has the authorities in a file trusted besides those of the machine. To be called before anybody outside is; a
    /// second call changes nothing.
    ///
    /// # Errors
    /// When the file can't be read or has no certificates.
    pub fn trust(&self, file: &Path) -> Result<(), AuthoritiesError> {
        let read = Authorities::read(file)?;
        if let Some(network) = &self.network {
            let _ = network.authorities.set(read);
        }
        Ok(())
    }

    /// Makes a request and waits for the whole answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn post(&self, clock: &Clock, post: Post, wait: Duration) -> Result<Reply, OutboundError> {
        let step = Step::first(post)?;
        let Some(network) = &self.network else {
            return Err(OutboundError::Unreachable("there is no network".into()));
        };
        tokio::select! {
            answered = network.follow(step) => answered,
            () = clock.sleep(wait) => Err(OutboundError::TimedOut),
        }
    }
}

impl Network {
    /// Makes a request and those that answers redirect to.
    async fn follow(&self, mut step: Step) -> Result<Reply, OutboundError> {
        let caller = self.caller.get_or_init(|| caller(self.authorities.get()));
        for _ in 0..=REDIRECTS_MAX {
            let failed = |error: &(dyn Error + 'static)| step.failed(&reason::of(error, &step.url));
            let answer = caller.request(step.request()).await.map_err(|error| failed(&error))?;
            let reply = read(answer).await?;
            match redirect::next(&step, &reply) {
                None => return Ok(reply),
                Some(next) => step = next?,
            }
        }
        Err(step.failed(&format!("stopped after {REDIRECTS_MAX} redirects")))
    }
}

fn caller(authorities: Option<&Authorities>) -> Caller {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(trust::client(authorities))
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(connector);
    Client::builder(TokioExecutor::new()).build(connector)
}

async fn read(answer: Response<Incoming>) -> Result<Reply, OutboundError> {
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| OutboundError::Unreachable(reason::whole(&*error)))?.to_bytes();
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let reason = match parts.extensions.get::<ReasonPhrase>() {
        Some(own) => String::from_utf8_lossy(own.as_bytes()).into_owned(),
        None => parts.status.canonical_reason().unwrap_or_default().to_owned(),
    };
    Ok(Reply { status: parts.status.as_u16(), reason, headers: headers.collect(), body })
}

impl Step {
    fn first(post: Post) -> Result<Self, OutboundError> {
        let url: Uri = post.url.parse().map_err(|_| OutboundError::Address(post.url.clone()))?;
        if !is_asked(&url) {
            return Err(OutboundError::Address(post.url));
        }
        Ok(Self { method: Method::POST, url, headers: post.headers, body: post.body })
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.url.clone();
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name.to_lowercase()), HeaderValue::try_from(value))
            {
                request.headers_mut().append(name, value);
            }
        }
        request
    }

    /// The error that names what was asked.
    fn failed(&self, reason: &str) -> OutboundError {
        let method = if self.method == Method::POST { "Post" } else { "Get" };
        OutboundError::Unreachable(format!("{method} \"{}\": {reason}", self.url))
    }
}

/// Whether an address is one of a server.
fn is_asked(url: &Uri) -> bool {
    matches!(url.scheme_str(), Some("http" | "https")) && !url.host().is_none_or(str::is_empty)
}

#[cfg(test)]
mod tests;
