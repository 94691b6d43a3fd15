//! The checkers, checked: a few lines of text each, and what they complain about.

use super::{Source, documents, edges, scrub, sizes, words};

fn source(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: text.into() }
}

fn function(name: &str, lines: usize) -> String {
    format!("fn {name}() {{\n{}}}\n", "    work();\n".repeat(lines - 2))
}

#[test]
fn comments_and_literals_are_blank() {
    let text = "a /* { /* } */ */ b // }\n\"{\\\"\" 'x' '\\'' 'life r#\"{\"# br\"}\" r#type";
    let code = scrub::scrub(text);
    assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "b", "'life", "r#type"]);
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn a_function_ends_by_line_seventy() {
    let text = format!("{}{}", function("short", 70), function("long", 71));
    let found = sizes::check(&source("crates/kernel/src/run.rs", &text));
    assert_eq!(found, ["crates/kernel/src/run.rs:71: fn long has 71 lines, 70 is the wall"]);
}

#[test]
fn a_declaration_without_a_body_has_no_length() {
    let text = format!("trait T {{\n    fn f(&self, g: [u8; 4]) -> fn(u8);\n{}}}\n", "\n".repeat(100));
    assert!(sizes::check(&source("crates/kernel/src/run.rs", &text)).is_empty());
}

#[test]
fn braces_in_text_do_not_count() {
    let text = format!("fn f() {{\n    print(\"}}\"); // }}\n{}}}\n", "    g();\n".repeat(80));
    assert_eq!(sizes::check(&source("crates/kernel/src/run.rs", &text)).len(), 1);
}

#[test]
fn tests_are_free_in_size() {
    let long = function("long", 700);
    assert_eq!(sizes::check(&source("crates/kernel/src/run.rs", &long)).len(), 2);
    assert!(sizes::check(&source("crates/kernel/src/run/tests.rs", &long)).is_empty());
    assert!(sizes::check(&source("crates/kernel/tests/laws.rs", &long)).is_empty());
    let inline = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
    assert!(sizes::check(&source("crates/kernel/src/run.rs", &inline)).is_empty());
}

#[test]
fn every_file_opens_with_its_purpose() {
    assert!(words::check(&source("a.rs", "//! What lives here.\n")).is_empty());
    assert_eq!(words::check(&source("a.rs", "use b;\n")).len(), 1);
}

#[test]
fn unfinished_code_is_refused_but_may_be_spoken_of() {
    assert_eq!(words::check(&source("a.rs", "//! A.\nfn f() { todo!() }\n")).len(), 1);
    assert_eq!(words::check(&source("a.rs", "//! A.\n#[ignore = \"slow\"]\n")).len(), 1);
    assert!(words::check(&source("a.rs", "//! A todo!() in a comment.\n")).is_empty());
}

fn edges_of(name: &str, dependencies: &[&str]) -> Vec<String> {
    let dependencies = dependencies.iter().map(|&each| each.to_owned()).collect();
    edges::check(&[edges::Package { name: name.into(), dependencies }])
}

#[test]
fn walls_hold() {
    assert!(edges_of("longhaul-history", &["longhaul-kernel", "longhaul-store", "tokio"]).is_empty());
    assert_eq!(edges_of("longhaul-history", &["longhaul-matching"]).len(), 1);
    assert_eq!(edges_of("longhaul-history", &["fjall"]).len(), 1);
    assert_eq!(edges_of("longhaul-kernel", &["tokio"]).len(), 1);
    assert_eq!(edges_of("longhaul-helpers", &[]).len(), 1);
    assert_eq!(edges_of("helpers", &[]).len(), 1);
    assert!(edges_of("longhaul-server", &["longhaul-history", "longhaul-matching"]).is_empty());
}

#[test]
fn development_dependencies_are_free() {
    let metadata = r#"{"packages": [{"name": "longhaul-kernel", "dependencies": [
        {"name": "longhaul-store", "kind": "dev"}, {"name": "longhaul-proto", "kind": null}]}]}"#;
    let packages = edges::packages(metadata).expect("the text is valid");
    assert_eq!(packages[0].dependencies, ["longhaul-proto"]);
    assert!(edges::check(&packages).is_empty());
}

#[test]
fn links_lead_somewhere() {
    let exists = |path: &str| path == "docs/guide/quickstart.md";
    let text =
        "[a](quickstart.md#run) [b](../guide/quickstart.md) [c](https://example.com) [d](gone.md) [e](#here)";
    assert_eq!(documents::links("docs/guide/a.md", text, &exists).len(), 1);
}

#[test]
fn documents_name_what_exists() {
    let sources = [source(
        "crates/store/src/contract.rs",
        "pub trait Store {\n    fn commit();\n}\nenum E {\n    Busy,\n}\n",
    )];
    let complaints =
        |text: &str| documents::names("ARCHITECTURE.md", text, &sources, &|path| path == "crates/store");
    for known in
        ["`store::Store`", "`Store::commit`", "`E::Busy`", "`crates/store`", "`commit`", "`GET /api/v1/x`"]
    {
        assert!(complaints(known).is_empty(), "{known}");
    }
    for unknown in ["`store::Shop`", "`Store::sell`", "`history::commit`", "`crates/shop`", "`shop.rs`"] {
        assert_eq!(complaints(unknown).len(), 1, "{unknown}");
    }
    assert!(complaints("```\n`store::Shop`\n```").is_empty());
}
