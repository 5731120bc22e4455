//! What changed between two sets of calls, and how sure that is.

use std::fmt;
use std::time::Duration;

use super::statistics::{mann_whitney, rates, shares};
use crate::snapshot::{Activity, Histogram};

/// Two sets of calls and what changed from one to the other.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Difference {
    /// Calls before.
    pub before: Activity,
    /// Calls after.
    pub after: Activity,
    /// Calls per second before.
    pub calls_per_second_before: f64,
    /// Calls per second after.
    pub calls_per_second_after: f64,
    /// Seconds of the database's time that an hour costs more than it did; below zero where it costs
    /// less. What a call takes and how many there are both count.
    pub seconds_per_hour: f64,
    /// How often a call after takes longer than one before; 0.5 where nothing moved, `None` where one
    /// side has no call.
    pub longer: Option<f64>,
    /// The answer.
    pub answer: Answer,
    /// What changed, if anything did.
    pub changes: Vec<Change>,
}

/// One thing that changed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// What.
    pub kind: ChangeKind,
    /// How it is known.
    pub test: Test,
    /// The value before: seconds, a share, calls per second, rows per call, as the kind has it.
    pub before: f64,
    /// The value after.
    pub after: f64,
    /// How often chance alone does this; `None` for what cannot be tested.
    pub p: Option<f64>,
    /// The level `p` is at most, with regard to how much was tested.
    pub level: f64,
}

/// What can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was not called before, and would have been at the rate it is called now. Calls per second.
    New,
    /// It is not called any more, and would have been at the rate it was. Calls per second.
    Gone,
    /// Its calls take longer: the mean by [`TIME_RATIO_MIN`] or, where only few calls do, the 95th
    /// percentile. Seconds.
    Slower,
    /// Its calls take less long, by as much. Seconds.
    Faster,
    /// More of its calls fail, by a point in a hundred and [`TIME_RATIO_MIN`]. A share.
    MoreFailures,
    /// Fewer of its calls fail, by as much. A share.
    FewerFailures,
    /// It is called more often, by [`CALLS_RATIO_MIN`]. Calls per second.
    MoreCalls,
    /// It is called less often, by as much. Calls per second.
    FewerCalls,
    /// A call reads or writes [`ROWS_RATIO_MIN`] times the rows. Rows per call.
    MoreRows,
    /// A call reads or writes fewer rows, by as much. Rows per call.
    FewerRows,
}

/// How a change is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Test {
    /// The rank-sum test of all calls' times.
    Times,
    /// Fisher's exact test of the calls beyond the common 95th percentile.
    Tail,
    /// Fisher's exact test of failed calls.
    Failures,
    /// The exact test of two Poisson rates.
    Rates,
    /// None: the ratio speaks for itself.
    Ratio,
}

/// The answer to whether something changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// It changed.
    Changed,
    /// It did not, as far as can be seen.
    Unchanged,
    /// There are too few calls to tell.
    #[default]
    TooSoon,
}

/// The chance that anything is said to have changed in a whole comparison where nothing did.
pub const COMPARE_LEVEL: f64 = 0.01;

/// Calls either side must have before their times, failures and rows are compared: fewer say little of
/// a 95th percentile, and the rank-sum test's approximation wants as many.
pub const COMPARE_CALLS_MIN: u64 = 20;

/// Times and shares of failures must differ by this ratio to matter: more than the 9 % a bucket is wide.
pub const TIME_RATIO_MIN: f64 = 1.25;

/// Calls per second must differ by this ratio to matter: no two hours have the same load.
pub const CALLS_RATIO_MIN: f64 = 1.5;

/// Rows per call must differ by this ratio to matter.
pub const ROWS_RATIO_MIN: f64 = 2.0;

/// Shares of failures must differ by a point in a hundred to matter.
const FAILURES_APART_MIN: f64 = 0.01;

/// One side: calls, and the time in which they were made.
pub(super) struct Side {
    calls: Activity,
    covered: Duration,
}

/// A change that is one if it passes.
struct Candidate {
    change: Change,
    matters: bool,
}

