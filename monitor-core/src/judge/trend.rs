//! What rises, what falls, what holds still.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Subject;
use super::statistics::{level_of_each, rank_sum, rank_sum_least};
use crate::capture::Database;
use crate::snapshot::{Minute, PoolMinute, Pulse, Snapshot, StatementKey};

/// Where everything goes, of the total, each pool, statement and table.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Trends {
    /// One for each measure of each subject: the total, then pools, statements and tables.
    pub all: Vec<Trend>,
}

/// Where one measure of one subject goes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Trend {
    /// Whose.
    pub subject: Subject,
    /// What was measured.
    pub measure: Measure,
    /// The answer.
    pub direction: Direction,
    /// Its value over the minutes before the last [`RECENT_MINUTES`], in the measure's unit.
    pub before: f64,
    /// Its value over the last [`RECENT_MINUTES`], in the measure's unit.
    pub now: f64,
    /// What the answer rests on.
    pub evidence: TrendEvidence,
}

/// What a trend's answer rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TrendEvidence {
    /// Minutes with a value, before.
    pub minutes_before: usize,
    /// Minutes with a value, of the last ones.
    pub minutes_now: usize,
    /// How often chance alone does this; `None` where it was not asked, because the difference is
    /// too small to matter or the minutes are too few.
    pub p: Option<f64>,
    /// The level `p` has to stay below, with regard to how many were tested.
    pub level: f64,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Measure {
    /// Calls per second.
    CallsPerSecond,
    /// Mean time of a call, in seconds.
    MeanTime,
    /// The time 95 % of the calls of a minute did not exceed, in seconds: the median over the minutes
    /// that had [`P95_CALLS_MIN`] calls.
    P95,
    /// Failed calls as a share of all.
    ErrorRate,
    /// Slow calls as a share of all.
    SlowShare,
    /// Mean wait for a connection, in seconds.
    PoolWait,
    /// Connections in use as a share of the most there may be.
    PoolUsage,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// It goes up.
    Rising,
    /// It goes down.
    Falling,
    /// It holds still, or moves no more than it did before.
    Steady,
    /// Too few minutes to tell one from the other.
    TooSoon,
}

/// The last minutes, which are held against those before them.
pub const RECENT_MINUTES: usize = 5;

/// The chance that any trend is found where there is none, for the few (total and pools) and for
/// the many (statements and tables) apart: 1 % each, whenever somebody looks.
pub const TREND_LEVEL: f64 = 0.01;

/// What rises must have reached this many times what it was, what falls must have lost as much:
/// less may be real, and is steady all the same.
pub const TREND_RATIO_MIN: f64 = 1.25;

/// Calls a minute must have had for its 95th percentile to be more than its longest call.
pub const P95_CALLS_MIN: u64 = 20;

/// Where everything goes: the last [`RECENT_MINUTES`] whole minutes against those before them, up to
/// an hour back.
///
/// The unit is the minute, not the call: calls of one minute share a cache, a lock, a batch job, so a
/// thousand of them are no thousand witnesses. Each minute gives one value, and the rank-sum test
/// (Wilcoxon 1945, Mann and Whitney 1947), exact and with ties, asks how often the last minutes would
/// rank so high or low among all of them by chance. It assumes nothing of how values are spread, and
/// an outlier or a burst counts as one minute, however tall it is.
///
/// Many are tested at once, so each has to pass a level that keeps the chance of a single false
/// alarm below [`TREND_LEVEL`] (Bonferroni's correction in Tarone's form, 1990): for the total and the
/// pools, and for all statements and tables. Besides, the difference has to matter: by
/// [`TREND_RATIO_MIN`], for shares also by one point in a hundred (a pool's usage by five), for waits
/// also by a millisecond. It is too soon to tell as long as even minutes that do not overlap at all
/// could not pass: about a quarter of an hour for the total, half an hour among hundreds of
/// statements.
///
/// A load that comes and goes with the hour is a trend while it does; a job that runs every ten minutes is not.
///
/// Costs some tens of milliseconds for a thousand statements.
#[must_use]
pub fn trends(snapshot: &Snapshot) -> Trends {
    let minutes = &snapshot.minutes;
    let mut few = calls(&Subject::AllCalls, minutes, |minute| Some(minute.total));
    few.extend(pools(snapshot));
    let mut many = statements(snapshot);
    many.extend(tables(minutes));
    let mut all = decide(few);
    all.extend(decide(many));
    Trends { all }
}

/// The values of one measure of one subject, minute by minute.
struct Course {
    subject: Subject,
    measure: Measure,
    before: Values,
    now: Values,
}

/// Values of some minutes and what they are together.
#[derive(Default)]
struct Values {
    minutes: Vec<f64>,
    whole: f64,
}

