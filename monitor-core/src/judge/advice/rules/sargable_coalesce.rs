//! A condition replaces NULLs in a column, so the column's index is of no use.
//!
//! **What was seen.** `where coalesce(coupon_code, ?) = ?`: the index holds the column with its NULLs, not what replaces them.
//!
//! **What to do.** Where the value asked for is never the replacement, ask for `coupon_code = ?`. Where it may be, ask for
//! `coupon_code = ? or coupon_code is null`.
//!
//! **When it is wrong.** The two differ for rows that hold NULL, so look which ones you mean.

use super::reading::How;
use super::sargable_function::{SAVES, hidden};
use super::seen::{Opinion, Query};
use super::Rule;

pub(super) struct SargableCoalesce;

impl Rule for SargableCoalesce {
    fn name(&self) -> &'static str {
        "sargable-coalesce"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        hidden(query, How::Coalesce, |query, wrapped, index| {
            let column = &wrapped.column.name;
            if !wrapped.equals {
                return Opinion::Quiet("the replacement may be among what is asked for".into());
            }
            let found = query.rewrite(
                SAVES,
                &format!("`{}` hides `{column}` from its index", wrapped.sql),
                "the index holds the column as it is, not with its NULLs replaced, so every row is read",
                &format!(
                    "ask for `{column} = ?`, the same unless the value asked for is the replacement; then add `or {column} is null`"
                ),
            );
            found.fact("existing index", index).into()
        })
    }
}
