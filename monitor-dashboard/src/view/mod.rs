//! What the API answers: plain types with units in the names of their fields.
//!
//! Durations are seconds, as floating-point numbers, everywhere: it is the unit of the monitor's own JSON and of
//! Prometheus, so one number never has two names. Shares go from 0 to 1, moments are RFC 3339 in UTC, `null` is what
//! nobody knows. Texts are normalised: `?` stands for every literal.

mod advice;
mod alerts;
mod calls;
mod common;
mod course;
mod health;
mod overview;
mod pools;
mod sources;
mod statement;
mod statements;
mod subject;

pub use advice::{
    AdviceView, Evidence, Fact, Recommendation, RuleAnswer, RuleReason, Sequel, StatementText,
};
pub use alerts::{Alert, Alerts, Sink};
pub use calls::{Call, RunningCall, SlowLog, SlowVerdict};
pub use common::{Bucket, Errors, Numbers, Scope, Window};
pub use course::{HeatMap, HeatMinute, MinuteView, Spark};
pub use health::{Check, HealthView};
pub(crate) use overview::counted;
pub use overview::{Attention, Loss, Overview, PoolGauge, View};
pub use pools::{Checkouts, Holder, Levels, Pool, PoolMinuteView, Pools, Timeout};
pub use sources::{Connections, SourceTransactions, Transactions};
pub use statement::{Caller, ListSize, RowBucket, Statement, TrendView};
pub use statements::{KindRow, Kinds, StatementRow, Statements, TableRow, Tables};
pub use subject::SubjectView;
