//! Inside monitor-core: each folder may know only what stands to its left.

use super::Violation;
use super::code::Code;
use super::tree::Tree;

const SOURCE: &str = "monitor-core/src/";

/// A folder, what it may name of the crate beside itself, and what it is deliberately ignorant of.
const FOLDERS: [(&str, &[&str], &str); 9] = [
    (
        "capture",
        &[],
        "capture knows clocks, outcomes and origins; what needs more belongs further right",
    ),
    (
        "identify",
        &[],
        "identify knows only text; hand it the text, and let aggregate join it with events",
    ),
    (
        "snapshot",
        &["capture", "identify"],
        "a snapshot is plain data that knows not how it was gathered; aggregate fills it",
    ),
    (
        "aggregate",
        &["capture", "identify", "snapshot"],
        "aggregate knows not whether a number is good; let judge read the snapshot",
    ),
    (
        "inquire",
        &["capture", "identify"],
        "inquire knows only what a database says of itself; let judge join it with numbers",
    ),
    (
        "judge",
        &["capture", "identify", "snapshot", "inquire"],
        "judge sees snapshots and catalogues only; put the number it needs into the snapshot",
    ),
    (
        "deliver",
        &["capture", "identify", "snapshot", "judge"],
        "deliver carries notices and knows not how they came to be; let monitor hand them over",
    ),
    (
        "show",
        &["capture", "identify", "snapshot", "inquire", "judge"],
        "show sees snapshots and judgements only; let monitor hand them over",
    ),
    (
        "testing",
        &["capture", "identify", "snapshot", "inquire", "judge"],
        "testing sees the calls it is handed only; let monitor capture them",
    ),
];

/// Where the stages meet: beside the files at the root, this one folder may know all of them.
const MEETING: &str = "monitor";

/// Test doubles join the stages as `monitor` does; a test may use them, the stages may not.
const TEST_DOUBLES: &str = "testing";

/// Which folder names which, by `crate::` and by `super::` up to the root.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, source) in tree.rust() {
        let Some((folder, _)) = path.strip_prefix(SOURCE).and_then(|inside| inside.split_once('/'))
        else {
            continue; // lib.rs: a table of contents.
        };
        if folder == MEETING {
            continue;
        }
        match FOLDERS.iter().find(|(name, ..)| *name == folder) {
            Some(&(_, known, better)) => {
                for (line, name) in strangers(path, source, folder, known) {
                    let wrong = format!("`{folder}` must not know `crate::{name}`");
                    found.push(Violation::new(path, line, wrong, better));
                }
            }
            None => found.push(Violation::new(
                path,
                1,
                format!("`{folder}` is in no row of the table of folders"),
                "put the file where its stage is, or add the row to ARCHITECTURE.md and to xtask/src/tidy/folders.rs",
            )),
        }
    }
    found
}

/// What a file names at the crate's root that its folder may not know.
fn strangers(path: &str, source: &str, folder: &str, known: &[&str]) -> Vec<(usize, String)> {
    let code = Code::of(source);
    let test_file = path.ends_with("/tests.rs") || path.contains("/tests/");
    let mut found = Vec::new();
    for offset in root_paths(&code, depth(path)) {
        let testing = test_file || code.modules_around(offset) > 0;
        for name in code.heads(offset) {
            let allowed =
                name == folder || known.contains(&name) || (testing && name == TEST_DOUBLES);
            if !allowed {
                found.push((code.line_of(offset), name.to_owned()));
            }
        }
    }
    found
}

/// The offsets behind `crate::`, and behind as many `super::` as lead to the root.
fn root_paths(code: &Code, depth: usize) -> Vec<usize> {
    let mut offsets: Vec<usize> = code
        .words("crate")
        .filter_map(|at| after_colons(code.text(), at + "crate".len()))
        .collect();
    for at in code.words("super") {
        // Only the first of `super::super::`.
        if code.text()[..at].ends_with("super::") {
            continue;
        }
        let (mut offset, mut climbed) = (at, 0);
        while let Some(next) = code.text()[offset..]
            .starts_with("super")
            .then(|| after_colons(code.text(), offset + "super".len()))
            .flatten()
        {
            offset = next;
            climbed += 1;
        }
        if climbed > 0 && climbed >= depth + code.modules_around(at) {
            offsets.push(offset);
        }
    }
    offsets
}

fn after_colons(text: &str, at: usize) -> Option<usize> {
    text[at..].starts_with("::").then_some(at + 2)
}

/// How many modules lie between the root and a file's own: `src/judge/alerts.rs` is two deep, `src/judge/mod.rs` one.
fn depth(path: &str) -> usize {
    let parts = path.trim_start_matches(SOURCE).split('/').count();
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::places;

    #[test]
    fn a_folder_may_name_what_stands_to_its_left() {
        let clean = [
            (
                "monitor-core/src/judge/alerts/rule.rs",
                "use crate::snapshot::Pool;\nuse super::super::Judge;\n",
            ),
            (
                "monitor-core/src/aggregate/mod.rs",
                "use crate::{capture::Event, identify, snapshot::{a, b}};\n",
            ),
            ("monitor-core/src/monitor.rs", "use crate::{aggregate::Registry, judge, show};\n"),
            ("monitor-core/src/show/json.rs", "pub(crate) fn f() {} // not crate::aggregate\n"),
            (
                "monitor-core/src/judge/rule.rs",
                "mod tests { use super::f; use crate::testing::Story; }\n",
            ),
            ("monitor-sqlx/src/pool.rs", "use crate::aggregate;\n"),
        ];
        assert_eq!(places(check, &clean), [""; 0]);
    }

    #[test]
    fn what_stands_to_the_right_is_named_with_its_line() {
        let judge = "//! x\nuse crate::aggregate::Registry;\n";
        let capture = "//! x\n\nuse crate::{\n    identify::Text,\n};\n";
        let show = "//! x\nuse super::super::aggregate;\n";
        let identify = "fn f() {}\nmod tests {\n    use super::super::super::capture::Event;\n}\n";
        let snapshot = "use crate::Monitor;\n";
        let found = places(
            check,
            &[
                ("monitor-core/src/judge/health.rs", judge),
                ("monitor-core/src/capture/event.rs", capture),
                ("monitor-core/src/show/json.rs", show),
                ("monitor-core/src/identify/words.rs", identify),
                ("monitor-core/src/snapshot/mod.rs", snapshot),
            ],
        );
        assert_eq!(
            found,
            [
                "monitor-core/src/capture/event.rs:3",
                "monitor-core/src/identify/words.rs:3",
                "monitor-core/src/judge/health.rs:2",
                "monitor-core/src/show/json.rs:2",
                "monitor-core/src/snapshot/mod.rs:1",
            ]
        );
    }

    #[test]
    fn the_stages_may_not_use_the_test_doubles_and_a_new_folder_needs_a_row() {
        let found = places(
            check,
            &[
                ("monitor-core/src/judge/rule.rs", "use crate::testing::Story;\n"),
                ("monitor-core/src/misc/mod.rs", "//! x\n"),
            ],
        );
        assert_eq!(found, ["monitor-core/src/judge/rule.rs:1", "monitor-core/src/misc/mod.rs:1"]);
    }
}
