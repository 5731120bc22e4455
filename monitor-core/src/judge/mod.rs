//! Is it well? Pure functions of a snapshot.
//!
//! Judgement never sees the registry, a lock or a format: it is given plain data and the time, and
//! gives plain data back.

pub mod advice;

mod alert;
mod alert_book;
mod alert_filter;
mod alert_rule;
mod change;
mod compare;
mod finding;
mod findings;
mod health;
mod mute;
mod starvation;
mod statistics;
mod subject;
mod thresholds;
mod trend;

pub use alert::{Alert, AlertEvent, AlertState, Notice};
pub(crate) use alert_book::{AlertBook, Review};
pub use alert_filter::AlertFilter;
pub(crate) use alert_rule::AlertRules;
pub use alert_rule::{AlertRule, Group};
pub use change::{
    Answer, CALLS_RATIO_MIN, COMPARE_CALLS_MIN, COMPARE_LEVEL, Change, ChangeKind, Difference,
    ROWS_RATIO_MIN, TIME_RATIO_MIN, Test,
};
pub use compare::{Comparison, Period, StatementComparison, compare};
pub use finding::{Finding, FindingKind, Severity};
pub use findings::findings;
pub(crate) use findings::{Overload, Regressions, grouped, judged};
pub(crate) use health::HealthBook;
pub use health::{Check, CheckKind, Health, Observed, Status, Unit, health};
pub use mute::Mute;
pub(crate) use mute::Mutes;
pub use starvation::{Explanation, Starvation, explain};
pub use subject::Subject;
pub use thresholds::Thresholds;
pub use trend::{
    Direction, Measure, P95_CALLS_MIN, RECENT_MINUTES, TREND_LEVEL, TREND_RATIO_MIN, Trend,
    TrendEvidence, Trends, trends,
};
