//! Statistics from a few rows of a table, for systems that keep none.

use std::collections::BTreeMap;

use super::Spread;

/// Rows of a table, taken evenly from its beginning to its end, in the order they lie there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows; a cell is its value as text, shortened, or NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows of the whole table, as far as known.
    pub of: f64,
}

/// How many common values are kept.
const COMMON_MAX: usize = 30;
/// How many slices the other values are cut into.
const SLICES: usize = 50;
/// A value is common if it is found more often than the mean by this factor; PostgreSQL's rule of thumb.
const COMMON_FACTOR: f64 = 1.25;

// === impl Sample ===

impl Sample {
    /// How many different values the columns have together in the whole table, NULL being one; `None` without rows
    /// or where a column is not in the sample.
    ///
    /// By the estimator "Duj1" of Haas and Stokes (1998), as PostgreSQL's ANALYZE: `n d / (n - f1 + f1 n / N)`, where
    /// `d` values were found in `n` of `N` rows, `f1` of them once.
    #[must_use]
    pub fn distinct(&self, columns: &[&str]) -> Option<f64> {
        let places: Vec<usize> =
            columns.iter().map(|name| self.place(name)).collect::<Option<_>>()?;
        let mut found: BTreeMap<Vec<&Option<String>>, usize> = BTreeMap::new();
        for row in &self.rows {
            let key = places.iter().map(|&place| row.get(place)).collect::<Option<_>>()?;
            *found.entry(key).or_default() += 1;
        }
        self.estimate(found.values().copied())
    }

    /// How the values of a column are spread.
    #[must_use]
    pub fn spread(&self, column: &str) -> Option<Spread> {
        let place = self.place(column)?;
        let cells = || self.rows.iter().map(|row| row.get(place).and_then(Option::as_deref));
        let values: Vec<&str> = cells().flatten().collect();
        let all = self.rows.len().max(1) as f64;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        values.iter().for_each(|value| *counts.entry(value).or_default() += 1);
        let distinct = self.estimate(counts.values().copied()).unwrap_or(0.0);
        let common = common(&counts, values.len(), distinct);
        let mut others: Vec<&str> =
            values.iter().copied().filter(|value| !common.contains(value)).collect();
        let order = Order::of(&values);
        others.sort_by(|a, b| order.compare(a, b));
        let width = values.iter().map(|value| value.len()).sum::<usize>() as f64;
        let share = |value: &str| counts.get(value).copied().unwrap_or(0) as f64 / all;
        Some(Spread {
            nulls: 1.0 - values.len() as f64 / all,
            distinct,
            width: Some(width / values.len().max(1) as f64),
            common: common.iter().map(|value| ((*value).to_owned(), share(value))).collect(),
            bounds: bounds(&others),
            correlation: correlation(&values, &order),
        })
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name.eq_ignore_ascii_case(column))
    }

    /// Different values in the whole table, by how often each was found.
    fn estimate(&self, counts: impl Iterator<Item = usize>) -> Option<f64> {
        let (mut found, mut once, mut rows) = (0.0, 0.0, 0.0);
        for count in counts {
            found += 1.0;
            rows += count as f64;
            once += f64::from(u8::from(count == 1));
        }
        let of = (self.of * rows / self.rows.len().max(1) as f64).max(rows);
        let estimated = rows * found / (rows - once + once * rows / of.max(1.0));
        (rows > 0.0).then(|| estimated.clamp(found, of))
    }
}

/// How values are ordered: as numbers where all are.
enum Order {
    Numbers,
    Texts,
}

// === impl Order ===

impl Order {
    fn of(values: &[&str]) -> Self {
        let are_numbers = values.iter().all(|value| value.parse::<f64>().is_ok());
        if are_numbers { Self::Numbers } else { Self::Texts }
    }

    fn compare(&self, a: &str, b: &str) -> std::cmp::Ordering {
        let number = |value: &str| value.parse::<f64>().unwrap_or(0.0);
        match self {
            Self::Numbers => number(a).total_cmp(&number(b)),
            Self::Texts => a.cmp(b),
        }
    }
}

/// The most common values, the first of them the most common.
fn common<'v>(counts: &BTreeMap<&'v str, usize>, rows: usize, distinct: f64) -> Vec<&'v str> {
    let all_seen = distinct <= counts.len() as f64 * 1.1;
    let mean = rows as f64 / distinct.max(1.0);
    let mut common: Vec<(&str, usize)> = counts
        .iter()
        .map(|(value, count)| (*value, *count))
        .filter(|(_, count)| {
            *count > 1
                && ((all_seen && counts.len() <= COMMON_MAX)
                    || *count as f64 > mean * COMMON_FACTOR)
        })
        .collect();
    common.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    common.truncate(COMMON_MAX);
    common.into_iter().map(|(value, _)| value).collect()
}

/// Bounds of slices with equally many values each, from values in order.
fn bounds(values: &[&str]) -> Vec<String> {
    let Some(last) = values.len().checked_sub(1).filter(|&last| last > 0) else {
        return Vec::new();
    };
    let slices = SLICES.min(last);
    let mut bounds: Vec<String> =
        (0..=slices).filter_map(|at| Some((*values.get(at * last / slices)?).to_owned())).collect();
    bounds.dedup();
    bounds
}

/// How well the order of the values fits that of the rows: Pearson's coefficient of rank and place.
fn correlation(values: &[&str], order: &Order) -> Option<f64> {
    let count = values.len();
    if count < 2 {
        return None;
    }
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|&a, &b| order.compare(values[a], values[b]));
    let mean = (count - 1) as f64 / 2.0;
    let (mut both, mut own) = (0.0, 0.0);
    for (rank, &place) in places.iter().enumerate() {
        both += (rank as f64 - mean) * (place as f64 - mean);
        own += (rank as f64 - mean).powi(2);
    }
    Some(both / own)
}
