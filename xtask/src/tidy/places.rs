//! Words that may stand in some places only: formats, locks, and the names of a machine.

use super::Violation;
use super::code::{Code, is_name};
use super::tree::Tree;

/// Where JSON is at home: where it is written for people, and where a database's own answers are read.
const FORMATS_HOMES: [&str; 2] = ["monitor-core/src/show/", "monitor-core/src/inquire/"];

/// Folders of the cold side: pure functions of plain data, and text without events.
const LOCK_FREE: [&str; 4] = [
    "monitor-core/src/identify/",
    "monitor-core/src/snapshot/",
    "monitor-core/src/judge/",
    "monitor-core/src/show/",
];

/// Files of the cold side that may hold a lock or an atomic, each with its reason.
const LOCKS_ALLOWED: [(&str, &str); 0] = [];

/// Names that mean shared mutable state. A `LazyLock` is none: it is written once.
const LOCKS: [&str; 5] = ["Mutex", "RwLock", "DashMap", "dashmap", "atomic"];

/// A crate for JSON is named by `show` and `inquire` only; the data stays plain.
pub(super) fn formats(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, source) in tree.rust() {
        if !path.starts_with("monitor-core/src/")
            || FORMATS_HOMES.iter().any(|home| path.starts_with(home))
        {
            continue;
        }
        let code = Code::of(source);
        for at in code.words("serde_json") {
            found.push(Violation::new(
                path,
                code.line_of(at),
                "`serde_json` outside `show` and `inquire`",
                "keep the data plain here and write its characters in monitor-core/src/show",
            ));
        }
    }
    found
}

/// Locks and atomics stay where the counting is.
pub(super) fn locks(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, source) in tree.rust() {
        let watched = LOCK_FREE.iter().any(|folder| path.starts_with(folder))
            && !LOCKS_ALLOWED.iter().any(|(file, _)| *file == path);
        if !watched {
            continue;
        }
        for (line, text) in Code::of(source).lines() {
            if let Some(word) = text.split(|c| !is_name(c)).find(|word| shares(word)) {
                found.push(Violation::new(
                    path,
                    line,
                    format!("`{word}` on a side that has only plain data"),
                    "keep shared state in aggregate or monitor and hand the value over",
                ));
            }
        }
    }
    found
}

fn shares(word: &str) -> bool {
    let is_atomic_type =
        word.strip_prefix("Atomic").is_some_and(|rest| rest.starts_with(char::is_uppercase));
    is_atomic_type || LOCKS.contains(&word)
}

/// Nothing names the machine it was written on, and every dependency comes from the public registry.
pub(super) fn machine(tree: &Tree) -> Vec<Violation> {
    // In two halves, so that this file does not name what it looks for.
    let folders = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    let mut found = Vec::new();
    for (path, text) in tree.files() {
        for (at, line) in text.lines().enumerate() {
            if let Some(folder) = folders.iter().find(|folder| names(line, folder)) {
                found.push(Violation::new(
                    path,
                    at + 1,
                    format!("`{folder}` is a folder of one machine"),
                    "use a path inside the repository",
                ));
            }
            if path == "Cargo.lock" && is_foreign_source(line) {
                found.push(Violation::new(
                    path,
                    at + 1,
                    "a dependency from elsewhere than crates.io",
                    "use a published version, and no mirror of the registry in the lock file",
                ));
            }
        }
    }
    found
}

/// Whether a line names a folder at the file system's root, not one in the middle of a longer path.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        !line[..at]
            .chars()
            .next_back()
            .is_some_and(|c| is_name(c) || matches!(c, '.' | '-' | '}' | ')'))
    })
}

fn is_foreign_source(line: &str) -> bool {
    line.strip_prefix("source = ")
        .is_some_and(|source| source != "\"registry+https://github.com/rust-lang/crates.io-index\"")
}

#[cfg(test)]
mod tests {
    use super::{formats, locks, machine};
    use crate::tidy::places;

    #[test]
    fn json_is_written_by_show_and_read_by_inquire_only() {
        let text = "//! Not serde_json.\nuse serde_json::Value;\n";
        assert_eq!(
            places(
                formats,
                &[
                    ("monitor-core/src/show/json.rs", text),
                    ("monitor-core/src/inquire/postgres/plan.rs", text),
                    ("monitor-core/src/snapshot/pool.rs", text),
                    ("monitor-dashboard/src/api.rs", text),
                ]
            ),
            ["monitor-core/src/snapshot/pool.rs:2"]
        );
    }

    #[test]
    fn locks_and_atomics_stay_where_the_counting_is() {
        let lock = "use std::sync::Mutex;\n";
        let atomic = "fn f() {\n    let _ = AtomicU64::new(0);\n}\n";
        let clean = "/// Never a Mutex.\nstruct Atomicity;\n";
        assert_eq!(
            places(
                locks,
                &[
                    ("monitor-core/src/aggregate/a.rs", lock),
                    ("monitor-core/src/capture/a.rs", atomic),
                    ("monitor-core/src/identify/clean.rs", clean),
                    ("monitor-core/src/judge/a.rs", atomic),
                    ("monitor-core/src/monitor.rs", lock),
                    ("monitor-core/src/snapshot/a.rs", lock),
                ]
            ),
            ["monitor-core/src/judge/a.rs:2", "monitor-core/src/snapshot/a.rs:1"]
        );
    }

    #[test]
    fn a_folder_of_one_machine_is_found_in_any_file() {
        let folder = concat!("/wo", "rk/");
        let text = format!("see\n{folder}notes\n");
        let clean = format!("https://example.com{folder}x and ./some{folder}x\n");
        assert_eq!(places(machine, &[("README.md", &text), ("b.md", &clean)]), ["README.md:2"]);
    }

    #[test]
    fn the_lock_file_names_the_public_registry_only() {
        let lock = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nsource = \"git+https://example.com/x\"\n";
        assert_eq!(places(machine, &[("Cargo.lock", lock)]), ["Cargo.lock:2"]);
    }
}
