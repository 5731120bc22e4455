//! Texts and the statements they are.

mod commands;
mod golden;
mod limits;
mod normalise;
mod outline;
mod pairs;
mod properties;
mod refine;
mod secrets;
mod tags;

use monitor_core::identify::{Dialect, identify};

const GENERIC: Dialect = Dialect::Generic;
const POSTGRES: Dialect = Dialect::PostgreSql;
const MYSQL: Dialect = Dialect::MySql;
const SQLITE: Dialect = Dialect::Sqlite;

/// Checks what texts are normalised to, in each of the dialects, and that the result is normal.
#[track_caller]
fn check(dialects: &[Dialect], cases: &[(&str, &str)]) {
    for &dialect in dialects {
        for &(text, expected) in cases {
            assert_eq!(identify(text, dialect).text, expected, "{dialect:?}: {text}");
            assert_eq!(identify(expected, dialect).text, expected, "{dialect:?}, once more");
        }
    }
}

/// Checks that texts are all one statement.
#[track_caller]
fn check_same(dialect: Dialect, texts: &[&str]) {
    let [first, rest @ ..] = texts else { return };
    let first = identify(first, dialect);
    for text in rest {
        let other = identify(text, dialect);
        assert_eq!(first.text, other.text, "{dialect:?}");
        assert_eq!(first.fingerprint, other.fingerprint, "{dialect:?}: {text}");
    }
}

/// Checks that no two texts are one statement.
#[track_caller]
fn check_different(dialect: Dialect, texts: &[&str]) {
    for (index, one) in texts.iter().enumerate() {
        for other in &texts[index + 1..] {
            let (one, other) = (identify(one, dialect), identify(other, dialect));
            assert_ne!(one.fingerprint, other.fingerprint, "{dialect:?}: {}", one.text);
        }
    }
}
