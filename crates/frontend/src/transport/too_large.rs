//! Turns the answer to a message that is too large into the one that users of the reference know. The library that
//! reads messages chooses its own code and text, before any code of ours is called.

use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, FutureExt};
use http::{HeaderMap, HeaderValue, Response};
use tower::Service;

/// Code the library chooses.
const OUT_OF_RANGE: &str = "11";

/// Code the reference chooses.
const RESOURCE_EXHAUSTED: HeaderValue = HeaderValue::from_static("8");

/// Text the library chooses, as it stands in the header, up to the number.
const PREFIX: &str = "Error,%20decoded%20message%20length%20too%20large:%20found%20";

/// Text that gzip's limit gives.
const PREFIX_GZIP: &str = "Error%20decompressing:%20size%20limit,%20of%20";

/// Wraps the services of a server.
#[derive(Clone, Copy)]
pub(super) struct Layer;

impl<S> tower::Layer<S> for Layer {
    type Service = Rewritten<S>;
    fn layer(&self, inner: S) -> Rewritten<S> {
        Rewritten { inner }
    }
}

/// A service whose answers are rewritten.
#[derive(Clone)]
pub(super) struct Rewritten<S> {
    inner: S,
}

impl<S, Q, B> Service<Q> for Rewritten<S>
where
    S: Service<Q, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<B>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Q) -> Self::Future {
        let answering = self.inner.call(request);
        async move {
            let mut answer = answering.await?;
            rewrite(answer.headers_mut());
            Ok(answer)
        }
        .boxed()
    }
}

fn rewrite(headers: &mut HeaderMap) {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(message) = text("grpc-message") else { return };
    let message = if text("grpc-status") == Some(OUT_OF_RANGE) {
        message.strip_prefix(PREFIX).map(|rest| {
            let (found, limit) = (number(rest), last_number(rest));
            format!("grpc:%20received%20message%20larger%20than%20max%20({found}%20vs.%20{limit})")
        })
    } else {
        message.strip_prefix(PREFIX_GZIP).map(|rest| {
            let limit = number(rest);
            format!("grpc:%20received%20message%20after%20decompression%20larger%20than%20max%20{limit}")
        })
    };
    if let Some(value) = message.and_then(|message| HeaderValue::from_str(&message).ok()) {
        headers.insert("grpc-message", value);
        headers.insert("grpc-status", RESOURCE_EXHAUSTED);
    }
}

/// The digits at the beginning.
fn number(text: &str) -> &str {
    let end = text.find(|each: char| !each.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

/// The last number, which stands before the word `bytes`.
fn last_number(text: &str) -> &str {
    let text = text.strip_suffix("%20bytes").unwrap_or(text);
    let begin = text.rfind("%20").map_or(0, |at| at + "%20".len());
    number(&text[begin..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_and_the_reference_say_the_same_thing() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", HeaderValue::from_static("11"));
        headers.insert(
            "grpc-message",
            HeaderValue::from_static(
                "Error,%20decoded%20message%20length%20too%20large:%20found%205242927%20bytes,%20the%20limit%20is:%204194304%20bytes",
            ),
        );
        rewrite(&mut headers);
        assert_eq!(headers["grpc-status"], "8");
        assert_eq!(
            headers["grpc-message"],
            "grpc:%20received%20message%20larger%20than%20max%20(5242927%20vs.%204194304)"
        );
    }
}
