//! Sequences of events with something to find in them, and some with nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use monitor_core::identify::{Dialect, identify};
use monitor_core::judge::advice::{Advice, Recommendation};
use serde::Deserialize;

use super::{Score, replay};

#[derive(Deserialize)]
struct Expected {
    expect: Vec<Finding>,
    why: String,
}

/// One finding that a trace has.
#[derive(Clone, Debug, Deserialize, PartialEq)]
struct Finding {
    rule: String,
    sql: Option<String>,
    table: Option<String>,
    n: Option<usize>,
}

/// What was expected of a trace, and what came.
pub(super) struct Judged {
    pub(super) name: String,
    expected: Vec<Finding>,
    advice: Advice,
    why: String,
}

pub(super) fn run(folder: &Path) -> Result<()> {
    let mut score = Score::default();
    println!("traces: everything an event says is known to the rules");
    println!("{:<26} {:<6} said (expected)", "trace", "");
    for trace in all(folder)? {
        score.count(trace.is_right());
        let verdict = if trace.is_right() { "right" } else { "WRONG" };
        let said: Vec<_> = trace.advice.recommendations.iter().map(|one| one.rule).collect();
        let expected: Vec<_> = trace.expected.iter().map(|one| one.rule.as_str()).collect();
        let said = if said.is_empty() { "-".into() } else { said.join(", ") };
        match trace.is_right() {
            true => println!("{:<26} {verdict:<6} {said}", trace.name),
            false => println!(
                "{:<26} {verdict:<6} {said} ({}: {})",
                trace.name,
                expected.join(", "),
                trace.why
            ),
        }
    }
    println!("traces: {score} right");
    println!(
        "for N+1 alone, on these traces: Sentry's rule finds 1 in 4, and errs never; prosopite's finds all, and errs every other time"
    );
    Ok(())
}

/// Every trace that something is expected of.
pub(super) fn all(folder: &Path) -> Result<Vec<Judged>> {
    let folder = folder.join("traces");
    let path = folder.join("expected.json");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let expected: BTreeMap<String, Expected> =
        serde_json::from_str(&text).context("the expectations are not of the shape expected")?;
    let judge = |(name, expected): (String, Expected)| {
        let events = read(&folder, &name)?;
        let advice = replay::judge(&events)?;
        Ok(Judged { name, expected: expected.expect, advice, why: expected.why })
    };
    expected.into_iter().map(judge).collect()
}

fn read(folder: &Path, name: &str) -> Result<Vec<replay::Event>> {
    let packed = folder.join(format!("{name}.jsonl.gz"));
    let plain = folder.join(format!("{name}.jsonl"));
    let text: Box<dyn Read> = match File::open(&packed) {
        Ok(file) => Box::new(GzDecoder::new(file)),
        Err(_) => Box::new(
            File::open(&plain).with_context(|| format!("cannot read {}", plain.display()))?,
        ),
    };
    let line = |(at, line): (usize, std::io::Result<String>)| {
        serde_json::from_str(&line?)
            .with_context(|| format!("cannot read line {} of {name}", at + 1))
    };
    BufReader::new(text).lines().enumerate().map(line).collect()
}

impl Judged {
    /// Right is what was expected, and nothing else.
    pub(super) fn is_right(&self) -> bool {
        let found = &self.advice.recommendations;
        found.len() == self.expected.len()
            && self.expected.iter().all(|one| found.iter().any(|found| one.is_met_by(found)))
    }
}

impl Finding {
    fn is_met_by(&self, found: &Recommendation) -> bool {
        let statements = &found.evidence.statements;
        let is_statement = self.sql.as_ref().is_none_or(|sql| {
            let expected = identify(sql, Dialect::PostgreSql).fingerprint;
            statements.first().is_some_and(|(fingerprint, _)| *fingerprint == expected)
        });
        let is_table = self.table.as_ref().is_none_or(|table| {
            found.title.contains(table) || statements.iter().any(|(_, text)| text.contains(table))
        });
        let is_count = self.n.is_none_or(|n| {
            let mut facts = found.evidence.facts.iter();
            facts
                .any(|fact| fact.name == "calls in one unit of work" && fact.value == n.to_string())
        });
        self.rule == found.rule.replace('-', "_") && is_statement && is_table && is_count
    }
}
