//! How full pools were lately: levels are gone with the moment, so somebody has to look.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::{LevelSample, PoolPeak, Story};
use crate::snapshot::Snapshot;

/// The levels of each pool over the last minutes, and the most it had in use.
#[derive(Debug, Default)]
pub(crate) struct PoolWatch {
    levels: VecDeque<LevelSample>,
    peaks: BTreeMap<Arc<str>, Peak>,
}

#[derive(Clone, Copy, Debug)]
struct Peak {
    in_use: u32,
    max: Option<u32>,
    since: Duration,
    until: Duration,
}

/// How far back levels are kept: ten times as long as a pool must be full to be told of. At a look every five seconds
/// that is some 10 KB a pool.
const KEPT_FOR: Duration = Duration::from_secs(600);

// === impl PoolWatch ===

impl PoolWatch {
    /// Takes a look.
    pub(crate) fn look(&mut self, snapshot: &Snapshot) {
        let at = snapshot.uptime;
        while self.levels.front().is_some_and(|old| at.saturating_sub(old.at) > KEPT_FOR) {
            self.levels.pop_front();
        }
        for (source, pool) in snapshot.pools() {
            let Some(levels) = pool.levels else { continue };
            self.levels.push_back(LevelSample {
                at,
                pool: source.name.clone(),
                in_use: levels.in_use(),
                max: levels.max,
                waiting: pool.checkouts.waiting,
                wait_p95: wait_p95(snapshot, &source.name),
            });
            // Between two looks there may be more, which only checkouts tell.
            let most = u32::try_from(pool.checkouts.out_most).unwrap_or(u32::MAX);
            let in_use = levels.in_use().max(most.min(levels.max.unwrap_or(most)));
            let now = Peak { in_use, max: levels.max, since: at, until: at };
            let peak = self.peaks.entry(source.name.clone()).or_insert(now);
            peak.in_use = peak.in_use.max(now.in_use);
            (peak.max, peak.until) = (now.max, at);
        }
    }

    /// Writes what was seen into a story.
    pub(crate) fn tell(&self, story: &mut Story) {
        story.levels.extend(self.levels.iter().cloned());
        story.peaks.extend(self.peaks.iter().map(|(pool, peak)| PoolPeak {
            pool: pool.clone(),
            in_use: peak.in_use,
            max: peak.max,
            watched: peak.until.saturating_sub(peak.since),
        }));
    }
}

/// The wait of the last minute.
fn wait_p95(snapshot: &Snapshot, pool: &str) -> Option<Duration> {
    let window = snapshot.windows.first()?;
    let source = window.sources.iter().find(|source| *source.name == *pool)?;
    source.pool.as_ref()?.checkouts.wait.quantile(0.95)
}
