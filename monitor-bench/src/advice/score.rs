//! Scores advice as the suites' own scorer does: every index really built, every statement with its real values.

use std::collections::BTreeMap;

use anyhow::Result;

use super::server::Server;
use super::suite::Suite;

/// Share of the best possible cut from which a statement counts as served.
const SERVED: f64 = 0.8;

/// How good advice is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Score {
    /// Share of statements that want an index and get most of the best cut.
    pub(crate) recall: f64,
    /// Mean share of the best possible cut.
    pub(crate) share: f64,
    /// Share of advised indexes whose loss is felt.
    pub(crate) precision: f64,
    /// Statements that want none and get one, and how many want none.
    pub(crate) false_positives: (usize, usize),
    /// Cost over the best cost of any index, the geometric mean.
    pub(crate) ratio: f64,
    /// Indexes advised, one counted for each statement that gets it.
    pub(crate) advised: usize,
    /// Different indexes.
    pub(crate) distinct: usize,
}

/// One statement's result, for a reader who wants to know why.
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// Scores the indexes advised for each statement, by its id.
pub(crate) fn score(
    server: &mut Server,
    suite: &Suite,
    advice: &BTreeMap<String, Vec<String>>,
) -> Result<(Score, Vec<Line>)> {
    let mut score = Score { ratio: 0.0, ..Score::default() };
    let mut lines = Vec::new();
    let (mut positives, mut useful) = (0usize, 0usize);
    for query in &suite.queries {
        let Some(expected) = &query.expected else { continue };
        let indexes = advice.get(&query.id).cloned().unwrap_or_default();
        let before = server.cost(&query.literal, &[])?;
        let after =
            if indexes.is_empty() { before } else { server.cost(&query.literal, &indexes)? };
        let mut used = 0;
        for at in 0..indexes.len() {
            let mut others = indexes.clone();
            others.remove(at);
            let without = server.cost(&query.literal, &others)?;
            let lost = without - after;
            used += usize::from(lost > 0.05 * before || (without > 1.5 * after && lost > 20.0));
        }
        useful += used;
        score.advised += indexes.len();
        if expected.wants_index {
            positives += 1;
            let cut = (before - after) / (before - expected.best_cost).max(1e-9);
            let cut = cut.clamp(0.0, 1.0);
            score.recall += f64::from(u8::from(cut >= SERVED));
            score.share += cut;
            score.ratio += (after / expected.ext_best_cost.max(1e-9)).clamp(1.0, 1e4).ln();
            if cut < SERVED || used < indexes.len() {
                let text = format!(
                    "share {cut:.2}, cost {before:.0} -> {after:.0}, best {:.0}: {}",
                    expected.best_cost,
                    indexes.join("; ")
                );
                lines.push(Line { id: query.id.clone(), text });
            }
        } else {
            score.false_positives.1 += 1;
            if !indexes.is_empty() {
                score.false_positives.0 += 1;
                lines.push(Line {
                    id: query.id.clone(),
                    text: format!("false: {}", indexes.join("; ")),
                });
            }
        }
    }
    let count = positives.max(1) as f64;
    score.recall /= count;
    score.share /= count;
    score.ratio = (score.ratio / count).exp();
    score.precision = useful as f64 / score.advised.max(1) as f64;
    let mut all: Vec<&String> = advice.values().flatten().collect();
    all.sort();
    all.dedup();
    score.distinct = all.len();
    Ok((score, lines))
}
