//! Setting a monitor up, with errors that name the remedy.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::advisor::{self, Advisor};
use super::alerting::{Alerting, CustomRule, State};
use super::beat::{self, Beat};
use super::observer::{Observer, Observers};
use super::scope_watch::ScopeWatch;
use super::slow_settings::SlowSettings;
use super::{Inner, Monitor};
use crate::aggregate::{KeptLiterals, Limits, Registry, ScopeRules, SlowAfter};
use crate::capture::Clock;
use crate::deliver::{Callback, Dispatch, Sink};
use crate::inquire::Asker;
use crate::judge::advice::AdviceSettings;
use crate::judge::{
    Alert, AlertBook, AlertRule, AlertRules, Finding, FindingKind, HealthBook, Mute, Mutes, Notice,
    Overload, Regressions, Thresholds,
};
use crate::snapshot::Snapshot;

/// Sets up a [`Monitor`]. Every setting has a documented default.
#[derive(Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    pub(super) thresholds: Thresholds,
    pub(super) slow: SlowSettings,
    pub(super) literals: KeptLiterals,
    pub(super) limits: Limits,
    pub(super) rules: AlertRules,
    custom: Vec<CustomRule>,
    mutes: Vec<Mute>,
    pub(super) build: Option<Arc<str>>,
    clock: Option<Clock>,
    by_hand: bool,
    sinks: Vec<Box<dyn Sink>>,
    pub(super) advice: AdviceSettings,
    pub(super) asker: Option<Box<dyn Asker>>,
    pub(super) observers: Vec<Box<dyn Observer>>,
    pub(super) scope_rules: ScopeRules,
}

/// Why a monitor could not be built. The message says which setting, and what would work.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct BuildError {
    message: String,
    #[source]
    cause: Option<std::io::Error>,
}

// === impl Builder ===

impl Builder {
    /// A call of this length or longer is slow. Default: [`Thresholds::SLOW`], 1 s.
    pub fn slow(mut self, duration: Duration) -> Self {
        self.thresholds.slow = duration;
        self
    }

    /// A call of this length or longer is very slow. Default: [`Thresholds::VERY_SLOW`], 5 s.
    pub fn very_slow(mut self, duration: Duration) -> Self {
        self.thresholds.very_slow = duration;
        self
    }

    /// Share of failed calls, from 0 to 1, that is too much. Default: [`Thresholds::ERROR_RATE`], 5 %.
    pub fn error_rate(mut self, share: f64) -> Self {
        self.thresholds.error_rate = share;
        self
    }

    /// Share of a pool's connections in use, from 0 to 1, that is too much. Default:
    /// [`Thresholds::POOL_USAGE`], 80 %.
    pub fn pool_usage(mut self, share: f64) -> Self {
        self.thresholds.pool_usage = share;
        self
    }

    /// Mean time of a call that is too much. Default: [`Thresholds::AVERAGE_TIME`], 500 ms.
    pub fn average_time(mut self, duration: Duration) -> Self {
        self.thresholds.average_time = duration;
        self
    }

    /// 99th percentile of calls' times that is too much. Default: [`Thresholds::P99`], 2 s.
    pub fn p99(mut self, duration: Duration) -> Self {
        self.thresholds.p99 = duration;
        self
    }

    /// 95th percentile of waits for a pool's connection that is too much. Default:
    /// [`Thresholds::POOL_WAIT`], 500 ms.
    pub fn pool_wait(mut self, duration: Duration) -> Self {
        self.thresholds.pool_wait = duration;
        self
    }

    /// A transaction open for this long or longer is long. Default:
    /// [`Thresholds::TRANSACTION_TIME`], 60 s.
    pub fn transaction_time(mut self, duration: Duration) -> Self {
        self.thresholds.transaction_time = duration;
        self
    }

