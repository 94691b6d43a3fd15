//! Small truths about payloads.

use longhaul_proto::api::common::v1::{Payload, Payloads};

/// Whether the payload stands for nothing: upserting it removes a memo field or a search attribute.
pub fn is_nil(payload: &Payload) -> bool {
    let encoding = payload.metadata.get("encoding").map_or(&b""[..], |encoding| encoding);
    encoding == b"binary/null" || (encoding == b"json/plain" && matches!(&payload.data[..], b"null" | b"[]"))
}

/// A text as a payload that every SDK decodes.
pub fn json_string(text: &str) -> Payloads {
    let mut data = String::with_capacity(text.len() + 2);
    data.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                data.push('\\');
                data.push(c);
            }
            c if c < ' ' => data.push_str(&format!("\\u{:04x}", c as u32)),
            c => data.push(c),
        }
    }
    data.push('"');
    let metadata = [("encoding".to_owned(), b"json/plain".as_slice().into())].into();
    Payloads {
        payloads: vec![Payload { metadata, data: data.into_bytes().into(), external_payloads: Vec::new() }],
    }
}
