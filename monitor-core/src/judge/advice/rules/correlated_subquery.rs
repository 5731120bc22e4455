//! A subquery runs once for every row, and reads a whole table each time.
//!
//! **What was seen.** `select c.id, (select count(*) from orders o where o.customer_id = c.id) from customers c`: the subquery depends on the
//! row, so it runs again for each one, and no index leads it to its rows. A thousand rows read the other table a thousand times.
//!
//! **What to do.** Join a grouped subquery, which reads the other table once: `left join (select customer_id, count(*) n from orders
//! group by customer_id) o on o.customer_id = c.id`. Where few rows are asked for, an index on the subquery's column is the better answer.
//!
//! **When it is wrong.** With an index that begins with that column, or with one that the subquery compares with a constant, each run reads little; then nothing is said.

use sqlparser::ast::{BinaryOperator, Expr, GroupByExpr, Query as Select, SelectItem, SetExpr};

use super::reading::{
    Column, Scope, columns_of, conjuncts, has_aggregate, has_limit, hidden_within, plain, subqueries, top_selects,
};
use super::seen::{Opinion, Query, no_catalogue};
use super::Rule;
use crate::inquire::Index;

pub(super) struct CorrelatedSubquery;

/// Rows of the subquery's table from which on reading them again and again is felt.
const INNER_ROWS_MIN: f64 = 1_000.0;
/// Share saved: 99.5 % in the bench's case.
const SAVES: f64 = 0.9;

/// A subquery that depends on the row around it.
pub(super) struct Correlated<'q> {
    pub(super) query: &'q Select,
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
        for (select, hidden) in top_selects(query.tree) {
            let outer = Scope::of(select, &hidden, query.catalogue);
            let conditions = conjuncts(select.selection.as_ref());
            let one_row = outer.tables.len() == 1 && outer.is_one_row(0, &conditions);
            let asked = select.projection.iter().filter_map(|item| match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
                _ => None,
            });
            for subquery in asked.chain(conditions.iter().copied()).flat_map(as_values) {
                let Some(correlated) = Correlated::of(&subquery, &hidden, query) else { continue };
                if super::distinct_on_latest::is_latest(query, select, &outer, &correlated) {
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
    // A constant that leads an index narrows each run as well; a partial index may hold just what is asked for.
    let conditions = conjuncts(correlated.inner.selection.as_ref());
    let mut fixed = correlated.scope.fixed(0, &conditions, true);
    fixed.extend(correlated.columns.iter().map(|(column, _)| column.name.clone()));
    let leads = |index: &&Index| {
        let first = index.leading_columns().next();
        index.valid && first.is_some_and(|first| fixed.iter().any(|one| one.eq_ignore_ascii_case(first)))
    };
    if let Some(index) = known.indexes.iter().find(leads) {
        return Opinion::Quiet(format!("index {} leads each run to its rows", index.name));
    }
    if rows < INNER_ROWS_MIN {
        return Opinion::Quiet(format!("{} is small", known.name));
    }
    let columns: Vec<_> = correlated.columns.iter().map(|(column, _)| column.name.as_str()).collect();
    let columns = columns.join(", ");
    let index = format!("index {} ({columns})", known.name);
    let grouped = correlated.grouped(&columns);
    let found = query.rewrite(
        SAVES,
        &format!("a subquery reads all of {} for every row", known.name),
        "the subquery depends on the row around it, and no index leads it to what belongs to that row",
        &grouped.as_ref().map_or_else(
            || index.clone(),
            |grouped| format!("`left join ({grouped})` instead, with `coalesce` where a count may find nothing"),
        ),
    );
    let found = match grouped {
        Some(_) => found.step(format!("or, where few rows are asked for, {index}")),
        None => found,
    };
    found.fact("rows read each time", format!("{rows:.0}")).into()
}

// === impl Correlated ===

impl<'q> Correlated<'q> {
    /// `hidden` are the names that common table expressions around the subquery hide.
    pub(super) fn of(subquery: &'q Select, hidden: &[String], query: &Query<'q>) -> Option<Self> {
        let SetExpr::Select(inner) = &*subquery.body else { return None };
        let scope = Scope::of(inner, &hidden_within(hidden, subquery), query.catalogue);
        let conditions = conjuncts(inner.selection.as_ref());
        let columns: Vec<_> = conditions.iter().filter_map(|one| equals_outer(&scope, one)).collect();
        (!columns.is_empty()).then_some(Self { query: subquery, inner, scope, columns })
    }

    /// The conditions that do not tie it to the row around it.
    pub(super) fn filters(&self) -> impl Iterator<Item = &'q Expr> {
        let all = conjuncts(self.inner.selection.as_ref()).into_iter();
        all.filter(|one| equals_outer(&self.scope, one).is_none())
    }

    /// The value it gives, where it is a single one over all rows of its group.
    pub(super) fn aggregate(&self) -> Option<&'q Expr> {
        let is_bare = matches!(&self.inner.group_by, GroupByExpr::Expressions(by, _) if by.is_empty())
            && self.inner.having.is_none()
            && !has_limit(self.query);
        match self.inner.projection.as_slice() {
            [SelectItem::UnnamedExpr(expr)] if is_bare && has_aggregate(expr) => Some(expr),
            _ => None,
        }
    }

    /// The same, for all rows at once, where that can be said: its filters kept, and none of them about the row around it.
    fn grouped(&self, columns: &str) -> Option<String> {
        let value = self.aggregate()?;
        let own = |expr: &Expr| columns_of(expr).iter().all(|name| self.scope.resolve(name).is_some());
        let filters: Vec<_> = self.filters().collect();
        let is_own = own(value) && filters.iter().all(|one| own(one) && subqueries(one).is_empty());
        let kept: Vec<_> = filters.iter().map(|filter| as_conjunct(filter)).collect();
        let kept = if kept.is_empty() { String::new() } else { format!(" where {}", kept.join(" and ")) };
        let from = self.inner.from.first()?;
        is_own.then(|| format!("select {columns}, {value} from {from}{kept} group by {columns}"))
    }
}

/// A condition as it may stand between `and`s: what holds its parts together less tightly goes into parentheses.
fn as_conjunct(condition: &Expr) -> String {
    match condition {
        Expr::BinaryOp { op: BinaryOperator::Or | BinaryOperator::Xor, .. } => format!("({condition})"),
        other => other.to_string(),
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