/// What changed from each left side to its right side, all decided at one level.
pub(super) fn differences(sides: Vec<(Side, Side)>) -> Vec<Difference> {
    let candidates: Vec<_> = sides.iter().map(|(old, new)| candidates(old, new)).collect();
    // Whatever has a p-value was a test, whether its difference matters or not (Bonferroni).
    let tests = candidates.iter().flatten().filter(|one| one.change.p.is_some()).count();
    let level = COMPARE_LEVEL / tests.max(1) as f64;
    let both = sides.into_iter().zip(candidates);
    both.map(|((old, new), candidates)| difference(old, new, candidates, level)).collect()
}

fn difference(old: Side, new: Side, candidates: Vec<Candidate>, level: f64) -> Difference {
    let mut changes: Vec<Change> = Vec::new();
    for Candidate { change, matters } in candidates {
        // Of two tests of one thing the first one that passes has said it.
        let is_said = changes.iter().any(|said| said.kind.subject() == change.kind.subject());
        if matters && !is_said && change.p.is_none_or(|p| p <= level) {
            changes.push(Change { level, ..change });
        }
    }
    let is_soon = !old.is_enough() || !new.is_enough();
    let answer = match (changes.is_empty(), is_soon) {
        (false, _) => Answer::Changed,
        (true, true) => Answer::TooSoon,
        (true, false) => Answer::Unchanged,
    };
    let both_called = old.calls.calls > 0 && new.calls.calls > 0;
    Difference {
        calls_per_second_before: old.calls_per_second(),
        calls_per_second_after: new.calls_per_second(),
        seconds_per_hour: new.seconds_per_hour() - old.seconds_per_hour(),
        longer: both_called
            .then(|| mann_whitney(&old.calls.histogram, &new.calls.histogram).longer),
        answer,
        changes,
        before: old.calls,
        after: new.calls,
    }
}

/// What may have changed, each with its test. What is not tested cannot have.
fn candidates(old: &Side, new: &Side) -> Vec<Candidate> {
    let mut all = vec![rate(old, new)];
    if old.is_enough() && new.is_enough() {
        all.extend([times(old, new), tail(old, new), failures(old, new)]);
        all.extend(rows(old, new));
    }
    all
}

fn rate(old: &Side, new: &Side) -> Candidate {
    let (before, after) = (old.calls_per_second(), new.calls_per_second());
    let kind = match (old.calls.calls, new.calls.calls) {
        (0, _) => ChangeKind::New,
        (_, 0) => ChangeKind::Gone,
        _ if after > before => ChangeKind::MoreCalls,
        _ => ChangeKind::FewerCalls,
    };
    let (old_time, new_time) = (old.covered.as_secs_f64(), new.covered.as_secs_f64());
    let p = rates(old.calls.calls, old_time, new.calls.calls, new_time);
    Candidate::new(kind, Test::Rates, before, after, p, differ(before, after, CALLS_RATIO_MIN))
}

fn times(old: &Side, new: &Side) -> Candidate {
    let shift = mann_whitney(&old.calls.histogram, &new.calls.histogram);
    let (before, after) = (old.calls.mean().as_secs_f64(), new.calls.mean().as_secs_f64());
    let kind = ChangeKind::of_time(before, after);
    // The mean can be moved by one call; it has to be moved the way calls in general are.
    let agree = (after > before) == (shift.longer > 0.5);
    let matters = agree && differ(before, after, TIME_RATIO_MIN);
    Candidate::new(kind, Test::Times, before, after, shift.p, matters)
}

fn tail(old: &Side, new: &Side) -> Candidate {
    let (old_times, new_times) = (&old.calls.histogram, &new.calls.histogram);
    let mut both = old_times.clone();
    both.merge(new_times);
    let bound = both.quantile(0.95).unwrap_or_default();
    let beyond = |times: &Histogram| times.count().saturating_sub(times.count_at_most(bound));
    let counts = [beyond(old_times), old_times.count(), beyond(new_times), new_times.count()];
    let p = shares(counts[0], counts[1], counts[2], counts[3]);
    let (before, after) = (old.calls.p95().as_secs_f64(), new.calls.p95().as_secs_f64());
    let share = |beyond: u64, of: u64| beyond as f64 / of as f64;
    let agree = (after > before) == (share(counts[2], counts[3]) > share(counts[0], counts[1]));
    let matters = agree && differ(before, after, TIME_RATIO_MIN);
    Candidate::new(ChangeKind::of_time(before, after), Test::Tail, before, after, p, matters)
}

