//! A statement written differently: finished SQL to put in its place.
//!
//! It is made of the statement's own tree, so everything that the advice does not touch stays. Where something of it may be lost on the
//! way, or a value is not a placeholder there, nothing is made of it, and advice stays a sentence.

use sqlparser::ast::Statement;

use super::seen::Query;
use crate::capture::System;
use crate::identify::{LIST_FROM, identify};

/// The statement after a change, as the first steps of a remedy; `None` where it cannot be finished.
pub(super) fn rewritten(
    query: &Query<'_>,
    change: impl FnOnce(&mut Statement) -> Option<()>,
) -> Option<Vec<String>> {
    let written = query.tree.to_string();
    if written.contains('\'') || !is_whole(query, &written) {
        return None;
    }
    let mut tree = query.tree.clone();
    change(&mut tree)?;
    Some(finished(&tree.to_string(), query.system()))
}

/// Whether a tree that is written out is still the statement, spelling aside.
fn is_whole(query: &Query<'_>, written: &str) -> bool {
    let plain = |text: &str| {
        let text = text.replace("!=", "<>").replace(" as ", " ").replace(" inner join ", " join ");
        text.replace([' ', '(', ')', ';'], "").replace("asc,", ",")
    };
    plain(&identify(written, query.of.dialect()).text) == plain(&query.of.text)
}

/// SQL with placeholders that can be bound, and how to bind them where that is not as before.
fn finished(sql: &str, system: System) -> Vec<String> {
    let sign = if system == System::PostgreSql { '$' } else { '?' };
    let (mut out, mut order, mut rest) = (String::new(), Vec::new(), sql);
    let mut pieces = Vec::new();
    while let Some(at) = rest.find(sign) {
        let after = &rest[at + 1..];
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        match after[..end].parse::<usize>() {
            Ok(number) => {
                let is_list = number > LIST_FROM;
                let number = if is_list { number - LIST_FROM } else { number };
                order.push(number);
                pieces.push((&rest[..at], Some((number, is_list))));
            }
            Err(_) => pieces.push((&rest[..=at], None)),
        }
        rest = &after[end..];
    }
    let is_as_before = order.iter().enumerate().all(|(at, number)| *number == at + 1);
    for (text, placeholder) in pieces {
        out.push_str(text);
        match placeholder {
            Some((_, true)) => out.push_str("..."),
            Some((number, _)) if sign == '$' => out.push_str(&format!("${number}")),
            Some((number, _)) if system == System::Sqlite && !is_as_before => {
                out.push_str(&format!("?{number}"))
            }
            Some(_) => out.push('?'),
            None => {}
        }
    }
    out.push_str(rest);
    let mut steps = vec![out];
    if !is_as_before {
        let numbers: Vec<String> = order.iter().map(ToString::to_string).collect();
        steps.push(match system {
            System::PostgreSql | System::Sqlite => "the placeholders are numbered in the order in which the values stand in the statement as it is".to_owned(),
            _ => format!("bind the values in this order, counted as they stand in the statement as it is: {}", numbers.join(", ")),
        });
    }
    steps
}
