//! A page deep in a result is fetched by skipping all rows before it.
//!
//! **What was seen.** `limit ? offset ?` with an offset of a thousand rows or more: the database reads every skipped row and throws it
//! away, so each page is slower than the one before.
//!
//! **What to do.** Remember the last row of the page before, and go on behind it: `where (created_at, id) < (?, ?) order by created_at desc,
//! id desc limit ?`. Every page then costs the same. The order needs a unique column at its end, and none that may be NULL.
//!
//! **When it is wrong.** Pages can then only be turned, not jumped to. An offset that is bound as a parameter is not seen: the rule
//! cannot tell.

use sqlparser::ast::Statement;

use super::seen::{Opinion, Query};
use super::Rule;
use super::reading::has_offset;
use crate::capture::System;
use crate::judge::advice::Confidence;

pub(super) struct DeepOffset;

/// Share saved at the depth from which on it is said; the rest of the time goes into the page itself.
const SAVES: f64 = 0.9;

/// The page behind a row. MariaDB and MySQL do not look up a pair of columns in an index.
fn page(system: System) -> &'static str {
    match system {
        System::MySql | System::MariaDb => {
            "go on behind the last row of the page before: `where k >= ? and (k > ? or id > ?) order by k, id limit ?`, with `<` where the order descends"
        }
        _ => {
            "go on behind the last row of the page before: `where (k, id) > (?, ?) order by k, id limit ?`, with `<` where the order descends"
        }
    }
}

impl Rule for DeepOffset {
    fn name(&self) -> &'static str {
        "deep-offset"
    }

    fn read(&self, query: &Query<'_>) -> Opinion {
        let Statement::Query(select) = query.tree else { return Opinion::NotMine };
        if !has_offset(select) {
            return Opinion::NotMine;
        }
        let wording = &query.of.wording;
        if wording.has_deep_offset() {
            let mut found = query.rewrite( SAVES,
                "a thousand rows or more are read to be skipped",
                "every row before the page is read and thrown away, so each page is slower than the one before",
                page(query.system()),
            );
            // How often the page was deep is not kept, so of a statement with shallow pages too no saving can be proved.
            if wording.has_shallow_offset() {
                found.saves = None;
            }
            return found
                .sure(Confidence::Observed)
                .step("end the order with a unique column, index the order's columns, and have none of them NULL")
                .into();
        }
        if wording.has_shallow_offset() {
            return Opinion::Quiet("the offsets seen were small".into());
        }
        Opinion::CannotTell("the offset is bound, and bind values are not looked at".into())
    }
}
