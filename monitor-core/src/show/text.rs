//! The report a person reads in a terminal.

use std::fmt::Write;

use super::sinks;
use super::table::{Listing, ROWS_MAX, STATEMENT_CHARS_MAX, listing, section};
use super::words::{count, cut, duration, moment, percent, rate, trace};
use crate::judge::{Health, Status};
use crate::snapshot::{
    Activity, CallRecord, PoolActivity, Rollup, RunningCall, SlowReason, SlowVerdict, Snapshot,
    SourceActivity,
};

/// Characters of a finding in the report.
const FINDING_CHARS_MAX: usize = 300;

/// Characters of a pool's name, a user or a tag in the report.
const LABEL_CHARS_MAX: usize = 36;

/// The numbers of a snapshot and what they mean, as plain text of about 130 columns.
///
/// Shows the statements, tables and slow calls that took most time; the snapshot itself has all.
#[must_use]
pub fn text(snapshot: &Snapshot, health: &Health) -> String {
    let mut report = String::new();
    // Writing to a String cannot fail.
    let _ = head(&mut report, snapshot, health);
    section(&mut report, "statements, most time first", statements(&snapshot.lifetime));
    section(&mut report, "kinds", kinds(&snapshot.lifetime));
    section(&mut report, "tables, most time first", tables(&snapshot.lifetime));
    let beside = "waits and readers beside the database's time, most first";
    section(&mut report, beside, super::parts::table(&snapshot.lifetime));
    super::scopes::text(&mut report, &snapshot.scopes);
    section(&mut report, "pools and connections", sources(&snapshot.sources));
    section(&mut report, "running past their slow threshold", running(&snapshot.running));
    section(&mut report, "slowest calls", slow(&snapshot.slow));
    let _ = errors(&mut report, &snapshot.lifetime.total);
    let _ = losses(&mut report, snapshot);
    report
}

fn head(report: &mut String, snapshot: &Snapshot, health: &Health) -> std::fmt::Result {
    let total = &snapshot.lifetime.total;
    writeln!(
        report,
        "database: {}   {}   up {}",
        health.status,
        moment(snapshot.at),
        duration(snapshot.uptime)
    )?;
    line(report, "since start", total, snapshot.calls_per_second())?;
    for window in snapshot.windows.iter().take(1) {
        let name = format!("last {}", duration(window.covered));
        line(report, &name, &window.rollup.total, window.calls_per_second())?;
    }
    for check in health.checks.iter().filter(|check| check.status > Status::Healthy) {
        let said = super::health::line(check);
        writeln!(report, "{}", cut(&said, FINDING_CHARS_MAX))?;
    }
    for finding in &health.findings {
        let said = format!("{} — {}", finding.subject, finding.message);
        writeln!(report, "! {}: {}", finding.severity, cut(&said, FINDING_CHARS_MAX))?;
    }
    sinks::text(report, &snapshot.sinks)
}

fn line(report: &mut String, name: &str, sum: &Activity, per_second: f64) -> std::fmt::Result {
    writeln!(
        report,
        "{name}: {} calls ({}), {} failed ({}), {} cancelled, {} slow, {} very slow; \
         mean {}, p50 {}, p95 {}, p99 {}, max {}",
        count(sum.calls),
        rate(per_second),
        count(sum.failed),
        percent(sum.error_rate()),
        count(sum.cancelled),
        count(sum.slow),
        count(sum.very_slow),
        duration(sum.mean()),
        duration(sum.p50()),
        duration(sum.p95()),
        duration(sum.p99()),
        duration(sum.time_max),
    )
}

/// Columns a table of activities ends with.
const NUMBERS: [&str; 10] =
    ["calls", "failed", "slow", "rows", "changed", "total", "share", "mean", "p95", "max"];

