//! A condition calculates with a column, so the column's index is of no use.
//!
//! **What was seen.** `where created_at + interval ? > ?`, `where id + 0 = ?`: the index is sorted by the column, not by the sum.
//!
//! **What to do.** Move the calculation to the other side: `created_at > ? - interval ?`. The value is then worked out
//! once, and the index finds the rows.
//!
//! **When it is wrong.** `+ 0` is sometimes written on purpose to keep an index from being used. Mute it there.

use super::reading::How;
use super::sargable_function::{SAVES, hidden};
use super::seen::{Opinion, Query};
use super::Rule;

pub(super) struct SargableArithmetic;

impl Rule for SargableArithmetic {
    fn name(&self) -> &'static str {
        "sargable-arithmetic"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        hidden(query, How::Arithmetic, |query, wrapped, index| {
            let column = &wrapped.column.name;
            let found = query.rewrite(
                SAVES,
                &format!("`{}` hides `{column}` from its index", wrapped.sql),
                "the index is sorted by the column, not by what is calculated with it, so every row is read",
                &format!("move the calculation to the other side, so that `{column}` stands alone"),
            );
            found.fact("existing index", index).into()
        })
    }
}
