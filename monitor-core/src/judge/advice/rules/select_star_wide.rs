//! All columns are asked for, past an index that was made to answer with a few.
//!
//! **What was seen.** `select *` with a condition that an index serves which also holds further columns (`include`): somebody made that index so
//! that the table itself need not be read, and this statement reads it for every row all the same.
//!
//! **What to do.** Name the columns that are needed. If they are all in the index, the table is not read.
//!
//! **When it is wrong.** Where all columns are needed. On narrow rows nothing is gained (measured on PostgreSQL 15), so the rule says nothing
//! without such an index.

use sqlparser::ast::SelectItem;

use super::reading::{Scope, conjuncts, only_select};
use super::seen::{Opinion, Query, no_catalogue};
use super::Rule;
use crate::judge::advice::Priority;

pub(super) struct SelectStarWide;

impl Rule for SelectStarWide {
    fn name(&self) -> &'static str {
        "select-star-wide"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let Some((_, select, hidden)) = only_select(query.tree) else { return Opinion::NotMine };
        if !matches!(select.projection.as_slice(), [SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)]) {
            return Opinion::NotMine;
        }
        let scope = Scope::of(select, &hidden, query.catalogue);
        let [table] = scope.tables.as_slice() else { return Opinion::NotMine };
        let Some(known) = table.known else { return no_catalogue("whether an index covers what is needed") };
        let conditions = conjuncts(select.selection.as_ref());
        if scope.is_one_row(0, &conditions) {
            return Opinion::Quiet("one row is read".into());
        }
        let fixed = scope.fixed(0, &conditions, true);
        let covering = known.indexes.iter().find(|index| {
            let leads = index.leading_columns().next();
            let is_asked = leads.is_some_and(|first| fixed.iter().any(|name| name.eq_ignore_ascii_case(first)));
            let holds = index.key.len() + index.include.len();
            index.valid && is_asked && !index.include.is_empty() && holds < known.columns.len()
        });
        let Some(index) = covering else {
            return Opinion::Quiet("no index was made to answer with fewer columns".into());
        };
        let found = query.rewrite(
            0.0,
            &format!("`select *` reads past {}, which was made to cover", index.name),
            "the index holds some columns so that the table need not be read, and this asks for all of them",
            &format!("name the columns that are needed; {} also holds {}", index.name, index.include.join(", ")),
        );
        found.at_risk(Priority::Low).into()
    }
}
