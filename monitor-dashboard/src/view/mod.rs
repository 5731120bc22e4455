//! What the API answers: plain types with units in the names of their fields.
//!
//! Durations are seconds, as floating-point numbers, everywhere: it is the unit of the monitor's own JSON and of
//! Prometheus, so one number never has two names. Shares go from 0 to 1, moments are RFC 3339 in UTC, `null` is what
//! nobody knows. Texts are normalised: `?` stands for every literal.

mod advice;
mod alerts;
mod calls;
mod common;
mod comparison;
mod course;
mod health;
mod live;
mod overview;
mod pools;
mod scopes;
mod session;
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
pub use comparison::{
    Change, Comparison, Difference, MomentView, Moments, Period, StatementDifference,
};
pub use course::{HeatMap, HeatMinute, MinuteView, Spark};
pub use health::{Check, HealthView};
pub use live::{Live, LivePool};
pub(crate) use overview::counted;
pub use overview::{Attention, Loss, Overview, PoolGauge, View};
pub use pools::{Checkouts, Holder, Levels, Pool, PoolMinuteView, Pools, Timeout};
pub use scopes::{CallsBucket, RepeatView, ScopeExampleView, ScopeRow, ScopeStatementView, Scopes};
pub use session::Session;
pub use sources::{Connections, SourceTransactions, Transactions};
pub use statement::{Caller, ListSize, RowBucket, Statement, TrendView};
pub use statements::{KindRow, Kinds, StatementRow, Statements, TableRow, Tables};
pub use subject::SubjectView;
