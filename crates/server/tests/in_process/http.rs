//! The HTTP API: every binding of the descriptors is routed, probes, hosts, descriptions.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use longhaul_proto::DESCRIPTORS;
use longhaul_server::config::Config;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use serde_json::Value as Json;
use tokio::net::TcpStream;

use super::client::{start, start_with};

/// Sends a request on a connection of its own.
pub async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> http::Response<Incoming> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await.unwrap();
    #[allow(clippy::disallowed_methods, reason = "a client of the server under test")]
    tokio::spawn(connection);
    sender.send_request(request).await.unwrap()
}

pub fn request(verb: &str, path: &str, body: &str) -> Request<Full<Bytes>> {
    let builder = Request::builder().method(verb).uri(path).header("host", "localhost");
    builder.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap()
}

/// Sends a request and reads the whole answer.
async fn whole(address: SocketAddr, request: Request<Full<Bytes>>) -> (StatusCode, String) {
    let answer = send(address, request).await;
    let code = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (code, String::from_utf8(body.to_vec()).unwrap())
}

/// Verb and path of every binding, and the name of its call.
fn bindings() -> Vec<(String, String, String)> {
    let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let option = pool.get_extension_by_name("google.api.http").unwrap();
    let text = |rule: &DynamicMessage, name: &str| {
        rule.get_field_by_name(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let mut found = Vec::new();
    let services = ["workflowservice.v1.WorkflowService", "operatorservice.v1.OperatorService"];
    for service in services.map(|name| pool.get_service_by_name(&format!("temporal.api.{name}")).unwrap()) {
        for method in service.methods() {
            let options = method.options();
            if !options.has_extension(&option) {
                continue;
            }
            let rule = options.get_extension(&option);
            let rule = rule.as_message().unwrap();
            let more = rule.get_field_by_name("additional_bindings").unwrap();
            let more = more.as_list().unwrap().iter().filter_map(Value::as_message);
            for rule in std::iter::once(rule).chain(more) {
                for verb in ["get", "put", "post", "delete", "patch"] {
                    let path = text(rule, verb);
                    if !path.is_empty() {
                        found.push((verb.to_uppercase(), path, method.name().to_owned()));
                    }
                }
            }
        }
    }
    found
}

#[tokio::test]
async fn every_binding_of_the_descriptors_is_routed() {
    let fixture = start().await;
    let bindings = bindings();
    assert!(bindings.len() > 200, "{} bindings", bindings.len());
    assert!(
        bindings.iter().any(|(_, path, _)| path == "/api/v1/namespaces/{namespace}/schedules/{schedule_id}")
    );
    assert!(bindings.iter().any(|(_, _, call)| call == "StartBatchOperation"));
    for (verb, template, call) in bindings {
        let path: Vec<&str> =
            template.split('/').map(|part| if part.starts_with('{') { "nowhere" } else { part }).collect();
        let body = if verb == "GET" { "" } else { "{}" };
        let mut asked = request(&verb, &path.join("/"), body);
        asked.headers_mut().insert("grpc-timeout", "2S".parse().unwrap());
        let (code, text) = whole(fixture.server.http_address, asked).await;
        let answer: Json =
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{verb} {template}: {text}"));
        assert_ne!(answer["message"], "Not Found", "{verb} {template} ({call}) leads nowhere");
        assert_ne!(answer["message"], "Method Not Allowed", "{verb} {template} ({call})");
        assert_ne!(code, StatusCode::INTERNAL_SERVER_ERROR, "{verb} {template} ({call}): {text}");
    }
    fixture.server.stop().await;
}

#[tokio::test]
async fn probes_and_descriptions_are_answered() {
    let fixture = start().await;
    let address = fixture.server.http_address;
    for path in ["/livez", "/readyz", "/healthz"] {
        let (code, text) = whole(address, request("GET", path, "")).await;
        assert_eq!((code, text.as_str()), (StatusCode::OK, "{\"status\":\"OK\"}"));
    }
    let (code, text) = whole(address, request("GET", "/swagger.json", "")).await;
    let swagger: Json = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &swagger["swagger"]), (StatusCode::OK, &Json::from("2.0")));
    let (code, openapi) = whole(address, request("GET", "/openapi.yaml", "")).await;
    assert_eq!(code, StatusCode::OK);
    let described = swagger["paths"].as_object().unwrap();
    for (verb, template, _) in bindings() {
        assert!(described[&template].get(verb.to_lowercase()).is_some(), "{verb} {template}");
        assert!(openapi.contains(&format!("\n  \"{template}\":\n")), "{template}");
    }
    // Whatever is referred to is described.
    let definitions = swagger["definitions"].as_object().unwrap();
    for part in text.split("\"#/definitions/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(definitions[name].is_object(), "{name}");
    }
    fixture.server.stop().await;
}

#[tokio::test]
async fn only_allowed_hosts_are_answered() {
    let mut config = Config { port: 0, ..Config::default() };
    config.settings.base.frontend.http_allowed_hosts = vec!["good.example".into(), "*.ok:80".into()];
    let fixture = start_with(config).await;
    let cases = [
        ("good.example", 200),
        ("GOOD.example:1234", 200),
        ("a.ok:80", 200),
        ("a.ok", 403),
        ("evil", 403),
        ("127.0.0.1", 403),
    ];
    for (host, expected) in cases {
        for path in ["/api/v1/system-info", "/longhaul/v1/namespaces/default/workflows"] {
            let mut asked = request("GET", path, "");
            asked.headers_mut().insert("host", host.parse().unwrap());
            let answer = send(fixture.server.http_address, asked).await;
            assert_eq!(answer.status(), expected, "{host} {path}");
        }
    }
    fixture.server.stop().await;
}

#[tokio::test]
async fn a_body_is_limited() {
    let fixture = start().await;
    let body = format!("{{\"identity\":\"{}\"}}", "a".repeat(4 << 20));
    let path = "/api/v1/namespaces/default/workflows/w/signal/s";
    let (code, text) = whole(fixture.server.http_address, request("POST", path, &body)).await;
    assert_eq!(code, StatusCode::BAD_REQUEST);
    assert_eq!(text, "{\"code\":3,\"message\":\"http: request body too large\"}");
    fixture.server.stop().await;
}

#[tokio::test]
async fn the_examples_of_the_guide_work() {
    let fixture = start().await;
    let guide = include_str!("../../../../docs/guide/http.md");
    let examples: Vec<&str> = guide.lines().filter_map(|line| line.strip_prefix("curl ")).collect();
    assert!(examples.len() >= 7, "{examples:?}");
    for example in examples {
        let (is_live, rest) = example.strip_prefix("-N ").map_or((false, example), |rest| (true, rest));
        let (address, body) = rest.split_once(" -d ").unwrap_or((rest, ""));
        let path = address.strip_prefix("localhost:7243").unwrap();
        let verb = if body.is_empty() { "GET" } else { "POST" };
        let answer = send(fixture.server.http_address, request(verb, path, body.trim_matches('\''))).await;
        assert_eq!(answer.status(), StatusCode::OK, "{example}");
        let mut body = answer.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let begin = if is_live { &b"event: "[..] } else { b"{" };
        assert!(first.starts_with(begin), "{example}: {first:?}");
    }
    fixture.server.stop().await;
}
