//! No literal is ever shown.

use monitor_core::identify::{Dialect, identify};
use proptest::prelude::*;

use super::{GENERIC, MYSQL, POSTGRES, SQLITE, check};

#[test]
fn a_password_is_a_string() {
    for text in [
        "alter user bob password 'hunter2'",
        "create role bob login encrypted password 'hunter2'",
        "create user bob identified by 'hunter2'",
        "set password for bob = 'hunter2'",
        "grant all on *.* to bob identified by 'hunter2' with grant option",
        "create user mapping for bob server s options (user 'bob', password 'hunter2')",
    ] {
        for dialect in Dialect::ALL {
            assert_hidden(text, "hunter2", dialect);
        }
    }
}

#[test]
fn a_string_that_does_not_end_hides_the_rest() {
    check(
        &Dialect::ALL,
        &[("select 'hunter2 from t", "select ?"), ("select `hunter2 from t", "select ?")],
    );
    check(&[POSTGRES, SQLITE, GENERIC, MYSQL], &[("select \"hunter2 from t", "select ?")]);
    check(&[POSTGRES, GENERIC], &[("select $$hunter2 from t", "select ?")]);
    check(&[SQLITE], &[("select [hunter2", "select ?")]);
}

#[test]
fn what_two_dialects_end_at_different_places_hides_the_rest() {
    check(
        &[GENERIC],
        &[
            (r"select 'a\' from t where b = 'hunter2'", "select ?"),
            (r#"select "a\" from t where b = 'hunter2'"#, "select ?"),
            ("select a /* a /* b */ hunter2 */", "select a ?"),
            (r"select 'a\\' from t where b = 'c'", "select ? from t where b = ?"),
        ],
    );
}

#[test]
fn a_text_cut_in_the_middle_of_a_string_shows_none_of_it() {
    let text = "select a from t where b = 'hunter2' and c in ('hunter2', 'hunter2')";
    for end in 0..text.len() {
        for dialect in Dialect::ALL {
            assert_hidden(&text[..end], "hun", dialect);
        }
    }
}

#[track_caller]
fn assert_hidden(text: &str, secret: &str, dialect: Dialect) {
    let identity = identify(text, dialect);
    for shown in [&identity.text, &identity.summary, &format!("{:?}", identity.tables)] {
        assert!(!shown.contains(secret), "{dialect:?}: {text}\nshows {shown}");
    }
}

/// A literal with a secret in it, as its dialect writes it.
fn literal(dialect: Dialect) -> impl Strategy<Value = String> {
    let ending = prop::sample::select(vec![
        "", "''", " -- ", " /* ", " */ ", ";", " \" ", "$$", "`", "\n", " or 1=1",
    ]);
    let form = match dialect {
        Dialect::Generic => {
            prop::sample::select(vec!["'@'", "N'@'", "$x$@$x$", "98765@", "date '@'"])
        }
        Dialect::PostgreSql => {
            prop::sample::select(vec!["'@'", "E'\\'@'", "$x$@$x$", "98765@", "U&'@'", "'a' '@'"])
        }
        Dialect::MySql => {
            prop::sample::select(vec!["'@'", "'\\'@'", "_utf8mb4'@'", "98765", "N'@'", "X'@'"])
        }
        Dialect::Sqlite => {
            prop::sample::select(vec!["'@'", "x'@'", "98765@", "= \"@\"", "(1, '@')"])
        }
    };
    (form, ending).prop_map(|(form, ending)| {
        let is_string = form.contains('\'') || form.contains('$');
        let ending = if is_string && !(form.contains('$') && ending == "''") { ending } else { "" };
        form.replace('@', &format!("98765{ending}"))
    })
}

proptest! {
    #![proptest_config(super::properties::config())]

    #[test]
    fn no_literal_survives(
        (dialect, literals) in prop::sample::select(Dialect::ALL.to_vec())
            .prop_flat_map(|dialect| (Just(dialect), prop::collection::vec(literal(dialect), 1..5))),
        frame in prop::sample::select(vec![
            ("select a from t where b = ", " or c > ", ""),
            ("insert into t values (", "), (", ")"),
            ("select * from t where a in (", ", ", ")"),
            ("update t set a = ", ", b = ", " where c"),
            ("select f(", ", ", ") from t"),
        ]),
    ) {
        let (before, between, after) = frame;
        let text = format!("{before}{}{after}", literals.join(between));
        assert_hidden(&text, "98765", dialect);
    }
}
