//! Checkouts that timed out, and who held the connections then.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::event::SeriesRef;
use super::followed::Holder;
use super::last_call::LastCall;
use super::lock;
use crate::capture::{CallSite, Clock, PoolLevels, Tick};
use crate::snapshot::{CheckoutTimeout, HeldConnection};

/// The newest time-outs of one pool.
#[derive(Default)]
pub(super) struct Timeouts(Mutex<VecDeque<Timeout>>);

/// A [`CheckoutTimeout`] that has just happened.
#[derive(Clone)]
pub(super) struct Timeout {
    pub(super) at: Tick,
    pub(super) waited: Duration,
    pub(super) call_site: Option<CallSite>,
    pub(super) waiting: u64,
    pub(super) out: u64,
    pub(super) held: Vec<Held>,
    pub(super) draining: u64,
    pub(super) levels: Option<PoolLevels>,
    pub(super) connect_failed: bool,
}

/// A [`HeldConnection`] whose statement has no text yet.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) held: Duration,
    pub(super) call_site: Option<CallSite>,
    pub(super) series: Option<SeriesRef>,
    pub(super) running: Option<Duration>,
    pub(super) called: Option<Duration>,
    pub(super) transaction: Option<Duration>,
    pub(super) is_seen: bool,
}

/// Finds the text of a series that has its place.
pub(super) type TextFn<'a> = dyn Fn(SeriesRef) -> Option<Arc<str>> + 'a;

// === impl Timeouts ===

impl Timeouts {
    pub(super) fn push(&self, mut timeout: Timeout) {
        timeout.held.truncate(CheckoutTimeout::HOLDERS_MAX);
        let mut timeouts = lock(&self.0);
        timeouts.truncate(CheckoutTimeout::KEPT_MAX - 1);
        timeouts.push_front(timeout);
    }

    pub(super) fn read(&self, clock: &Clock, text: &TextFn<'_>) -> Vec<CheckoutTimeout> {
        // Names lie in the books, which may be busy: no checkout that times out waits for them meanwhile.
        let timeouts = lock(&self.0).clone();
        let read = timeouts.into_iter().map(|timeout| CheckoutTimeout {
            at: clock.wall(timeout.at),
            waited: timeout.waited,
            call_site: timeout.call_site,
            waiting: timeout.waiting,
            out: timeout.out,
            held: named(timeout.held, text),
            draining: timeout.draining,
            levels: timeout.levels,
            connect_failed: timeout.connect_failed,
        });
        read.collect()
    }
}

/// Holders with what they run in words.
pub(super) fn named(held: Vec<Held>, text: &TextFn<'_>) -> Vec<HeldConnection> {
    let named = held.into_iter().map(|held| HeldConnection {
        held: held.held,
        call_site: held.call_site,
        statement: held.series.and_then(text),
        running: held.running,
        called: held.called,
        transaction: held.transaction,
        is_seen: held.is_seen,
    });
    named.collect()
}

// === impl Held ===

impl Held {
    pub(super) fn of(holder: &Holder, now: Tick) -> Self {
        let last = holder.last_call.as_deref();
        Self {
            held: now.since(holder.since),
            call_site: holder.call_site,
            series: last.and_then(LastCall::series),
            running: last.and_then(|last| last.running(now)),
            called: last.and_then(|last| last.called(now)),
            transaction: last.and_then(|last| last.transaction(now)),
            is_seen: last.is_some(),
        }
    }
}
