//! Statements that have become slower.

use std::time::Duration;

use crate::judge::{
    Direction, Finding, FindingKind, Measure, Severity, Subject, Thresholds, Trend, trends,
};
use crate::snapshot::{Activity, Snapshot};

/// A statement must take this long now to be worth an alert: from 20 µs to 80 µs nobody feels.
const TIME_MIN: Duration = Duration::from_millis(5);

/// A statement that returns more rows takes longer, and that is growth rather than regression: so
/// much of the factor by which its time rose may be found in its rows.
const ROWS_SHARE_MAX: f64 = 0.7;

/// The windows rows per call are compared over: the last five minutes and the last hour.
const NOW: Duration = Duration::from_secs(5 * 60);
const BEFORE: Duration = Duration::from_secs(60 * 60);

/// What has become slower, found anew whenever a minute is over: between two minutes nothing
/// changes, and looking costs tens of milliseconds with a thousand statements.
#[derive(Debug, Default)]
pub(crate) struct Regressions {
    last_minute: Duration,
    moving: Vec<Trend>,
}

// === impl Regressions ===

impl Regressions {
    /// Looks at the trends again if a minute is over since the last time.
    pub(crate) fn review(&mut self, snapshot: &Snapshot) {
        let ended = snapshot.minutes.last().map_or(Duration::ZERO, |minute| minute.ended);
        if ended != self.last_minute {
            self.last_minute = ended;
            self.moving = trends(snapshot).all;
            self.moving.retain(|trend| {
                trend.direction == Direction::Rising
                    && trend.measure == Measure::MeanTime
                    && matches!(trend.subject, Subject::AllCalls | Subject::Statement { .. })
            });
        }
    }

    /// What is slower by the threshold's factor or more.
    pub(crate) fn findings(&self, snapshot: &Snapshot, thresholds: &Thresholds) -> Vec<Finding> {
        let slower = self.moving.iter().filter(|trend| {
            trend.now >= trend.before * thresholds.regression && trend.now >= TIME_MIN.as_secs_f64()
        });
        slower
            .filter(|trend| !rows_grew_alike(snapshot, trend))
            .map(|trend| finding(trend, thresholds.regression))
            .collect()
    }
}

fn finding(trend: &Trend, threshold: f64) -> Finding {
    let factor = trend.now / trend.before.max(f64::MIN_POSITIVE);
    let time = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    Finding {
        kind: FindingKind::LatencyRegression,
        severity: Severity::Warning,
        subject: trend.subject.clone(),
        message: format!(
            "a call takes {:.1?} on average over the last {} minutes, {factor:.1} times the {:.1?} \
             of the {} minutes before",
            time(trend.now),
            trend.evidence.minutes_now,
            time(trend.before),
            trend.evidence.minutes_before,
        ),
        value: factor,
        threshold,
    }
}

fn rows_grew_alike(snapshot: &Snapshot, trend: &Trend) -> bool {
    let Some(fingerprint) = trend.subject.fingerprint() else { return false };
    let rows = |span| {
        let statements = &snapshot.window(span)?.rollup.statements;
        let of = statements.iter().find(|one| {
            one.fingerprint == Some(fingerprint) && Some(&*one.database) == trend.subject.database()
        })?;
        rows_per_call(&of.activity)
    };
    let (Some(now), Some(all)) = (rows(NOW), rows(BEFORE)) else { return false };
    now / all.max(f64::MIN_POSITIVE) >= trend.now / trend.before * ROWS_SHARE_MAX
}

fn rows_per_call(activity: &Activity) -> Option<f64> {
    let known = activity.calls.checked_sub(activity.rows_unknown).filter(|calls| *calls > 0)?;
    Some((activity.rows_returned + activity.rows_affected) as f64 / known as f64)
}
