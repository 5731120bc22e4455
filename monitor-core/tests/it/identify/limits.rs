//! Long texts, deep texts, strange texts.

use std::time::{Duration, Instant};

use monitor_core::identify::{Dialect, NESTING_MAX, Normaliser, TEXT_BYTES_MAX, identify};

use super::{POSTGRES, check_same};

/// Ample for what takes a few milliseconds a megabyte; anything quadratic takes hours.
/// Tells linear from quadratic, not fast from slow: a step for each pair of bytes would take hours.
fn check_linear(piece: &str, megabytes: usize) {
    let text = piece.repeat(megabytes * 1_000_000 / piece.len());
    let start = Instant::now();
    let identity = identify(&text, POSTGRES);
    assert!(start.elapsed() < Duration::from_secs(100), "{piece} took {:?}", start.elapsed());
    assert!(identity.text.len() <= TEXT_BYTES_MAX, "{piece}");
}

#[test]
fn a_text_of_megabytes_takes_moments() {
    for piece in ["(", "'", "in (1,", "1,", "(1),"] {
        check_linear(piece, 4);
    }
}

#[test]
fn a_text_takes_time_in_proportion_to_its_length_whatever_it_is() {
    for piece in [
        "(",
        ")",
        "[",
        "x in (",
        "values (",
        "with a as (",
        "'",
        "''",
        "\"",
        "`",
        "$",
        "$$",
        "$a ",
        "?",
        "x ? ",
        "/*",
        "*/",
        "--",
        "\\",
        "'\\",
        "- ",
        "a;",
        ".a",
        "a,",
        "1,",
        "(1),",
        "-",
        "::",
        ":a ",
        "@",
        "a b ",
        "\0",
        "é",
        "in ((1),",
        "= \"a\" /* */ ",
        "select from a,",
        "update t set a.b=",
        "case ",
        "array[",
        ", (f(1),",
    ] {
        check_linear(piece, 1);
    }
}

#[test]
fn a_long_text_is_cut_between_tokens_and_counts_whole() {
    let columns = |last: &str| format!("select {} {last}", "\"a b\", column_name, ".repeat(2_000));
    let (one, other) = (identify(&columns("x"), POSTGRES), identify(&columns("y"), POSTGRES));
    assert!(
        one.truncated && one.text.len() <= TEXT_BYTES_MAX && one.text.len() > TEXT_BYTES_MAX - 32
    );
    assert!(
        one.text.ends_with("\"a b\", …") || one.text.ends_with("column_name, …"),
        "{}",
        &one.text[TEXT_BYTES_MAX - 40..]
    );
    assert_eq!(one.text, other.text);
    assert_ne!(one.fingerprint, other.fingerprint);
    assert!(!identify("select 1", POSTGRES).truncated);
}

#[test]
fn a_text_of_one_endless_name_is_cut_before_it() {
    for dialect in Dialect::ALL {
        let identity = identify(&format!("select `{}` from t", "a b ".repeat(10_000)), dialect);
        assert_eq!((identity.text.as_str(), identity.truncated), ("select …", true));
    }
}

#[test]
fn lists_are_one_up_to_the_depth_that_is_documented() {
    for dialect in Dialect::ALL {
        let nested = |depth: usize, list: &str| {
            format!("{}a in ({list}){}", "(".repeat(depth), ")".repeat(depth))
        };
        check_same(dialect, &[&nested(NESTING_MAX - 1, "1, 2"), &nested(NESTING_MAX - 1, "3")]);
        // Deeper, a list is written out as it stands, still without its values.
        assert!(identify(&nested(NESTING_MAX, "1, 2"), dialect).text.contains("in (?, ?)"));
    }
}

#[test]
fn strange_characters_pass_through() {
    super::check(
        &Dialect::ALL,
        &[
            ("select größe, 名前 from möbel", "select größe, 名前 from möbel"),
            ("select\0a\u{1}from\u{7f}t", "select a from t"),
            ("select {a} \\ b", "select { a } \\ b"),
        ],
    );
}

#[test]
fn a_normaliser_can_be_used_again() {
    let mut normaliser = Normaliser::new();
    for text in ["select 'open", "a in (1, (((", "select 1", "insert into t values (1), ("] {
        let again = normaliser.normalise(text, POSTGRES).text.to_owned();
        assert_eq!(again, Normaliser::new().normalise(text, POSTGRES).text, "{text}");
    }
}
