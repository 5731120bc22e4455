//! A subquery runs once for every row, and reads a whole table each time.
//!
//! **What was seen.** `select c.id, (select count(*) from orders o where o.customer_id = c.id) from customers c`: the subquery depends on the
//! row, so it runs again for each one, and no index leads it to its rows. A thousand rows read the other table a thousand times.
//!
//! **What to do.** Join a grouped subquery, which reads the other table once: `left join (select customer_id, count(*) n from orders
//! group by customer_id) o on o.customer_id = c.id`. Where few rows are asked for, an index on the subquery's column is the better answer.
//!
//! **When it is wrong.** With an index on that column each run is a look-up; then nothing is said.

use sqlparser::ast::{BinaryOperator, Expr, Query as Select, SelectItem, SetExpr};

use super::reading::{
    Column, Scope, columns_of, conjuncts, hidden_by, index_on, plain, subqueries, top_selects,
};
use super::seen::{Opinion, Query, no_catalogue};
use super::Rule;

pub(super) struct CorrelatedSubquery;

/// Rows of the subquery's table from which on reading them again and again is felt.
const INNER_ROWS_MIN: f64 = 1_000.0;
/// Share saved: 99.5 % in the bench's case.
const SAVES: f64 = 0.9;

/// A subquery that depends on the row around it.
pub(super) struct Correlated<'q> {
    pub(super) inner: &'q sqlparser::ast::Select,
    pub(super) scope: Scope<'q>,
    /// The subquery's columns that have to equal one of the row's.
    pub(super) columns: Vec<(Column, Vec<String>)>,
}

impl Rule for CorrelatedSubquery {
    fn name(&self) -> &'static str {
        "correlated-subquery"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let mut quiet = Opinion::NotMine;
        for select in top_selects(query.tree) {
            let outer = Scope::of(select, &[], query.catalogue);
            let conditions = conjuncts(select.selection.as_ref());
            let one_row = outer.tables.len() == 1 && outer.is_one_row(0, &conditions);
            let asked = select.projection.iter().filter_map(|item| match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
                _ => None,
            });
            for subquery in asked.chain(conditions.iter().copied()).flat_map(as_values) {
                let Some(correlated) = Correlated::of(&subquery, query) else { continue };
                if correlated.is_latest_of(&outer) {
                    continue;
                }
                if one_row {
                    quiet = Opinion::Quiet("it runs for one row".into());
                    continue;
                }
                match judged(query, &correlated) {
                    found @ Opinion::Found(_) => return found,
                    other => quiet = other,
                }
            }
        }
        quiet
    }
}

/// The subqueries of an expression that are values: one that is only asked whether it has rows is planned as a join.
fn as_values(expr: &Expr) -> Vec<Select> {
    match plain(expr) {
        Expr::Exists { .. } | Expr::InSubquery { .. } => Vec::new(),
        Expr::UnaryOp { expr, .. } => as_values(expr),
        other => subqueries(other),
    }
}

fn judged(query: &Query<'_>, correlated: &Correlated<'_>) -> Opinion {
    let [table] = correlated.scope.tables.as_slice() else {
        return Opinion::CannotTell("what a join within the subquery costs is not known".into());
    };
    let (Some(known), Some(rows)) = (table.known, table.rows()) else {
        return no_catalogue("whether an index leads the subquery to its rows");
    };
    let fixed = correlated.fixed();
    let by = fixed.iter().find_map(|column| index_on(known, column));
    if let Some(index) = by {
        return Opinion::Quiet(format!("index {} leads each run to its rows", index.name));
    }
    if rows < INNER_ROWS_MIN {
        return Opinion::Quiet(format!("{} is small", known.name));
    }
    let columns: Vec<_> = correlated.columns.iter().map(|(column, _)| column.name.as_str()).collect();
    let columns = columns.join(", ");
    let rest = if correlated.is_only_by_row() { "" } else { " where (the subquery's other conditions)" };
    let found = query.rewrite(
        SAVES,
        &format!("a subquery reads all of {} for every row", known.name),
        "the subquery depends on the row around it, and no index leads it to what belongs to that row",
        &format!("join `(select {columns}, count(*) from {}{rest} group by {columns})` instead", known.name),
    );
    let found = found.step(format!("or, where few rows are asked for, index {} ({columns})", known.name));
    found.fact("rows read each time", format!("{rows:.0}")).into()
}

// === impl Correlated ===

impl<'q> Correlated<'q> {
    pub(super) fn of(subquery: &'q Select, query: &Query<'q>) -> Option<Self> {
        let SetExpr::Select(inner) = &*subquery.body else { return None };
        let scope = Scope::of(inner, &hidden_by(subquery), query.catalogue);
        let conditions = conjuncts(inner.selection.as_ref());
        let columns: Vec<_> = conditions.iter().filter_map(|one| equals_outer(&scope, one)).collect();
        (!columns.is_empty()).then_some(Self { inner, scope, columns })
    }

    /// The columns that have to equal something: one of the row's, or a value.
    fn fixed(&self) -> Vec<String> {
        let conditions = conjuncts(self.inner.selection.as_ref());
        let by_value = conditions.iter().filter_map(|condition| {
            let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = plain(condition) else { return None };
            match (self.scope.column(left), self.scope.column(right)) {
                (Some(column), None) | (None, Some(column)) => Some(column.name),
                _ => None,
            }
        });
        let by_row = self.columns.iter().map(|(column, _)| column.name.clone());
        by_row.chain(by_value).collect()
    }

    /// Whether the row around it is all it depends on.
    fn is_only_by_row(&self) -> bool {
        conjuncts(self.inner.selection.as_ref()).len() == self.columns.len()
    }

    /// Whether a condition on the row around it names nothing but what it is tied by.
    pub(super) fn is_on_group(&self, condition: &Expr) -> bool {
        let ties: Vec<_> = self.columns.iter().filter_map(|(_, around)| around.last()).collect();
        columns_of(condition).iter().all(|name| name.last().is_some_and(|last| ties.contains(&last)))
    }

    /// Whether it looks for the greatest row of the whole group.
    pub(super) fn is_greatest_of_all(&self) -> bool {
        let of_max = |item: &SelectItem| item.to_string().to_ascii_lowercase().starts_with("max(");
        self.is_only_by_row() && self.inner.projection.iter().all(of_max)
    }

    /// Whether it looks for the greatest or least row of the group that the outer row is in.
    pub(super) fn is_latest_of(&self, outer: &Scope<'_>) -> bool {
        let ([inner], [around]) = (self.scope.tables.as_slice(), outer.tables.as_slice()) else { return false };
        let is_same = inner.name.is_some() && inner.name == around.name;
        let is_extreme = match self.inner.projection.as_slice() {
            [SelectItem::UnnamedExpr(expr)] => {
                let word = expr.to_string().to_ascii_lowercase();
                word.starts_with("max(") || word.starts_with("min(")
            }
            _ => false,
        };
        let in_group = self.columns.iter().any(|(column, around)| around.last() == Some(&column.name));
        is_same && is_extreme && in_group
    }
}

/// The column of a scope that has to equal one from outside it, and that one.
fn equals_outer(scope: &Scope<'_>, condition: &Expr) -> Option<(Column, Vec<String>)> {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = plain(condition) else { return None };
    let of = |inner: &Expr, outer: &Expr| {
        let column = scope.column(inner)?;
        let name = super::reading::name_of(outer)?;
        (name.len() > 1 && scope.resolve(&name).is_none()).then_some((column, name))
    };
    of(left, right).or_else(|| of(right, left))
}
