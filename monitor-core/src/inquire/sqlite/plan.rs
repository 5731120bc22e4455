//! `EXPLAIN QUERY PLAN`, read into a tree.
//!
//! Its lines are English and change a little between versions: those before 3.36 say `SCAN TABLE t AS x` for `SCAN x`.

use crate::inquire::Answer;
use crate::inquire::cells::Cells;
use crate::inquire::cost::ROW_ID;
use crate::inquire::steps::{Read, Step, What};

/// Reads a plan; each row is a number, the number of the line above, nothing, and the line.
pub(super) fn steps(answer: Answer) -> Vec<Step> {
    let lines: Vec<(String, String, String)> = answer
        .rows
        .into_iter()
        .map(|row| {
            let mut cells = Cells::of(row);
            let (id, above, _) = (cells.text(), cells.text(), cells.optional());
            (id, above, cells.text())
        })
        .collect();
    below("0", &lines, 0)
}

/// SQLite nests a plan no deeper than it nests queries; ours ends earlier.
const DEPTH_MAX: usize = 50;

fn below(id: &str, lines: &[(String, String, String)], depth: usize) -> Vec<Step> {
    if depth > DEPTH_MAX {
        return Vec::new();
    }
    let own = lines.iter().filter(|(_, above, _)| above == id);
    own.map(|(id, _, line)| Step {
        what: what(line),
        line: line.clone(),
        below: below(id, lines, depth + 1),
    })
    .collect()
}

fn what(line: &str) -> What {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["SCAN", "CONSTANT", ..] => What::Other,
        ["SCAN" | "SEARCH", ..] => What::Read(read(line, &words)),
        ["MULTI-INDEX", "OR"] => What::IndexOr,
        ["INDEX", _] => What::IndexArm,
        ["USE", "TEMP", "B-TREE", "FOR", rest @ ..] => What::Sort {
            partly: rest.len() > 2,
            order: rest.contains(&"ORDER") || rest.contains(&"GROUP"),
        },
        ["MATERIALIZE" | "CO-ROUTINE", name, ..] => What::Keep((*name).to_owned()),
        ["CORRELATED", ..] => What::Correlated,
        _ => What::Other,
    }
}

fn read(line: &str, words: &[&str]) -> Read {
    let using = words.iter().position(|word| *word == "USING").unwrap_or(words.len());
    let (named, using) = words.split_at(using);
    let named: Vec<&str> =
        named.iter().copied().filter(|word| *word != "TABLE" && *word != "LEFT-JOIN").collect();
    let alias = match named.iter().position(|word| *word == "AS") {
        Some(at) => named.get(at + 1),
        None => named.get(1),
    };
    let by = line.split_once('(').filter(|_| !using.is_empty()).map(|(_, by)| by);
    let by = by.and_then(|by| by.rsplit_once(')')).map_or("", |(by, _)| by);
    let index = using.iter().position(|word| *word == "INDEX").and_then(|at| using.get(at + 1));
    let is_row_id = line.contains("USING INTEGER PRIMARY KEY");
    let is_primary = is_row_id || line.contains("USING PRIMARY KEY");
    let index = match index {
        _ if is_row_id => Some(ROW_ID.to_owned()),
        Some(name) if !name.starts_with('(') => Some((*name).to_owned()),
        _ => None,
    };
    let covering = using.contains(&"COVERING") || is_primary;
    Read {
        alias: alias.copied().unwrap_or_default().to_owned(),
        index,
        by: columns(by),
        covering,
        automatic: using.contains(&"AUTOMATIC"),
        // `SEARCH t` without an index is how min() and max() read the whole table.
        search: words.first() == Some(&"SEARCH") && !using.is_empty(),
    }
}

/// `a=? AND b>? AND b<?` as a and b.
fn columns(by: &str) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for term in by.split(" AND ") {
        // `(a,b)>(?,?)` is a range over the first of them.
        let name = term.trim_start_matches('(').split(['=', '<', '>', ',', ' ']).next();
        let name = name.unwrap_or_default().to_owned();
        if !name.is_empty() && !columns.contains(&name) {
            columns.push(name);
        }
    }
    columns
}