fn failures(old: &Side, new: &Side) -> Candidate {
    let (before, after) = (old.calls.error_rate(), new.calls.error_rate());
    let more = after > before;
    let kind = if more { ChangeKind::MoreFailures } else { ChangeKind::FewerFailures };
    let p = shares(old.calls.failed, old.calls.calls, new.calls.failed, new.calls.calls);
    let apart = (after - before).abs() >= FAILURES_APART_MIN;
    let matters = apart && differ(before, after, TIME_RATIO_MIN);
    Candidate::new(kind, Test::Failures, before, after, p, matters)
}

fn rows(old: &Side, new: &Side) -> Option<Candidate> {
    let (before, after) = (old.rows_per_call()?, new.rows_per_call()?);
    let kind = if after > before { ChangeKind::MoreRows } else { ChangeKind::FewerRows };
    // From a tenth of a row to a fifth is a doubling that nobody means.
    let matters = before.max(after) >= 1.0 && differ(before, after, ROWS_RATIO_MIN);
    let change = Change { kind, test: Test::Ratio, before, after, p: None, level: 0.0 };
    Some(Candidate { change, matters })
}

/// Whether two values differ by a ratio or more.
fn differ(a: f64, b: f64, ratio: f64) -> bool {
    let (low, high) = (a.min(b), a.max(b));
    high > low && high >= low * ratio
}

// === impl Candidate ===

impl Candidate {
    fn new(kind: ChangeKind, test: Test, before: f64, after: f64, p: f64, matters: bool) -> Self {
        Self { change: Change { kind, test, before, after, p: Some(p), level: 0.0 }, matters }
    }
}

// === impl Side ===

impl Side {
    pub(super) fn new(calls: Activity, covered: Duration) -> Self {
        Self { calls, covered }
    }

    fn is_enough(&self) -> bool {
        self.calls.calls >= COMPARE_CALLS_MIN
    }

    fn calls_per_second(&self) -> f64 {
        self.per_second(self.calls.calls as f64)
    }

    fn seconds_per_hour(&self) -> f64 {
        self.per_second(self.calls.time.as_secs_f64()) * 3_600.0
    }

    fn per_second(&self, amount: f64) -> f64 {
        if self.covered.is_zero() { 0.0 } else { amount / self.covered.as_secs_f64() }
    }

    /// Rows per call that told them; `None` where fewer than [`COMPARE_CALLS_MIN`] did.
    fn rows_per_call(&self) -> Option<f64> {
        let told = self.calls.calls.saturating_sub(self.calls.rows_unknown);
        let rows = self.calls.rows_returned as f64 + self.calls.rows_affected as f64;
        (told >= COMPARE_CALLS_MIN).then(|| rows / told as f64)
    }
}

// === impl ChangeKind ===

impl ChangeKind {
    fn of_time(before: f64, after: f64) -> Self {
        if after > before { Self::Slower } else { Self::Faster }
    }

    /// What it is a change of, so that nothing is said twice.
    fn subject(self) -> u8 {
        match self {
            Self::New | Self::Gone | Self::MoreCalls | Self::FewerCalls => 0,
            Self::Slower | Self::Faster => 1,
            Self::MoreFailures | Self::FewerFailures => 2,
            Self::MoreRows | Self::FewerRows => 3,
        }
    }

    /// The kind as one stable word, such as `more_failures`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::Slower => "slower",
            Self::Faster => "faster",
            Self::MoreFailures => "more_failures",
            Self::FewerFailures => "fewer_failures",
            Self::MoreCalls => "more_calls",
            Self::FewerCalls => "fewer_calls",
            Self::MoreRows => "more_rows",
            Self::FewerRows => "fewer_rows",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Test ===

impl Test {
    /// The test as one stable word: `times`, `tail`, `failures`, `rates`, `ratio`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Times => "times",
            Self::Tail => "tail",
            Self::Failures => "failures",
            Self::Rates => "rates",
            Self::Ratio => "ratio",
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Answer ===

impl Answer {
    /// The answer as a word: `changed`, `unchanged`, `too_soon`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::TooSoon => "too_soon",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