    /// How many times its former mean time makes a call's a regression. Default:
    /// [`Thresholds::REGRESSION`], 3. The last five minutes are compared with those before them,
    /// so it takes about a quarter of an hour to tell, and longer among hundreds of statements.
    pub fn regression(mut self, factor: f64) -> Self {
        self.thresholds.regression = factor;
        self
    }

    /// Calls per second that are more than expected. Default: [`Thresholds::CALLS_PER_SECOND`], 100.
    pub fn calls_per_second(mut self, rate: f64) -> Self {
        self.thresholds.calls_per_second = rate;
        self
    }

    /// A connection out for this long or longer counts as leaked. Default:
    /// [`Thresholds::LEAK_AFTER`], 60 s.
    pub fn leak_after(mut self, duration: Duration) -> Self {
        self.thresholds.leak_after = duration;
        self
    }

    /// Leaked connections of one pool that are too many; of a smaller pool, all of them. Default:
    /// [`Thresholds::LEAKED_CONNECTIONS`], 5.
    pub fn leaked_connections(mut self, count: u64) -> Self {
        self.thresholds.leaked_connections = count;
        self
    }

    /// Failed attempts to connect within a minute that are too many. Default:
    /// [`Thresholds::FAILED_CONNECTIONS`], 10.
    pub fn failed_connections(mut self, count: u64) -> Self {
        self.thresholds.failed_connections = count;
        self
    }

    /// Checkouts without a connection within a minute that are too many. Default:
    /// [`Thresholds::FAILED_CHECKOUTS`], 5.
    pub fn failed_checkouts(mut self, count: u64) -> Self {
        self.thresholds.failed_checkouts = count;
        self
    }

    /// Calls within a minute before a rate or a mean is judged. Default: [`Thresholds::CALLS_MIN`], 20.
    pub fn calls_min(mut self, count: u64) -> Self {
        self.thresholds.calls_min = count;
        self
    }

    /// Statements with numbers of their own. Default: [`Limits::STATEMENTS_MAX`], 2 000.
    pub fn statements_max(mut self, count: usize) -> Self {
        self.limits.statements_max = count;
        self
    }

    /// SQL texts whose identity is remembered. Default: [`Limits::TEXTS_MAX`], 20 000.
    pub fn texts_max(mut self, count: usize) -> Self {
        self.limits.texts_max = count;
        self
    }

    /// Statements in the slow log. Default: [`Limits::SLOW_STATEMENTS_MAX`], 100.
    pub fn slow_statements_max(mut self, count: usize) -> Self {
        self.limits.slow_statements_max = count;
        self
    }

    /// Bytes of a slow call's text that are kept, if
    /// [literals are](Self::keep_literals_of_slow_calls). Default: [`Limits::SLOW_TEXT_BYTES_MAX`], 4 096.
    pub fn slow_text_bytes_max(mut self, bytes: usize) -> Self {
        self.limits.slow_text_bytes_max = bytes;
        self
    }

    /// Calls in the history of recent calls; 0 keeps none, which makes recording cheaper. Default:
    /// [`Limits::RECENT_CALLS_MAX`], 1 000.
    pub fn recent_calls_max(mut self, count: usize) -> Self {
        self.limits.recent_calls_max = count;
        self
    }

    /// Calls started by one thread that are followed while they run, so that one that takes too long
    /// is found before it ends; 0 follows none. Default: [`Limits::RUNNING_PER_THREAD_MAX`], 256.
    pub fn running_per_thread_max(mut self, count: usize) -> Self {
        self.limits.running_per_thread_max = count;
        self
    }

    /// Calls kept that were found running too long. Default: [`Limits::RUNNING_TOLD_MAX`], 100.
    pub fn running_told_max(mut self, count: usize) -> Self {
        self.limits.running_told_max = count;
        self
    }

    /// Pools and databases with numbers of their own. Default: [`Limits::SOURCES_MAX`], 64.
    pub fn sources_max(mut self, count: usize) -> Self {
        self.limits.sources_max = count;
        self
    }

