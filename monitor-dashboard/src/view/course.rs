//! How the last hour went, minute by minute.

use std::sync::Arc;

use monitor_core::show;
use monitor_core::snapshot::{Histogram, Minute, Pulse, StatementMinute};
use serde::Serialize;
use utoipa::ToSchema;

use super::common::{INDEX_MAX, INDEX_MIN, quantile};
use crate::reading::Courses;

/// One minute that is over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MinuteView {
    /// When it ended.
    pub ended_at: String,
    /// The time really covered: up to one beat of five seconds more than a minute.
    pub covered_seconds: f64,
    /// Calls that ended; `null` where it is not known, because only the statements that took most time are kept.
    pub calls: Option<u64>,
    /// Calls per second.
    pub calls_per_second: Option<f64>,
    /// Calls that failed.
    pub failed: Option<u64>,
    /// Slow calls.
    pub slow: Option<u64>,
    /// Time of all calls together.
    pub time_seconds: Option<f64>,
    /// Mean time of a call; `null` without a call.
    pub mean_seconds: Option<f64>,
    /// The median; `null` without a call.
    pub p50_seconds: Option<f64>,
    /// The 95th percentile; `null` without a call.
    pub p95_seconds: Option<f64>,
    /// The 99th percentile; `null` without a call.
    pub p99_seconds: Option<f64>,
}

/// How calls' times were spread, minute by minute.
///
/// All minutes share their buckets, two to a doubling, from the shortest to the longest call there was.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct HeatMap {
    /// Upper bound of each bucket, ascending; the lower bound is the one before, divided by the square root of two for
    /// the first. Whatever took longer than 256 s is in the bucket above that.
    pub bounds_seconds: Vec<f64>,
    /// The minutes, oldest first.
    pub minutes: Vec<HeatMinute>,
}

/// One minute of a heat map.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeatMinute {
    /// When it ended.
    pub ended_at: String,
    /// Calls in each bucket, in the order of the bounds.
    pub counts: Vec<u64>,
}

/// A small picture of the last hour. One place for each minute; see `minutes_ended_at` of the list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Spark {
    /// Calls; `null` where it is not known.
    pub calls: Vec<Option<u64>>,
    /// Time of all calls together; `null` where it is not known.
    pub time_seconds: Vec<Option<f64>>,
    /// Mean time of a call; `null` without a call.
    pub mean_seconds: Vec<Option<f64>>,
}

/// Buckets of the monitor's histograms that make one of a heat map: 8 to a doubling become 2.
const FOLDED: i32 = 4;

// === impl MinuteView ===

impl MinuteView {
    /// All calls of each minute.
    pub(crate) fn total(courses: &Courses) -> Vec<Self> {
        let of = |minute: &Arc<Minute>| {
            Self::new(courses, minute, Some((&minute.total, &minute.histogram)))
        };
        courses.minutes.iter().map(of).collect()
    }

    /// A statement's calls of each minute.
    pub(crate) fn of_statement(
        courses: &Courses,
        course: &[Option<&StatementMinute>],
    ) -> Vec<Self> {
        let (none, empty) = (Pulse::default(), Histogram::default());
        let of = |(minute, statement): (&Arc<Minute>, &Option<&StatementMinute>)| {
            let calls = match statement {
                Some(statement) => Some((&statement.pulse, &statement.histogram)),
                None => minute.is_complete.then_some((&none, &empty)),
            };
            Self::new(courses, minute, calls)
        };
        courses.minutes.iter().zip(course).map(of).collect()
    }

    fn new(courses: &Courses, minute: &Minute, calls: Option<(&Pulse, &Histogram)>) -> Self {
        let covered_seconds = minute.covered.as_secs_f64();
        let pulse = calls.map(|(pulse, _)| pulse);
        let quantile = |q| calls.and_then(|(_, histogram)| quantile(histogram, q));
        Self {
            ended_at: show::moment(courses.ended_at(minute)),
            covered_seconds,
            calls: pulse.map(|pulse| pulse.calls),
            calls_per_second: pulse.map(|pulse| pulse.calls as f64 / covered_seconds.max(1e-9)),
            failed: pulse.map(|pulse| pulse.failed),
            slow: pulse.map(|pulse| pulse.slow),
            time_seconds: pulse.map(|pulse| pulse.time.as_secs_f64()),
            mean_seconds: pulse.and_then(mean),
            p50_seconds: quantile(0.5),
            p95_seconds: quantile(0.95),
            p99_seconds: quantile(0.99),
        }
    }
}

fn mean(pulse: &Pulse) -> Option<f64> {
    (pulse.calls > 0).then(|| pulse.time.as_secs_f64() / pulse.calls as f64)
}

// === impl HeatMap ===

impl HeatMap {
    /// All calls.
    pub(crate) fn total(courses: &Courses) -> Self {
        Self::new(courses, |place| courses.minutes.get(place).map(|minute| &minute.histogram))
    }

    /// The calls of a statement.
    pub(crate) fn of_statement(courses: &Courses, course: &[Option<&StatementMinute>]) -> Self {
        Self::new(courses, |place| {
            course.get(place).copied().flatten().map(|minute| &minute.histogram)
        })
    }

    fn new<'a>(courses: &Courses, histogram: impl Fn(usize) -> Option<&'a Histogram>) -> Self {
        let places = 0..courses.minutes.len();
        let indices = places.filter_map(&histogram).flat_map(Histogram::buckets);
        let rows = indices.map(|(index, _)| row(index));
        let Some((low, high)) = rows.fold(None, |range: Option<(i32, i32)>, row| {
            let (low, high) = range.unwrap_or((row, row));
            Some((low.min(row), high.max(row)))
        }) else {
            return Self::default();
        };
        let minutes = courses.minutes.iter().enumerate().map(|(place, minute)| {
            let mut counts = vec![0; (high - low + 1) as usize];
            for (index, count) in histogram(place).into_iter().flat_map(Histogram::buckets) {
                counts[(row(index) - low) as usize] += count;
            }
            HeatMinute { ended_at: show::moment(courses.ended_at(minute)), counts }
        });
        let bound = |row: i32| f64::exp2(f64::from(row * FOLDED) / 8.0);
        Self { bounds_seconds: (low..=high).map(bound).collect(), minutes: minutes.collect() }
    }
}

/// Which bucket of a heat map one of a histogram belongs to.
fn row(index: i32) -> i32 {
    (index.clamp(INDEX_MIN, INDEX_MAX + 1) + FOLDED - 1).div_euclid(FOLDED)
}

// === impl Spark ===

impl Spark {
    pub(crate) fn of_statement(courses: &Courses, course: &[Option<&StatementMinute>]) -> Self {
        let none = Pulse::default();
        let minutes = courses.minutes.iter().zip(course);
        let pulses: Vec<_> = minutes
            .map(|(minute, statement)| match statement {
                Some(statement) => Some(statement.pulse),
                None => minute.is_complete.then_some(none),
            })
            .collect();
        let each = || pulses.iter().map(Option::as_ref);
        Self {
            calls: each().map(|pulse| pulse.map(|pulse| pulse.calls)).collect(),
            time_seconds: each().map(|pulse| pulse.map(|pulse| pulse.time.as_secs_f64())).collect(),
            mean_seconds: each().map(|pulse| pulse.and_then(mean)).collect(),
        }
    }
}
