//! Answers that lead elsewhere on the same server. They are followed as the reference's client does: the older codes by a
//! request that brings nothing, 307 and 308 by the same request again. What leads to another server, which the allow-list
//! of callbacks may not have, is not followed: the redirection itself is the answer.

use bytes::Bytes;
use http::{Method, Uri};
use url::Url;

use super::{OutboundError, Reply, Step, is_asked};

/// Headers of a body.
const OF_BODY: [&str; 4] = ["content-type", "content-length", "content-encoding", "content-language"];

/// The request that an answer leads to, if it leads anywhere.
pub(super) fn next(step: &Step, reply: &Reply) -> Option<Result<Step, OutboundError>> {
    let keeps = match reply.status {
        301..=303 => false,
        307 | 308 => true,
        _ => return None,
    };
    let location = reply.headers.get("location").filter(|location| !location.is_empty())?;
    let joined = Url::parse(&step.url.to_string()).and_then(|base| base.join(location));
    let url =
        joined.ok().and_then(|url| url.as_str().split('#').next()?.parse::<Uri>().ok()).filter(is_asked);
    let Some(url) = url else {
        return Some(Err(step.failed(&format!("failed to parse Location header \"{location}\""))));
    };
    if (url.scheme(), url.authority()) != (step.url.scheme(), step.url.authority()) {
        return None;
    }
    let mut next = Step { url, ..step.clone() };
    if !keeps {
        next.headers.retain(|(name, _)| !OF_BODY.contains(&&*name.to_lowercase()));
        (next.method, next.body) = (Method::GET, Bytes::new());
    }
    Some(Ok(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, location: &str) -> Option<(Method, String, usize)> {
        let headers = ["content-type", "authorization", "own"];
        let step = Step {
            method: Method::POST,
            url: Uri::from_static("https://one.test/a/b?c"),
            headers: headers.map(|name| (name.to_owned(), "value".to_owned())).into(),
            body: Bytes::from_static(b"body"),
        };
        let headers = [("location".to_owned(), location.to_owned())].into();
        let next = next(&step, &Reply { status, headers, ..Reply::default() })?.ok()?;
        Some((next.method, next.url.to_string(), next.headers.len()))
    }

    #[test]
    fn an_answer_leads_elsewhere() {
        assert_eq!(check(200, "/x"), None);
        assert_eq!(check(302, ""), None);
        assert_eq!(check(302, "/x"), Some((Method::GET, "https://one.test/x".into(), 2)));
        assert_eq!(check(307, "x#part"), Some((Method::POST, "https://one.test/a/x".into(), 3)));
        assert_eq!(check(308, "https://one.test/d"), Some((Method::POST, "https://one.test/d".into(), 3)));
        assert_eq!(check(301, "ftp://two.test/"), None, "it is an error");
    }

    #[test]
    fn another_server_is_not_led_to() {
        for location in ["https://two.test/", "//two.test/x", "http://one.test/", "https://one.test:8443/"] {
            assert_eq!(check(307, location), None, "{location}");
        }
    }
}
