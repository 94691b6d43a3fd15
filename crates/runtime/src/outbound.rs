//! The way to servers outside of the cluster: requests over plain HTTP, each with a time and a size that it may take.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::Clock;

/// Largest body of an answer, in bytes.
const ANSWER_BYTES_MAX: usize = 2 << 20;

/// Makes requests. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    client: Option<Client<HttpConnector, Full<Bytes>>>,
    home: Arc<OnceLock<String>>,
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
#[derive(Clone, Debug)]
pub struct Reply {
    /// The code of HTTP.
    pub status: u16,
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
    /// The server can't be reached, or broke off.
    #[error("{0}")]
    Unreachable(String),
    /// The server took too long.
    #[error("request timed out")]
    TimedOut,
}

impl Outbound {
    /// The network of this machine.
    pub fn network() -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client: Some(client), home: Arc::default() }
    }

    /// A machine without a network.
    pub fn nowhere() -> Self {
        Self { client: None, home: Arc::default() }
    }

    /// Says where servers outside find this process over HTTP; a second call changes nothing.
    pub fn set_home(&self, url: String) {
        let _ = self.home.set(url);
    }

    /// Where servers outside find this process over HTTP.
    pub fn home(&self) -> Option<&str> {
        self.home.get().map(String::as_str)
    }

    /// Makes a request and waits for the whole answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn post(&self, clock: &Clock, post: Post, wait: Duration) -> Result<Reply, OutboundError> {
        let request = request(post)?;
        let Some(client) = &self.client else {
            return Err(OutboundError::Unreachable("there is no network".into()));
        };
        let unreachable = |error: &dyn std::error::Error| OutboundError::Unreachable(whole(error));
        let asked = async {
            let answer = client.request(request).await.map_err(|error| unreachable(&error))?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| OutboundError::Unreachable(error.to_string()))?.to_bytes();
            let headers = parts.headers.iter().filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            });
            Ok(Reply { status: parts.status.as_u16(), headers: headers.collect(), body })
        };
        tokio::select! {
            answered = asked => answered,
            () = clock.sleep(wait) => Err(OutboundError::TimedOut),
        }
    }
}

fn request(post: Post) -> Result<Request<Full<Bytes>>, OutboundError> {
    let url: Uri = post.url.parse().map_err(|_| OutboundError::Address(post.url.clone()))?;
    if url.scheme_str() != Some("http") || url.host().is_none_or(str::is_empty) {
        return Err(OutboundError::Address(post.url));
    }
    let mut request = Request::new(Full::new(post.body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url;
    for (name, value) in post.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name.to_lowercase()), HeaderValue::try_from(value))
        {
            request.headers_mut().append(name, value);
        }
    }
    Ok(request)
}

/// An error with what is behind it.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_can_be_asked() {
        for (url, fits) in [
            ("http://example.com/path?query", true),
            ("https://example.com", false),
            ("example.com", false),
            ("http:///path", false),
            ("", false),
        ] {
            let post = Post { url: url.into(), ..Post::default() };
            assert_eq!(request(post).is_ok(), fits, "{url}");
        }
    }

    #[tokio::test]
    async fn nobody_is_reached_from_nowhere() {
        let post = Post { url: "http://example.com".into(), ..Post::default() };
        let asked = Outbound::nowhere().post(&Clock::system(), post, Duration::from_secs(1)).await;
        assert!(matches!(asked, Err(OutboundError::Unreachable(_))));
    }
}
