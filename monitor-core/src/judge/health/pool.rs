//! Do callers get a connection?

use super::{Check, CheckKind, Status, Subject, Thresholds, Unit, Verdict};
use crate::snapshot::{CheckoutActivity, PoolActivity, Snapshot};

/// One check for each pool.
pub(super) fn checks(snapshot: &Snapshot, thresholds: &Thresholds) -> Vec<Check> {
    let pools = snapshot.pools().map(|(source, pool)| {
        let window = snapshot.windows.first();
        let lately =
            window.and_then(|window| window.sources.iter().find(|other| other.is_same(source)));
        let lately = lately.and_then(|source| source.pool.as_ref()).map(|pool| &pool.checkouts);
        let verdict = verdict(pool, lately.unwrap_or(&pool.checkouts), thresholds);
        Check::new(CheckKind::Pool, Subject::source(source), snapshot.at, verdict)
    });
    pools.collect()
}

fn verdict(pool: &PoolActivity, lately: &CheckoutActivity, thresholds: &Thresholds) -> Verdict {
    let without = lately.timed_out + lately.failed;
    if without >= thresholds.failed_checkouts {
        return without_connection(without, lately, thresholds);
    }
    if let Some(slow) = slow_to_give(lately, thresholds) {
        return slow;
    }
    let usage = pool.usage();
    let (full, leaks) = (
        usage.is_some_and(|usage| usage >= thresholds.pool_usage),
        pool.leaked >= thresholds.leaked_connections_of(pool),
    );
    let status = match usage {
        _ if full || leaks => Status::Degraded,
        None if pool.levels.is_none() && lately.taken == 0 => {
            return Verdict::new(
                Status::Unknown,
                "nobody took a connection, and it does not say how full it is: too soon to tell",
            );
        }
        _ => Status::Healthy,
    };
    let verdict = Verdict::new(status, words(pool, without));
    match (usage, leaks && !full) {
        (_, true) => {
            let threshold = thresholds.leaked_connections_of(pool) as f64;
            verdict.measured(pool.leaked as f64, threshold, Unit::Count)
        }
        (Some(usage), _) => verdict.measured(usage, thresholds.pool_usage, Unit::Share),
        (None, _) => verdict,
    }
}

fn without_connection(without: u64, lately: &CheckoutActivity, thresholds: &Thresholds) -> Verdict {
    let share = without as f64 / (without + lately.taken) as f64;
    let status = if share >= thresholds.error_rate { Status::Unhealthy } else { Status::Degraded };
    let message = format!(
        "{without} checkouts got no connection in the last minute ({} timed out, {} failed), {} got one",
        lately.timed_out, lately.failed, lately.taken
    );
    Verdict::new(status, message).measured(
        without as f64,
        thresholds.failed_checkouts as f64,
        Unit::Count,
    )
}

fn slow_to_give(lately: &CheckoutActivity, thresholds: &Thresholds) -> Option<Verdict> {
    let (p95, limit) = (lately.wait.quantile(0.95)?, thresholds.pool_wait);
    let count = lately.wait.count();
    (p95 >= limit && count >= thresholds.calls_min).then(|| {
        let message = format!("one caller in twenty waited {p95:.1?} or longer, of {count}");
        let (value, threshold) = (p95.as_secs_f64(), limit.as_secs_f64());
        Verdict::new(Status::Degraded, message).measured(value, threshold, Unit::Seconds)
    })
}

fn words(pool: &PoolActivity, without: u64) -> String {
    let in_use = match pool.levels {
        Some(levels) => match levels.max {
            Some(max) => format!("{} of {max} connections in use", levels.in_use()),
            None => format!("{} connections in use", levels.in_use()),
        },
        None => format!("{} connections out", pool.checkouts.out),
    };
    let leaked = match pool.leaked {
        0 => String::new(),
        leaked => format!(", {leaked} of them for too long"),
    };
    format!(
        "{in_use}{leaked}, {} wait, {without} got none in the last minute",
        pool.checkouts.waiting
    )
}