    /// Checkouts of one pool followed to their holder at the same time. Default:
    /// [`Limits::CHECKOUTS_TRACKED_MAX`], 10 000.
    pub fn checkouts_tracked_max(mut self, count: usize) -> Self {
        self.limits.checkouts_tracked_max = count;
        self
    }

    /// Alerts kept in the history. Default: [`Limits::ALERTS_MAX`], 1 000.
    pub fn alerts_max(mut self, count: usize) -> Self {
        self.limits.alerts_max = count;
        self
    }

    /// How long trouble must last before an alert fires. Slow calls are told at once. Default:
    /// [`AlertRule::HELD_FOR`], 10 s.
    pub fn alert_held_for(mut self, duration: Duration) -> Self {
        self.rules.held_for = duration;
        self
    }

    /// How long trouble must be gone before an alert is resolved. Default:
    /// [`AlertRule::CLEAR_FOR`], 60 s.
    pub fn alert_clear_for(mut self, duration: Duration) -> Self {
        self.rules.clear_for = duration;
        self
    }

    /// How long an alert that is over is kept. Default: [`AlertRule::RETENTION`], 7 days.
    pub fn alert_retention(mut self, duration: Duration) -> Self {
        self.rules.retention = duration;
        self
    }

    /// With more statements than this in the same sort of trouble, the further ones are told as one
    /// alert. Default: [`AlertRule::FOLD_AFTER`], 5.
    pub fn alert_fold_after(mut self, statements: usize) -> Self {
        self.rules.fold_after = statements;
        self
    }

    /// How one sort of trouble becomes an alert. Default: [`AlertRule::default`].
    pub fn alert(mut self, kind: FindingKind, rule: AlertRule) -> Self {
        self.rules.by_kind.insert(kind, rule);
        self
    }

    /// A rule of your own: what it finds in a snapshot becomes an alert as the built-in findings
    /// do. Its kind is [`FindingKind::Custom`] with this name.
    ///
    /// Runs on the monitor's own thread every five seconds. A rule that panics is counted
    /// ([`Losses::panics_caught`](crate::snapshot::Losses::panics_caught)) and asked again next time.
    ///
    /// ```
    /// use monitor_core::{Monitor, judge::{Finding, Severity}};
    ///
    /// let monitor = Monitor::builder()
    ///     .rule("no-deletes", |snapshot| {
    ///         let deletes = snapshot.lifetime.kind(monitor_core::identify::Kind::Delete).calls;
    ///         let found = Finding::new(Severity::Error, "deletes", format!("{deletes} deletes"));
    ///         (deletes > 0).then(|| found.measured(deletes as f64, 1.0)).into_iter().collect()
    ///     })
    ///     .build()?;
    /// # Ok::<(), monitor_core::BuildError>(())
    /// ```
    pub fn rule(
        mut self,
        name: &'static str,
        check: impl Fn(&Snapshot) -> Vec<Finding> + Send + Sync + 'static,
    ) -> Self {
        self.custom.push(CustomRule { name, check: Box::new(check) });
        self
    }

    /// Alerts to tell nobody about; see also [`Monitor::mute`].
    pub fn mute(mut self, mute: Mute) -> Self {
        self.mutes.push(mute);
        self
    }

    /// Calls back when there is something to say about an alert: it fired, got worse, still fires, is over. The
    /// alert's state tells the last from the others; [`on_notice`](Self::on_notice) says which.
    ///
    /// A callback runs as a sink does: on a thread of its own, never in a query's way; one that blocks delays itself
    /// only, and one that panics is counted and called again for the next alert.
    pub fn on_alert(self, callback: impl Fn(&Alert) + Send + 'static) -> Self {
        self.on_notice(move |notice| callback(&notice.alert))
    }

