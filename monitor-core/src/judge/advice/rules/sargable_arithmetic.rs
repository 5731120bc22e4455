//! A condition calculates with a column, so the column's index is of no use.
//!
//! **What was seen.** `where created_at + interval ? > ?`, `where id + 0 = ?`: the index is sorted by the column, not by the sum.
//!
//! **What to do.** Move the calculation to the other side: `created_at > ? - interval ?`. The value is then worked out
//! once, and the index finds the rows.
//!
//! **When it is wrong.** Nothing is said of products, quotients and remainders, which cannot be moved without rounding, nor of texts that are
//! read as numbers. A month more and a month less are not the same at the end of a month. `+ 0` is sometimes written on purpose to keep an index from being used. Mute it there.

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
            if !wrapped.is_range {
                return Opinion::Quiet("a product or a remainder cannot be moved: integers are rounded".into());
            }
            if is_text(&wrapped.type_name) {
                return Opinion::Quiet("a text is read as a number, and not only one text is that number".into());
            }
            let found = query.rewrite(
                SAVES,
                &format!("`{}` hides `{column}` from its index", wrapped.sql),
                "the index is sorted by the column, not by what is calculated with it, so every row is read",
                &format!("move the calculation to the other side, so that `{column}` stands alone"),
            );
            let found = match wrapped.turns {
                true => found.step(format!("`{column}` is taken away, so the comparison turns around: `? - {column} < ?` is `{column} > ? - ?`")),
                false => found,
            };
            let found = match counts_months(&wrapped.sql) {
                true => found.step("where months or years are added, the two differ at the end of a month: January 31st and a month is the end of February"),
                false => found,
            };
            found.fact("existing index", index).into()
        })
    }
}

fn is_text(type_name: &str) -> bool {
    ["char", "text", "varchar", "character", "enum", "set"].iter().any(|text| type_name.starts_with(text))
}

/// Whether months may be added. Where the unit stands in a value, it is not known.
fn counts_months(sql: &str) -> bool {
    let Some((_, interval)) = sql.split_once("interval") else { return false };
    !["microsecond", "second", "minute", "hour", "day", "week"].iter().any(|unit| interval.contains(unit))
}
