//! Whether indexes lead from a row of one table to the rows of others that belong to it.

use sqlparser::ast::Expr;

use super::scope::{Scope, may_lead};
use crate::inquire::Index;

// === impl Scope ===

impl<'a> Scope<'a> {
    /// Whether indexes lead from a row of one table to its partners in all others, by what conditions want equal. A table that
    /// no equality ties to any other is gone through row by row either way.
    pub(in super::super) fn are_partners_led_to(&self, table: usize, conditions: &[&Expr]) -> bool {
        let tied: Vec<_> =
            conditions.iter().filter_map(|condition| self.equal_columns(condition)).collect();
        let mut reached: Vec<bool> = (0..self.tables.len())
            .map(|at| at == table || !tied.iter().any(|(a, b)| a.table == at || b.table == at))
            .collect();
        // Each round reaches one more at least, or is the last.
        for _ in 0..self.tables.len() {
            for at in 0..self.tables.len() {
                let by = tied.iter().filter_map(|(a, b)| match (a.table == at, b.table == at) {
                    (true, false) if reached[b.table] => Some(&a.name),
                    (false, true) if reached[a.table] => Some(&b.name),
                    _ => None,
                });
                let by: Vec<_> = by.cloned().collect();
                reached[at] = reached[at] || self.leads_by(at, &by, conditions).is_some();
            }
        }
        reached.into_iter().all(|reached| reached)
    }

    /// The index, if any, that finds a table's rows by one of these columns: its key begins with it, or with columns that have to
    /// equal constants and then it.
    pub(in super::super) fn leads_by(
        &self,
        table: usize,
        columns: &[String],
        conditions: &[&Expr],
    ) -> Option<&'a Index> {
        let known = self.tables.get(table)?.known?;
        let fixed = self.fixed(table, conditions, false);
        let is_one_of =
            |names: &[String], key: &str| names.iter().any(|one| one.eq_ignore_ascii_case(key));
        known.indexes.iter().find(|index| {
            let mut key = index
                .leading_columns()
                .skip_while(|key| is_one_of(&fixed, key) && !is_one_of(columns, key));
            may_lead(index) && key.next().is_some_and(|key| is_one_of(columns, key))
        })
    }
}
