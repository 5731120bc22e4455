//! Where the stages meet: the monitor itself, and the handles adapters hold.

mod advisor;
mod beat;
mod builder;
mod source;
mod timers;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use builder::{BuildError, Builder};
pub use source::{Source, Statement};
pub use timers::{CallTimer, Checkout, CheckoutTimer, TransactionTimer};

use crate::aggregate::Registry;
use crate::capture::{Clock, Database};
use crate::inquire::Asker;
use crate::judge::advice::{Advice, Recommendation};
use crate::judge::{self, Alert, AlertBook, AlertTiming, Health, Thresholds};
use crate::show;
use crate::snapshot::{CallRecord, Snapshot};

/// Watches databases from inside the service.
///
/// Cheap to clone: all clones are one monitor. Adapters get a reference and keep a clone. When the
/// last clone, and the last source made from it, is gone, its beat stops.
#[derive(Clone, Default)]
pub struct Monitor {
    /// `None` is a monitor that is off.
    inner: Option<Arc<Inner>>,
}

type OnAlert = Box<dyn Fn(&Alert) + Send + Sync>;

pub(crate) struct Inner {
    registry: Registry,
    thresholds: Thresholds,
    timing: AlertTiming,
    alerts: Mutex<AlertBook>,
    on_alert: Vec<OnAlert>,
    beat: beat::Beat,
    advisor: advisor::Advisor,
}

// === impl Monitor ===

impl Monitor {
    /// A monitor with everything at its default, ready to be changed.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A monitor that sees nothing and costs next to nothing.
    ///
    /// Lets a service keep its wrapped pools when monitoring is switched off by configuration.
    #[must_use]
    pub fn off() -> Self {
        Self { inner: None }
    }

