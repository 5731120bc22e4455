//! After an index was created: did it help?

use std::time::Duration;

use crate::snapshot::Activity;

/// Calls on each side that have to be seen before anything is said.
pub const CALLS_EACH_MIN: u64 = 30;
/// An index has helped if calls take no more than this share of what they took.
pub const HELPED_SHARE: f64 = 0.7;

/// What became of a statement once an index for it was there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// Its calls are shorter: by this share, from 0 to 1.
    Helped(f64),
    /// They are not, or not by enough to be more than chance: this share; below 0 where they are longer.
    DidNotHelp(f64),
    /// There were too few calls before or after.
    TooSoon,
}

/// Compares a statement's calls before an index appeared in the catalogue with those after.
///
/// Compares medians, which a few calls that waited for a lock or found the cache cold do not move. Where calls give
/// more rows than before, time is taken for each row: more rows take longer with any index.
#[must_use]
pub fn compare(before: &Activity, after: &Activity) -> Outcome {
    if before.completed() < CALLS_EACH_MIN || after.completed() < CALLS_EACH_MIN {
        return Outcome::TooSoon;
    }
    let growth = match (rows(before), rows(after)) {
        (Some(before), Some(after)) => (after / before.max(1.0)).max(1.0),
        _ => 1.0,
    };
    let (was, is) = (seconds(before.p50()), seconds(after.p50()) / growth);
    if was <= 0.0 {
        return Outcome::TooSoon;
    }
    let saved = 1.0 - is / was;
    if is <= was * HELPED_SHARE { Outcome::Helped(saved) } else { Outcome::DidNotHelp(saved) }
}

/// Mean rows of a call, where the driver told those of every call.
fn rows(activity: &Activity) -> Option<f64> {
    let rows = activity.rows_returned + activity.rows_affected;
    (activity.rows_unknown == 0).then(|| rows as f64 / activity.completed().max(1) as f64)
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}