/// What a value of one minute is made of: so much of something, over so much of something else.
struct Part {
    amount: f64,
    over: f64,
}

// === impl Trends ===

impl Trends {
    /// What rises or falls.
    pub fn moving(&self) -> impl Iterator<Item = &Trend> {
        let moves =
            |trend: &&Trend| matches!(trend.direction, Direction::Rising | Direction::Falling);
        self.all.iter().filter(moves)
    }

    /// The trend of one measure of one subject.
    #[must_use]
    pub fn of(&self, subject: &Subject, measure: Measure) -> Option<&Trend> {
        self.all.iter().find(|trend| trend.measure == measure && trend.subject == *subject)
    }
}

/// The courses of everything that can be told of calls. A minute of which nothing is known is `None`.
fn calls(
    subject: &Subject,
    minutes: &[Arc<Minute>],
    pulse: impl Fn(&Minute) -> Option<Pulse>,
) -> Vec<Course> {
    let known: Vec<_> = minutes.iter().map(|minute| (minute.covered, pulse(minute))).collect();
    Measure::OF_CALLS
        .into_iter()
        .map(|measure| {
            let part = |(covered, pulse): &(Duration, Option<Pulse>)| {
                pulse.and_then(|pulse| measure.part(pulse, *covered))
            };
            course(subject.clone(), measure, known.iter().map(part).collect())
        })
        .collect()
}

fn pools(snapshot: &Snapshot) -> Vec<Course> {
    let mut courses = Vec::new();
    for (source, _) in snapshot.pools() {
        let of = |minute: &Arc<Minute>| -> Option<PoolMinute> {
            let is_same =
                |pool: &&PoolMinute| pool.name == source.name && pool.database == source.database;
            minute.pools.iter().find(is_same).cloned()
        };
        let minutes: Vec<_> = snapshot.minutes.iter().map(of).collect();
        let parts = |part: fn(&PoolMinute) -> Part| -> Vec<Option<Part>> {
            minutes.iter().map(|minute| minute.as_ref().map(part)).collect()
        };
        let subject = Subject::source(source);
        let wait = parts(|pool| Part::new(pool.wait_time.as_secs_f64(), pool.checkouts as f64));
        let usage = parts(|pool| Part::new(pool.sampled.in_use as f64, pool.sampled.max as f64));
        courses.push(course(subject.clone(), Measure::PoolWait, wait));
        courses.push(course(subject, Measure::PoolUsage, usage));
    }
    courses
}

/// Statements that have a place of their own; what is added up as "other" changes with what it holds.
fn statements(snapshot: &Snapshot) -> Vec<Course> {
    let by_key = |minute: &Arc<Minute>| -> BTreeMap<StatementKey, Pulse> {
        minute.statements.iter().map(|statement| (statement.key(), statement.pulse)).collect()
    };
    let pulses = by_minute(&snapshot.minutes, by_key);
    let mut courses = Vec::new();
    for statement in &snapshot.lifetime.statements {
        let key = statement.key();
        if statement.fingerprint.is_none()
            || !pulses.iter().any(|(_, known)| known.contains_key(&key))
        {
            continue;
        }
        let subject = Subject::statement(statement);
        courses.extend(listed(&subject, &snapshot.minutes, &pulses, &key));
    }
    courses
}

fn tables(minutes: &[Arc<Minute>]) -> Vec<Course> {
    type Key = (String, Arc<Database>);
    let by_key = |minute: &Arc<Minute>| -> BTreeMap<Key, Pulse> {
        let key = |table: &str, database: &Arc<Database>| (table.to_owned(), database.clone());
        let tables = minute.tables.iter();
        tables.map(|table| (key(&table.table, &table.database), table.pulse)).collect()
    };
    let pulses = by_minute(minutes, by_key);
    let keys: std::collections::BTreeSet<_> =
        pulses.iter().flat_map(|(_, known)| known.keys().cloned()).collect();
    let mut courses = Vec::new();
    for key in keys {
        let subject = Subject::Table { table: key.0.as_str().into(), database: key.1.clone() };
        courses.extend(listed(&subject, minutes, &pulses, &key));
    }
    courses
}

/// Pulses of each minute by what they are of, and when it ended.
fn by_minute<K>(
    minutes: &[Arc<Minute>],
    by_key: impl Fn(&Arc<Minute>) -> BTreeMap<K, Pulse>,
) -> Vec<(Duration, BTreeMap<K, Pulse>)> {
    minutes.iter().map(|minute| (minute.ended, by_key(minute))).collect()
}

