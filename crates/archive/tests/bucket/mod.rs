//! As much of an S3-compatible store as an archive needs: objects are put, got and listed, and it fails when it is told
//! to. Buckets need not be made.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fmt::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The store.
pub struct Bucket {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    objects: Mutex<BTreeMap<String, Bytes>>,
    failing: Mutex<u32>,
    unsigned: Mutex<bool>,
}

impl Bucket {
    /// Starts it on a free port; it ends with the test's runtime.
    #[allow(clippy::disallowed_methods, reason = "it is not part of the server")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it has one");
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = serving.clone();
                let answer = service_fn(move |request| answer(shared.clone(), request));
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        Self { address, shared }
    }

    /// Lets the next requests fail as a store does that is overloaded.
    pub fn fail(&self, requests: u32) {
        *self.shared.failing.lock().expect("no panic") = requests;
    }

    /// Whether every request so far was signed.
    pub fn is_signed(&self) -> bool {
        !*self.shared.unsigned.lock().expect("no panic")
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut failing = shared.failing.lock().expect("no panic");
    if *failing > 0 {
        *failing -= 1;
        return Ok(told(StatusCode::SERVICE_UNAVAILABLE, "<Error><Code>SlowDown</Code></Error>".into()));
    }
    drop(failing);
    if !head.headers.contains_key("authorization") {
        *shared.unsigned.lock().expect("no panic") = true;
    }
    let path = head.uri.path().trim_start_matches('/').to_owned();
    let mut objects = shared.objects.lock().expect("no panic");
    Ok(match head.method {
        Method::PUT => {
            objects.insert(path, body);
            let mut answer = told(StatusCode::OK, String::new());
            answer.headers_mut().insert("etag", "\"1\"".parse().expect("a header"));
            answer
        }
        Method::GET if head.uri.query().is_some_and(|query| query.contains("list-type=2")) => told(
            StatusCode::OK,
            list(&objects, path.trim_end_matches('/'), head.uri.query().unwrap_or_default()),
        ),
        Method::GET => match objects.get(&path) {
            Some(body) => {
                let mut answer = Response::new(Full::new(body.clone()));
                let headers = answer.headers_mut();
                headers.insert("etag", "\"1\"".parse().expect("a header"));
                headers.insert("last-modified", "Tue, 01 Jan 2030 00:00:00 GMT".parse().expect("a header"));
                answer
            }
            None => told(StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>".into()),
        },
        _ => told(StatusCode::METHOD_NOT_ALLOWED, String::new()),
    })
}

fn told(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    answer
}

/// A listing with a delimiter, two entries on a page.
fn list(objects: &BTreeMap<String, Bytes>, bucket: &str, query: &str) -> String {
    const PAGE: usize = 2;
    let named = |name: &str| {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        pair.unwrap_or_default().replace("%2F", "/").replace("%2f", "/")
    };
    let prefix = named("prefix");
    let (mut folders, mut keys) = (BTreeSet::new(), Vec::new());
    for (path, body) in objects {
        let Some(key) = path.strip_prefix(&format!("{bucket}/")) else { continue };
        let Some(rest) = key.strip_prefix(&prefix) else { continue };
        match rest.split_once('/') {
            Some((folder, _)) => {
                folders.insert(format!("{prefix}{folder}/"));
            }
            None => keys.push((key.to_owned(), body.len())),
        }
    }
    let mut entries: Vec<(String, Option<usize>)> =
        folders.into_iter().map(|folder| (folder, None)).collect();
    entries.extend(keys.into_iter().map(|(key, size)| (key, Some(size))));
    entries.sort();
    let from: usize = named("continuation-token").parse().unwrap_or(0);
    let mut text = String::from("<?xml version=\"1.0\"?><ListBucketResult>");
    for (name, size) in entries.iter().skip(from).take(PAGE) {
        let written = match size {
            Some(size) => write!(
                text,
                "<Contents><Key>{name}</Key><LastModified>2030-01-01T00:00:00.000Z</LastModified>\
                 <ETag>\"1\"</ETag><Size>{size}</Size></Contents>"
            ),
            None => write!(text, "<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"),
        };
        written.expect("a text takes it");
    }
    let more = from + PAGE < entries.len();
    let token = if more {
        format!("<NextContinuationToken>{}</NextContinuationToken>", from + PAGE)
    } else {
        String::new()
    };
    text + &format!("<IsTruncated>{more}</IsTruncated>{token}</ListBucketResult>")
}
