//! What holds for every text.

use monitor_core::identify::{Dialect, identify, refine};
use proptest::prelude::*;

/// Pieces of SQL, and pieces that break it.
fn fragment() -> impl Strategy<Value = String> {
    let fixed = [
        "select", "SELECT", "from", "where", "t", "orders", "\"Users\"", "`a b`", "[x]", "\"x y\"", "\"order\"", ".", ",",
        "(", ")", "[", "]", "in", "in (", "values", "values (", "array[", "1", "-5", "1.5e3", "'x'", "'it''s'", "'a\\'", "\"",
        "'", "`", "$1", "?", "?1", ":n", "@p", "@@g", "$$", "$t$", "::", ":", ":=", "...", "null", "true", "default", "is",
        "not", "set", "and", "between", "like", "=", "<", "-", "+", "*", "/", "?|", "?&", "@>", "->>", "||", "#", "--", "\n",
        "/*", "*/", "/*!", "/*!40101", "E'\\''", "N'x'", "_utf8'x'", "U&'x'", "date", "interval", "case", "when", "end", ";",
        "begin", "insert into", "update", "delete", "with", "as", "savepoint", "fetch", "close", "rollback to", "execute",
        "create table", "trigger", "1abc", "{", "}", "\\", "\0", "ü", "…", "e", "row", "union all", "join", "on", "using",
        "current of", "prepare", "x", "~", "!", "@", "%", "^", "&", "|", ">", "$", "copy", "limit", "dual", "merge", "lateral",
    ];
    prop_oneof![8 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec((fragment(), prop::bool::weighted(0.7)), 0..24).prop_map(|pieces| {
        let mut text = String::new();
        for (piece, spaced) in pieces {
            text.push_str(&piece);
            text.push_str(if spaced { " " } else { "" });
        }
        text
    })
}

/// `PROPTEST_CASES` makes it try harder.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.max(512), failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_has_an_identity_that_is_its_own(text in soup()) {
        for dialect in Dialect::ALL {
            let once = identify(&text, dialect);
            let twice = identify(&once.text, dialect);
            prop_assert_eq!(&once.text, &twice.text, "{:?} {:?}", dialect, text);
            prop_assert_eq!(once.fingerprint, twice.fingerprint);
            prop_assert_eq!(once.kind, twice.kind, "{:?} {:?}", dialect, text);
            prop_assert_eq!(once.tables, twice.tables);
            prop_assert_eq!(once.summary, twice.summary);
        }
    }

    #[test]
    fn no_text_troubles_the_parser(text in soup()) {
        for dialect in Dialect::ALL {
            let _maybe = refine(&identify(&text, dialect).text, dialect);
        }
    }
}