fn numbers(activity: &Activity, all: &Activity) -> [String; 10] {
    let share = activity.time.as_secs_f64() / all.time.as_secs_f64().max(f64::MIN_POSITIVE);
    let rows =
        |rows| if activity.rows_unknown == activity.calls { "?".into() } else { count(rows) };
    [
        count(activity.calls),
        count(activity.failed),
        count(activity.slow),
        rows(activity.rows_returned),
        rows(activity.rows_affected),
        duration(activity.time),
        percent(share),
        duration(activity.mean()),
        duration(activity.p95()),
        duration(activity.time_max),
    ]
}

fn statements(rollup: &Rollup) -> Option<Listing> {
    let head: Vec<_> = std::iter::once("statement").chain(NUMBERS).collect();
    let rows = rollup.statements.iter().map(|statement| {
        let mut row = vec![cut(&statement.text, STATEMENT_CHARS_MAX)];
        row.extend(numbers(&statement.activity, &rollup.total));
        row
    });
    listing(&head, rows)
}

fn kinds(rollup: &Rollup) -> Option<Listing> {
    let head: Vec<_> = std::iter::once("kind").chain(NUMBERS).collect();
    let rows = rollup.kinds.iter().map(|kind| {
        let mut row = vec![kind.kind.to_string()];
        row.extend(numbers(&kind.activity, &rollup.total));
        row
    });
    listing(&head, rows)
}

fn tables(rollup: &Rollup) -> Option<Listing> {
    let head: Vec<_> = ["table", "reads", "writes"].into_iter().chain(NUMBERS).collect();
    let rows = rollup.tables.iter().map(|table| {
        let mut row = vec![table.table.clone(), count(table.reads), count(table.writes)];
        row.extend(numbers(&table.activity, &rollup.total));
        row
    });
    listing(&head, rows)
}

fn sources(sources: &[SourceActivity]) -> Option<Listing> {
    let head = [
        "pool",
        "calls",
        "in use",
        "idle",
        "max",
        "waiting",
        "taken",
        "timed out",
        "failed",
        "wait p95",
        "wait max",
        "hold p95",
        "leaked",
        "connects",
        "refused",
        "commits",
        "rollbacks",
    ];
    let rows: Vec<_> = sources.iter().filter(|source| was_used(source)).map(source).collect();
    listing(&head, rows.into_iter())
}

fn was_used(source: &SourceActivity) -> bool {
    let connections = &source.connections;
    source.pool.is_some() || source.activity.calls + connections.created + connections.failed > 0
}

fn source(source: &SourceActivity) -> Vec<String> {
    let none = || "-".to_string();
    let pool = source.pool.as_ref();
    let of_pool = |value: &dyn Fn(&PoolActivity) -> String| pool.map_or_else(none, value);
    let level = |value: &dyn Fn(crate::capture::PoolLevels) -> Option<u32>| {
        let value = pool.and_then(|pool| pool.levels).and_then(value);
        value.map_or_else(none, |value| count(value.into()))
    };
    let connects = &source.connections;
    let transactions = &source.transactions;
    vec![
        format!(
            "{}{}{}",
            cut(&source.name, LABEL_CHARS_MAX),
            pool.map_or(" (no pool)", |_| ""),
            if source.sees_ends { "" } else { " (errors unknown)" }
        ),
        count(source.activity.calls),
        level(&|levels| Some(levels.in_use())),
        level(&|levels| Some(levels.idle)),
        level(&|levels| levels.max),
        of_pool(&|pool| count(pool.checkouts.waiting)),
        of_pool(&|pool| count(pool.checkouts.taken)),
        of_pool(&|pool| count(pool.checkouts.timed_out)),
        of_pool(&|pool| count(pool.checkouts.failed)),
        of_pool(&|pool| {
            let p95 = pool.checkouts.wait.quantile(0.95);
            p95.map_or_else(none, |p95| duration(p95.min(pool.checkouts.wait_max)))
        }),
        of_pool(&|pool| duration(pool.checkouts.wait_max)),
        of_pool(&|pool| pool.checkouts.hold.quantile(0.95).map_or_else(none, duration)),
        of_pool(&|pool| count(pool.leaked)),
        count(connects.created),
        count(connects.failed),
        count(transactions.committed),
        count(transactions.rolled_back + transactions.dropped),
    ]
}

