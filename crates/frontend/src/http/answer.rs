//! Answers: their form, errors as the reference tells them, and the codes of HTTP.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use tonic::{Code, Status};

use super::{api::Api, json, json::Style};

/// An answer, whole or live.
pub(super) type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// What a client says about form: of what it sends and of what it wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// How the answer is written.
    pub style: Style,
    /// Whether payloads of the request may be in shorthand.
    pub reads_shorthand: bool,
    /// Whether the request is a form of HTML.
    pub is_form: bool,
    content_type: &'static str,
}

/// Content types that choose a form, and the form.
const TYPES: [(&str, Style); 4] = [
    ("application/json", Style { pretty: false, shorthand: true }),
    ("application/json+pretty", Style { pretty: true, shorthand: true }),
    ("application/json+no-payload-shorthand", Style { pretty: false, shorthand: false }),
    ("application/json+pretty+no-payload-shorthand", Style { pretty: true, shorthand: false }),
];

impl Form {
    /// What a request says. Its query comes first, then what it accepts, then what it sends.
    pub fn of<B>(request: &Request<B>) -> Self {
        let named = |name: header::HeaderName| {
            let mut values = request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
            values.find_map(|value| TYPES.iter().skip(1).find(|(known, _)| *known == value.trim()))
        };
        let sent = named(header::CONTENT_TYPE);
        let parameters = super::url::parameters(request.uri().query().unwrap_or_default());
        let has = |name: &str| parameters.iter().any(|(key, _)| key == name);
        let asked = Style { pretty: has("pretty"), shorthand: !has("noPayloadShorthand") };
        let (content_type, style) = match TYPES.iter().skip(1).find(|(_, style)| *style == asked) {
            Some(found) => *found,
            None => *named(header::ACCEPT).or(sent).unwrap_or(&TYPES[0]),
        };
        let sends = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Self {
            style,
            reads_shorthand: sent.is_none_or(|(_, style)| style.shorthand),
            is_form: sends.is_some_and(|sends| sends == "application/x-www-form-urlencoded"),
            content_type,
        }
    }

    /// An answer in this form.
    pub fn answered(self, code: StatusCode, text: String) -> Answer {
        with_type(code, self.content_type, text.into())
    }

    /// An error in this form.
    pub fn failed(self, api: &Api, status: &Status) -> Answer {
        self.answered(http_code(status.code()), told(api, status, self.style))
    }
}

/// An error as JSON.
pub(super) fn told(api: &Api, status: &Status, style: Style) -> String {
    let whole = DynamicMessage::decode(api.status.clone(), Bytes::copy_from_slice(status.details()));
    let has_details = !status.details().is_empty();
    let message = match whole {
        Ok(whole) if has_details => whole,
        _ => {
            let plain = longhaul_proto::google::rpc::Status {
                code: status.code() as i32,
                message: status.message().to_owned(),
                details: Vec::new(),
            };
            DynamicMessage::decode(api.status.clone(), Bytes::from(plain.encode_to_vec()))
                .unwrap_or_else(|_| DynamicMessage::new(api.status.clone()))
        }
    };
    json::write(&message, style).unwrap_or_default()
}

/// The code of HTTP for a code of gRPC.
pub(super) fn http_code(code: Code) -> StatusCode {
    let number = match code {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::PermissionDenied => 403,
        Code::Unauthenticated => 401,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    };
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A JSON text.
pub(super) fn json(code: StatusCode, text: &'static str) -> Answer {
    with_type(code, "application/json", text.into())
}

/// A plain text.
pub(super) fn text(code: StatusCode, text: impl Into<Bytes>) -> Answer {
    with_type(code, "text/plain; charset=utf-8", text.into())
}

/// The refusal of a host.
pub(super) fn forbidden() -> Answer {
    json(StatusCode::FORBIDDEN, "{\"code\": 7, \"message\": \"Host not allowed\"}\n")
}

/// The same address in its plain form.
pub(super) fn moved(path: &str, query: Option<&str>) -> Answer {
    let path: Vec<String> = path.split('/').map(super::url::escape).collect();
    let place = path.join("/") + &query.map(|query| format!("?{query}")).unwrap_or_default();
    let mut answer = text(StatusCode::MOVED_PERMANENTLY, "");
    if let Ok(place) = HeaderValue::from_str(&place) {
        answer.headers_mut().insert(header::LOCATION, place);
    }
    answer
}

fn with_type(code: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body).boxed_unsync());
    *answer.status_mut() = code;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// Whether `text` is `pattern`, in which a star stands for any text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern.eq_ignore_ascii_case(text) };
    let starts = text.get(..before.len()).is_some_and(|start| start.eq_ignore_ascii_case(before));
    starts && (before.len()..=text.len()).any(|at| text.get(at..).is_some_and(|rest| matches(after, rest)))
}
