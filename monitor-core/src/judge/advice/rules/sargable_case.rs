//! A condition folds the case one way and the index the other.
//!
//! **What was seen.** `where upper(email) = upper(?)`, while the index is over `lower(email)`: each is of no use to the other.
//!
//! **What to do.** Fold as the index does: `lower(email) = lower(?)`.
//!
//! **When it is wrong.** The two differ for the few letters whose upper and lower case are no pairs, such as `ß`.

use super::reading::How;
use super::sargable_function::SAVES;
use super::reading::{Scope, conjuncts, top_selects, wrapped_columns};
use super::seen::{Opinion, Query, no_catalogue};
use super::Rule;

pub(super) struct SargableCase;

impl Rule for SargableCase {
    fn name(&self) -> &'static str {
        "sargable-case"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let mut quiet = Opinion::NotMine;
        for select in top_selects(query.tree) {
            let scope = Scope::of(select, &[], query.catalogue);
            let conditions = conjuncts(select.selection.as_ref());
            let folded = wrapped_columns(&scope, &conditions).into_iter();
            for mut wrapped in folded.filter(|wrapped| wrapped.how == How::Case) {
                let table = wrapped.column.table;
                if scope.table_of(&wrapped.column).is_none() {
                    quiet = no_catalogue("whether the folded column has an index");
                    continue;
                }
                let asked = wrapped.sql.clone();
                if let Some(index) = scope.expression_index(table, |sql| wrapped.is_served_by(sql)) {
                    quiet = Opinion::Quiet(format!("index {} holds `{asked}`", index.name));
                    continue;
                }
                wrapped.sql = other_case(&asked);
                match scope.expression_index(table, |sql| wrapped.is_served_by(sql)) {
                    None => quiet = Opinion::Quiet("no index folds this column's case".into()),
                    Some(index) => {
                        let found = query.rewrite(
                            SAVES,
                            &format!("`{asked}` is asked for, `{}` is indexed", wrapped.sql),
                            "an index over one case is of no use for the other, so every row is read",
                            &format!("fold as the index does, on both sides: `{}`", wrapped.sql),
                        );
                        return found.fact("existing index", &index.name).into();
                    }
                }
            }
        }
        quiet
    }
}

fn other_case(sql: &str) -> String {
    match sql.strip_prefix("upper") {
        Some(rest) => format!("lower{rest}"),
        None => sql.replacen("lower", "upper", 1),
    }
}
