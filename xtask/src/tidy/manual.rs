//! The manual says what the rules say.

use super::Violation;
use super::tree::Tree;
use crate::rules::{MANUAL, manual};

/// Compares the manual with what `cargo xtask rules` would write.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let wanted = manual(tree);
    let written = tree.files().find(|(path, _)| *path == MANUAL).map(|(_, text)| text);
    let Some(written) = written else {
        return vec![Violation::new(
            MANUAL,
            1,
            "there is no manual of the rules",
            "run `cargo xtask rules`",
        )];
    };
    let differs =
        wanted.lines().zip(written.lines()).position(|(wanted, written)| wanted != written);
    if wanted == written {
        return Vec::new();
    }
    let line = differs.unwrap_or_else(|| wanted.lines().count().min(written.lines().count())) + 1;
    vec![Violation::new(
        MANUAL,
        line,
        "the manual differs from the rules",
        "run `cargo xtask rules`",
    )]
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::rules::{MANUAL, manual};
    use crate::tidy::{Tree, places};

    const RULE: &str = "//! It hurts.\n\nimpl Rule for It {\n    fn name(&self) -> &'static str {\n        \"it\"\n    }\n}\n";
    const PATH: &str = "monitor-core/src/judge/advice/rules/it.rs";

    #[test]
    fn a_manual_that_differs_from_its_rules_is_found_at_the_first_line_that_does() {
        let right = manual(&Tree::of(&[(PATH, RULE)]));
        assert_eq!(places(check, &[(PATH, RULE), (MANUAL, &right)]), [""; 0]);
        let wrong = right.replace("It hurts.", "It helps.");
        assert_eq!(places(check, &[(PATH, RULE), (MANUAL, &wrong)]), [format!("{MANUAL}:8")]);
        assert_eq!(places(check, &[(PATH, RULE)]), [format!("{MANUAL}:1")]);
    }
}
