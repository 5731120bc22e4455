//! Statements that should be written differently, and near misses that should not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use monitor_core::Monitor;
use monitor_core::capture::{Call, Clock, Database, Rows, System};
use monitor_core::judge::advice::{Advice, AdviceSettings, Question, Story, advise};
use serde::Deserialize;

use super::Score;
use super::catalogue::{Schema, of_schema};

/// Calls of a case's statement, as an ordinary statement has.
const CALLS: u32 = 20;

/// A statement, and which rule has to speak of it or to be quiet.
#[derive(Deserialize)]
pub(super) struct Case {
    pub(super) id: String,
    rule: String,
    fires: bool,
    pub(super) sql: String,
    /// What following the advice makes of it, where the rows stay the same.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests run it on real databases"))]
    pub(super) fix_sql: Option<String>,
    /// The schema it is about, of the folder's; the shop where none is named.
    pub(super) schema: Option<String>,
    #[serde(default)]
    indexes_present: Vec<String>,
    pub(super) engines: Vec<String>,
    /// Rules that may speak beside the expected one; any may where this is not said.
    also: Option<BTreeSet<String>>,
    #[serde(alias = "measured_pg15")]
    observed: Observed,
}

#[derive(Deserialize)]
struct Observed {
    ms: f64,
    rows: Option<u64>,
}

/// What was expected of a case on one system, and what came.
pub(super) struct Judged {
    pub(super) name: String,
    rule: String,
    expected: bool,
    also: Option<BTreeSet<String>>,
    spoke: BTreeSet<&'static str>,
    why: String,
}

pub(super) fn run(folder: &Path) -> Result<()> {
    let judged = all(folder)?;
    let mut score = Score::default();
    println!("rewrites: each statement as the monitor keeps it, without literals, and a catalogue");
    println!("{:<14} {:<22} {:<8} {:<6} said", "case", "rule", "expected", "");
    for case in &judged {
        score.count(case.is_right());
        let expected = if case.expected { "speaks" } else { "quiet" };
        let verdict = if case.is_right() { "right" } else { "WRONG" };
        let said: Vec<_> = case.spoke.iter().copied().collect();
        let said = if said.is_empty() { format!("- ({})", case.why) } else { said.join(", ") };
        println!("{:<14} {:<22} {expected:<8} {verdict:<6} {said}", case.name, case.rule);
    }
    println!("rewrites: {score} right\n");
    Ok(())
}

/// Every case on every system it is for.
pub(super) fn all(folder: &Path) -> Result<Vec<Judged>> {
    let cases = read(folder)?;
    let mut schemas = BTreeMap::from([(None, Schema::shop()?)]);
    for case in &cases {
        if let (Some(name), false) = (&case.schema, schemas.contains_key(&case.schema)) {
            schemas.insert(case.schema.clone(), Schema::read(folder, name)?);
        }
    }
    let mut judged = Vec::new();
    for case in &cases {
        for (name, system) in systems() {
            // A style that costs nothing on PostgreSQL is a finding elsewhere and must not be one there.
            let is_for = case.engines.iter().any(|engine| engine == name);
            if is_for || (case.fires && name == "pg" && case.rule == "having-as-where") {
                let advice = judge(case, system, &schemas[&case.schema])?;
                judged.push(Judged::of(case, name, is_for && case.fires, &advice));
            }
        }
    }
    Ok(judged)
}

/// The cases of a folder.
pub(super) fn read(folder: &Path) -> Result<Vec<Case>> {
    let path = folder.join("rewrites/cases.json");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).context("the cases are not of the shape expected")
}

pub(super) fn systems() -> [(&'static str, System); 3] {
    [("pg", System::PostgreSql), ("mysql", System::MySql), ("sqlite", System::Sqlite)]
}

fn judge(case: &Case, system: System, schema: &Schema) -> Result<Advice> {
    let (clock, hands) = Clock::by_hand();
    let monitor = Monitor::builder().clock(clock).beat_by_hand().build()?;
    let shop = monitor.database(Database { name: "shop".into(), ..Database::of(system) });
    for _ in 0..CALLS {
        hands.advance(Duration::from_secs(5));
        let took = Duration::from_secs_f64(case.observed.ms / 1e3);
        let rows = case.observed.rows.map_or(Rows::UNKNOWN, Rows::returned);
        shop.record(Call::new(&case.sql, took).rows(rows));
        monitor.beat();
    }
    let catalogue = of_schema(system, schema, &case.indexes_present)?;
    Ok(advise(Question {
        snapshot: &monitor.snapshot(),
        story: &Story::default(),
        catalogue: Some(&catalogue),
        settings: &AdviceSettings::default(),
    }))
}

/// The finished SQL that a case's advice gives, with the case's own values; `None` where advice is a sentence, or
/// the values cannot be told from its text.
#[cfg(test)]
pub(super) fn advised(case: &Case, system: System, schema: &Schema) -> Result<Option<String>> {
    let advice = judge(case, system, schema)?;
    let mut steps = advice.of_rule(&case.rule).flat_map(|one| &one.remedy);
    let sql = steps.find(|step| step.starts_with("SELECT ") || step.starts_with("WITH "));
    let order = steps.next().filter(|step| step.starts_with("bind the values in this order"));
    let order = order.and_then(|step| step.rsplit(": ").next()).unwrap_or_default();
    let order: Vec<usize> = order.split(", ").filter_map(|number| number.parse().ok()).collect();
    Ok(sql.and_then(|sql| super::values::bound(sql, &case.sql, system, &order)))
}

impl Judged {
    fn of(case: &Case, system: &str, expected: bool, advice: &Advice) -> Self {
        let why = advice.answer(&case.rule).and_then(|answer| answer.reasons.first());
        Self {
            name: format!("{} {system}", case.id),
            rule: case.rule.clone(),
            expected,
            also: case.also.clone(),
            spoke: advice.recommendations.iter().map(|one| one.rule).collect(),
            why: why.map_or_else(
                || "not of this shape".into(),
                |reason| format!("{}: {}", reason.verdict, reason.why),
            ),
        }
    }

    /// Right is the rule that was expected, beside which others may be right as well, or silence of all.
    pub(super) fn is_right(&self) -> bool {
        let may = |rule: &str| {
            rule == self.rule || self.also.as_ref().is_none_or(|also| also.contains(rule))
        };
        match self.expected {
            true => {
                self.spoke.contains(self.rule.as_str()) && self.spoke.iter().all(|rule| may(rule))
            }
            false => self.spoke.is_empty(),
        }
    }
}
