//! From a snapshot to metrics: plain data that every format is written from.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use monitor_core::capture::{Database, System};
use monitor_core::judge::{Alert, AlertState, Health, Severity, Status};
use monitor_core::snapshot::{
    Activity, ErrorCount, Histogram, PoolActivity, RowHistogram, Snapshot, SourceActivity,
};

use crate::exemplars::{Exemplars, Traced};
use crate::ledger::Ledger;
use crate::names::{self, Metric};

/// One metric with all its samples.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) metric: &'static Metric,
    pub(crate) samples: Vec<Sample>,
}

/// One set of labels and its value.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) labels: Labels,
    pub(crate) value: Value,
}

/// Labels that are not empty, in the order of the metric's.
pub(crate) type Labels = Vec<(&'static str, Arc<str>)>;

/// What a sample says.
#[derive(Debug)]
pub(crate) enum Value {
    Counter(u64),
    Seconds(Duration),
    Gauge(f64),
    Durations { sum: Duration, histogram: Histogram, exemplars: Exemplars },
    Rows { sum: u64, histogram: RowHistogram },
}

/// Everything a scrape shows.
pub(crate) struct Scene<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) health: &'a Health,
    pub(crate) alerts: &'a [Alert],
    pub(crate) ledger: &'a Ledger,
    pub(crate) traced: &'a Traced,
    pub(crate) took: Duration,
}

type Samples = Vec<Sample>;

