//! What was measured: which index is right for each statement, on each database.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Dialect;

/// Whether an index helps, as measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A matter of taste; no test should insist.
    Grey,
    /// One helps.
    Index,
    /// None helps.
    None,
}

/// What was measured about a statement.
#[derive(Clone, Debug, Deserialize)]
pub struct Expected {
    /// Whether an index helps.
    pub label: Verdict,
    /// How much of the cost the best indexes take away, from nought to one.
    #[serde(default)]
    pub reduction: f64,
    /// The narrowest set of indexes within 2 % of the best cost found.
    #[serde(default)]
    pub minimal_best: Vec<String>,
    /// Every single index within 5 % of it.
    #[serde(default)]
    pub near_best_single: Vec<String>,
}

/// What was measured on a database, by the statement's id. Statements it can't run are not there.
pub fn expected(dialect: Dialect) -> BTreeMap<String, Expected> {
    match dialect {
        Dialect::Postgres => read(include_str!("../../fixtures/shop/expected.pg.json")),
        Dialect::Mysql => under_queries(include_str!("../../fixtures/shop/expected.mysql.json")),
        Dialect::Sqlite => under_queries(include_str!("../../fixtures/shop/expected.sqlite.json")),
    }
}

#[derive(Deserialize)]
struct File {
    queries: BTreeMap<String, Expected>,
}

fn under_queries(text: &str) -> BTreeMap<String, Expected> {
    let file: File = read(text);
    file.queries
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).expect("a file of expectations has the form of Expected")
}

#[cfg(test)]
mod tests {
    use super::{Verdict, expected};
    use crate::shop::{Dialect, workload};

    #[test]
    fn each_database_has_its_own_labels() {
        let count = |dialect| {
            let all = expected(dialect);
            let of = |label| all.values().filter(|e| e.label == label).count();
            [of(Verdict::Index), of(Verdict::None), of(Verdict::Grey)]
        };
        assert_eq!(count(Dialect::Postgres), [33, 19, 8]);
        assert_eq!(count(Dialect::Sqlite), [31, 17, 9]);
        assert_eq!(count(Dialect::Mysql), [32, 16, 8]);
    }

    #[test]
    fn what_is_expected_is_about_statements_the_database_runs() {
        for dialect in [Dialect::Mysql, Dialect::Postgres, Dialect::Sqlite] {
            let expected = expected(dialect);
            for query in workload() {
                let runs = query.engines.contains(&dialect);
                assert!(runs || !expected.contains_key(&query.id), "{} {dialect:?}", query.id);
            }
        }
    }
}