fn slow(calls: &[CallRecord]) -> Option<Listing> {
    let head = ["statement", "took", "why slow", "outcome", "rows", "changed", "at", "from"];
    let known = |rows: Option<u64>| rows.map_or_else(|| "?".into(), count);
    let rows = calls.iter().map(|call| {
        vec![
            cut(&call.statement, STATEMENT_CHARS_MAX),
            duration(call.duration),
            call.slow.map(why_slow).unwrap_or_default(),
            outcome(call),
            known(call.rows.returned),
            known(call.rows.affected),
            moment(call.at),
            origin(call),
        ]
    });
    listing(&head, rows)
}

/// The threshold a call reached, and where it is not everybody's kind.
fn why_slow(verdict: SlowVerdict) -> String {
    let threshold = duration(verdict.threshold);
    match verdict.reason {
        SlowReason::Absolute => format!("≥ {threshold}"),
        SlowReason::Relative => format!("≥ {threshold} of its own"),
    }
}

/// How a call ended, and with which error.
fn outcome(call: &CallRecord) -> String {
    let error = call.error.map(|class| format!(": {class}")).unwrap_or_default();
    let code = call.error_code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{}{error}{code}", call.outcome)
}

fn running(calls: &[RunningCall]) -> Option<Listing> {
    let head = ["statement", "for", "why slow", "since", "connection", "from"];
    let rows = calls.iter().map(|call| {
        vec![
            cut(&call.statement, STATEMENT_CHARS_MAX),
            duration(call.running),
            why_slow(call.slow),
            moment(call.since),
            call.connection.map_or_else(|| "?".into(), count),
            cut(call.pool.as_deref().unwrap_or(&call.database.to_string()), LABEL_CHARS_MAX),
        ]
    });
    listing(&head, rows)
}

/// Where the time of a call went, as far as it is known and worth a word.
fn parts(call: &CallRecord) -> Vec<String> {
    let words = [
        ("first row", call.parts.first_row),
        ("reader", call.parts.reader),
        ("pool wait", call.parts.pool_wait),
    ];
    let known = words.into_iter().filter_map(|(word, part)| Some((word, part?)));
    known.map(|(word, part)| format!("{word} {}", duration(part))).collect()
}

fn origin(call: &CallRecord) -> String {
    let word = |word: &str| cut(word, LABEL_CHARS_MAX);
    let pool = call.pool.as_deref().map(word);
    let user = call.user.as_deref().map(|user| format!("user {}", word(user)));
    let tag = call.tag.as_deref().map(word);
    let line = call.call_site.map(|line| line.to_string());
    let trace = call.trace_id.map(|id| format!("trace {}", trace(id)));
    let words = [pool, user, tag, line, trace].into_iter().flatten();
    words.chain(parts(call)).collect::<Vec<_>>().join(", ")
}

fn errors(report: &mut String, total: &Activity) -> std::fmt::Result {
    if total.errors.is_empty() {
        return Ok(());
    }
    writeln!(report, "\nerrors")?;
    for error in total.errors.iter().take(ROWS_MAX) {
        let code = error.code.as_deref().map(|code| format!(" (code {code})")).unwrap_or_default();
        writeln!(report, " {} × {}{code}", count(error.count), error.class)?;
    }
    Ok(())
}

fn losses(report: &mut String, snapshot: &Snapshot) -> std::fmt::Result {
    let lost: Vec<_> = snapshot
        .losses
        .entries()
        .into_iter()
        .filter(|(_, lost)| *lost > 0)
        .map(|(name, lost)| format!("{name} {}", count(lost)))
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    writeln!(report, "\nlet go at the monitor's own limits: {}", lost.join(", "))
}
