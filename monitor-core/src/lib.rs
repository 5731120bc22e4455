//! The brain of a database performance monitor.
//!
//! A call goes in on the left, a true picture of the database comes out on the right:
//!
//! ```text
//! capture -> identify -> aggregate -> SNAPSHOT -> judge -> show
//! ```
//!
//! Services use it through an adapter (`monitor-sqlx`, `monitor-diesel`), which needs one line. With
//! another driver, hand over each call yourself:
//!
//! ```
//! use std::time::Duration;
//! use monitor_core::{Monitor, capture::{Call, Database, Rows, System}};
//!
//! let monitor = Monitor::builder().slow(Duration::from_millis(200)).build()?;
//! let shop = monitor.database(Database { name: "shop".into(), ..Database::of(System::PostgreSql) });
//!
//! let took = Duration::from_millis(340);
//! shop.record(Call::new("SELECT name FROM users WHERE id = 42", took).rows(Rows::returned(1)));
//!
//! let snapshot = monitor.snapshot();
//! let statement = &snapshot.lifetime.statements[0];
//! assert_eq!(&*statement.text, "select name from users where id = ?");
//! assert_eq!(statement.activity.slow, 1);
//! # Ok::<(), monitor_core::BuildError>(())
//! ```
//!
//! # What recording may do to your service
//!
//! Recording never fails, never panics, never blocks on I/O or a full queue. Memory has a bound for
//! everything ([`Limits`]), and what was let go is counted ([`snapshot::Losses`]). Literals in SQL
//! never leave: what is kept, shown and sent has `?` in their place.
//!
//! # What it does not do
//!
//! It opens no socket and no database connection, and keeps nothing on disk.

pub mod capture;
pub mod identify;
pub mod snapshot;

pub mod inquire;

mod aggregate;
pub mod deliver;
pub mod judge;
mod monitor;
pub mod show;
pub mod testing;

pub use aggregate::{Limits, ScopeRule, SlowAfter, SlowRelative};
pub use judge::Thresholds;
pub use monitor::{
    BuildError, Builder, CallTimer, Checkout, CheckoutTimer, Companion, Drain, Ending, KeptText,
    LastCall, Monitor, Observer, ProbeTimer, Scope, ScopeGuard, ScopeSummary, Scoped, Source,
    StartingCall, Statement, TransactionTimer, WeakScope,
};
