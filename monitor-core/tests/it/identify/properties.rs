//! What holds for every text.

use monitor_core::identify::{Dialect, identify, refine};
use proptest::prelude::*;

use super::check_different;

/// `PROPTEST_CASES` makes it try harder.
pub(super) fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.max(512), failure_persistence: None, ..default }
}

/// Pieces of SQL, and pieces that break it.
const PIECES: &[&str] = &[
    "select",
    "SELECT",
    "from",
    "where",
    "t",
    "orders",
    "\"Users\"",
    "`a b`",
    "[x]",
    "\"x y\"",
    "\"order\"",
    ".",
    ",",
    "(",
    ")",
    "[",
    "]",
    "in",
    "in (",
    "values",
    "values (",
    "array[",
    "1",
    "-5",
    "1.5e3",
    "'x'",
    "'it''s'",
    "'a\\'",
    "\"",
    "'",
    "`",
    "$1",
    "?",
    "?1",
    ":n",
    "@p",
    "@@g",
    "$$",
    "$t$",
    "::",
    ":",
    ":=",
    "...",
    "null",
    "true",
    "default",
    "is",
    "not",
    "set",
    "and",
    "between",
    "like",
    "=",
    "<",
    "-",
    "+",
    "*",
    "/",
    "?|",
    "?&",
    "@>",
    "->>",
    "||",
    "#",
    "--",
    "\n",
    "/*",
    "*/",
    "/*!",
    "/*!40101",
    "E'\\''",
    "N'x'",
    "_utf8'x'",
    "U&'x'",
    "date",
    "interval",
    "case",
    "when",
    "end",
    ";",
    "begin",
    "insert into",
    "update",
    "delete",
    "with",
    "as",
    "savepoint",
    "fetch",
    "close",
    "rollback to",
    "execute",
    "create table",
    "trigger",
    "1abc",
    "{",
    "}",
    "\\",
    "\0",
    "ü",
    "…",
    "e",
    "row",
    "union all",
    "join",
    "on",
    "using",
    "current of",
    "prepare",
    "x",
    "~",
    "!",
    "@",
    "%",
    "^",
    "&",
    "|",
    ">",
    "$",
    "copy",
    "limit",
    "dual",
    "merge",
    "lateral",
];

fn soup() -> impl Strategy<Value = String> {
    let known = prop::sample::select(PIECES).prop_map(str::to_owned);
    let piece = prop_oneof![8 => known, 1 => any::<String>()];
    prop::collection::vec((piece, prop::bool::weighted(0.7)), 0..24).prop_map(|pieces| {
        pieces
            .iter()
            .map(|(piece, spaced)| format!("{piece}{}", if *spaced { " " } else { "" }))
            .collect()
    })
}

/// A statement as a list of tokens; `#` stands for a value, `@` for a list of values, `%` for rows.
const SHAPES: &[&str] = &[
    "select a , b from t where c = # and d > # order by e limit #",
    "select count ( * ) from t where a in @ and b not in @",
    "insert into t ( a , b ) values % on conflict ( a ) do update set b = #",
    "update t set a = # , b = b + # where c = #",
    "delete from t where a = # or ( b = # and c is null )",
    "with x as ( select * from t where a = # ) select * from x join y on x . id = y . id",
    "select case when a = # then # else # end from t",
    "select f ( # , g ( # ) ) from t where a between # and #",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<u32>().prop_map(|number| number.to_string()),
        any::<i16>().prop_map(|number| format!("-{}.5e3", number.unsigned_abs())),
        "[a-zA-Z0-9 (),;=*/-]{0,12}".prop_map(|text| format!("'{}'", text.replace("--", "- "))),
        Just("?".to_owned()),
        Just("null".to_owned()),
    ]
}

fn space() -> impl Strategy<Value = String> {
    prop::sample::select(vec![" ", "  ", "\n", "\t", " /* x */ ", "/**/", " -- x\n"])
        .prop_map(str::to_owned)
}

