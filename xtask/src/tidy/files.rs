//! What every file has, and what none has.

use super::Violation;
use super::code::Code;
use super::tree::Tree;

/// More than a reader holds in mind at once.
const LINES_MAX: usize = 500;

/// Files that may be longer, each with its reason.
const LONG_ALLOWED: [(&str, &str); 0] = [];

/// Files written by tools, whose spaces are theirs.
const WRITTEN_BY_TOOLS: [&str; 2] = [".lock", ".snap"];

/// A Rust file opens with its sentence.
pub(super) fn opening(tree: &Tree) -> Vec<Violation> {
    tree.rust()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| {
            Violation::new(
                path,
                1,
                "the file does not open with `//! `",
                "say in its first line what it is for",
            )
        })
        .collect()
}

/// A Rust file ends before its reader is lost.
pub(super) fn length(tree: &Tree) -> Vec<Violation> {
    tree.rust()
        .filter(|(path, _)| !LONG_ALLOWED.iter().any(|(file, _)| file == path))
        .filter_map(|(path, text)| {
            let lines = text.lines().count();
            (lines > LINES_MAX).then(|| {
                Violation::new(
                    path,
                    lines,
                    format!("{lines} lines, more than {LINES_MAX}"),
                    "move one of its jobs to a file of its own",
                )
            })
        })
        .collect()
}

/// Nothing is left lying about: no unfinished code, no skipped test, no invisible characters.
pub(super) fn leftovers(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.files() {
        for (at, line) in text.lines().enumerate() {
            let tool = WRITTEN_BY_TOOLS.iter().any(|ending| path.ends_with(ending));
            if line.ends_with([' ', '\t']) && !tool {
                found.push(Violation::new(
                    path,
                    at + 1,
                    "white space at the line's end",
                    "remove it",
                ));
            }
            // In two halves, so that this file does not leave what it looks for.
            if line.contains(concat!("FIX", "ME")) {
                found.push(Violation::new(
                    path,
                    at + 1,
                    "a promise to mend this later",
                    "mend it, or say in a comment what the limit is and why it stands",
                ));
            }
        }
    }
    for (path, source) in tree.rust() {
        for (line, text) in Code::of(source).lines() {
            if let Some((_, better)) = UNFINISHED.iter().find(|(word, _)| text.contains(word)) {
                let wrong = format!("`{}`", text.trim());
                found.push(Violation::new(path, line, wrong, *better));
            }
        }
    }
    found
}

/// Code that is not finished, and what to do instead.
const UNFINISHED: [(&str, &str); 4] = [
    ("todo!", "write it, or leave the function out until it can be written"),
    ("unimplemented!", "write it, or make the case impossible in the types"),
    ("dbg!", "assert what you wanted to see"),
    ("#[ignore", "make the test reliable, or remove it; a skipped test proves nothing"),
];

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, leftovers, length, opening};
    use crate::tidy::places;

    #[test]
    fn a_file_opens_with_its_sentence() {
        assert_eq!(
            places(opening, &[("a.rs", "//! A.\n"), ("b.rs", "fn b() {}\n"), ("c.toml", "")]),
            ["b.rs:1"]
        );
    }

    #[test]
    fn a_file_past_the_limit_is_reported() {
        let full = "x\n".repeat(LINES_MAX);
        let long = "x\n".repeat(LINES_MAX + 1);
        assert_eq!(
            places(length, &[("a.rs", &full), ("b.rs", &long), ("c.md", &long)]),
            ["b.rs:501"]
        );
    }

    #[test]
    fn unfinished_code_and_skipped_tests_are_reported() {
        let promise = concat!("// FIX", "ME\n");
        assert_eq!(
            places(
                leftovers,
                &[
                    ("a.rs", "fn f() {\n    todo!()\n}\n"),
                    ("b.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}\n"),
                    ("c.rs", "// todo! is a macro\nlet s = \"dbg!\";\n"),
                    ("d.toml", promise),
                ]
            ),
            ["d.toml:1", "a.rs:2", "b.rs:2"]
        );
    }

    #[test]
    fn white_space_at_a_line_s_end_is_reported_unless_a_tool_wrote_it() {
        assert_eq!(
            places(leftovers, &[("a.md", "one \ntwo\n"), ("Cargo.lock", "one \n")]),
            ["a.md:1"]
        );
    }
}
