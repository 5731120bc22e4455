//! Every row of one table is joined with every row of another.
//!
//! **What was seen.** Two tables in `from` that no condition ties together, neither `on` nor `where`. The result has as many rows as the one
//! times the other.
//!
//! **What to do.** Say which rows belong together: `join b on b.a_id = a.id`. Where all pairs are meant, write `cross join`; then nothing is said.
//!
//! **When it is wrong.** A table of which one row is taken multiplies nothing, and small tables multiply to little; nothing is said of those.

use sqlparser::ast::{Expr, JoinConstraint, JoinOperator, Select};

use super::reading::{
    Scope, all_conditions, columns_of, conjuncts, constraint, joined_on, subqueries, top_selects,
};
use super::seen::{Opinion, Query, no_catalogue};
use super::Rule;
use crate::judge::advice::Priority;

pub(super) struct CartesianJoin;

/// Pairs of rows from which on it is told.
const PAIRS_MIN: f64 = 5_000.0;

impl Rule for CartesianJoin {
    fn name(&self) -> &'static str {
        "cartesian-join"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let mut quiet = Opinion::NotMine;
        for (select, hidden) in top_selects(query.tree) {
            let scope = Scope::of(select, &hidden, query.catalogue);
            if scope.tables.len() < 2 {
                continue;
            }
            match judged(query, &scope, select) {
                found @ Opinion::Found(_) => return found,
                other => quiet = other,
            }
        }
        quiet
    }
}

fn judged(query: &Query<'_>, scope: &Scope<'_>, select: &Select) -> Opinion {
    // A subquery or function in `from` may refer to its neighbours, and give any number of rows.
    if scope.tables.iter().any(|table| table.name.is_none()) {
        return Opinion::CannotTell("what a subquery or function in `from` gives is not known".into());
    }
    let conditions = conjuncts(select.selection.as_ref());
    let Some(groups) = tied(scope, select, &conditions) else {
        return Opinion::CannotTell("a column's table is not known".into());
    };
    let single = scope.single_rows(&all_conditions(select));
    let many: Vec<usize> = (0..scope.tables.len())
        .filter(|&table| !single[table] && scope.tables[table].rows().is_none_or(|rows| rows > 1.0))
        .collect();
    let mut apart: Vec<usize> = many.iter().map(|&table| groups[table]).collect();
    apart.sort_unstable();
    apart.dedup();
    if apart.len() < 2 {
        return Opinion::Quiet("conditions tie the tables together".into());
    }
    // Within a group conditions decide how many rows are left, so its largest table stands for it.
    let of_group = |&group: &usize| {
        let rows = many.iter().filter(|&&table| groups[table] == group).map(|&table| scope.tables[table].rows());
        rows.collect::<Option<Vec<_>>>().map(|rows| rows.into_iter().fold(0.0, f64::max))
    };
    let pairs: Option<f64> = apart.iter().map(of_group).product();
    let Some(pairs) = pairs else { return no_catalogue("how many rows are multiplied") };
    if pairs < PAIRS_MIN {
        return Opinion::Quiet(format!("{pairs:.0} pairs of rows are few"));
    }
    let names: Vec<_> = many.iter().filter_map(|&table| scope.tables[table].name.as_deref()).collect();
    let found = query.rewrite(
        0.9,
        &format!("nothing ties {} together", names.join(" and ")),
        "every row of the one is joined with every row of the other",
        "say which rows belong together, `join ... on ...`",
    );
    found.at_risk(Priority::High).fact("pairs of rows", format!("{pairs:.0}")).into()
}

/// The group each table is in, where conditions tie tables together; `None` where a column's table is not known.
fn tied(scope: &Scope<'_>, select: &Select, conditions: &[&Expr]) -> Option<Vec<usize>> {
    let mut groups: Vec<usize> = (0..scope.tables.len()).collect();
    let mut table = 0;
    for from in &select.from {
        let first = table;
        for join in &from.joins {
            table += 1;
            // `cross join` says that all pairs are meant. By name, columns of this table and of one before it in the same chain are tied.
            let by_name = matches!(constraint(join), Some(JoinConstraint::Using(_) | JoinConstraint::Natural));
            if by_name || matches!(join.join_operator, JoinOperator::CrossJoin(_)) {
                tie(&mut groups, first, table);
            }
        }
        table += 1;
    }
    for condition in joined_on(select).into_iter().chain(conditions.iter().copied()) {
        let mut tables = Vec::new();
        let has_subquery = !subqueries(condition).is_empty();
        for name in columns_of(condition) {
            match scope.resolve(&name) {
                Some(column) => tables.push(column.table),
                // A subquery's own columns are not ours.
                None if has_subquery => {}
                None => return None,
            }
        }
        let mut tables = tables.into_iter();
        let Some(first) = tables.next() else { continue };
        for other in tables {
            tie(&mut groups, first, other);
        }
    }
    Some(groups)
}

fn tie(groups: &mut [usize], one: usize, other: usize) {
    let (from, to) = (groups[other], groups[one]);
    groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
}
