//! Numbers that appear on every page.

use std::time::Duration;

use monitor_core::show;
use monitor_core::snapshot::{Activity, Histogram, Rollup, Snapshot, SourceActivity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The time that numbers are about, by its name in a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Window {
    /// The last minute.
    #[serde(rename = "1m")]
    Minute,
    /// The last five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// The last quarter of an hour.
    #[default]
    #[serde(rename = "15m")]
    QuarterHour,
    /// The last hour.
    #[serde(rename = "60m")]
    Hour,
    /// Everything since the monitor started.
    #[serde(rename = "start")]
    Start,
}

/// Which time the numbers of an answer are about.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Scope {
    /// When the numbers were taken.
    pub at: String,
    /// The window asked for.
    pub window: Window,
    /// The time really covered: less than the window while the monitor is young, a little more otherwise.
    pub covered_seconds: f64,
}

/// What a set of calls adds up to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Numbers {
    /// Calls that ended, however they ended.
    pub calls: u64,
    /// Calls per second.
    pub calls_per_second: f64,
    /// Calls that failed.
    pub failed: u64,
    /// Calls whose caller went away.
    pub cancelled: u64,
    /// Failed calls as a share of all.
    pub error_rate: f64,
    /// Slow calls, the very slow ones included.
    pub slow: u64,
    /// Very slow calls.
    pub very_slow: u64,
    /// Rows handed to callers.
    pub rows_returned: u64,
    /// Rows inserted, updated or deleted.
    pub rows_affected: u64,
    /// Calls whose rows the driver did not tell; their rows are missing above.
    pub rows_unknown_calls: u64,
    /// Time of all calls together.
    pub time_seconds: f64,
    /// Mean time of a call.
    pub mean_seconds: f64,
    /// The shortest call.
    pub min_seconds: f64,
    /// The longest call.
    pub max_seconds: f64,
    /// The median.
    pub p50_seconds: f64,
    /// The 90th percentile.
    pub p90_seconds: f64,
    /// The 95th percentile.
    pub p95_seconds: f64,
    /// The 99th percentile.
    pub p99_seconds: f64,
}

/// Calls whose times lie between two bounds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Bucket {
    /// Longer than this.
    pub from_seconds: f64,
    /// This or shorter; `null` where there is no bound.
    pub to_seconds: Option<f64>,
    /// How many.
    pub count: u64,
}

/// Failures of one sort.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Errors {
    /// The sort, such as `constraint_violation`.
    pub class: &'static str,
    /// The database's own code, where the driver gives it.
    pub code: Option<String>,
    /// How often.
    pub count: u64,
    /// Time of the calls it ended.
    pub time_seconds: f64,
}

/// The part of a snapshot that a window is about.
pub(crate) struct Part<'a> {
    pub(crate) scope: Scope,
    pub(crate) rollup: &'a Rollup,
    pub(crate) sources: &'a [SourceActivity],
}

// === impl Window ===

impl Window {
    fn span(self) -> Option<Duration> {
        let minutes = match self {
            Self::Minute => 1,
            Self::FiveMinutes => 5,
            Self::QuarterHour => 15,
            Self::Hour => 60,
            Self::Start => return None,
        };
        Some(Duration::from_secs(minutes * 60))
    }

    /// The numbers of this window; of the whole lifetime where a monitor that is off keeps none.
    pub(crate) fn of(self, snapshot: &Snapshot) -> Part<'_> {
        let window = self.span().and_then(|span| snapshot.window(span));
        let (covered, rollup, sources) = match window {
            Some(window) => (window.covered, &window.rollup, &window.sources),
            None => (snapshot.uptime, &snapshot.lifetime, &snapshot.sources),
        };
        let at = show::moment(snapshot.at);
        let scope = Scope { at, window: self, covered_seconds: covered.as_secs_f64() };
        Part { scope, rollup, sources }
    }
}

// === impl Scope ===

impl Scope {
    /// So many things as a rate.
    pub(crate) fn per_second(&self, count: u64) -> f64 {
        if self.covered_seconds > 0.0 { count as f64 / self.covered_seconds } else { 0.0 }
    }
}

// === impl Numbers ===

impl Numbers {
    pub(crate) fn new(activity: &Activity, scope: &Scope) -> Self {
        Self {
            calls: activity.calls,
            calls_per_second: scope.per_second(activity.calls),
            failed: activity.failed,
            cancelled: activity.cancelled,
            error_rate: activity.error_rate(),
            slow: activity.slow,
            very_slow: activity.very_slow,
            rows_returned: activity.rows_returned,
            rows_affected: activity.rows_affected,
            rows_unknown_calls: activity.rows_unknown,
            time_seconds: activity.time.as_secs_f64(),
            mean_seconds: activity.mean().as_secs_f64(),
            min_seconds: activity.time_min.as_secs_f64(),
            max_seconds: activity.time_max.as_secs_f64(),
            p50_seconds: activity.p50().as_secs_f64(),
            p90_seconds: activity.p90().as_secs_f64(),
            p95_seconds: activity.p95().as_secs_f64(),
            p99_seconds: activity.p99().as_secs_f64(),
        }
    }
}

// === impl Bucket ===

impl Bucket {
    /// The buckets of a histogram that are not empty, shortest first.
    pub(crate) fn all(histogram: &Histogram) -> Vec<Self> {
        let bound = |index: i32| f64::exp2(f64::from(index) / 8.0);
        let bucket = |(index, count): (i32, u64)| Self {
            from_seconds: if index <= INDEX_MIN { 0.0 } else { bound(index - 1) },
            to_seconds: (index <= INDEX_MAX).then(|| bound(index)),
            count,
        };
        histogram.buckets().map(bucket).collect()
    }
}

/// The bucket of everything shorter than the others, as [`Histogram`] has it.
pub(crate) const INDEX_MIN: i32 = -192;

/// The last bucket with an upper bound.
pub(crate) const INDEX_MAX: i32 = 64;

// === impl Errors ===

impl Errors {
    /// Failures by class and code, most frequent first.
    pub(crate) fn all(activity: &Activity) -> Vec<Self> {
        let errors = activity.errors.iter().map(|error| Self {
            class: error.class.as_str(),
            code: error.code.clone(),
            count: error.count,
            time_seconds: error.time.as_secs_f64(),
        });
        errors.collect()
    }
}

/// Seconds, where there are any.
pub(crate) fn seconds(duration: Option<Duration>) -> Option<f64> {
    duration.map(|duration| duration.as_secs_f64())
}

/// A quantile of a histogram, in seconds; `null` where nothing was counted.
pub(crate) fn quantile(histogram: &Histogram, q: f64) -> Option<f64> {
    seconds(histogram.quantile(q))
}

/// At most so many characters of a text, and whether that is less than all of it.
///
/// Control characters other than line breaks and tabs are replaced: they move cursors and hide text.
pub(crate) fn cut(text: &str, chars_max: usize) -> (String, bool) {
    let end = text.char_indices().nth(chars_max).map(|(end, _)| end);
    let shown = &text[..end.unwrap_or(text.len())];
    let is_hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let shown = shown.replace(is_hidden, "\u{fffd}");
    (shown, end.is_some())
}
