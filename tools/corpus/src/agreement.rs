//! Whether we group statements as libpg_query does.

use std::collections::HashMap;
use std::hash::Hash;

use monitor_core::identify::identify;

use crate::suites::Suite;

/// Pairs of statements that both know, by who puts them together.
#[derive(Default)]
pub(crate) struct Agreement {
    name: &'static str,
    statements: u64,
    pairs: u64,
    together_here: u64,
    together_there: u64,
    together: u64,
    only_here: Vec<(String, String)>,
    only_there: Vec<(String, String)>,
}

impl Agreement {
    /// Fingerprints all statements of a suite that PostgreSQL's parser takes.
    pub(crate) fn of(suite: &Suite) -> Self {
        let known: Vec<(u64, u64, &str)> = suite
            .statements
            .iter()
            .filter_map(|text| {
                let there = pg_query::fingerprint(text, 0, 0).ok()?;
                Some((identify(text, suite.dialect).fingerprint.as_u64(), there.value, text.as_str()))
            })
            .collect();
        let count = known.len() as u64;
        Self {
            name: suite.name,
            statements: count,
            pairs: pairs(count),
            together_here: together(known.iter().map(|one| one.0)),
            together_there: together(known.iter().map(|one| one.1)),
            together: together(known.iter().map(|one| (one.0, one.1))),
            only_here: apart(known.iter().map(|one| (one.0, one.1, one.2))),
            only_there: apart(known.iter().map(|one| (one.1, one.0, one.2))),
        }
    }

    /// Prints the shares, and examples of what one puts together and the other apart.
    pub(crate) fn print(&self, limit: usize) {
        let either = self.together_here + self.together_there - self.together;
        let alike = self.pairs - (either - self.together);
        println!("\nGrouping beside libpg_query, {}: {} statements that its parser takes", self.name, self.statements);
        println!("  pairs {}, grouped alike {:.4} %", self.pairs, 100.0 * alike as f64 / self.pairs.max(1) as f64);
        println!(
            "  together here {}, there {}, in both {} ({:.2} % of those together in either)",
            self.together_here,
            self.together_there,
            self.together,
            100.0 * self.together as f64 / either.max(1) as f64
        );
        for (title, found) in [("together only here", &self.only_here), ("together only there", &self.only_there)] {
            println!("  {title}: {} statements", found.len());
            for (one, other) in found.iter().take(limit) {
                println!("  - {}\n    {}", one.replace('\n', " "), other.replace('\n', " "));
            }
        }
    }
}

fn pairs(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}

/// How many pairs have the same key.
fn together<K: Hash + Eq>(keys: impl Iterator<Item = K>) -> u64 {
    let mut groups: HashMap<K, u64> = HashMap::new();
    keys.for_each(|key| *groups.entry(key).or_default() += 1);
    groups.into_values().map(pairs).sum()
}

/// Of each group of the first key, a statement for each second key beyond the first it has.
fn apart<'a>(known: impl Iterator<Item = (u64, u64, &'a str)>) -> Vec<(String, String)> {
    let mut groups: HashMap<u64, Vec<(u64, &str)>> = HashMap::new();
    let mut found = Vec::new();
    for (one, other, text) in known {
        let group = groups.entry(one).or_default();
        if group.iter().any(|(key, _)| *key == other) {
            continue;
        }
        if let Some((_, first)) = group.first() {
            found.push(((*first).to_owned(), text.to_owned()));
        }
        group.push((other, text));
    }
    found
}
