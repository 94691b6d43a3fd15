//! Blanks comments and literals out of Rust text, so that the rules see only code.
//!
//! A small lexer, not a parser: it knows line and (nested) block comments, plain, byte and raw strings, character
//! literals and lifetimes. Line breaks stay where they are.

/// `text` with every comment and the inside of every literal replaced by spaces.
pub fn scrub(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let length = literal(&characters, at);
        if length == 0 {
            out.push(characters[at]);
            at += 1;
        } else {
            let end = (at + length).min(characters.len());
            out.extend(characters[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Length of the comment or literal that begins at `at`; 0 where code goes on.
fn literal(text: &[char], at: usize) -> usize {
    let next = |ahead: usize| text.get(at + ahead).copied().unwrap_or('\0');
    let after_word = at > 0 && (text[at - 1].is_alphanumeric() || text[at - 1] == '_');
    match (next(0), next(1)) {
        ('/', '/') => text[at..].iter().take_while(|&&c| c != '\n').count(),
        ('/', '*') => block_comment(&text[at..]),
        ('"', _) => string(&text[at..]),
        ('r', '"' | '#') if !after_word => raw_string(&text[at..], 1),
        ('b', 'r') if !after_word => raw_string(&text[at..], 2),
        ('\'', '\\') => 4 + text[at + 3..].iter().take_while(|&&c| c != '\'').count(),
        ('\'', _) if next(2) == '\'' => 3,
        _ => 0,
    }
}

fn block_comment(text: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(text: &[char]) -> usize {
    let mut at = 1;
    while at < text.len() && text[at] != '"' {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// A raw string whose hashes begin behind `prefix`; 0 if it is a raw identifier instead.
fn raw_string(text: &[char], prefix: usize) -> usize {
    let hashes = text[prefix..].iter().take_while(|&&c| c == '#').count();
    let open = prefix + hashes;
    if text.get(open) != Some(&'"') {
        return 0;
    }
    let mut at = open + 1;
    while at < text.len() {
        let closes =
            text[at] == '"' && text[at + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes;
        at += 1;
        if closes {
            return at + hashes;
        }
    }
    at
}