type Read = fn(&Scene<'_>) -> Samples;

/// How each metric is read, in the order in which they are written.
const READERS: &[(&Metric, Read)] = &[
    (&names::OPERATION_DURATION, |scene| scene.operations()),
    (&names::RETURNED_ROWS, |scene| scene.returned_rows()),
    (&names::CONNECTION_COUNT, |scene| scene.connection_count()),
    (&names::CONNECTION_MAX, |scene| scene.levels(|pool| pool.levels?.max.map(f64::from))),
    (&names::CONNECTION_IDLE_MIN, |scene| scene.levels(|pool| pool.levels?.min.map(f64::from))),
    (&names::PENDING_REQUESTS, |scene| scene.levels(|pool| Some(pool.checkouts.waiting as f64))),
    (&names::CONNECTION_TIMEOUTS, |scene| {
        scene.pools(|pool| vec![alone(Value::Counter(pool.checkouts.timed_out))])
    }),
    (&names::CREATE_TIME, |scene| scene.create_time()),
    (&names::WAIT_TIME, |scene| {
        scene.pools(|pool| vec![alone(durations(pool.checkouts.wait_time, &pool.checkouts.wait))])
    }),
    (&names::USE_TIME, |scene| {
        scene.pools(|pool| vec![alone(durations(pool.checkouts.hold_time, &pool.checkouts.hold))])
    }),
    (&names::CHECKOUTS, |scene| scene.checkouts()),
    (&names::CONNECTIONS, |scene| scene.connections()),
    (&names::LEAKED, |scene| scene.levels(|pool| Some(pool.leaked as f64))),
    (&names::TRANSACTIONS, |scene| scene.transactions()),
    (&names::TRANSACTIONS_OPEN, |scene| {
        scene.sources(|source| vec![alone(Value::Gauge(source.transactions.open as f64))])
    }),
    (&names::TRANSACTION_DURATION, |scene| {
        scene.sources(|source| {
            vec![alone(durations(source.transactions.time, &source.transactions.duration))]
        })
    }),
    (&names::SLOW_CALLS, |scene| scene.slow_calls()),
    (&names::CANCELLED_CALLS, |scene| {
        scene.databases(|activity| vec![alone(Value::Counter(activity.cancelled))])
    }),
    (&names::AFFECTED_ROWS, |scene| {
        scene.databases(|activity| vec![alone(Value::Counter(activity.rows_affected))])
    }),
    (&names::CALL_PARTS, |scene| {
        scene.databases(|Activity { parts, .. }| {
            vec![
                ("part", "pool_wait", Value::Seconds(parts.pool_wait)),
                ("part", "first_row", Value::Seconds(parts.first_row)),
                ("part", "fetch", Value::Seconds(parts.fetch)),
                ("part", "reader", Value::Seconds(parts.reader)),
            ]
        })
    }),
    (&names::ALERTS_FIRING, |scene| scene.alerts_firing()),
    (&names::HEALTH, |scene| scene.health()),
    (&names::DROPPED, |scene| scene.dropped()),
    (&names::SUMMARIES_FOLDED, |scene| one(scene.ledger.folded() as f64)),
    (&names::STATEMENTS, |scene| scene.statements()),
    (&names::SNAPSHOT_DURATION, |scene| one(scene.took.as_secs_f64())),
    (&names::START_TIME, |scene| scene.start_time()),
    (&names::INFO, |_| {
        let labels = vec![("version", env!("CARGO_PKG_VERSION").into())];
        vec![Sample { labels, value: Value::Gauge(1.0) }]
    }),
];

/// A value, and what its sample has besides the labels of its database and pool.
type Reading = (&'static str, &'static str, Value);

// === impl Scene ===

impl Scene<'_> {
    /// Every metric that has samples, in the order of [`names::METRICS`].
    pub(crate) fn families(&self) -> Vec<Family> {
        READERS
            .iter()
            .map(|(metric, read)| Family { metric, samples: read(self) })
            .filter(|family| !family.samples.is_empty())
            .collect()
    }

    /// One series for what did not fail, and one for each error: a rate of errors is the share of
    /// the counts that have an `error_type`.
    fn operations(&self) -> Samples {
        let mut samples = Vec::new();
        for (key, activity) in self.ledger.series() {
            let (database, summary) = key;
            let mut labels = database_labels(database);
            push(&mut labels, "db_query_summary", summary);
            let (calls, sum, histogram) = activity.without_failed();
            if calls > 0 || activity.errors.is_empty() {
                let value =
                    Value::Durations { sum, histogram, exemplars: self.traced.of(key, "", "") };
                samples.push(Sample { labels: labels.clone(), value });
            }
            for error in &activity.errors {
                let (kind, code) = (error_type(error), error.code.as_deref().unwrap_or(""));
                let mut labels = labels.clone();
                push(&mut labels, "error_type", kind);
                push(&mut labels, "db_response_status_code", code);
                let exemplars = self.traced.of(key, kind, code);
                let (sum, histogram) = (error.time, error.histogram.clone());
                samples
                    .push(Sample { labels, value: Value::Durations { sum, histogram, exemplars } });
            }
        }
        samples
    }

    fn returned_rows(&self) -> Samples {
        let mut samples = Vec::new();
        for ((database, summary), activity) in self.ledger.series() {
            if activity.rows_histogram.count() == 0 {
                continue;
            }
            let mut labels = database_labels(database);
            push(&mut labels, "db_query_summary", summary);
            let (sum, histogram) = (activity.rows_returned, activity.rows_histogram.clone());
            samples.push(Sample { labels, value: Value::Rows { sum, histogram } });
        }
        samples
    }

    fn connection_count(&self) -> Samples {
        const STATE: &str = "db_client_connection_state";
        self.pools(|pool| {
            let Some(levels) = pool.levels else { return Vec::new() };
            vec![
                (STATE, "idle", Value::Gauge(f64::from(levels.idle))),
                (STATE, "used", Value::Gauge(f64::from(levels.in_use()))),
            ]
        })
    }

    fn create_time(&self) -> Samples {
        self.sources(|source| {
            let connections = &source.connections;
            match connections.create_time.count() {
                0 => Vec::new(),
                _ => vec![alone(durations(connections.time, &connections.create_time))],
            }
        })
    }

    fn checkouts(&self) -> Samples {
        self.pools(|pool| {
            let checkouts = &pool.checkouts;
            vec![
                ("outcome", "taken", Value::Counter(checkouts.taken)),
                ("outcome", "timed_out", Value::Counter(checkouts.timed_out)),
                ("outcome", "failed", Value::Counter(checkouts.failed)),
                ("outcome", "cancelled", Value::Counter(checkouts.cancelled)),
            ]
        })
    }

    fn connections(&self) -> Samples {
        self.sources(|source| {
            let connections = &source.connections;
            vec![
                ("event", "created", Value::Counter(connections.created)),
                ("event", "closed", Value::Counter(connections.closed)),
                ("event", "failed", Value::Counter(connections.failed)),
            ]
        })
    }

    fn transactions(&self) -> Samples {
        self.sources(|source| {
            let transactions = &source.transactions;
            vec![
                ("outcome", "committed", Value::Counter(transactions.committed)),
                ("outcome", "rolled_back", Value::Counter(transactions.rolled_back)),
                ("outcome", "dropped", Value::Counter(transactions.dropped)),
            ]
        })
    }

    fn alerts_firing(&self) -> Samples {
        let firing = |alert: &&Alert| alert.state == AlertState::Firing && !alert.muted;
        let mut counts = std::collections::BTreeMap::<(&str, Severity), u64>::new();
        for alert in self.alerts.iter().filter(firing) {
            *counts.entry((alert.finding.kind.as_str(), alert.finding.severity)).or_default() += 1;
        }
        let sample = |((kind, severity), count): ((&str, Severity), u64)| Sample {
            labels: vec![("kind", kind.into()), ("severity", severity.as_str().into())],
            value: Value::Gauge(count as f64),
        };
        counts.into_iter().map(sample).collect()
    }

    fn health(&self) -> Samples {
        let all = [Status::Unknown, Status::Healthy, Status::Degraded, Status::Unhealthy];
        all.map(|status| Sample {
            labels: vec![("status", status.as_str().into())],
            value: Value::Gauge(f64::from(u8::from(status == self.health.status))),
        })
        .into()
    }

    fn dropped(&self) -> Samples {
        let entries = self.snapshot.losses.entries().into_iter();
        entries
            .map(|(reason, count)| Sample {
                labels: vec![("reason", reason.into())],
                value: Value::Counter(count),
            })
            .collect()
    }

    fn slow_calls(&self) -> Samples {
        self.databases(|activity| {
            vec![
                ("speed", "slow", Value::Counter(activity.slow)),
                ("speed", "very_slow", Value::Counter(activity.very_slow)),
            ]
        })
    }

    fn statements(&self) -> Samples {
        let all = self.snapshot.lifetime.statements.iter();
        one(all.filter(|statement| statement.fingerprint.is_some()).count() as f64)
    }

    fn start_time(&self) -> Samples {
        let start: SystemTime = self.snapshot.at - self.snapshot.uptime;
        one(start.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64())
    }

    fn databases(&self, read: impl Fn(&Activity) -> Vec<Reading>) -> Samples {
        let mut samples = Vec::new();
        for (database, activity) in self.ledger.databases() {
            add(&mut samples, &database_labels(database), read(activity));
        }
        samples
    }

    fn sources(&self, read: impl Fn(&SourceActivity) -> Vec<Reading>) -> Samples {
        let mut samples = Vec::new();
        for source in &self.snapshot.sources {
            let mut labels = database_labels(&source.database);
            // Connections without a pool are told from a pool of the same name by having no label.
            if source.pool.is_some() {
                push(&mut labels, "db_client_connection_pool_name", &source.name);
            }
            add(&mut samples, &labels, read(source));
        }
        samples
    }

    fn pools(&self, read: impl Fn(&PoolActivity) -> Vec<Reading>) -> Samples {
        self.sources(|source| match &source.pool {
            Some(pool) => read(pool),
            None => Vec::new(),
        })
    }

    fn levels(&self, read: impl Fn(&PoolActivity) -> Option<f64>) -> Samples {
        self.pools(|pool| read(pool).map(|value| alone(Value::Gauge(value))).into_iter().collect())
    }
}

