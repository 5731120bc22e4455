//! Watching without wrapping: sqlx's own events.

use std::fmt;
use std::sync::Once;
use std::time::Duration;

use monitor_core::capture::{Call, Database, Origin, Rows};
use monitor_core::{Monitor, Source};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{Filtered, Targets};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::{mark, words};

/// Where sqlx reports its statements to.
const TARGET: &str = "sqlx::query";

/// Where it reports waits for a pool's connection to: those beyond the pool's own threshold, unless the
/// pool is told to report all.
const WAITS: &str = "sqlx::pool::acquire";

/// Records what sqlx reports of itself; made by [`layer`] and [`layer_for`].
#[derive(Debug)]
pub struct QueryEvents {
    source: Source,
}

/// sqlx's events do not reach the [`layer`]. The message says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerUnheard;

/// A `tracing` layer that watches pools nobody can wrap: those of SeaORM, of other crates, or a
/// `PgPool` that is handed around everywhere.
///
/// ```
/// use tracing_subscriber::prelude::*;
///
/// let monitor = monitor_core::Monitor::builder().build()?;
/// tracing_subscriber::registry().with(monitor_sqlx::layer(&monitor)).init();
/// monitor_sqlx::check_layer()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Install it as the process's subscriber (`init`), not for a thread: SQLite's events come from
/// threads of the driver's own. Its filter is its own and asks for `sqlx::query=debug` and
/// `sqlx::pool::acquire=debug` only.
///
/// # What it cannot see
///
/// sqlx reports text, rows and time of a statement, no more. So how calls end is unknown, which
/// [`SourceActivity::sees_ends`](monitor_core::snapshot::SourceActivity::sees_ends) says;
/// transactions and call sites are missing, waits for a connection are known where sqlx reports them
/// (two seconds and longer, unless the pool says otherwise; one that timed out never), the time of a stream contains
/// its reader's, and its parts are not known, and what is not reported is not counted: BEGIN, COPY, statements of connections
/// with `disable_statement_logging`, or with another level than the default where it is lower. On
/// SQLite a cancelled statement is reported when it has run to its end. Rows changed are believed
/// for INSERT, UPDATE, DELETE and the like. Wrap the pool where you can.
///
/// In place of the call site a call carries, as its tag, the name of the span it was made in: a name is a word of
/// the source, so there are few of them, and fields, which may hold anything, are not read. It is the span on
/// whose behalf the driver worked, on SQLite's own threads as well; where none was current, or a filter for all layers
/// hides it, there is no tag.
///
/// Calls through a [`MonitoredPool`](crate::MonitoredPool) are left out, so the two can be used
/// together and nothing is counted twice.
///
/// # A filter for all layers hides the events
///
/// In `registry().with(EnvFilter::new("info")).with(layer(&monitor))` the first filter counts for
/// everything behind and before it. Give it `info,sqlx::query=debug`, or better give it to the
/// layer it is meant for: `fmt::layer().with_filter(EnvFilter::new("info"))`. [`check_layer`] tells
/// whether the events arrive.
#[must_use = "a layer does nothing until it is part of the subscriber"]
pub fn layer<S>(monitor: &Monitor) -> Filtered<QueryEvents, Targets, S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    layer_for(monitor, Database::default())
}

/// The [`layer`], for a service whose sqlx talks to this one database.
///
/// sqlx's events do not say where a statement ran. Told here, it also decides which SQL dialect the
/// texts are read in.
#[must_use = "a layer does nothing until it is part of the subscriber"]
pub fn layer_for<S>(monitor: &Monitor, database: Database) -> Filtered<QueryEvents, Targets, S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    static WANT: Once = Once::new();
    WANT.call_once(mark::want);
    let source = monitor.database(database);
    source.ends_are_unseen();
    let targets = [TARGET, WAITS].map(|target| (target, LevelFilter::DEBUG));
    QueryEvents { source }.with_filter(Targets::new().with_targets(targets))
}

/// Whether sqlx's events reach the [`layer`] on this thread; call it once the subscriber is set.
///
/// # Errors
///
/// When no layer wants the events, or a filter hides them from all layers.
pub fn check_layer() -> Result<(), LayerUnheard> {
    if tracing::enabled!(target: "sqlx::query", Level::DEBUG) { Ok(()) } else { Err(LayerUnheard) }
}

// === impl QueryEvents ===

impl<S: Subscriber> Layer<S> for QueryEvents {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let target = event.metadata().target();
        if !matches!(target, TARGET | WAITS) || mark::is_set() {
            return;
        }
        let mut report = Report::default();
        event.record(&mut report);
        if target == WAITS {
            if let Some(waited) = report.waited {
                self.source.wait_reported(waited, report.is_slow);
            }
            return;
        }
        let text = report.text();
        let Some(elapsed) = report.elapsed else { return };
        let affected = report.affected.filter(|_| words::may_write(text));
        let rows = Rows { returned: report.returned, affected: affected.or(Some(0)) };
        // The subscriber's, as this layer's own filter hides all spans from it.
        let span = context.current_span();
        let tag = span.metadata().map(|span| span.name());
        let origin = Origin { tag, ..Origin::default() };
        self.source.record(Call::new(text, elapsed).rows(rows).origin(origin));
    }
}

/// The fields of one event.
#[derive(Default)]
struct Report {
    summary: String,
    statement: String,
    returned: Option<u64>,
    affected: Option<u64>,
    elapsed: Option<Duration>,
    waited: Option<Duration>,
    is_slow: bool,
}

// === impl Report ===

impl Report {
    /// The SQL: short texts are their own summary, others stand alone between line breaks.
    fn text(&self) -> &str {
        if self.statement.is_empty() {
            return &self.summary;
        }
        let text = self.statement.strip_prefix("\n\n").unwrap_or(&self.statement);
        text.strip_suffix('\n').unwrap_or(text)
    }
}

impl Visit for Report {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "rows_returned" => self.returned = Some(value),
            "rows_affected" => self.affected = Some(value),
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let time = Duration::try_from_secs_f64(value).ok();
        match field.name() {
            "elapsed_secs" => self.elapsed = time,
            "acquired_after_secs" => self.waited = time,
            "slow_acquire_threshold_secs" => self.is_slow = true,
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

// === impl LayerUnheard ===

impl fmt::Display for LayerUnheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "sqlx's events do not reach the layer: it is not installed, or a filter for all layers \
             hides them; add `sqlx::query=debug` to that filter, or give the filter to one layer \
             with `with_filter`",
        )
    }
}

impl std::error::Error for LayerUnheard {}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(summary: &str, statement: &str) -> String {
        let report =
            Report { summary: summary.into(), statement: statement.into(), ..Report::default() };
        report.text().to_owned()
    }

    #[test]
    fn the_text_is_the_summary_or_stands_between_line_breaks() {
        assert_eq!(text("SELECT 1", ""), "SELECT 1");
        assert_eq!(
            text("SELECT a FROM t …", "\n\nSELECT a\nFROM t WHERE b\n\n"),
            "SELECT a\nFROM t WHERE b\n"
        );
    }
}
