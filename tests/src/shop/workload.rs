//! The statements the shop runs, and what was known about each before anything was measured.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::Dialect;

/// What the workload's author expects of an index; what was measured is in [`super::expected`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// One helps.
    Index,
    /// None helps, or it would cost more than it brings.
    None,
    /// None helps as the statement is written; written otherwise, one does.
    Rewrite,
}

/// A statement of the workload.
#[derive(Clone, Debug, Deserialize)]
pub struct Query {
    /// `s01` to `s60`.
    pub id: String,
    /// With `$1`, `$2` and so on.
    pub sql: String,
    /// One representative set of parameters.
    pub params: Vec<Json>,
    /// How often it runs.
    pub calls_per_hour: f64,
    /// What is expected of an index.
    pub label: Label,
    /// The reason for the label.
    pub why: String,
    /// The databases that can run it.
    pub engines: Vec<Dialect>,
    /// Why no index is expected, such as `low-selectivity`.
    pub neg: Option<String>,
    /// What kind of remedy it takes where it is not a plain index, such as `rewrite:sargable`.
    pub kind: Option<String>,
    /// Whether the answer depends on the parameter's value, as with `like '%x'`.
    #[serde(default)]
    pub literal_needed: bool,
    /// Whether the answer differs from one value of the parameter to another.
    #[serde(default)]
    pub param_sensitive: bool,
    /// The better statement, where the label is [`Label::Rewrite`] and there is one.
    pub rewrite: Option<String>,
    /// The better statement's parameters.
    #[serde(default)]
    pub rewrite_params: Vec<Json>,
    /// Milliseconds a call took on PostgreSQL at full scale.
    pub mean_ms: Option<f64>,
    /// Rows a call returned on PostgreSQL at full scale.
    pub rows_observed: Option<u64>,
}

/// A parameter in the type to bind it with.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// A date, written `2024-03-05`.
    Date(String),
    /// A number with a fraction.
    Float(f64),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// A moment, written `2024-03-05 00:00:00`.
    Timestamp(String),
}

impl Query {
    /// The parameters in the types to bind them with, read off their form.
    pub fn typed_params(&self) -> Vec<Param> {
        self.params.iter().map(Param::of).collect()
    }
}

impl Param {
    /// The type is read off the value's form: a text that is a date is meant as one.
    ///
    /// # Panics
    ///
    /// On what no statement of the workload has: nothing, a truth, a list.
    pub fn of(value: &Json) -> Self {
        match value {
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None => Self::Float(number.as_f64().expect("a JSON number is a float")),
            },
            Json::String(text) if has_form(text, "0000-00-00 00:00:00") => {
                Self::Timestamp(text.clone())
            }
            Json::String(text) if has_form(text, "0000-00-00") => Self::Date(text.clone()),
            Json::String(text) => Self::Text(text.clone()),
            other => panic!("a parameter of the workload is a number or text, not {other}"),
        }
    }
}

/// Whether a text has a digit wherever the form has one, and elsewhere the form's own characters.
fn has_form(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(
            |(b, f)| {
                if f == b'0' { b.is_ascii_digit() } else { b == f }
            },
        )
}

/// How many rows of a table are written in an hour: what an index costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct WriteRate {
    /// Rows inserted.
    pub insert: f64,
    /// Rows updated.
    pub update: f64,
    /// Rows deleted.
    pub delete: f64,
}

/// Every statement of the workload.
pub fn workload() -> Vec<Query> {
    file().queries
}

/// A statement by its id.
///
/// # Panics
///
/// If the workload has no such statement.
pub fn query(id: &str) -> Query {
    workload()
        .into_iter()
        .find(|query| query.id == id)
        .unwrap_or_else(|| panic!("the workload has no statement `{id}`"))
}

/// The tables that are written, by name.
pub fn write_rates() -> BTreeMap<String, WriteRate> {
    file().write_rates_per_hour
}

#[derive(Deserialize)]
struct File {
    write_rates_per_hour: BTreeMap<String, WriteRate>,
    queries: Vec<Query>,
}

fn file() -> File {
    serde_json::from_str(include_str!("../../fixtures/shop/workload.json"))
        .expect("workload.json has the form of File")
}

#[cfg(test)]
mod tests {
    use super::{Label, Param, query, workload, write_rates};
    use crate::shop::table;

    #[test]
    fn the_workload_has_sixty_statements() {
        let queries = workload();
        let count = |label| queries.iter().filter(|query| query.label == label).count();
        assert_eq!([count(Label::Index), count(Label::None), count(Label::Rewrite)], [35, 20, 5]);
    }

    #[test]
    fn parameters_have_the_type_of_their_form() {
        assert_eq!(
            query("s04").typed_params(),
            [
                Param::Text("paid".into()),
                Param::Timestamp("2024-03-01 00:00:00".into()),
                Param::Timestamp("2024-04-01 00:00:00".into()),
            ]
        );
        assert_eq!(query("s30").typed_params(), [Param::Date("2024-03-05".into())]);
        assert_eq!(query("s01").typed_params(), [Param::Int(1234)]);
        for query in workload() {
            query.typed_params();
        }
    }

    #[test]
    fn writes_are_known_for_tables_of_the_shop() {
        for name in write_rates().keys() {
            table(name);
        }
        assert!((write_rates()["events"].insert - 90_000.0).abs() < 1e-9);
    }
}