fn add(samples: &mut Samples, labels: &Labels, values: Vec<Reading>) {
    for (label, word, value) in values {
        let mut labels = labels.clone();
        push(&mut labels, label, word);
        samples.push(Sample { labels, value });
    }
}

/// A value with no label of its own.
fn alone(value: Value) -> Reading {
    ("", "", value)
}

fn one(value: f64) -> Samples {
    vec![Sample { labels: Vec::new(), value: Value::Gauge(value) }]
}

fn durations(sum: Duration, histogram: &Histogram) -> Value {
    Value::Durations { sum, histogram: histogram.clone(), exemplars: Exemplars::default() }
}

/// The database's own code where there is one, as semantic conventions ask for.
fn error_type(error: &ErrorCount) -> &str {
    error.code.as_deref().unwrap_or(error.class.as_str())
}

fn database_labels(database: &Database) -> Labels {
    let mut labels = Vec::with_capacity(8);
    push(&mut labels, "db_system_name", database.system.as_str());
    push(&mut labels, "db_namespace", &database.name);
    push(&mut labels, "server_address", &database.host);
    if let Some(port) = database.port.filter(|port| Some(*port) != default_port(database.system)) {
        push(&mut labels, "server_port", &port.to_string());
    }
    labels
}

/// The port that semantic conventions leave out.
fn default_port(system: System) -> Option<u16> {
    match system {
        System::PostgreSql => Some(5432),
        System::MySql | System::MariaDb => Some(3306),
        _ => None,
    }
}

/// An empty label is no label.
fn push(labels: &mut Labels, name: &'static str, value: &str) {
    if !name.is_empty() && !value.is_empty() {
        labels.push((name, value.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_read_in_the_order_of_the_table() {
        let names: Vec<_> = names::METRICS.iter().map(|metric| metric.name).collect();
        let read: Vec<_> = READERS.iter().map(|(metric, _)| metric.name).collect();
        assert_eq!(read, names);
    }
}