    /// Calls back as [`on_alert`](Self::on_alert) does, and says what happened to the alert.
    pub fn on_notice(self, callback: impl Fn(&Notice) + Send + 'static) -> Self {
        self.sink(Callback(callback))
    }

    /// Tells alerts to somebody: a sink of the crate `monitor-notify`, or your own.
    ///
    /// Each sink has a bounded queue and, from its first notice on, a thread of its own; whether it hears is shown in
    /// [`Snapshot::sinks`](crate::snapshot::Snapshot::sinks). A sink that holds a clone of the monitor keeps it alive for
    /// ever.
    pub fn sink(mut self, sink: impl Sink + 'static) -> Self {
        self.sinks.push(Box::new(sink));
        self
    }

    /// The build of the service: a version, a commit, the name of an image. It goes into every
    /// snapshot, so that "before and after this build" can be said. Default: none.
    pub fn build_id(mut self, build: impl Into<Arc<str>>) -> Self {
        self.build = Some(build.into());
        self
    }

    /// The clock to read; see [`Clock::by_hand`]. Default: the machine's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Starts no thread: [`Monitor::beat`] is called by whoever built the monitor, and tells the sinks what is due
    /// by the monitor's clock, one after the other.
    pub fn beat_by_hand(mut self) -> Self {
        self.by_hand = true;
        self
    }

    /// Builds the monitor and starts its beat.
    ///
    /// # Errors
    ///
    /// When a setting makes no sense, or the beat's thread cannot be started.
    pub fn build(self) -> Result<Monitor, BuildError> {
        self.check_thresholds()?;
        self.check_limits()?;
        self.check_alerts()?;
        self.check_build_id()?;
        advisor::check(&self.advice)?;
        let Thresholds { slow, very_slow, leak_after, .. } = self.thresholds;
        let rules = self.slow.into_rules(SlowAfter::both(slow, very_slow))?;
        let clock = self.clock.unwrap_or_else(Clock::real);
        let asker = self.asker.map(|asker| advisor::budgeted(asker, clock.clone()));
        let (limits, literals, scopes) = (self.limits, self.literals, self.scope_rules);
        let is_observed = !self.observers.is_empty();
        let beat = Beat::starting(clock.now());
        let dispatch = match Dispatch::new(self.sinks, &clock, self.by_hand) {
            Ok(dispatch) => dispatch,
            Err(fault) => return refuse(fault),
        };
        let inner = Arc::new(Inner {
            registry: Registry::new(
                clock,
                limits,
                rules,
                scopes,
                literals,
                is_observed,
                leak_after,
            ),
            build: self.build,
            thresholds: self.thresholds,
            alerting: Alerting {
                rules: self.rules,
                custom: self.custom,
                state: Mutex::new(State {
                    book: AlertBook::new(self.limits.alerts_max),
                    mutes: Mutes::new(self.mutes),
                    overload: Overload::default(),
                    regressions: Regressions::default(),
                }),
            },
            dispatch,
            health: Mutex::new(HealthBook::default()),
            beat,
            advisor: Advisor::new(self.advice, asker),
            observers: Observers::new(self.observers),
            scope_watch: ScopeWatch::default(),
        });
        if !self.by_hand {
            beat::start(&inner).map_err(no_thread)?;
        }
        if !self.by_hand && inner.advisor.is_on() {
            advisor::start(&inner).map_err(no_thread)?;
        }
        Ok(Monitor { inner: Some(inner) })
    }
}

/// Shows the settings, not the callbacks.
impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("thresholds", &self.thresholds)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

pub(super) fn refuse<T>(message: impl Into<String>) -> Result<T, BuildError> {
    Err(BuildError { message: message.into(), cause: None })
}

fn no_thread(cause: std::io::Error) -> BuildError {
    let message = "cannot start the monitor's thread; raise the process's thread limit, or use \
                   `beat_by_hand` and call `Monitor::beat` every second";
    BuildError { message: message.into(), cause: Some(cause) }
}
