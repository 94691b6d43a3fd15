//! Documents that lie: links that lead nowhere, and names of code that is not there.

use std::collections::BTreeSet;

use super::{Source, scrub::scrub};

/// Complaints about relative links whose target does not exist.
pub fn links(path: &str, text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    let missing = local.filter(|target| {
        let target = target.split('#').next().unwrap_or_default();
        !exists(&join(folder, target))
    });
    missing.map(|target| format!("{path}: links to {target}, which does not exist")).collect()
}

/// Joins a link to the folder of the document that holds it, and resolves `..`.
fn join(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Complaints about names in back-quotes: paths of files, and `path::Symbol`, that are not in the tree.
pub fn names(path: &str, text: &str, sources: &[Source], exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let spans: BTreeSet<&str> = prose(text).flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
    for span in spans {
        let is_known = match Name::of(span) {
            Some(Name::File(file)) => exists(file),
            Some(Name::Symbol(segments)) => is_defined(&segments, sources),
            None => true,
        };
        if !is_known {
            found.push(format!("{path}: names `{span}`, which is not in the tree"));
        }
    }
    found
}

/// Lines outside of fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

enum Name<'a> {
    File(&'a str),
    Symbol(Vec<&'a str>),
}

const FILE_ENDINGS: [&str; 7] = [".rs", ".toml", ".md", ".py", ".txt", ".proto", ".json"];

impl<'a> Name<'a> {
    /// What kind of name a span is; `None` if it names nothing of the tree.
    fn of(span: &'a str) -> Option<Self> {
        let is_path = |c: char| c.is_alphanumeric() || "_-./".contains(c);
        let is_file = span.contains('/') || FILE_ENDINGS.iter().any(|ending| span.ends_with(ending));
        if is_file && span.chars().all(is_path) && !span.starts_with('/') {
            return Some(Self::File(span));
        }
        let symbol = span.trim_end_matches("()").trim_end_matches('!');
        let segments: Vec<&str> = symbol.split("::").collect();
        let is_word =
            |segment: &&str| !segment.is_empty() && segment.chars().all(|c| c.is_alphanumeric() || c == '_');
        (segments.len() > 1 && segments.iter().all(is_word)).then_some(Self::Symbol(segments))
    }
}

/// Words that stand before the name they declare.
const KEYWORDS: [&str; 9] = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "union"];

/// Whether the last segment is declared in a file that the segments before it lead to.
fn is_defined(segments: &[&str], sources: &[Source]) -> bool {
    let (symbol, leading) = segments.split_last().expect("a path has at least two segments");
    sources.iter().any(|source| {
        let code = scrub(&source.text);
        leading.iter().all(|segment| leads_to(segment, &source.path, &code)) && declares(&code, symbol)
    })
}

/// Whether a segment is the crate, a folder, the file, or something declared in it.
fn leads_to(segment: &str, path: &str, code: &str) -> bool {
    let folder = segment.strip_prefix("longhaul_").unwrap_or(segment).replace('_', "-");
    let mut parts = path.split('/');
    parts.any(|part| part == segment || part == folder || part.strip_suffix(".rs") == Some(segment))
        || declares(code, segment)
}

fn declares(code: &str, symbol: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut last = "";
    code.split(|c| !is_word(c)).filter(|word| !word.is_empty()).any(|word| {
        let declared = word == symbol && KEYWORDS.contains(&last);
        last = word;
        declared
    }) || code.lines().any(|line| is_variant(line.trim(), symbol))
}

/// A line such as `Busy,`, `Busy(u8),` or `Busy {`.
fn is_variant(line: &str, symbol: &str) -> bool {
    symbol.starts_with(char::is_uppercase)
        && line.strip_prefix(symbol).is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.is_empty() || rest.starts_with([',', '(', '{']) || rest.starts_with("= ")
        })
}
