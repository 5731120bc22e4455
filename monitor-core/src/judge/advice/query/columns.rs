//! Which column a name means.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Ident, ObjectName, Query, Visit, Visitor};

use super::reading::{ColumnRef, Relation};
use crate::inquire::{Catalogue, Table};

/// What names mean at one place in a statement: the innermost select last.
pub(super) struct Names<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) scopes: Vec<Scope>,
    /// Common table expressions in sight, the newest last.
    pub(super) expressions: Vec<(String, Outputs)>,
}

/// The names of one select.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) id: usize,
    pub(super) sources: Vec<(String, Source)>,
}

/// What rows come from.
pub(super) enum Source {
    /// A relation, by its place.
    Table(usize),
    /// Another select.
    Derived(Outputs),
    /// Something the catalogue does not know.
    Unknown,
}

/// The columns a select gives, each with the one it is taken from where it is a plain one.
#[derive(Clone, Default)]
pub(super) struct Outputs {
    pub(super) columns: Vec<(String, Option<ColumnRef>)>,
}

/// What an expression is made of, without its subqueries.
#[derive(Default)]
pub(super) struct Parts {
    /// The names of columns.
    pub(super) names: Vec<Vec<Ident>>,
    /// The subqueries, outermost only.
    pub(super) queries: Vec<Query>,
    /// Whether there is a placeholder, or a literal whose value was hidden.
    pub(super) is_open: bool,
    depth: usize,
}

// === impl Names ===

impl Names<'_> {
    /// The column a name means, looking from the innermost select outward.
    pub(super) fn column(&self, relations: &[Relation], name: &[Ident]) -> Option<ColumnRef> {
        let (column, qualifiers) = name.split_last()?;
        for scope in self.scopes.iter().rev() {
            for (alias, source) in &scope.sources {
                let is_meant = match qualifiers.last() {
                    Some(qualifier) => qualifier.value.eq_ignore_ascii_case(alias),
                    None => true,
                };
                if !is_meant {
                    continue;
                }
                match source {
                    Source::Table(relation) => {
                        if let Some(found) = self
                            .table(relations, *relation)
                            .and_then(|table| table.column(&column.value))
                        {
                            return Some(ColumnRef {
                                relation: *relation,
                                column: found.name.clone(),
                            });
                        }
                    }
                    Source::Derived(outputs) => {
                        if let Some(found) = outputs.get(&column.value) {
                            return found;
                        }
                    }
                    // It may be this one's column, so it is nobody else's for sure.
                    Source::Unknown => return None,
                }
            }
        }
        None
    }

    pub(super) fn table(&self, relations: &[Relation], relation: usize) -> Option<&Table> {
        self.catalogue.tables.get(relations.get(relation)?.table)
    }

    pub(super) fn expression(&self, name: &str) -> Option<&Outputs> {
        self.expressions
            .iter()
            .rev()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, outputs)| outputs)
    }
}

// === impl Outputs ===

impl Outputs {
    /// The column of this name: `None` where there is none, `Some(None)` where it is computed.
    pub(super) fn get(&self, name: &str) -> Option<Option<ColumnRef>> {
        self.columns
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, column)| column.clone())
    }

    /// The same under other names, as in `(select ..) as t (a, b)`.
    pub(super) fn renamed(mut self, names: &[String]) -> Self {
        for ((name, _), new) in self.columns.iter_mut().zip(names) {
            name.clone_from(new);
        }
        self
    }
}

// === impl Parts ===

impl Parts {
    pub(super) fn of(expr: &Expr) -> Self {
        let mut parts = Self::default();
        let _never_breaks = expr.visit(&mut parts);
        parts
    }

    /// Whether it is the same for all rows and known before the statement runs.
    pub(super) fn is_constant(&self) -> bool {
        self.names.is_empty() && self.queries.is_empty()
    }
}

impl Visitor for Parts {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if self.depth == 0 {
            self.queries.push(query.clone());
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        match expr {
            Expr::Identifier(name) => self.names.push(vec![name.clone()]),
            Expr::CompoundIdentifier(name) => self.names.push(name.clone()),
            Expr::TypedString(_) | Expr::Interval(_) => self.is_open = true,
            Expr::Value(value) => {
                self.is_open |= matches!(value.value, sqlparser::ast::Value::Placeholder(_));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// An object's name without quotes, its parts joined by dots.
pub(super) fn written_out(name: &ObjectName) -> String {
    let parts = name
        .0
        .iter()
        .map(|part| part.as_ident().map_or_else(|| part.to_string(), |ident| ident.value.clone()));
    parts.collect::<Vec<_>>().join(".")
}
