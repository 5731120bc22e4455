//! Is it well? Pure functions of a snapshot.
//!
//! Judgement never sees the registry, a lock or a format: it is given plain data and the time, and
//! gives plain data back.

pub mod advice;

mod alerts;
mod findings;
mod health;
mod thresholds;

pub use alerts::{Alert, AlertState};
pub(crate) use alerts::{AlertBook, AlertTiming};
pub use findings::{Finding, FindingKind, Severity, findings};
pub use health::{Health, Status, health};
pub use thresholds::Thresholds;
