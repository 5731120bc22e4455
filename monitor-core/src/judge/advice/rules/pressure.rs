//! What the rules on pools have in common: is the pool full for long, and is it one statement that fills it?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::seen::Seen;
use crate::judge::advice::LevelSample;
use crate::snapshot::StatementActivity;

/// A pool must be full for so long; less is a burst, which a queue is there for.
pub(super) const FULL_FOR: Duration = Duration::from_secs(60);
/// Share of all database time that one statement must take to be what fills the pool.
const FILLS_SHARE: f64 = 0.5;
/// Calls that are faster than this do not fill a pool: the pool is too small for them.
const SLOW_MIN: Duration = Duration::from_millis(200);
/// A queue may be empty for so long, now and then, and still stand.
const BREAK_MAX: Duration = Duration::from_secs(5);
/// Samples that found the pool full, as a share of all of that time.
const FULL_SHARE_MIN: f64 = 0.8;
/// Samples further apart than this do not tell what was in between.
const SAMPLE_GAP_MAX: Duration = Duration::from_secs(30);

/// A pool that was full, with callers waiting, for some time on end.
pub(super) struct Full<'a> {
    pub(super) pool: Arc<str>,
    pub(super) lasted: Duration,
    pub(super) max: u32,
    /// Callers waiting, on average.
    pub(super) waiting: f64,
    /// How long 95 % of checkouts waited at most, the median of the samples.
    pub(super) wait_p95: Option<Duration>,
    pub(super) samples: Vec<&'a LevelSample>,
}

/// The longest time each pool was full but for short breaks, for those that were full at all.
pub(super) fn full_pools<'a>(seen: &Seen<'a>) -> Vec<Full<'a>> {
    let mut pools = BTreeMap::<Arc<str>, Vec<&'a LevelSample>>::new();
    for sample in &seen.story.levels {
        pools.entry(sample.pool.clone()).or_default().push(sample);
    }
    pools.into_iter().filter_map(|(pool, samples)| Full::longest(pool, &samples)).collect()
}

/// The pools that were full for long.
pub(super) fn long_full<'a>(seen: &Seen<'a>) -> impl Iterator<Item = Full<'a>> {
    full_pools(seen).into_iter().filter(|full| full.lasted >= FULL_FOR)
}

/// The statement that fills a pool that is full for long, and its share of the time: half of all time of the pool's database
/// goes into slow calls of this one.
pub(super) fn filling_statement<'a>(
    seen: &Seen<'a>,
    pool: &str,
) -> Option<(&'a StatementActivity, f64)> {
    let source = seen.snapshot.sources.iter().find(|source| *source.name == *pool);
    let is_its = |one: &&StatementActivity| source.is_none_or(|of| of.database == one.database);
    let mut statements = seen.lately().statements.iter().filter(is_its);
    let heaviest = statements.next()?;
    let time = heaviest.activity.time.as_secs_f64();
    let others: Duration = statements.map(|one| one.activity.time).sum();
    let share = time / (time + others.as_secs_f64()).max(f64::MIN_POSITIVE);
    let is_slow = heaviest.activity.p95() >= SLOW_MIN;
    (heaviest.fingerprint.is_some() && share >= FILLS_SHARE && is_slow).then_some((heaviest, share))
}

// === impl Full ===

impl<'a> Full<'a> {
    fn longest(pool: Arc<str>, samples: &[&'a LevelSample]) -> Option<Self> {
        let mut longest: &[&LevelSample] = &[];
        let (mut start, mut full, mut last_full) = (0, 0, None);
        for (at, sample) in samples.iter().enumerate() {
            if sample.waiting == 0 || sample.max.is_none_or(|max| sample.in_use < max) {
                continue;
            }
            let goes_on = last_full.is_some_and(|last: usize| {
                let pause = sample.at.saturating_sub(samples[last].at);
                pause <= BREAK_MAX || (last + 1 == at && pause <= SAMPLE_GAP_MAX)
            });
            if !goes_on {
                (start, full) = (at, 0);
            }
            full += 1;
            last_full = Some(at);
            let stretch = samples.get(start..=at).unwrap_or_default();
            if full as f64 >= FULL_SHARE_MIN * stretch.len() as f64 && stretch.len() > longest.len()
            {
                longest = stretch;
            }
        }
        let (first, last) = (longest.first()?, longest.last()?);
        let waiting =
            longest.iter().map(|sample| sample.waiting as f64).sum::<f64>() / longest.len() as f64;
        let mut waits: Vec<_> = longest.iter().filter_map(|sample| sample.wait_p95).collect();
        waits.sort_unstable();
        Some(Self {
            pool,
            lasted: last.at.saturating_sub(first.at),
            max: last.max?,
            waiting,
            wait_p95: waits.get(waits.len() / 2).copied(),
            samples: longest.to_vec(),
        })
    }
}
