//! `EXPLAIN FORMAT=JSON` of MariaDB and MySQL, read into steps.

use serde_json::{Map, Value};

use crate::inquire::steps::{Read, Step, What};

/// EXPLAIN itself limits how deep a plan is; ours ends earlier.
const DEPTH_MAX: usize = 50;

/// Reads a plan.
pub(super) fn steps(json: &str) -> Option<Vec<Step>> {
    let value: Value = serde_json::from_str(json).ok()?;
    let mut steps = Vec::new();
    walk(value.get("query_block")?, 0, &mut steps);
    Some(steps)
}

/// Goes through what is inside, in order; sorts come after what they sort.
fn walk(value: &Value, depth: usize, steps: &mut Vec<Step>) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Array(all) => all.iter().for_each(|one| walk(one, depth + 1, steps)),
        Value::Object(object) => {
            object.iter().for_each(|(name, inner)| enter(name, inner, depth, steps));
            let is_sorted = object.get("using_filesort").and_then(Value::as_bool) == Some(true);
            if is_sorted {
                steps.push(sort());
            }
        }
        _ => {}
    }
}

fn enter(name: &str, inner: &Value, depth: usize, steps: &mut Vec<Step>) {
    match (name, inner) {
        ("table", Value::Object(table)) => add_table(table, depth, steps),
        ("filesort", inner) => {
            walk(inner, depth + 1, steps);
            steps.push(sort());
        }
        // Rows of a subquery are its own business, and so is how often it runs.
        ("subqueries" | "attached_subqueries" | "select_list_subqueries", Value::Array(all)) => {
            for one in all {
                let mut below = Vec::new();
                walk(one, depth + 1, &mut below);
                let is_dependent = one.get("dependent").and_then(Value::as_bool) == Some(true)
                    || one.get("expression_cache").is_some();
                let what = if is_dependent { What::Correlated } else { What::Other };
                steps.push(Step { what, line: "SUBQUERY".to_owned(), below });
            }
        }
        ("query_specifications", Value::Array(all)) => {
            for one in all {
                let mut below = Vec::new();
                walk(one, depth + 1, &mut below);
                steps.push(Step { what: What::Other, line: "UNION".to_owned(), below });
            }
        }
        (_, inner @ (Value::Array(_) | Value::Object(_))) => walk(inner, depth + 1, steps),
        _ => {}
    }
}

fn add_table(table: &Map<String, Value>, depth: usize, steps: &mut Vec<Step>) {
    let text = |name: &str| table.get(name).and_then(Value::as_str);
    let alias = text("table_name").unwrap_or_default().to_owned();
    if let Some(inner) =
        table.get("materialized_from_subquery").or_else(|| table.get("materialized"))
    {
        let mut below = Vec::new();
        walk(inner, depth + 1, &mut below);
        let what = What::Keep(alias.clone());
        steps.push(Step { what, line: format!("MATERIALIZE {alias}"), below });
    }
    let access = text("access_type").unwrap_or_default().to_owned();
    let search = !matches!(access.as_str(), "ALL" | "index" | "");
    let index = text("key").map(str::to_owned);
    let by = table.get("used_key_parts").and_then(Value::as_array);
    let by = by.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let is_covering = table.get("using_index").and_then(Value::as_bool) == Some(true);
    let is_primary = index.as_deref() == Some("PRIMARY");
    // `index` on the primary key reads the table, whose rows lie in it.
    let index = index.filter(|_| search || !is_primary);
    let line = format!("{access} {alias}");
    let read = Read {
        alias,
        by: if search { by.collect() } else { Vec::new() },
        covering: is_covering || is_primary,
        automatic: false,
        search,
        index,
    };
    steps.push(Step { what: What::Read(read), line, below: Vec::new() });
    for (name, inner) in table {
        if name == "attached_subqueries" {
            enter(name, inner, depth + 1, steps);
        }
    }
}

fn sort() -> Step {
    let what = What::Sort { partly: false, order: true };
    Step { what, line: "FILESORT FOR ORDER BY".to_owned(), below: Vec::new() }
}
