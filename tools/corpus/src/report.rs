//! What a suite came to, as a line of a table.

use std::collections::BTreeMap;
use std::fmt;

use crate::check::check;
use crate::suites::Suite;

/// Of each sort of difference, the statements that have it.
#[derive(Default)]
pub(crate) struct Report {
    name: &'static str,
    statements: usize,
    known: usize,
    parsed: usize,
    same_kind: usize,
    same_tables: usize,
    broken: Vec<(String, String)>,
    lost: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    tables: Vec<(String, String)>,
}

impl Report {
    /// The head of the table.
    pub(crate) const HEADER: &'static str = "\
| suite | statements | promises kept | words kept | kind known | parsed | same kind | same tables |\n\
|---|---|---|---|---|---|---|---|";

    /// Checks every statement of a suite.
    pub(crate) fn of(suite: &Suite) -> Self {
        let mut report = Self { name: suite.name, statements: suite.statements.len(), ..Self::default() };
        for text in &suite.statements {
            let checked = check(text, suite.dialect);
            let identity = monitor_core::identify::identify(text, suite.dialect);
            report.known += usize::from(identity.kind != monitor_core::identify::Kind::Unknown);
            if let Some(first) = checked.broken.first() {
                report.broken.push((first.clone(), text.clone()));
            }
            if !checked.lost.is_empty() {
                report.lost.push((checked.lost.join(" "), text.clone()));
            }
            let Some(compared) = checked.parsed else { continue };
            report.parsed += 1;
            report.same_kind += usize::from(compared.same_kind);
            report.same_tables += usize::from(compared.same_tables);
            let both = format!("tokens: {}\n  parser: {}", compared.tokens, compared.parser);
            if !compared.same_kind {
                report.kinds.push((both, text.clone()));
            } else if !compared.same_tables {
                report.tables.push((both, text.clone()));
            }
        }
        report
    }

    /// How many statements broke a promise.
    pub(crate) fn broken(&self) -> usize {
        self.broken.len()
    }

    /// Prints examples of every sort of difference, one for each first word in turn.
    pub(crate) fn show(&self, limit: usize) {
        let sorts = [
            ("broken", &self.broken),
            ("words lost", &self.lost),
            ("kind", &self.kinds),
            ("tables", &self.tables),
        ];
        for (sort, found) in sorts.into_iter().filter(|(_, found)| limit > 0 && !found.is_empty()) {
            println!("\n== {}: {sort}, {}", self.name, found.len());
            for (what, text) in spread(found).into_iter().take(limit) {
                let text: String = text.chars().take(600).collect();
                println!("- {text}\n  {what}");
            }
        }
    }
}

/// The same, so that those of different first words come first.
fn spread(found: &[(String, String)]) -> Vec<&(String, String)> {
    let mut turns: BTreeMap<String, usize> = BTreeMap::new();
    let mut ranked: Vec<_> = found
        .iter()
        .map(|one| {
            let first = one.1.split_whitespace().take(2).collect::<Vec<_>>().join(" ").to_lowercase();
            let turn = turns.entry(first).or_default();
            *turn += 1;
            (*turn, one)
        })
        .collect();
    ranked.sort_by_key(|(turn, _)| *turn);
    ranked.into_iter().map(|(_, one)| one).collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |part: usize, whole: usize| format!("{:.2} %", 100.0 * part as f64 / whole.max(1) as f64);
        write!(
            f,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            self.name,
            self.statements,
            of(self.statements - self.broken.len(), self.statements),
            of(self.statements - self.lost.len(), self.statements),
            of(self.known, self.statements),
            of(self.parsed, self.statements),
            of(self.same_kind, self.parsed),
            of(self.same_tables, self.parsed),
        )
    }
}
