//! The HTTP listener: every call with an HTTP binding as JSON, the description of them, probes, and live events.
//!
//! Nothing here is written for a call: routes, requests and answers come from the descriptors. A request becomes the
//! message that gRPC would have brought and goes to the same service in this process, so limits, counts and errors are
//! the same.

mod answer;
mod api;
mod bind;
mod changes;
mod describe;
mod events;
mod json;
mod nexus;
mod route;
mod url;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tonic::{Code, Status};

use self::{
    answer::{Answer, Form},
    api::Api,
    route::{BodyField, Found, Route},
};
use crate::{Frontend, listener};

/// Path below which our own additions are.
const OWN: &str = "/longhaul/v1/";

/// Serves the HTTP API on `listener` until the tasks of the host are stopped.
pub async fn serve(frontend: Frontend, listener: TcpListener) {
    let host = frontend.host.clone();
    let api = Arc::new(Api::new(frontend));
    let answer = move |request: Request<Incoming>| {
        let api = api.clone();
        async move { respond(&api, request).await }
    };
    listener::serve(host, listener, answer).await;
}

/// Answers one request.
async fn respond(api: &Arc<Api>, request: Request<Incoming>) -> Answer {
    if let Some(asked) = nexus::Route::of(request.uri().path()) {
        return nexus::respond(api, asked, request).await;
    }
    let form = Form::of(&request);
    let Some(path) = url::unescape(request.uri().path(), false) else {
        return answer::text(StatusCode::BAD_REQUEST, "400 Bad Request");
    };
    if let Some(clean) = url::cleaned(&path) {
        return answer::moved(&clean, request.uri().query());
    }
    if request.method() == Method::GET {
        match path.as_str() {
            "/livez" | "/readyz" | "/healthz" => return answer::json(StatusCode::OK, "{\"status\":\"OK\"}"),
            "/openapi.yaml" => return answer::text(StatusCode::OK, describe::openapi(api)),
            "/swagger.json" => return answer::text(StatusCode::OK, describe::swagger(api)),
            _ => {}
        }
    }
    if let Some(rest) = path.strip_prefix(OWN) {
        return own(api, &request, rest, form).await;
    }
    called(api, request, &path, form).await
}

/// Answers below our own path.
async fn own(api: &Arc<Api>, request: &Request<Incoming>, path: &str, form: Form) -> Answer {
    let parameters = url::parameters(request.uri().query().unwrap_or_default());
    let parts: Vec<&str> = path.split('/').collect();
    let live = match parts[..] {
        ["namespaces", namespace, "workflows", id, "events"] => {
            Some(events::answer(api, request, namespace, id, &parameters, form.style))
        }
        ["namespaces", namespace, "workflows"] => {
            return guarded(api, request, form, async {
                changes::answer(api, request, namespace, &parameters, form.style).await
            })
            .await;
        }
        _ => None,
    };
    match live {
        Some(live) => guarded(api, request, form, live).await,
        None => form.failed(api, &Status::not_found("Not Found")),
    }
}

/// Answers a live stream if verb and host are right.
async fn guarded(
    api: &Api,
    request: &Request<Incoming>,
    form: Form,
    live: impl Future<Output = Result<Answer, Status>>,
) -> Answer {
    if request.method() != Method::GET {
        return form.failed(api, &Status::unimplemented("Method Not Allowed"));
    }
    if !is_host_allowed(api, request) {
        return answer::forbidden();
    }
    live.await.unwrap_or_else(|status| form.failed(api, &status))
}

/// Answers a call of the API.
async fn called(api: &Api, request: Request<Incoming>, path: &str, form: Form) -> Answer {
    let verb = match request.headers().get("x-http-method-override") {
        Some(other) if form.is_form && request.method() == Method::POST => {
            other.to_str().unwrap_or_default().to_ascii_uppercase()
        }
        _ => request.method().as_str().to_owned(),
    };
    let (route, captures) =
        match api.routes.find(&verb, path, form.is_form && request.method() == Method::POST) {
            Found::Route(route, captures) => (route, captures),
            Found::OtherVerb => return form.failed(api, &Status::unimplemented("Method Not Allowed")),
            Found::Nothing => return form.failed(api, &Status::not_found("Not Found")),
        };
    if !is_host_allowed(api, &request) {
        return answer::forbidden();
    }
    let (parts, body) = request.into_parts();
    let answered = async {
        let query = parts.uri.query().unwrap_or_default();
        let message = message(api, route, &captures, query, body, form).await?;
        let answer = api.call(route, &message, &parts.headers).await?;
        json::write(&answer, form.style).map_err(Status::unknown)
    };
    match answered.await {
        Ok(text) => form.answered(StatusCode::OK, text),
        Err(status) => form.failed(api, &status),
    }
}

/// The request that path, query and body make together.
async fn message(
    api: &Api,
    route: &Route,
    captures: &[(&str, String)],
    query: &str,
    body: Incoming,
    form: Form,
) -> Result<prost_reflect::DynamicMessage, Status> {
    let mut message = prost_reflect::DynamicMessage::new(route.input.clone());
    let mut parameters = url::parameters(query);
    let mut taken: Vec<&str> = route.path_fields().collect();
    match &route.body {
        BodyField::Whole => {
            let text = whole(api, body).await?;
            message =
                json::read(&text, &route.input, form.reads_shorthand).map_err(Status::invalid_argument)?;
        }
        BodyField::Field(name) => {
            let text = whole(api, body).await?;
            let field = route.input.get_field_by_name(name);
            if let Some((field, prost_reflect::Kind::Message(kind))) =
                field.map(|field| (field.clone(), field.kind()))
            {
                let value =
                    json::read(&text, &kind, form.reads_shorthand).map_err(Status::invalid_argument)?;
                message.set_field(&field, prost_reflect::Value::Message(value));
            }
            taken.push(name);
        }
        BodyField::None if form.is_form => {
            let text = whole(api, body).await?;
            parameters.extend(url::parameters(&String::from_utf8_lossy(&text)));
        }
        BodyField::None => {}
    }
    for (field, value) in captures {
        bind::path(&mut message, field, value).map_err(Status::invalid_argument)?;
    }
    if route.body != BodyField::Whole {
        bind::query(&mut message, &parameters, &taken).map_err(Status::invalid_argument)?;
    }
    Ok(message)
}

/// The whole body, if it is not too large.
async fn whole(api: &Api, body: Incoming) -> Result<Bytes, Status> {
    let limited = Limited::new(body, api.frontend.settings.general().message_bytes_max);
    match limited.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Status::new(Code::InvalidArgument, "http: request body too large"))
        }
        Err(error) => Err(Status::new(Code::InvalidArgument, error.to_string())),
    }
}

/// Whether the request names a host that the settings allow, with or without its port.
fn is_host_allowed(api: &Api, request: &Request<Incoming>) -> bool {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let host = named.or_else(|| request.uri().host()).unwrap_or_default();
    let bare = host.rsplit_once(':').map_or(host, |(bare, _)| bare);
    let allowed = &api.frontend.settings.general().http_allowed_hosts;
    allowed.iter().any(|pattern| answer::matches(pattern, host) || answer::matches(pattern, bare))
}
