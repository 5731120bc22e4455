//! Two moments held against each other.

use monitor_core::judge;
use monitor_core::show;
use serde::Serialize;
use utoipa::ToSchema;

use super::common::{Numbers, Scope, Window, cut};
use super::statements::NAME_CHARS_MAX;
use crate::reading::Reading;

/// The moments that are kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Moments {
    /// How many may be kept.
    pub moments_max: usize,
    /// The moments, oldest first.
    pub moments: Vec<MomentView>,
}

/// A moment that is kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MomentView {
    /// Its name.
    pub name: String,
    /// When it was.
    pub at: String,
    /// The build that ran, where it was told.
    pub build: Option<String>,
    /// How long the monitor had been running.
    pub uptime_seconds: f64,
}

/// What changed from one moment to another.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Comparison {
    /// What was held against it.
    pub before: Period,
    /// What was looked at.
    pub after: Period,
    /// Whether both are of one process, so that `after` is what happened since `before`.
    pub is_continuation: bool,
    /// All calls together.
    pub total: Difference,
    /// Statements that changed.
    pub changed: usize,
    /// Statements that did not.
    pub unchanged: usize,
    /// Statements with too few calls to tell.
    pub too_soon: usize,
    /// Changed ones first, by the time lost or saved per hour; at most 200.
    pub statements: Vec<StatementDifference>,
    /// Statements left out.
    pub left_out: usize,
}

/// The time one side covers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Period {
    /// The build that ran, where it was told.
    pub build: Option<String>,
    /// When it ended.
    pub at: String,
    /// How long it was.
    pub covered_seconds: f64,
}

/// One statement on both sides.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatementDifference {
    /// Its identity; `null` for statements without a place of their own.
    pub fingerprint: Option<String>,
    /// The beginning of its normalised text, at most 300 characters.
    pub text: String,
    /// Whether that is not all of it.
    pub is_cut: bool,
    /// Operations and tables in a few words.
    pub summary: String,
    /// Its kind.
    pub kind: &'static str,
    /// The database it runs on.
    pub database: String,
    /// What changed.
    pub difference: Difference,
}

/// Two sets of calls and what changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Difference {
    /// `changed`, `unchanged`, `too_soon`.
    pub answer: &'static str,
    /// Seconds of the database's time that an hour costs more than it did; below zero where it costs less.
    pub seconds_per_hour: f64,
    /// Calls before.
    pub before: Numbers,
    /// Calls after.
    pub after: Numbers,
    /// What changed, if anything did.
    pub changes: Vec<Change>,
}

/// One thing that changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Change {
    /// What: `new`, `gone`, `slower`, `faster`, `more_failures`, `fewer_failures`, `more_calls`, `fewer_calls`,
    /// `more_rows`, `fewer_rows`.
    pub kind: &'static str,
    /// The value before: seconds, a share, calls per second, rows per call, as the kind has it.
    pub before: f64,
    /// The value after.
    pub after: f64,
    /// How often chance alone does this; `null` for what cannot be tested.
    pub p: Option<f64>,
}

/// Statements listed.
const STATEMENTS_MAX: usize = 200;

/// Characters of a text in a list.
const TEXT_CHARS_MAX: usize = 300;

// === impl MomentView ===

impl MomentView {
    pub(crate) fn new(name: &str, reading: &Reading) -> Self {
        let snapshot = &reading.snapshot;
        Self {
            name: name.to_owned(),
            at: show::moment(snapshot.at),
            build: snapshot.build.as_deref().map(str::to_owned),
            uptime_seconds: snapshot.uptime.as_secs_f64(),
        }
    }
}

// === impl Comparison ===

impl Comparison {
    pub(crate) fn new(comparison: &judge::Comparison) -> Self {
        let (before, after) = (Period::new(&comparison.before), Period::new(&comparison.after));
        let count = |answer| {
            let all = comparison.statements.iter();
            all.filter(|one| one.difference.answer == answer).count()
        };
        let listed = comparison.statements.iter().take(STATEMENTS_MAX);
        Self {
            is_continuation: comparison.is_continuation,
            total: Difference::new(&comparison.total, &before, &after),
            changed: count(judge::Answer::Changed),
            unchanged: count(judge::Answer::Unchanged),
            too_soon: count(judge::Answer::TooSoon),
            statements: listed.map(|one| StatementDifference::new(one, &before, &after)).collect(),
            left_out: comparison.statements.len().saturating_sub(STATEMENTS_MAX),
            before,
            after,
        }
    }
}

// === impl Period ===

impl Period {
    fn new(period: &judge::Period) -> Self {
        Self {
            build: period.build.as_deref().map(|build| cut(build, NAME_CHARS_MAX).0),
            at: show::moment(period.at),
            covered_seconds: period.covered.as_secs_f64(),
        }
    }

    /// What rates of this side are divided by.
    fn scope(&self) -> Scope {
        Scope { at: self.at.clone(), window: Window::Start, covered_seconds: self.covered_seconds }
    }
}

// === impl StatementDifference ===

impl StatementDifference {
    fn new(one: &judge::StatementComparison, before: &Period, after: &Period) -> Self {
        let (text, is_cut) = cut(&one.text, TEXT_CHARS_MAX);
        Self {
            fingerprint: one.fingerprint.map(|fingerprint| fingerprint.to_string()),
            text,
            is_cut,
            summary: cut(&one.summary, NAME_CHARS_MAX).0,
            kind: one.kind.as_str(),
            database: cut(&one.database.to_string(), NAME_CHARS_MAX).0,
            difference: Difference::new(&one.difference, before, after),
        }
    }
}

// === impl Difference ===

impl Difference {
    fn new(difference: &judge::Difference, before: &Period, after: &Period) -> Self {
        let changes = difference.changes.iter().map(|change| Change {
            kind: change.kind.as_str(),
            before: change.before,
            after: change.after,
            p: change.p,
        });
        Self {
            answer: difference.answer.as_str(),
            seconds_per_hour: difference.seconds_per_hour,
            before: Numbers::new(&difference.before, &before.scope()),
            after: Numbers::new(&difference.after, &after.scope()),
            changes: changes.collect(),
        }
    }
}
