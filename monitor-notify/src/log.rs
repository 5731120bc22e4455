//! Your log.

use monitor_core::deliver::{SendError, Sink};
use monitor_core::judge::{AlertEvent, Notice, Severity};
use tracing::Level;

/// Writes each notice as an event of `tracing`.
///
/// Target: `db_monitor::alert`. Level: `ERROR` for errors and critical alerts, `WARN` for warnings, `INFO` for information and for
/// what is over. Fields: `event`, `kind`, `severity`, `subject`, `value`, `threshold`, `times_seen`, and where there are such,
/// `database`, `pool` and `fingerprint`. The message is the finding's sentence.
///
/// Events go to the global subscriber: they are written on the sink's thread, where no scoped one reaches.
#[derive(Debug, Default)]
pub struct Log(());

/// Where `tracing` filters find it.
const TARGET: &str = "db_monitor::alert";

/// `tracing` wants a level that is known when it compiles.
macro_rules! write_at {
    ($level:expr, $notice:expr) => {{
        let Notice { event, alert, .. } = $notice;
        let finding = &alert.finding;
        tracing::event!(
            target: TARGET,
            $level,
            event = event.as_str(),
            kind = finding.kind.as_str(),
            severity = finding.severity.as_str(),
            subject = %finding.subject,
            value = finding.value,
            threshold = finding.threshold,
            times_seen = alert.times_seen,
            database = finding.subject.database().map(tracing::field::display),
            pool = finding.subject.pool(),
            fingerprint = finding.subject.fingerprint().map(tracing::field::display),
            "{}",
            finding.message
        );
    }};
}

// === impl Log ===

impl Log {
    /// Writes notices.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Sink for Log {
    fn name(&self) -> &str {
        "log"
    }

    fn send(&mut self, notices: &[Notice]) -> Result<(), SendError> {
        for notice in notices {
            match (notice.event, notice.alert.finding.severity) {
                (AlertEvent::Resolved, _) | (_, Severity::Info) => write_at!(Level::INFO, notice),
                (_, Severity::Warning) => write_at!(Level::WARN, notice),
                (_, Severity::Error | Severity::Critical) => write_at!(Level::ERROR, notice),
            }
        }
        Ok(())
    }
}
