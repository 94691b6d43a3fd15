//! Reads JSON text into a tree that remembers where each part stood, so that complaints can name the place.
//!
//! The texts of its errors are those of the reference. Only the first value counts; what follows it is not looked at.

/// Nesting beyond this is refused, so that no input exhausts the stack.
const DEPTH_MAX: usize = 200;

/// A value and where it begins.
#[derive(Debug)]
pub(super) struct Node {
    /// Offset of its first byte.
    pub at: usize,
    /// Offset behind its last byte.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// As it stands in the text.
    Number,
    Text(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// A name and its value.
#[derive(Debug)]
pub(super) struct Member {
    /// Where the name begins.
    pub at: usize,
    /// Where it ends.
    pub end: usize,
    /// The name without quotes.
    pub name: String,
    /// The value.
    pub value: Node,
}

/// Reads the first value of `text`; nothing if there is none.
pub(super) fn read(text: &[u8]) -> Result<Option<Node>, String> {
    let mut reader = Reader { text, at: 0, broken: None };
    if reader.peek().is_none() {
        return Ok(None);
    }
    let node = reader.value(0)?;
    match reader.broken {
        Some(problem) => Err(problem),
        None => Ok(Some(node)),
    }
}

/// Reads a text that must be one value and nothing else.
pub(super) fn read_whole(text: &[u8]) -> Result<Node, String> {
    let mut reader = Reader { text, at: 0, broken: None };
    // A character that can't be read is replaced here, so `broken` does not matter.
    let end = |text: String| if text == EOF { "unexpected end of JSON input".into() } else { text };
    let node = reader.value(0).map_err(end)?;
    match reader.peek() {
        None => Ok(node),
        Some(other) => Err(invalid(other, "after top-level value")),
    }
}

/// Line and column of an offset, both from one.
pub(super) fn position(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    (line, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
}

const EOF: &str = "unexpected EOF";

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// The first escape that no character has. It is told only if the text is well-formed otherwise.
    broken: Option<String>,
}

impl Reader<'_> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// The byte here, whatever it is.
    fn byte(&self) -> Result<u8, String> {
        self.text.get(self.at).copied().ok_or_else(|| EOF.into())
    }

    fn value(&mut self, depth: usize) -> Result<Node, String> {
        if depth > DEPTH_MAX {
            return Err("exceeded max depth".into());
        }
        let first = self.peek().ok_or(EOF)?;
        let at = self.at;
        let kind = match first {
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b'"' => Kind::Text(self.string()?),
            b't' => self.literal("true").map(|()| Kind::Bool(true))?,
            b'f' => self.literal("false").map(|()| Kind::Bool(false))?,
            b'n' => self.literal("null").map(|()| Kind::Null)?,
            b'-' | b'0'..=b'9' => self.number().map(|()| Kind::Number)?,
            other => return Err(invalid(other, "looking for beginning of value")),
        };
        Ok(Node { at, end: self.at, kind })
    }

    fn object(&mut self, depth: usize) -> Result<Kind, String> {
        self.at += 1;
        let mut members = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Object(members));
        }
        loop {
            match self.peek().ok_or(EOF)? {
                b'"' => {}
                other => return Err(invalid(other, "looking for beginning of object key string")),
            }
            let at = self.at;
            let name = self.string()?;
            let end = self.at;
            match self.peek().ok_or(EOF)? {
                b':' => self.at += 1,
                other => return Err(invalid(other, "after object key")),
            }
            let value = self.value(depth + 1)?;
            members.push(Member { at, end, name, value });
            match self.peek().ok_or(EOF)? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(Kind::Object(members));
                }
                other => return Err(invalid(other, "after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Kind, String> {
        self.at += 1;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.peek().ok_or(EOF)? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(Kind::Array(items));
                }
                other => return Err(invalid(other, "after array element")),
            }
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), String> {
        for wanted in word.bytes() {
            let found = self.byte()?;
            if found != wanted {
                return Err(invalid(
                    found,
                    &format!("in literal {word} (expecting '{}')", char::from(wanted)),
                ));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        if self.byte()? == b'-' {
            self.at += 1;
        }
        match self.byte()? {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits(),
            other => return Err(invalid(other, "in numeric literal")),
        }
        if self.byte() == Ok(b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.byte(), Ok(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte()?, b'+' | b'-') {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn some_digits(&mut self, place: &str) -> Result<(), String> {
        let first = self.byte()?;
        if !first.is_ascii_digit() {
            return Err(invalid(first, place));
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while self.byte().is_ok_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// Reads a string from its opening quote.
    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        self.at += 1;
        let mut out = Vec::new();
        loop {
            match self.byte()? {
                b'"' => {
                    self.at += 1;
                    return Ok(String::from_utf8_lossy(&out).into_owned());
                }
                b'\\' => {
                    let escaped = self.escape(start)?;
                    out.extend_from_slice(escaped.encode_utf8(&mut [0; 4]).as_bytes());
                }
                control @ 0..=0x1f => return Err(invalid(control, "in string literal")),
                other => {
                    out.push(other);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self, start: usize) -> Result<char, String> {
        self.at += 1;
        let short = match self.byte()? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'u' => return self.unicode(start),
            other => return Err(invalid(other, "in string escape code")),
        };
        self.at += 1;
        Ok(short)
    }

    /// Reads an escape from its `u`, with the second half of a pair.
    fn unicode(&mut self, start: usize) -> Result<char, String> {
        let first = self.hexadecimal()?;
        if let Some(found) = char::from_u32(first) {
            return Ok(found);
        }
        let rest = &self.text[self.at..];
        if (0xd800..0xdc00).contains(&first) && rest.starts_with(b"\\u") {
            let before = self.at;
            self.at += 1;
            let second = self.hexadecimal()?;
            let pair = 0x1_0000 + ((first - 0xd800) << 10);
            let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400);
            if let Some(found) = low.and_then(|low| char::from_u32(pair + low)) {
                return Ok(found);
            }
            self.at = before;
        }
        let (line, column) = position(self.text, start);
        let next = String::from_utf8_lossy(rest.get(..6).unwrap_or_default());
        self.broken.get_or_insert_with(|| match rest.len() {
            0..6 => format!("temporalproto: {EOF}"),
            _ => format!(
                "temporalproto: syntax error (line {line}:{column}): invalid escape code {next:?} in string"
            ),
        });
        Ok(char::REPLACEMENT_CHARACTER)
    }

    /// Four hexadecimal digits behind the byte here.
    fn hexadecimal(&mut self) -> Result<u32, String> {
        self.at += 1;
        let mut value = 0;
        for _ in 0..4 {
            let found = self.byte()?;
            let Some(digit) = char::from(found).to_digit(16) else {
                return Err(invalid(found, "in \\u hexadecimal character escape"));
            };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }
}

fn invalid(found: u8, place: &str) -> String {
    let shown = match found {
        b'\'' => "\\'".into(),
        b'"' => "\"".into(),
        b'\n' => "\\n".into(),
        b'\r' => "\\r".into(),
        b'\t' => "\\t".into(),
        b'\\' => "\\\\".into(),
        0x7 => "\\a".into(),
        0x8 => "\\b".into(),
        0xb => "\\v".into(),
        0xc => "\\f".into(),
        0..=0x1f | 0x7f => format!("\\x{found:02x}"),
        0x80..=0x9f => format!("\\u{found:04x}"),
        other => char::from(other).to_string(),
    };
    format!("invalid character '{shown}' {place}")
}
