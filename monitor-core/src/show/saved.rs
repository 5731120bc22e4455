//! A snapshot's JSON, read back.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::json::JSON_VERSION;
use super::parts::PartsDocument;
use super::saved_source::Source;
use super::scopes::ScopeDocument;
use crate::capture::{Database, ErrorClass, System};
use crate::identify::{Fingerprint, Kind, ListSize, Tables, Wording};
use crate::snapshot::{
    Activity, ErrorCount, Histogram, ListActivity, Losses, PartSums, Rollup, RowHistogram,
    Snapshot, StatementActivity, Window,
};

/// Bytes of a saved snapshot that are read: 64 MiB, ten times what two thousand statements take.
pub const SAVED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Reads back what [`json`](super::json) has written.
///
/// Numbers come back as they were: statements since the start and in each window, pools, connections,
/// transactions, units of work, losses. What is left behind are single calls (the slow log, who
/// holds a connection or held it at a time-out), the single minutes of the last hour, who heard of
/// alerts, and health, which can be judged anew. Fields that are not known are ignored, and fields
/// that an older file does not have are as if nothing had
/// happened; a start that is not told is `at` less the uptime.
///
/// ```
/// # use monitor_core::{Monitor, judge, show};
/// # let monitor = Monitor::off();
/// let saved = show::json(&monitor.snapshot(), &monitor.health())?;
/// // ... deploy, and in the new process:
/// let before = show::load(&saved)?;
/// let comparison = judge::compare(&before, &monitor.snapshot());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When the text is larger than [`SAVED_BYTES_MAX`], is no snapshot, or is of another version.
pub fn load(text: &str) -> Result<Snapshot, LoadError> {
    if text.len() > SAVED_BYTES_MAX {
        return Err(LoadError::TooLarge { bytes: text.len() });
    }
    let Head { version } = serde_json::from_str(text).map_err(LoadError::Unreadable)?;
    if version != JSON_VERSION {
        return Err(LoadError::OtherVersion { version });
    }
    let document: Document = serde_json::from_str(text).map_err(LoadError::Unreadable)?;
    Ok(document.into())
}