/// One of many spellings of a statement of this shape.
fn spelling(shape: &'static str) -> impl Strategy<Value = String> {
    let word = (value(), space(), any::<bool>(), prop::collection::vec((value(), value()), 1..5));
    prop::collection::vec(word, 40..41).prop_map(move |details| {
        let mut text = String::new();
        for (token, (value, space, is_upper, rows)) in shape.split(' ').zip(details) {
            match token {
                "#" => text.push_str(&value),
                "@" => {
                    let values: Vec<_> = rows.iter().map(|(value, _)| value.as_str()).collect();
                    text.push_str(&format!("({})", values.join(",")));
                }
                "%" => {
                    let rows: Vec<_> =
                        rows.iter().map(|(one, other)| format!("({one},{other})")).collect();
                    text.push_str(&rows.join(", "));
                }
                _ if is_upper => text.push_str(&token.to_uppercase()),
                _ => text.push_str(token),
            }
            text.push_str(&space);
        }
        text
    })
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

    #[test]
    fn spelling_and_values_do_not_matter(
        (one, other) in prop::sample::select(SHAPES).prop_flat_map(|shape| (spelling(shape), spelling(shape))),
    ) {
        for dialect in Dialect::ALL {
            let (one, other) = (identify(&one, dialect), identify(&other, dialect));
            prop_assert_eq!(&one.text, &other.text, "{:?}", dialect);
            prop_assert_eq!(one.fingerprint, other.fingerprint);
            prop_assert_eq!(one.tables, other.tables);
            prop_assert_eq!(one.summary, other.summary);
        }
    }
}

/// What may stand in a row, and what only looks as if it did.
const MEMBERS: &[&str] = &[
    "1",
    "-1",
    "- 1",
    "+1",
    "1.5",
    "1e5",
    "1e+5",
    "-1abc",
    "1abc",
    "0x1F",
    ".5",
    "'a'",
    "'a''b'",
    "'a' 'b'",
    "'a\\'",
    "'a\\\\'",
    "\"a\"",
    "null",
    "NULL",
    "nullx",
    "true",
    "false",
    "default",
    "?",
    "?1",
    "$1",
    "$a",
    ":a",
    "@a",
    "x",
    "X'ff'",
    "E'a'",
    "f(1)",
    "(1)",
    "(1, 2)",
    "date '1'",
    "1::int",
    "1 + 1",
    "",
    "select 1",
    "null is null",
    "...",
    "_utf8'a'",
    "now()",
];

/// What may follow a row before the next comma: mostly nothing.
fn after_row() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        3 => Just(""),
        1 => prop::sample::select(&[" ", ".", ".x", " + 1", "::t", " x", " (1)", "[1]", " in (1)"][..]),
    ]
}

proptest! {
    #![proptest_config(config())]

    /// Rows of plain values are skimmed; a comment before each value has them read the long way.
    #[test]
    fn skimming_a_list_finds_what_reading_it_does(
        rows in prop::collection::vec((prop::collection::vec(prop::sample::select(MEMBERS), 1..4), after_row()), 1..6),
    ) {
        let row = |row: &[&str], comma: &str| format!("({})", row.join(comma));
        let list = |comma: &str| {
            let rows: Vec<_> = rows.iter().map(|(one, after)| row(one, comma) + after).collect();
            rows.join(comma)
        };
        let text = |before: &str, comma: &str| match before {
            "a in " => format!("{before}({}) and b in {}", list(comma), row(&rows[0].0, comma)),
            _ => format!("{before}{}", list(comma)),
        };
        for dialect in Dialect::ALL {
            for before in ["insert into t values ", "a in ", "a in ("] {
                let (skimmed, read) =
                    (identify(&text(before, ", "), dialect), identify(&text(before, " /**/, /**/ "), dialect));
                prop_assert_eq!(&skimmed.text, &read.text, "{:?}", dialect);
                prop_assert_eq!(skimmed.list_size, read.list_size, "{:?} {}", dialect, skimmed.text);
                let twice = identify(&skimmed.text, dialect);
                prop_assert_eq!(&skimmed.text, &twice.text, "{:?} {}", dialect, text(before, ", "));
            }
        }
    }
}

#[test]
fn statements_of_different_shape_differ() {
    for dialect in Dialect::ALL {
        check_different(dialect, SHAPES);
        check_different(
            dialect,
            &[
                "select a from t",
                "select b from t",
                "select a from u",
                "select a, a from t",
                "select a from t where a = 1",
                "select a from t where a <> 1",
                "select a from t where a in (1)",
                "select a from t where a not in (1)",
                "select a from t where a is null",
                "select a from t where a is not null",
                "select a from t order by a",
                "select a from t order by a desc",
                "select a from t limit 1",
                "select distinct a from t",
                "select f(a) from t",
                "select a - 1 from t",
                "select a + 1 from t",
                "select (a) from t",
                "insert into t values (1)",
                "insert into t values (1, 2)",
                "insert into t values (1, now())",
                "insert into t values (1), (now())",
            ],
        );
    }
}