/// The courses of one that is listed in minutes. Where it is not it had no call, unless the list is
/// not complete.
fn listed<K: Ord>(
    subject: &Subject,
    minutes: &[Arc<Minute>],
    pulses: &[(Duration, BTreeMap<K, Pulse>)],
    key: &K,
) -> Vec<Course> {
    calls(subject, minutes, |minute| {
        let place = pulses.binary_search_by_key(&minute.ended, |(ended, _)| *ended).ok()?;
        let pulse = pulses[place].1.get(key).copied();
        pulse.or_else(|| minute.is_complete.then(Pulse::default))
    })
}

/// The course of parts, one a minute, oldest first.
fn course(subject: Subject, measure: Measure, parts: Vec<Option<Part>>) -> Course {
    let (before, now) = parts.split_at(parts.len().saturating_sub(RECENT_MINUTES));
    Course { before: Values::of(measure, before), now: Values::of(measure, now), subject, measure }
}

/// Holds the last minutes of each against those before, all at one level.
fn decide(courses: Vec<Course>) -> Vec<Trend> {
    let level = level_of_each(TREND_LEVEL, courses.iter().map(Course::least));
    courses.into_iter().map(|course| course.decide(level)).collect()
}

// === impl Course ===

impl Course {
    /// The smallest p-value it could have.
    fn least(&self) -> f64 {
        rank_sum_least(self.before.minutes.len(), self.now.minutes.len())
    }

    fn decide(self, level: f64) -> Trend {
        let (before, now) = (self.before.whole, self.now.whole);
        let is_soon = self.least() > level;
        let p = (!is_soon && self.measure.matters(before, now))
            .then(|| rank_sum(&self.before.minutes, &self.now.minutes));
        let direction = match p {
            _ if is_soon => Direction::TooSoon,
            Some(p) if p <= level && now > before => Direction::Rising,
            Some(p) if p <= level => Direction::Falling,
            _ => Direction::Steady,
        };
        let (minutes_before, minutes_now) = (self.before.minutes.len(), self.now.minutes.len());
        let evidence = TrendEvidence { minutes_before, minutes_now, p, level };
        Trend { subject: self.subject, measure: self.measure, direction, before, now, evidence }
    }
}

// === impl Values ===

impl Values {
    fn of(measure: Measure, parts: &[Option<Part>]) -> Self {
        let known = || parts.iter().flatten().filter(|part| part.over > 0.0);
        let minutes: Vec<f64> = known().map(|part| part.amount / part.over).collect();
        let whole = match measure {
            Measure::P95 => median(&minutes),
            _ => {
                let over: f64 = known().map(|part| part.over).sum();
                let amount: f64 = known().map(|part| part.amount).sum();
                if over > 0.0 { amount / over } else { 0.0 }
            }
        };
        Self { minutes, whole }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

// === impl Part ===

impl Part {
    fn new(amount: f64, over: f64) -> Self {
        Self { amount, over }
    }
}

// === impl Measure ===

impl Measure {
    /// What can be told of calls.
    const OF_CALLS: [Self; 5] =
        [Self::CallsPerSecond, Self::MeanTime, Self::P95, Self::ErrorRate, Self::SlowShare];

    /// What this measure's value of a minute of calls is made of; `None` where it has none.
    fn part(self, pulse: Pulse, covered: Duration) -> Option<Part> {
        let Pulse { calls, failed, slow, time, p95 } = pulse;
        let count = calls as f64;
        Some(match self {
            Self::CallsPerSecond => Part::new(count, covered.as_secs_f64()),
            Self::MeanTime => Part::new(time.as_secs_f64(), count),
            Self::P95 if calls < P95_CALLS_MIN => return None,
            Self::P95 => Part::new(p95.as_secs_f64(), 1.0),
            Self::ErrorRate => Part::new(failed as f64, count),
            Self::SlowShare => Part::new(slow as f64, count),
            Self::PoolWait | Self::PoolUsage => return None,
        })
    }

    /// Whether a difference is large enough to matter.
    fn matters(self, before: f64, now: f64) -> bool {
        let apart = match self {
            Self::CallsPerSecond | Self::MeanTime | Self::P95 => 0.0,
            Self::ErrorRate | Self::SlowShare => 0.01,
            Self::PoolUsage => 0.05,
            Self::PoolWait => 0.001,
        };
        let (low, high) = (before.min(now), before.max(now));
        high > low && high - low >= apart && high >= low * TREND_RATIO_MIN
    }

    /// The measure as one stable word, such as `mean_time`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallsPerSecond => "calls_per_second",
            Self::MeanTime => "mean_time",
            Self::P95 => "p95",
            Self::ErrorRate => "error_rate",
            Self::SlowShare => "slow_share",
            Self::PoolWait => "pool_wait",
            Self::PoolUsage => "pool_usage",
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Direction ===

impl Direction {
    /// The answer as a word: `rising`, `falling`, `steady`, `too_soon`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Falling => "falling",
            Self::Steady => "steady",
            Self::TooSoon => "too_soon",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
