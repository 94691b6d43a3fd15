//! Parts of an address: percent signs, the parameters of a query, dots and empty segments in a path.

/// The text with its escapes resolved; nothing if one is malformed.
pub(super) fn unescape(text: &str, plus_is_space: bool) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
                out.push(u8::try_from(digit(at + 1)? * 16 + digit(at + 2)?).ok()?);
                at += 2;
            }
            b'+' if plus_is_space => out.push(b' '),
            other => out.push(*other),
        }
        at += 1;
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// The parameters of a query or a form, in their order. Those that are malformed are left out.
pub(super) fn parameters(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.contains(';'))
        .filter_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((unescape(key, true)?, unescape(value, true)?))
        })
        .collect()
}

/// The path without empty and dotted segments, if it has any.
pub(super) fn cleaned(path: &str) -> Option<String> {
    let mut out: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "" | "." => {}
            ".." => drop(out.pop()),
            part => out.push(part),
        }
    }
    let end = if path.ends_with('/') && !out.is_empty() { "/" } else { "" };
    let clean = format!("/{}{end}", out.join("/"));
    (clean != path).then_some(clean)
}

/// A text as a segment of a path or a value of a query.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