    /// Whether this monitor records anything.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.inner.is_none()
    }

    /// The clock this monitor reads. A monitor that is off has one of its own.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.inner.as_ref().map_or_else(Clock::real, |inner| inner.registry.clock.clone())
    }

    /// The thresholds this monitor judges by.
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        self.inner.as_ref().map_or_else(Thresholds::default, |inner| inner.thresholds)
    }

    /// A database that is used without a pool, or whose pool is not known.
    ///
    /// Asking twice for an equal database gives the same source. Takes a short lock: do it once per
    /// connection, not once per call.
    #[must_use]
    pub fn database(&self, database: Database) -> Source {
        Source::new(self.inner.as_ref(), None, database)
    }

    /// A pool by its name. Asking twice for the same name and database gives the same pool.
    #[must_use]
    pub fn pool(&self, name: &str, database: Database) -> Source {
        Source::new(self.inner.as_ref(), Some(name), database)
    }

    /// A pool without a name of its own: it is called after its database, `host:port/name`, and
    /// gets a number behind that if there is such a pool already.
    #[must_use]
    pub fn unnamed_pool(&self, database: Database) -> Source {
        let base = database.to_string();
        let taken = |name: &str| self.inner.as_ref().is_some_and(|i| i.registry.has_pool(name));
        let mut name = base.clone();
        let mut number = 2;
        while taken(&name) {
            name = format!("{base}-{number}");
            number += 1;
        }
        self.pool(&name, database)
    }

    /// The numbers at this moment.
    ///
    /// Adds up every statement, which takes milliseconds when there are thousands. A call of a known
    /// statement does not wait for it, unless its thread ends thousands of calls meanwhile; the first
    /// call of a new statement may wait while the numbers are copied. A monitor that is off gives an empty snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.inner.as_ref().map_or_else(Snapshot::empty, |inner| inner.snapshot())
    }

    /// How the databases do, judged by the [thresholds](Self::thresholds).
    #[must_use]
    pub fn health(&self) -> Health {
        judge::health(&self.snapshot(), &self.thresholds())
    }

    /// The slowest call of each statement that had slow calls, slowest first.
    #[must_use]
    pub fn slow_queries(&self, limit: usize) -> Vec<CallRecord> {
        self.slower_than(self.thresholds().slow, limit)
    }

    /// The slowest call of each statement that had very slow calls, slowest first.
    #[must_use]
    pub fn very_slow_queries(&self, limit: usize) -> Vec<CallRecord> {
        self.slower_than(self.thresholds().very_slow, limit)
    }

    fn slower_than(&self, threshold: Duration, limit: usize) -> Vec<CallRecord> {
        let log = self.inner.as_ref().map(|inner| inner.registry.slow_calls()).unwrap_or_default();
        log.into_iter().filter(|call| call.duration >= threshold).take(limit).collect()
    }

    /// The newest calls, newest first, as far as
    /// [`Limits::recent_calls_max`](crate::Limits::recent_calls_max) goes back.
    #[must_use]
    pub fn recent_calls(&self, limit: usize) -> Vec<CallRecord> {
        self.inner.as_ref().map(|inner| inner.registry.recent_calls(limit)).unwrap_or_default()
    }

    /// Alerts that fire now, then those that are over, newest first.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        self.inner.as_ref().map(|inner| inner.book().alerts()).unwrap_or_default()
    }

    /// What to do about the database, most important first, as of the last look.
    ///
    /// The monitor looks on a thread of its own: once after
    /// [`observe_for`](judge::advice::AdviceSettings::observe_for), then
    /// [`every`](judge::advice::AdviceSettings::every) so often. Empty before the first look; see
    /// [`look_for_advice`](Self::look_for_advice).
    #[must_use]
    pub fn recommendations(&self) -> Vec<Recommendation> {
        self.advice().recommendations
    }

    /// All that the last look for advice came to: also why a rule was silent.
    #[must_use]
    pub fn advice(&self) -> Advice {
        self.inner.as_ref().map(|inner| inner.advisor.advice()).unwrap_or_default()
    }

    /// Looks for advice now, and gives it.
    ///
    /// Takes a snapshot, asks the database if there is somebody to ask, and puts every statement of the last hour to
    /// the rules: some ten milliseconds for a hundred statements, on the caller's thread, so not to be called in
    /// a request's way. A monitor that is off has no advice.
    pub fn look_for_advice(&self) -> Advice {
        self.inner.as_ref().map(|inner| inner.look_for_advice()).unwrap_or_default()
    }

    /// From now on, advice may ask the database: what it holds makes many rules surer, and some need it.
    ///
    /// Replaces whoever was asked before; see [`Builder::ask_database`].
    pub fn ask_database(&self, asker: impl Asker + 'static) {
        if let Some(inner) = &self.inner {
            inner.advisor.ask(Box::new(asker), inner.registry.clock.clone());
        }
    }

    /// A report a person likes to read, as plain text.
    #[must_use]
    pub fn report(&self) -> String {
        let snapshot = self.snapshot();
        let health = judge::health(&snapshot, &self.thresholds());
        let recommendations = self.recommendations();
        show::text(&snapshot, &health) + &show::recommendations(&recommendations)
    }

    /// Does what is due: digests the slow log, parses new statements, closes window pieces and
    /// reviews alerts.
    ///
    /// A thread of the monitor's own calls this every second, unless the builder was told
    /// [`beat_by_hand`](Builder::beat_by_hand).
    pub fn beat(&self) {
        if let Some(inner) = &self.inner {
            inner.beat();
        }
    }
}

/// Shows whether it is on, and nothing it has recorded.
impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor").field("off", &self.is_off()).finish_non_exhaustive()
    }
}

// === impl Inner ===

impl Inner {
    fn book(&self) -> std::sync::MutexGuard<'_, AlertBook> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.registry.snapshot();
        snapshot.losses.alerts_forgotten = self.book().forgotten();
        snapshot.losses.panics_caught += self.beat.panicked();
        snapshot.losses.recommendations_forgotten = self.advisor.forgotten();
        snapshot
    }
}
