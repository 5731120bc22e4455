//! The first word of a statement.

/// Whether a statement begins like one that changes rows.
pub(crate) fn writes(text: &str) -> bool {
    let word = first_word(text);
    ["insert", "update", "delete", "replace", "merge"]
        .iter()
        .any(|write| word.eq_ignore_ascii_case(write))
}

/// Whether a statement may change rows, by its beginning: `WITH` reads or writes.
///
/// Asked where the count of changed rows cannot be believed for others.
pub(crate) fn may_write(text: &str) -> bool {
    writes(text) || first_word(text).eq_ignore_ascii_case("with")
}

/// The first word behind blanks and comments; empty where there is none.
fn first_word(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let behind = if let Some(line) = rest.strip_prefix("--") {
            line.split_once('\n').map(|(_, behind)| behind)
        } else if let Some(block) = rest.strip_prefix("/*") {
            block.split_once("*/").map(|(_, behind)| behind)
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            return &rest[..end];
        };
        rest = behind.unwrap_or_default().trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_stands_behind_blanks_and_comments() {
        assert_eq!(first_word(" \n-- a\n /* b */ INSERT INTO t"), "INSERT");
        assert_eq!(first_word("-- only a comment"), "");
        assert_eq!(first_word("/* open"), "");
        assert_eq!(first_word("é"), "");
        assert!(writes("Insert into t values (1)"));
        assert!(may_write("with x as (select 1) delete from t"));
        assert!(!writes("with x as (select 1) delete from t"));
        assert!(!may_write("PRAGMA foreign_keys = ON"));
    }
}
