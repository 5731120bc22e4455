//! Checkouts that timed out, as JSON and in words.

use std::fmt::Write;
use std::sync::Arc;

use serde::Serialize;

use super::source_json::HeldView;
use super::words::instant;
use crate::judge::Explanation;
use crate::snapshot::CheckoutTimeout;

#[derive(Serialize)]
pub(super) struct TimeoutView {
    at: String,
    waited_seconds: f64,
    call_site: Option<String>,
    waiting: u64,
    out: u64,
    max: Option<u32>,
    connect_failed: bool,
    draining: u64,
    held: Vec<HeldView>,
}

// === impl TimeoutView ===

impl TimeoutView {
    pub(super) fn new(timeout: &CheckoutTimeout) -> Self {
        Self {
            at: instant(timeout.at),
            waited_seconds: timeout.waited.as_secs_f64(),
            call_site: timeout.call_site.map(|site| site.to_string()),
            waiting: timeout.waiting,
            out: timeout.out,
            max: timeout.levels.and_then(|levels| levels.max),
            connect_failed: timeout.connect_failed,
            draining: timeout.draining,
            held: timeout.held.iter().map(HeldView::new).collect(),
        }
    }
}

/// Why checkouts timed out: the newest of each pool, under its name; empty where none did.
///
/// `explained` holds the time-outs pool by pool, newest first.
#[must_use]
pub fn timeouts(explained: &[(Arc<str>, Explanation)]) -> String {
    let mut report = String::new();
    for of_pool in explained.chunk_by(|(one, _), (other, _)| one == other) {
        let [(pool, newest), earlier @ ..] = of_pool else { continue };
        // Writing to a String cannot fail.
        let _ = write!(report, "\na checkout timed out: {pool}: {}", newest.text);
        if !earlier.is_empty() {
            let _ = writeln!(report, "  and {} before it", earlier.len());
        }
    }
    report
}
