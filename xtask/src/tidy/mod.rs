//! `cargo xtask tidy`: the rules of ARCHITECTURE.md as a program.
//!
//! Each rule is a module with one `check` from the tree's text to what is wrong with it, so a rule is tested on a tree
//! of three lines. A rule names the file, the line, what is wrong there and the better way.

mod code;
mod crates;
mod files;
mod folders;
mod manifests;
mod manual;
mod places;
mod tree;

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

use crate::workspace;
pub(crate) use tree::Tree;

/// A rule: its name, and what it finds.
type Rule = (&'static str, fn(&Tree) -> Vec<Violation>);

const RULES: [Rule; 10] = [
    ("crates", crates::check),
    ("folders", folders::check),
    ("manifests", manifests::check),
    ("manual", manual::check),
    ("formats", places::formats),
    ("locks", places::locks),
    ("machine", places::machine),
    ("opening", files::opening),
    ("length", files::length),
    ("leftovers", files::leftovers),
];

/// Checks the whole tree and prints every violation.
pub(crate) fn run() -> Result<ExitCode> {
    let tree = Tree::read(&workspace::root())?;
    let mut count = 0;
    for (name, check) in RULES {
        for violation in check(&tree) {
            println!("{violation} [{name}]");
            count += 1;
        }
    }
    if count > 0 {
        eprintln!("xtask: {count} violations in {} files", tree.len());
        return Ok(ExitCode::FAILURE);
    }
    eprintln!("xtask: {} files are tidy", tree.len());
    Ok(ExitCode::SUCCESS)
}

/// One place that breaks a rule.
#[derive(Debug, PartialEq)]
struct Violation {
    file: String,
    line: usize,
    wrong: String,
    better: String,
}

impl Violation {
    fn new(file: &str, line: usize, wrong: impl Into<String>, better: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, wrong: wrong.into(), better: better.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, wrong, better } = self;
        write!(f, "{file}:{line}: {wrong}; {better}")
    }
}

/// What a rule's test needs: a tree in a line, and the places it complains about.
#[cfg(test)]
fn places(check: fn(&Tree) -> Vec<Violation>, files: &[(&str, &str)]) -> Vec<String> {
    check(&Tree::of(files))
        .iter()
        .map(|violation| format!("{}:{}", violation.file, violation.line))
        .collect()
}
