//! A list in a statement has another length each time.
//!
//! **What was seen.** Ten different lengths or more of an `in (..)` list. Each length is a text of its own: it is read and planned anew, and takes a place in the cache of prepared statements, where it pushes
//! out others.
//!
//! **What to do.** On PostgreSQL bind one array: `= any($1)`. Elsewhere fill the list up to the next power of two by repeating its last value, or bind one JSON array: `in (select value from json_each(?))` on SQLite.
//!
//! **When it is wrong.** Where nothing is prepared, only planning is paid for.

use super::Rule;
use super::seen::{Found, Say, Seen};
use crate::capture::System;
use crate::identify;
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority};
use crate::snapshot::StatementActivity;

pub(super) struct InListVariants;

const LENGTHS_MIN: u32 = 10;

/// The statement with an array in the place of its one list, where all its other values are bound, and so numbered anew.
fn with_array(statement: &StatementActivity) -> Option<String> {
    let is_postgres = statement.database.system == System::PostgreSql;
    let is_one = statement.text.matches("(...)").count() == 1 && statement.text.matches(" in (...)").count() == 1;
    let is_plain = !statement.text.contains(['\'', '"']) && !statement.text.contains(" not in ");
    if !is_postgres || !is_one || !is_plain || statement.text.contains("values") {
        return None;
    }
    let text = statement.text.replace(" in (...)", " = any(?)");
    Some(identify::numbered(&text, statement.dialect())).filter(|sql| !sql.contains('\''))
}

impl Rule for InListVariants {
    fn name(&self) -> &'static str {
        "in-list-variants"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        for statement in seen.lately().statements.iter().filter(|one| one.text.contains(" in (")) {
            let lengths = statement.wording.list_lengths();
            if lengths == 0 {
                continue;
            }
            if lengths < LENGTHS_MIN {
                say.quiet(&*statement.text, format!("{lengths} different lengths are few"));
                continue;
            }
            let remedy = match statement.database.system {
                System::PostgreSql => "bind one array: `= any($1)`",
                System::Sqlite => "bind one JSON array: `in (select value from json_each(?))`",
                _ => "fill the list up to the next power of two by repeating its last value",
            };
            say.found_in(statement, Found {
                category: Category::Query,
                effort: Effort::Small,
                confidence: Confidence::Observed,
                risk: Some(Priority::Low),
                saves: None,
                title: "a list has another length each time".into(),
                meaning: "each length is a text of its own, which is read, planned and kept by itself".into(),
                remedy: with_array(statement).into_iter().chain([remedy.to_owned()]).collect(),
                evidence: Evidence::default().fact("different lengths", lengths),
            });
        }
    }
}