/// Why a snapshot could not be read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The text is too large.
    #[error(
        "{bytes} bytes are more than a saved snapshot has ({SAVED_BYTES_MAX}); give the file that `show::json` wrote"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It was written by another version.
    #[error(
        "the snapshot is of version {version}, and this monitor reads {JSON_VERSION}; read it with the monitor that wrote it"
    )]
    OtherVersion {
        /// The version it says it has.
        version: u32,
    },
    /// It is no snapshot, or not all of one.
    #[error("no saved snapshot: {0}; give the whole of what `show::json` wrote")]
    Unreadable(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

#[derive(Deserialize)]
struct Document {
    #[serde(deserialize_with = "moment")]
    at: SystemTime,
    #[serde(default, deserialize_with = "maybe_moment")]
    started_at: Option<SystemTime>,
    #[serde(deserialize_with = "seconds")]
    uptime_seconds: Duration,
    #[serde(default)]
    build: Option<Arc<str>>,
    lifetime: Statements,
    #[serde(default)]
    windows: Vec<SavedWindow>,
    #[serde(default)]
    sources: Vec<Source>,
    #[serde(default)]
    scopes: Vec<ScopeDocument>,
    #[serde(default)]
    losses: BTreeMap<String, u64>,
}

/// Kinds, tables and the total are sums over statements, and made from them again.
#[derive(Deserialize)]
struct Statements {
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
struct SavedWindow {
    #[serde(deserialize_with = "seconds")]
    span_seconds: Duration,
    #[serde(deserialize_with = "seconds")]
    covered_seconds: Duration,
    statements: Vec<Statement>,
    #[serde(default)]
    sources: Vec<Source>,
}

#[derive(Deserialize)]
struct Statement {
    #[serde(deserialize_with = "fingerprint")]
    fingerprint: Option<Fingerprint>,
    text: Arc<str>,
    summary: Arc<str>,
    kind: String,
    #[serde(default)]
    tables_read: Vec<String>,
    #[serde(default)]
    tables_written: Vec<String>,
    #[serde(flatten)]
    database: SavedDatabase,
    #[serde(default)]
    slow_after_seconds: Option<f64>,
    #[serde(default)]
    very_slow_after_seconds: Option<f64>,
    #[serde(default)]
    muted: bool,
    #[serde(flatten)]
    activity: Calls,
    #[serde(default)]
    by_list_size: Vec<List>,
}

#[derive(Deserialize)]
struct List {
    list_size: String,
    #[serde(flatten)]
    activity: Calls,
}

/// A database in parts; the first files had it only as people write it.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedDatabase {
    database: String,
    system: Option<String>,
    database_name: Option<String>,
    host: Option<String>,
    port: Option<u16>,
}

/// What calls add up to. Means, rates and percentiles follow from it.
#[derive(Deserialize)]
pub(super) struct Calls {
    calls: u64,
    failed: u64,
    cancelled: u64,
    slow: u64,
    very_slow: u64,
    rows_returned: u64,
    rows_affected: u64,
    rows_unknown_calls: u64,
    #[serde(default, deserialize_with = "rows_buckets")]
    rows_buckets: RowHistogram,
    #[serde(deserialize_with = "seconds")]
    time_seconds: Duration,
    #[serde(deserialize_with = "seconds")]
    min_seconds: Duration,
    #[serde(deserialize_with = "seconds")]
    max_seconds: Duration,
    /// Older files do not have it.
    parts: Option<PartsDocument>,
    #[serde(deserialize_with = "buckets")]
    buckets: Histogram,
    errors: Vec<SavedError>,
}

#[derive(Deserialize)]
struct SavedError {
    class: String,
    code: Option<String>,
    count: u64,
    #[serde(default, deserialize_with = "seconds")]
    time_seconds: Duration,
    #[serde(default, deserialize_with = "buckets")]
    buckets: Histogram,
}

// === impl Document ===

impl From<Document> for Snapshot {
    fn from(read: Document) -> Self {
        let before = read.at.checked_sub(read.uptime_seconds).unwrap_or(read.at);
        Self {
            at: read.at,
            started_at: read.started_at.unwrap_or(before),
            uptime: read.uptime_seconds,
            build: read.build,
            lifetime: rollup(read.lifetime.statements),
            windows: read.windows.into_iter().map(Window::from).collect(),
            sources: read.sources.into_iter().map(Into::into).collect(),
            scopes: read.scopes.into_iter().map(Into::into).collect(),
            losses: losses(&read.losses),
            ..Self::empty()
        }
    }
}

fn rollup(statements: Vec<Statement>) -> Rollup {
    Rollup::of(statements.into_iter().map(StatementActivity::from))
}

fn losses(read: &BTreeMap<String, u64>) -> Losses {
    let mut losses = Losses::default();
    for (name, lost) in losses.entries_mut() {
        *lost = read.get(name).copied().unwrap_or_default();
    }
    losses
}

// === impl SavedWindow ===

impl From<SavedWindow> for Window {
    fn from(read: SavedWindow) -> Self {
        Self {
            span: read.span_seconds,
            covered: read.covered_seconds,
            rollup: rollup(read.statements),
            sources: read.sources.into_iter().map(Into::into).collect(),
        }
    }
}

/// A threshold; none where the number is no duration.
fn threshold(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

// === impl Statement ===

impl From<Statement> for StatementActivity {
    fn from(read: Statement) -> Self {
        let by_list_size = read.by_list_size.into_iter().filter_map(|list| {
            let size = ListSize::ALL.into_iter().find(|size| size.as_str() == list.list_size)?;
            Some(ListActivity { size, activity: list.activity.into() })
        });
        Self {
            fingerprint: read.fingerprint,
            text: read.text,
            summary: read.summary,
            kind: Kind::ALL
                .into_iter()
                .find(|kind| kind.as_str() == read.kind)
                .unwrap_or(Kind::Unknown),
            tables: Arc::new(Tables { read: read.tables_read, written: read.tables_written }),
            // Bits of a running process: they say nothing to a reader, and are not written.
            wording: Wording::default(),
            sample: None,
            database: Arc::new(read.database.into()),
            slow_after: read.slow_after_seconds.and_then(threshold),
            very_slow_after: read.very_slow_after_seconds.and_then(threshold),
            muted: read.muted,
            by_list_size: by_list_size.collect(),
            activity: read.activity.into(),
        }
    }
}

// === impl SavedDatabase ===

impl From<&Database> for SavedDatabase {
    fn from(database: &Database) -> Self {
        Self {
            database: database.to_string(),
            system: Some(database.system.as_str().to_owned()),
            database_name: Some(database.name.clone()),
            host: Some(database.host.clone()),
            port: database.port,
        }
    }
}

impl From<SavedDatabase> for Database {
    fn from(read: SavedDatabase) -> Self {
        let word = read.system.unwrap_or_default();
        let system = System::ALL.into_iter().find(|system| system.as_str() == word);
        Self {
            system: system.unwrap_or_default(),
            name: read.database_name.unwrap_or(read.database),
            host: read.host.unwrap_or_default(),
            port: read.port,
        }
    }
}

// === impl Calls ===

impl From<Calls> for Activity {
    fn from(read: Calls) -> Self {
        let errors = read.errors.into_iter().map(|error| ErrorCount {
            class: ErrorClass::ALL
                .into_iter()
                .find(|class| class.as_str() == error.class)
                .unwrap_or(ErrorClass::Other),
            code: error.code,
            count: error.count,
            time: error.time_seconds,
            histogram: error.buckets,
        });
        Self {
            calls: read.calls,
            failed: read.failed,
            cancelled: read.cancelled,
            slow: read.slow,
            very_slow: read.very_slow,
            rows_returned: read.rows_returned,
            rows_affected: read.rows_affected,
            rows_unknown: read.rows_unknown_calls,
            rows_histogram: read.rows_buckets,
            time: read.time_seconds,
            time_min: read.min_seconds,
            time_max: read.max_seconds,
            parts: read.parts.map(PartSums::from).unwrap_or_default(),
            histogram: read.buckets,
            errors: errors.collect(),
        }
    }
}

/// A duration in seconds.
pub(super) fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(from)?;
    let wrong = |_| D::Error::custom(format!("{seconds} seconds are no length of time"));
    Duration::try_from_secs_f64(seconds).map_err(wrong)
}

/// A histogram's buckets.
pub(super) fn buckets<'de, D: Deserializer<'de>>(from: D) -> Result<Histogram, D::Error> {
    let counts = Vec::deserialize(from)?;
    let wrong = "buckets must be ascending pairs of an index from -192 to 65 and a count above 0";
    Histogram::from_buckets(counts).ok_or_else(|| D::Error::custom(wrong))
}

pub(super) fn rows_buckets<'de, D: Deserializer<'de>>(from: D) -> Result<RowHistogram, D::Error> {
    let counts = Vec::deserialize(from)?;
    let wrong = "buckets of rows must be pairs of a bound that is used and a count above 0";
    RowHistogram::from_buckets(&counts).ok_or_else(|| D::Error::custom(wrong))
}

fn fingerprint<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Fingerprint>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| Fingerprint::from_str(&text)).transpose().map_err(D::Error::custom)
}

fn maybe_moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SystemTime>, D::Error> {
    moment(from).map(Some)
}

pub(super) fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = |cause: &dyn fmt::Display| {
        let shown: String = text.chars().take(40).collect();
        D::Error::custom(format!("`{shown}` is no moment by RFC 3339: {cause}"))
    };
    OffsetDateTime::parse(&text, &Rfc3339).map(SystemTime::from).map_err(|cause| wrong(&cause))
}
