//! Writes a statement's question out again, with values in the places where they were hidden.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Query, Statement, Value, VisitMut, VisitorMut};

use super::reading::Reading;
use crate::identify::{Dialect, parsed};
use crate::inquire::Explainable;

/// What to put in the places of values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filling {
    /// Expressions as they stand in [`Reading::question`], each with the SQL to put there; several for a list.
    pub values: BTreeMap<String, Vec<String>>,
    /// What to put in the place of all other values; `None` keeps them as parameters to be planned for without a value.
    pub rest: Option<&'static str>,
}

/// The question of a statement with values filled in; `None` when it can't be written.
///
/// Cost: a parse on a thread of its own.
#[must_use]
pub fn render(reading: &Reading, filling: &Filling) -> Option<Explainable> {
    parsed(&reading.question, reading.dialect, |mut statement| {
        let sign = if reading.dialect == Dialect::PostgreSql { '$' } else { '?' };
        let mut filler = Filler { filling, sign, kept: Vec::new() };
        let _never_breaks = VisitMut::visit(&mut statement, &mut filler);
        let Statement::Query(query) = &mut statement else { return None };
        unlocked(query);
        let parameters = filler.kept.len();
        let text = statement.to_string();
        Some(Explainable { text, parameters, ..Explainable::default() })
    })
}

/// A plan needs no lock, and a user who may only read may not ask for one.
fn unlocked(query: &mut Query) {
    query.locks.clear();
}

struct Filler<'a> {
    filling: &'a Filling,
    sign: char,
    /// Placeholders that are kept, in the order they were met.
    kept: Vec<String>,
}

impl Filler<'_> {
    /// What stands in for an expression, if something does.
    fn replacement(&mut self, expr: &Expr) -> Option<String> {
        // Long expressions are never keys; writing them out at each level would take quadratic time.
        let is_candidate = !matches!(expr, Expr::BinaryOp { op, .. }
            if matches!(op, sqlparser::ast::BinaryOperator::And | sqlparser::ast::BinaryOperator::Or));
        if is_candidate && let Some(values) = self.filling.values.get(&expr.to_string()) {
            return Some(match values.as_slice() {
                [one] => one.clone(),
                several => array(several),
            });
        }
        let Expr::Value(value) = expr else { return None };
        let Value::Placeholder(name) = &value.value else { return None };
        if let Some(rest) = self.filling.rest {
            return Some(rest.to_owned());
        }
        let place = self.kept.iter().position(|kept| kept == name).unwrap_or_else(|| {
            self.kept.push(name.clone());
            self.kept.len() - 1
        });
        Some(format!("{}{}", self.sign, place + 1))
    }

    fn expand(&self, list: &mut Vec<Expr>) {
        if let [only] = list.as_slice()
            && let Some(values) = self.filling.values.get(&only.to_string())
        {
            *list = values.iter().map(|value| verbatim(value.clone())).collect();
        }
    }
}

impl VisitorMut for Filler<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::InList { list, .. } = expr {
            self.expand(list);
        }
        if let Some(new) = self.replacement(expr) {
            *expr = verbatim(new);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        unlocked(query);
        ControlFlow::Continue(())
    }
}

/// SQL that is written out as it is: the tree has no node for that but a number's.
fn verbatim(sql: String) -> Expr {
    Expr::Value(Value::Number(sql, false).into())
}

/// PostgreSQL's array literal, whose type is found by what it is compared with.
fn array(values: &[String]) -> String {
    let elements = values.iter().map(|value| {
        let text = value.trim_matches('\'').replace("''", "'");
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    });
    format!("'{{{}}}'", elements.collect::<Vec<_>>().join(",").replace('\'', "''"))
}
