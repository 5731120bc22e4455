//! Somebody who asked to hear of alerts.

use std::fmt;
use std::time::Duration;

use super::Delivery;
use crate::judge::{Alert, Notice};

/// Somebody who asked to hear of alerts: a pager, a chat, a log, a channel.
///
/// The monitor does the rest: it queues, paces, retries, catches panics and counts. So a sink tries once
/// and says what came of it. It runs on a thread of its own, where it may block, within a time-out of its own:
/// while it hangs, nothing else waits, but its own queue.
///
/// ```
/// use monitor_core::Monitor;
/// use monitor_core::deliver::{SendError, Sink};
/// use monitor_core::judge::Notice;
///
/// struct Log;
///
/// impl Sink for Log {
///     fn name(&self) -> &str {
///         "log"
///     }
///
///     fn send(&mut self, notices: &[Notice]) -> Result<(), SendError> {
///         for notice in notices {
///             eprintln!("{} {}", notice.event, notice.alert.finding.message);
///         }
///         Ok(())
///     }
/// }
///
/// let monitor = Monitor::builder().sink(Log).build()?;
/// # Ok::<(), monitor_core::BuildError>(())
/// ```
pub trait Sink: Send {
    /// What [`Snapshot::sinks`](crate::snapshot::Snapshot::sinks) calls it. Asked for once.
    fn name(&self) -> &str;

    /// Tells notices, oldest first: at least one, at most [`Delivery::batch_max`].
    ///
    /// Of one alert there is at most one, the newest: what was not told in time is folded into it.
    ///
    /// # Errors
    ///
    /// What went wrong, and whether it is worth another try; all of the notices are tried again, or none.
    fn send(&mut self, notices: &[Notice]) -> Result<(), SendError>;

    /// Tells all alerts that fire now, every [`Delivery::refresh_every`], for receivers that forget an alert
    /// nobody speaks of. Never called with none.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); another try is made with the alerts that fire then.
    fn refresh(&mut self, firing: &[Alert]) -> Result<(), SendError> {
        let _ = firing;
        Ok(())
    }

    /// How it wants to be told. Asked for once.
    fn delivery(&self) -> Delivery {
        Delivery::default()
    }
}

/// Why a sink could not be told, and whether trying again can help.
///
/// Carries a class, never the text of the error underneath: that may hold an address or a key, and this is
/// shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendError {
    class: &'static str,
    code: Option<u16>,
    retry: Retry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retry {
    Never,
    Later(Duration),
}

// === impl SendError ===

impl SendError {
    /// A failure that may pass: no connection, a time-out, a server that is overloaded.
    #[must_use]
    pub fn transient(class: &'static str) -> Self {
        Self { class, code: None, retry: Retry::Later(Duration::ZERO) }
    }

    /// A failure that trying again cannot mend: the receiver does not want this.
    #[must_use]
    pub fn permanent(class: &'static str) -> Self {
        Self { class, code: None, retry: Retry::Never }
    }

    /// The receiver's own number for it, such as an HTTP status.
    #[must_use]
    pub fn code(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }

    /// How long the receiver wants to be left alone, at least. Believed up to
    /// [`Delivery::RETRY_AFTER_MAX`]. Says nothing about a permanent failure.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        if let Retry::Later(least) = &mut self.retry {
            *least = wait;
        }
        self
    }

    /// Whether trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.least_wait().is_some()
    }

    /// How long to wait at least before trying again; `None` if trying again cannot help.
    #[must_use]
    pub fn least_wait(&self) -> Option<Duration> {
        match self.retry {
            Retry::Never => None,
            Retry::Later(least) => Some(least),
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class)?;
        self.code.map_or(Ok(()), |code| write!(f, " ({code})"))
    }
}

impl std::error::Error for SendError {}
