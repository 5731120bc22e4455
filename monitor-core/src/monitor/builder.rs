//! Setting a monitor up, with errors that name the remedy.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::advisor::{self, Advisor};
use super::beat::{self, Beat};
use super::{Inner, Monitor, OnAlert};
use crate::aggregate::{Limits, PLACES_MAX, Registry, SOURCES_MAX};
use crate::capture::Clock;
use crate::inquire::Asker;
use crate::judge::advice::AdviceSettings;
use crate::judge::{Alert, AlertBook, AlertTiming, Thresholds};

/// Sets up a [`Monitor`]. Every setting has a documented default.
#[derive(Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    thresholds: Thresholds,
    limits: Limits,
    held_for: Option<Duration>,
    clear_for: Option<Duration>,
    clock: Option<Clock>,
    by_hand: bool,
    on_alert: Vec<OnAlert>,
    advice: AdviceSettings,
    asker: Option<Box<dyn Asker>>,
}

/// Why a monitor could not be built. The message says which setting, and what would work.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct BuildError {
    message: String,
    #[source]
    cause: Option<std::io::Error>,
}

/// Texts a monitor may be told to remember: a gigabyte of them.
const TEXTS_MAX: usize = 1 << 26;
/// The shortest time between two looks for advice.
const ADVICE_EVERY_MIN: Duration = Duration::from_secs(1);
/// How long trouble must last before an alert fires, by default.
const HELD_FOR: Duration = Duration::from_secs(10);
/// How long trouble must be gone before an alert is resolved, by default.
const CLEAR_FOR: Duration = Duration::from_secs(60);

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

    /// Leaked connections of one pool that are too many. Default:
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

    /// Calls in the history of recent calls; 0 keeps none, which makes recording cheaper. Default:
    /// [`Limits::RECENT_CALLS_MAX`], 1 000.
    pub fn recent_calls_max(mut self, count: usize) -> Self {
        self.limits.recent_calls_max = count;
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

    /// How long trouble must last before an alert fires. Slow calls are told at once. Default: 10 s.
    pub fn alert_held_for(mut self, duration: Duration) -> Self {
        self.held_for = Some(duration);
        self
    }

    /// How long trouble must be gone before an alert is resolved. Default: 60 s.
    pub fn alert_clear_for(mut self, duration: Duration) -> Self {
        self.clear_for = Some(duration);
        self
    }

    /// Calls back when an alert fires and when it is resolved.
    ///
    /// Runs on the monitor's own thread, never in a query's way. A callback that blocks delays the
    /// next beat, not the service; one that panics is counted and called again next time.
    pub fn on_alert(mut self, callback: impl Fn(&Alert) + Send + Sync + 'static) -> Self {
        self.on_alert.push(Box::new(callback));
        self
    }

    /// Whether, how often and about what advice is given; see [`Monitor::recommendations`]. Default: every five minutes.
    pub fn recommendations(mut self, settings: AdviceSettings) -> Self {
        self.advice = settings;
        self
    }

    /// Lets advice ask the database what it holds, over a connection of the monitor's own.
    ///
    /// The adapters make askers. What is asked keeps to a [budget](crate::inquire::Budget).
    pub fn ask_database(mut self, asker: impl Asker + 'static) -> Self {
        self.asker = Some(Box::new(asker));
        self
    }

    /// The clock to read; see [`Clock::by_hand`]. Default: the machine's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Starts no thread: [`Monitor::beat`] is called by whoever built the monitor.
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
        self.check_advice()?;
        let timing = AlertTiming {
            held_for: self.held_for.unwrap_or(HELD_FOR),
            clear_for: self.clear_for.unwrap_or(CLEAR_FOR),
        };
        if timing.clear_for.is_zero() {
            return refuse(
                "alerts that clear after 0 s would fire and resolve on every beat; choose a time above zero",
            );
        }
        let Thresholds { slow, very_slow, leak_after, .. } = self.thresholds;
        let clock = self.clock.unwrap_or_else(Clock::real);
        let asker = self.asker.map(|asker| advisor::budgeted(asker, clock.clone()));
        let inner = Arc::new(Inner {
            registry: Registry::new(clock, self.limits, slow, very_slow, leak_after),
            thresholds: self.thresholds,
            timing,
            alerts: Mutex::new(AlertBook::new(self.limits.alerts_max)),
            on_alert: self.on_alert,
            beat: Beat::default(),
            advisor: Advisor::new(self.advice, asker),
        });
        if !self.by_hand {
            beat::start(&inner).map_err(no_thread)?;
        }
        if !self.by_hand && inner.advisor.is_on() {
            advisor::start(&inner).map_err(no_thread)?;
        }
        Ok(Monitor { inner: Some(inner) })
    }

    fn check_thresholds(&self) -> Result<(), BuildError> {
        let t = &self.thresholds;
        if t.slow.is_zero() {
            return refuse(
                "slow threshold is 0 s, which would keep every call; choose one above zero",
            );
        }
        if t.very_slow < t.slow {
            return refuse(format!(
                "very slow threshold {:?} is below the slow threshold {:?}; choose one at least as long",
                t.very_slow, t.slow
            ));
        }
        for (name, share) in [("error rate", t.error_rate), ("pool usage", t.pool_usage)] {
            if !(share > 0.0 && share <= 1.0) {
                return refuse(format!(
                    "{name} threshold is {share}; it is a share, choose one above 0 and up to 1 (0.05 is 5 %)"
                ));
            }
        }
        if !(t.calls_per_second > 0.0 && t.calls_per_second.is_finite()) {
            return refuse(format!(
                "calls-per-second threshold is {}; choose a number above zero",
                t.calls_per_second
            ));
        }
        for (name, duration) in [("average time", t.average_time), ("leak", t.leak_after)] {
            if duration.is_zero() {
                return refuse(format!("{name} threshold is 0 s; choose one above zero"));
            }
        }
        for (name, count) in [
            ("leaked connections", t.leaked_connections),
            ("failed connections", t.failed_connections),
            ("failed checkouts", t.failed_checkouts),
        ] {
            if count == 0 {
                return refuse(format!(
                    "{name} threshold is 0, which is always reached; choose at least 1"
                ));
            }
        }
        Ok(())
    }

    fn check_advice(&self) -> Result<(), BuildError> {
        let AdviceSettings { every, remembered_max, .. } = self.advice;
        if every < ADVICE_EVERY_MIN {
            return refuse(format!(
                "advice every {every:?} would do little else; choose {ADVICE_EVERY_MIN:?} or longer"
            ));
        }
        if remembered_max == 0 {
            return refuse("remembered_max is 0; choose at least 1");
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), BuildError> {
        let l = &self.limits;
        for (name, count, least, most) in [
            ("statements_max", l.statements_max, 1, PLACES_MAX),
            ("texts_max", l.texts_max, 1, TEXTS_MAX),
            ("slow_statements_max", l.slow_statements_max, 1, usize::MAX),
            ("sources_max", l.sources_max, 2, SOURCES_MAX),
            ("checkouts_tracked_max", l.checkouts_tracked_max, 1, usize::MAX),
            ("alerts_max", l.alerts_max, 1, usize::MAX),
        ] {
            if count < least {
                return refuse(format!("{name} is {count}; choose at least {least}"));
            }
            if count > most {
                return refuse(format!("{name} is {count}; choose at most {most}"));
            }
        }
        Ok(())
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

fn refuse<T>(message: impl Into<String>) -> Result<T, BuildError> {
    Err(BuildError { message: message.into(), cause: None })
}

fn no_thread(cause: std::io::Error) -> BuildError {
    let message = "cannot start the monitor's thread; raise the process's thread limit, or use \
                   `beat_by_hand` and call `Monitor::beat` every second";
    BuildError { message: message.into(), cause: Some(cause) }
}
