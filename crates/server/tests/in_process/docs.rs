//! The generated pages say what the code says.

use longhaul_server::reference;

fn check(page: &str, expected: &str) {
    let path = format!("{}/../../docs/reference/{page}.md", env!("CARGO_MANIFEST_DIR"));
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == expected, "docs/reference/{page}.md is stale: print it anew with `longhaul config`");
}

#[test]
fn the_page_of_calls_is_true() {
    check("api-coverage", &reference::coverage_page());
}

#[test]
fn the_page_of_settings_is_true() {
    check("settings", &reference::settings_page());
}
