//! Groups are built first and thrown away afterwards.
//!
//! **What was seen.** `group by customer_id having customer_id = ?`: the condition is on a column that is grouped by, not on a sum or a
//! count, so it could have been asked before any group was built.
//!
//! **What to do.** Move it to `where`.
//!
//! **When it is wrong.** PostgreSQL, MariaDB from 10.4.3 and SQLite from 3.20 move it themselves; nothing is said on those. Nor with `rollup`,
//! whose totals would be of fewer rows.

use super::reading::{both, columns_of, conjuncts, has_aggregate, only_select};
use super::seen::{Opinion, Query};
use super::Rule;
use super::rewritten::rewritten;
use crate::capture::System;

pub(super) struct HavingAsWhere;

/// Share saved where an index leads to the rows of one group.
const SAVES: f64 = 0.5;

impl Rule for HavingAsWhere {
    fn name(&self) -> &'static str {
        "having-as-where"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let Some((_, select, _)) = only_select(query.tree) else { return Opinion::NotMine };
        let conditions = conjuncts(select.having.as_ref());
        if conditions.is_empty() {
            return Opinion::NotMine;
        }
        if !conditions.iter().any(|condition| !has_aggregate(condition) && names_group(condition, select)) {
            return Opinion::Quiet("what is asked of groups is an aggregate".into());
        }
        if has_totals(select) {
            return Opinion::Quiet("rows that add up several groups would add up one".into());
        }
        if moves_it_itself(query) {
            return Opinion::Quiet("this system moves the condition to `where` itself".into());
        }
        let found = query.rewrite(
            SAVES,
            "groups are built to be thrown away",
            "the condition is on what is grouped by, so it could be asked before any row is read",
            "move the condition from `having` to `where`",
        );
        found.by(rewritten(query, moved)).into()
    }
}

/// The statement with what is asked of groups in `where`, but for what is asked of their aggregates.
fn moved(tree: &mut sqlparser::ast::Statement) -> Option<()> {
    use sqlparser::ast::{SetExpr, Statement};
    let Statement::Query(query) = tree else { return None };
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let having = select.having.take();
    let (moves, stays): (Vec<_>, Vec<_>) = conjuncts(having.as_ref())
        .into_iter()
        .cloned()
        .partition(|condition| !has_aggregate(condition) && names_group(condition, select));
    let mut all: Vec<_> = conjuncts(select.selection.as_ref()).into_iter().cloned().collect();
    all.extend(moves);
    select.selection = both(all);
    select.having = both(stays);
    Some(())
}

/// Whether there are rows over several groups: `rollup`, `cube`, `grouping sets`.
fn has_totals(select: &sqlparser::ast::Select) -> bool {
    use sqlparser::ast::{Expr, GroupByExpr};
    let GroupByExpr::Expressions(by, modifiers) = &select.group_by else { return false };
    let is_over_several = |by: &Expr| matches!(by, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_));
    !modifiers.is_empty() || by.iter().any(is_over_several)
}

/// Whether all columns of a condition are grouped by.
fn names_group(condition: &sqlparser::ast::Expr, select: &sqlparser::ast::Select) -> bool {
    let sqlparser::ast::GroupByExpr::Expressions(by, _) = &select.group_by else { return false };
    let grouped: Vec<_> = by.iter().flat_map(columns_of).collect();
    let last = |name: &Vec<String>| name.last().cloned();
    let names = columns_of(condition);
    !names.is_empty() && names.iter().all(|name| grouped.iter().any(|known| last(known) == last(name)))
}

fn moves_it_itself(query: &Query<'_>) -> bool {
    let version = query.catalogue.map(|catalogue| catalogue.version);
    match query.system() {
        System::PostgreSql => true,
        System::MariaDb => version.is_none_or(|version| version >= (10, 4, 3)),
        System::Sqlite => version.is_some_and(|version| version >= (3, 20, 0)),
        System::MySql | System::OtherSql => false,
    }
}
