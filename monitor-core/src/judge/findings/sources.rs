//! Pools, connections and transactions.

use super::beyond;
use crate::judge::{Finding, FindingKind, Severity, Subject, Thresholds, explain};
use crate::snapshot::{HeldConnection, PoolActivity, SourceActivity, Window};

/// What is judged by what happened in the window.
pub(super) fn find_over(window: &Window, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    for source in &window.sources {
        findings.extend(connection_failures(source, thresholds));
        findings.extend(failed_checkouts(source, thresholds));
        findings.extend(pool_wait(source, thresholds));
    }
}

/// What is judged by how things stand.
pub(super) fn find_now(
    sources: &[SourceActivity],
    thresholds: &Thresholds,
    findings: &mut Vec<Finding>,
) {
    for source in sources {
        findings.extend(pool_usage(source, thresholds));
        findings.extend(leak(source, thresholds));
        findings.extend(long_transaction(source, thresholds));
    }
}

fn failed_checkouts(source: &SourceActivity, thresholds: &Thresholds) -> Option<Finding> {
    let pool = source.pool.as_ref()?;
    let checkouts = &pool.checkouts;
    let without = checkouts.timed_out + checkouts.failed;
    let mostly = without >= checkouts.taken;
    (without >= thresholds.failed_checkouts).then(|| Finding {
        kind: FindingKind::FailedCheckouts,
        severity: if mostly { Severity::Critical } else { Severity::Error },
        subject: Subject::source(source),
        message: format!(
            "{without} checkouts got no connection ({} timed out, {} failed) and {} got one, \
             threshold {}{}",
            checkouts.timed_out,
            checkouts.failed,
            checkouts.taken,
            thresholds.failed_checkouts,
            newest_timeout(pool, thresholds).unwrap_or_default()
        ),
        value: without as f64,
        threshold: thresholds.failed_checkouts as f64,
    })
}

/// Why the newest checkout timed out and who had the connections, for whoever reads nothing but the alert.
fn newest_timeout(pool: &PoolActivity, thresholds: &Thresholds) -> Option<String> {
    let newest = pool.timeouts.first().filter(|_| pool.checkouts.timed_out > 0)?;
    let told = explain(newest, thresholds).text;
    let lines: Vec<_> = told.lines().map(str::trim).collect();
    Some(format!("; the newest: {}", lines.join("; ")))
}

fn pool_wait(source: &SourceActivity, thresholds: &Thresholds) -> Option<Finding> {
    let checkouts = &source.pool.as_ref()?.checkouts;
    let (p95, limit) = (checkouts.wait.quantile(0.95)?, thresholds.pool_wait);
    let count = checkouts.wait.count();
    (p95 >= limit && count >= thresholds.calls_min).then(|| Finding {
        kind: FindingKind::PoolWait,
        severity: beyond(p95.as_secs_f64(), limit.as_secs_f64()),
        subject: Subject::source(source),
        message: format!(
            "one caller in twenty waits {p95:.1?} or longer for a connection ({count} checkouts), \
             threshold {limit:.1?}"
        ),
        value: p95.as_secs_f64(),
        threshold: limit.as_secs_f64(),
    })
}

fn connection_failures(source: &SourceActivity, thresholds: &Thresholds) -> Option<Finding> {
    let (failed, limit) = (source.connections.failed, thresholds.failed_connections);
    (failed >= limit).then(|| Finding {
        kind: FindingKind::ConnectionFailures,
        severity: Severity::Critical,
        subject: Subject::source(source),
        message: format!("{failed} attempts to connect failed, threshold {limit}"),
        value: failed as f64,
        threshold: limit as f64,
    })
}

fn pool_usage(source: &SourceActivity, thresholds: &Thresholds) -> Option<Finding> {
    let pool = source.pool.as_ref()?;
    let (usage, levels) = (pool.usage()?, pool.levels?);
    let waiting = pool.checkouts.waiting;
    (usage >= thresholds.pool_usage).then(|| Finding {
        kind: FindingKind::PoolUsage,
        severity: if waiting > 0 { Severity::Error } else { Severity::Warning },
        subject: Subject::source(source),
        message: format!(
            "{} of {} connections are in use ({:.0} %), {waiting} callers wait, threshold {:.0} %",
            levels.in_use(),
            levels.max.unwrap_or_default(),
            usage * 100.0,
            thresholds.pool_usage * 100.0
        ),
        value: usage,
        threshold: thresholds.pool_usage,
    })
}

fn leak(source: &SourceActivity, thresholds: &Thresholds) -> Option<Finding> {
    let pool = source.pool.as_ref()?;
    let leaked = || pool.held.iter().filter(|held| held.is_leak(thresholds.leak_after));
    let longest = leaked().next();
    let limit = thresholds.leaked_connections_of(pool);
    (pool.leaked >= limit).then(|| Finding {
        kind: FindingKind::ConnectionLeak,
        severity: Severity::Error,
        subject: Subject::source(source),
        message: format!(
            "{} connections have been out for {:?} or longer{}",
            pool.leaked,
            thresholds.leak_after,
            longest.map(worst).unwrap_or_default()
        ),
        value: pool.leaked as f64,
        threshold: limit as f64,
    })
}

/// The one that has been out for longest.
fn worst(held: &HeldConnection) -> String {
    let mut words = format!(", the longest {:.1?}", held.held);
    if let Some(place) = held.call_site {
        words += &format!(", taken at {place}");
    }
    if let Some(statement) = &held.statement {
        words += &format!(", last call `{statement}`");
    }
    if let Some(open) = held.transaction {
        words += &format!(", in a transaction for {open:.1?}");
    }
    words
}

fn long_transaction(source: &SourceActivity, thresholds: &Thresholds) -> Option<Finding> {
    let (longest, limit) = (source.transactions.open_longest?, thresholds.transaction_time);
    (longest >= limit).then(|| Finding {
        kind: FindingKind::LongTransaction,
        severity: Severity::Warning,
        subject: Subject::source(source),
        message: format!(
            "a transaction has been open for {longest:.1?} ({} are open{}), threshold {limit:.1?}",
            source.transactions.open,
            source
                .transactions
                .idle_longest
                .map(|idle| format!(", one idle for {idle:.1?}"))
                .unwrap_or_default()
        ),
        value: longest.as_secs_f64(),
        threshold: limit.as_secs_f64(),
    })
}
