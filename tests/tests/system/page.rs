//! The dashboard's page in a real browser: what it shows, what it lets somebody do, and that nothing hostile gets out.
//!
//! The stories are JavaScript, in `tests/page`; Playwright tells them to Chromium. Here their scenes are set.

use std::path::Path;
use std::process::Command;

use super::stage::{Stage, TOKEN};

#[test]
fn the_page_tells_a_developer_how_the_database_does() {
    let tools = monitor_tests::servers::page_tools();
    let stage = Stage::open();
    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("page/stories");
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"]);
    let mut files: Vec<_> =
        std::fs::read_dir(stories).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    node.args(files).env("MONITOR_TEST_PAGE_TOOLS", tools).env("PAGE_TOKEN", TOKEN);
    for (name, url) in stage.urls() {
        node.env(format!("PAGE_{name}"), url);
    }
    let status = node.status().expect("node is there where the page's tools are");
    assert!(status.success(), "a story of the page failed, see above: {status}");
}
