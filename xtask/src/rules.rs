//! `cargo xtask rules`: a manual page for each rule of advice, from the sentences its file opens with.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::tidy::Tree;
use crate::workspace;

/// Where the rules are, one a file.
const FOLDER: &str = "monitor-core/src/judge/advice/rules/";

/// Where their pages go.
pub(crate) const MANUAL: &str = "docs/rules.md";

const HEAD: &str = "\
# Rules of advice

What each rule saw, why it matters, what to do, and when it is wrong. Written by `cargo xtask rules` from the rules' own files; `cargo xtask tidy` says when
the two differ.
";

/// Writes the manual.
pub(crate) fn run() -> Result<ExitCode> {
    let root = workspace::root();
    let manual = manual(&Tree::read(&root)?);
    let path = root.join(MANUAL);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(&path, &manual).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("xtask: {} rules are in {MANUAL}", manual.matches("\n## ").count());
    Ok(ExitCode::SUCCESS)
}

/// The manual as it should be, by the rules' names.
pub(crate) fn manual(tree: &Tree) -> String {
    let files = tree.rust().filter(|(path, _)| path.starts_with(FOLDER));
    let mut pages: Vec<_> = files.filter_map(|(_, source)| page(source)).collect();
    pages.sort();
    let mut manual = HEAD.to_owned();
    for (name, text) in pages {
        manual.push_str(&format!("\n## {name}\n\n{text}"));
    }
    manual
}

/// A rule's name and page; `None` where a file is no rule.
fn page(source: &str) -> Option<(String, String)> {
    let (_, rule) = source.split_once("\nimpl Rule for ")?;
    let (_, name) = rule.split_once("fn name(&self) -> &'static str {\n        \"")?;
    let (name, _) = name.split_once('"')?;
    let lines = source.lines().take_while(|line| line.starts_with("//!"));
    let text: String =
        lines.map(|line| line.trim_start_matches("//!").trim_start().to_owned() + "\n").collect();
    Some((name.to_owned(), text))
}

#[cfg(test)]
mod tests {
    use super::{FOLDER, manual};
    use crate::tidy::Tree;

    #[test]
    fn a_rule_has_a_page_under_its_name_and_a_helper_has_none() {
        let rule = "//! It hurts.\n//!\n//! **What to do.** Stop.\n\nimpl Rule for It {\n    fn name(&self) -> &'static str {\n        \"it-hurts\"\n    }\n}\n";
        let (path, helper) = (format!("{FOLDER}it.rs"), format!("{FOLDER}helper.rs"));
        let tree = Tree::of(&[(&path, rule), (&helper, "//! Helps.\n")]);
        let manual = manual(&tree);
        assert!(
            manual.ends_with("\n## it-hurts\n\nIt hurts.\n\n**What to do.** Stop.\n"),
            "{manual}"
        );
        assert_eq!(manual.matches("\n## ").count(), 1);
    }
}
