//! Guards of checkouts and transactions: they record when they end, and also when nobody ends them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::last_call::LastCall;
use super::scope;
use super::source::Live;
use crate::aggregate::{Gap, Spent, Unit};
use crate::capture::{CallSite, CheckoutEnd, Stopwatch, Tick, TransactionEnd};

/// Times the wait for a pool's connection. Dropped without an end, the wait counts as cancelled.
pub struct CheckoutTimer {
    live: Option<(LiveSource, Option<CallSite>)>,
}

/// A connection that is out; dropping it means that it came back.
pub struct Checkout {
    live: Option<(LiveSource, Option<usize>)>,
    waited: Duration,
}

/// A connection that was given back while the database still works on it; dropping it means that the
/// pool can use it again, or has closed it.
pub struct Drain {
    live: Option<LiveSource>,
}

/// Times a transaction. Dropped without an end, it counts as dropped: rolled back by nobody's
/// decision.
pub struct TransactionTimer {
    live: Option<(LiveSource, Option<usize>)>,
    /// Only for an adapter that tells of calls.
    calls: Option<Calls>,
    last_call: Option<LastCall>,
}

/// The calls of a transaction, and the time between them: the application's own.
struct Calls {
    thinking: Stopwatch,
    running: u32,
    statements: u64,
    /// The line after which nothing runs, and since when.
    pause: (Option<CallSite>, Tick),
    longest: Option<(Gap, Duration)>,
}

struct LiveSource {
    on: Arc<Live>,
    since: Tick,
    /// The unit of work this is part of. It may end before this does.
    unit: Option<Arc<Unit>>,
}

// === impl CheckoutTimer ===

impl CheckoutTimer {
    pub(super) fn start(live: Option<Arc<Live>>, call_site: Option<CallSite>) -> Self {
        let live = LiveSource::start(live);
        if let Some(live) = &live {
            live.on.source.checkouts.wait_begins();
        }
        Self { live: live.map(|live| (live, call_site)) }
    }

    /// A connection was handed out.
    #[must_use = "the connection counts as returned when this is dropped"]
    pub fn taken(self) -> Checkout {
        self.taken_by(None)
    }

    /// A connection was handed out whose calls the adapter sees: what it runs is known while it is out,
    /// as [`Checkout::shows`] says it later.
    #[must_use = "the connection counts as returned when this is dropped"]
    pub fn taken_showing(self, last_call: &LastCall) -> Checkout {
        self.taken_by(Some(last_call))
    }

    fn taken_by(mut self, last_call: Option<&LastCall>) -> Checkout {
        match self.end(CheckoutEnd::Taken) {
            Some((live, call_site, waited)) => {
                // Out from the moment on at which the wait was over.
                let since = live.since.after(waited);
                Checkout::start(Some((LiveSource { since, ..live }, call_site)), waited, last_call)
            }
            None => Checkout::start(None, Duration::ZERO, None),
        }
    }

    /// The pool gave no connection in time.
    pub fn timed_out(mut self) {
        self.end(CheckoutEnd::TimedOut);
    }

    /// The pool could not give a connection.
    pub fn failed(mut self) {
        self.end(CheckoutEnd::Failed);
    }

    fn end(&mut self, end: CheckoutEnd) -> Option<(LiveSource, Option<CallSite>, Duration)> {
        let (live, call_site) = self.live.take()?;
        let (source, waited) = (&live.on.source, live.elapsed());
        source.checkouts.wait_ends(end, waited);
        if let Some(unit) = &live.unit {
            unit.waited(waited, end == CheckoutEnd::Taken);
        }
        if end == CheckoutEnd::TimedOut {
            source.remember_timeout(live.on.monitor.registry.clock.now(), waited, call_site);
        }
        Some((live, call_site, waited))
    }
}

impl Drop for CheckoutTimer {
    fn drop(&mut self) {
        self.end(CheckoutEnd::Cancelled);
    }
}

impl fmt::Debug for CheckoutTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckoutTimer").finish_non_exhaustive()
    }
}

// === impl Checkout ===

impl Checkout {
    /// A connection that was handed out just now, after a wait that somebody else has measured.
    pub(super) fn waited_for(live: Option<Arc<Live>>, waited: Duration) -> Self {
        let live = LiveSource::start(live);
        if let Some(live) = &live {
            live.on.source.checkouts.wait_begins();
            live.on.source.checkouts.wait_ends(CheckoutEnd::Taken, waited);
            if let Some(unit) = &live.unit {
                unit.waited(waited, true);
            }
        }
        Self::start(live.map(|live| (live, None)), waited, None)
    }

    fn start(
        live: Option<(LiveSource, Option<CallSite>)>,
        waited: Duration,
        last_call: Option<&LastCall>,
    ) -> Self {
        let live = live.map(|(live, call_site)| {
            let last_call = last_call.map(|last| last.0.clone());
            let registry = &live.on.monitor.registry;
            let id = registry.taken(&live.on.source, live.since, call_site, last_call);
            (live, id)
        });
        Self { live, waited }
    }

    /// How long the wait for it was; zero if the monitor is off.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// What the connection runs shall be known while it is out.
    pub fn shows(&self, last_call: &LastCall) {
        if let Some((live, id)) = &self.live {
            live.on.source.checkouts.shows(*id, last_call.0.clone());
        }
    }

    /// The connection came back, and somebody else has measured how long it was out.
    pub fn returned_after(mut self, held: Duration) {
        self.end(Some(held));
    }

    /// The connection came back in the middle of an answer; the pool cannot use it as long as the
    /// guard lives.
    pub fn returned_busy(mut self) -> Drain {
        let on = self.live.as_ref().map(|(live, _)| live.on.clone());
        self.end(None);
        Drain::start(on)
    }

    fn end(&mut self, held: Option<Duration>) {
        if let Some((live, id)) = self.live.take() {
            live.on.source.checkouts.returned(id, held.unwrap_or_else(|| live.elapsed()));
            if let Some(unit) = &live.unit {
                unit.returned();
            }
        }
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        self.end(None);
    }
}

impl fmt::Debug for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout").finish_non_exhaustive()
    }
}

// === impl Drain ===

impl Drain {
    pub(super) fn start(live: Option<Arc<Live>>) -> Self {
        let live = LiveSource::start(live);
        if let Some(live) = &live {
            live.on.source.checkouts.drains.begins();
        }
        Self { live }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        if let Some(live) = &self.live {
            live.on.source.checkouts.drains.ends(live.elapsed());
        }
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}

// === impl TransactionTimer ===

impl TransactionTimer {
    pub(super) fn start(live: Option<Arc<Live>>) -> Self {
        let live = LiveSource::start(live).map(|live| {
            let id = live.on.monitor.registry.transaction_begun(&live.on.source, live.since);
            if let Some(unit) = &live.unit {
                unit.transaction_begun();
            }
            (live, id)
        });
        Self { live, calls: None, last_call: None }
    }

    /// From now on the adapter tells of every call inside of it, so that the time when nothing runs
    /// is known; see [`TransactionActivity::think`](crate::snapshot::TransactionActivity::think).
    #[must_use]
    pub fn with_calls(self) -> Self {
        self.with_calls_from(None)
    }

    /// [`with_calls`](Self::with_calls), for an adapter that knows the line where it was begun.
    #[must_use]
    pub fn with_calls_from(mut self, call_site: Option<CallSite>) -> Self {
        self.calls = self.now().map(|now| Calls {
            thinking: Stopwatch::start(now),
            running: 0,
            statements: 0,
            pause: (call_site, now),
            longest: None,
        });
        self
    }

    /// Whether it runs something shall be known to whoever asks what its connection does.
    #[must_use]
    pub fn shows(mut self, last_call: &LastCall) -> Self {
        if let Some((live, id)) = &self.live {
            live.on.source.transactions.shows(*id, last_call.0.clone());
            last_call.0.transaction_begins(live.since);
            last_call.0.idles(live.since);
            self.last_call = Some(last_call.clone());
        }
        self
    }

    /// A call inside of it begins.
    pub fn call_begins(&mut self) {
        self.call_begins_at(None);
    }

    /// A call inside of it begins, for an adapter that knows its line.
    pub fn call_begins_at(&mut self, call_site: Option<CallSite>) {
        if let Some(calls) = &mut self.calls {
            calls.statements += 1;
        }
        self.works(call_site);
    }

    /// Its end was asked for on this line: no statement of it, and the end of its last pause.
    pub fn ends_at(&mut self, call_site: Option<CallSite>) {
        self.works(call_site);
    }

    fn works(&mut self, call_site: Option<CallSite>) {
        let now = self.now();
        let Some((calls, now)) = self.calls.as_mut().zip(now) else { return };
        calls.running += 1;
        if calls.running == 1 {
            calls.thinking.wait_ends(now);
            calls.paused_until(call_site, now);
            if let Some(last_call) = &self.last_call {
                last_call.0.works();
            }
        }
        calls.pause.0 = call_site;
    }

    /// A call inside of it has ended; it may have begun before the transaction did.
    pub fn call_ends(&mut self) {
        let now = self.now();
        let Some((calls, now)) = self.calls.as_mut().zip(now) else { return };
        calls.running = calls.running.saturating_sub(1);
        if calls.running == 0 {
            calls.thinking.wait_begins(now);
            calls.pause.1 = now;
            if let Some(last_call) = &self.last_call {
                last_call.0.idles(now);
            }
        }
    }

    /// A level was opened inside of it; the transaction itself is level 1.
    pub fn savepoint(&self, depth: u32) {
        if let Some((live, _)) = &self.live {
            live.on.source.transactions.savepoint(depth);
        }
    }

    fn now(&self) -> Option<Tick> {
        self.live.as_ref().map(|(live, _)| live.on.monitor.registry.clock.now())
    }

    /// COMMIT was acknowledged.
    pub fn committed(mut self) {
        self.end(TransactionEnd::Committed);
    }

    /// It was rolled back by the application, or COMMIT failed.
    pub fn rolled_back(mut self) {
        self.end(TransactionEnd::RolledBack);
    }

    fn end(&mut self, end: TransactionEnd) {
        let Some((live, id)) = self.live.take() else { return };
        let (registry, source) = (&live.on.monitor.registry, &live.on.source);
        let now = registry.clock.now();
        if let Some(calls) = self.calls.take() {
            registry.transaction_spent(source, &calls.spent(now));
        }
        if let Some(last_call) = self.last_call.take() {
            last_call.0.transaction_ends();
        }
        source.transactions.ended(id, end, now.since(live.since));
        if let Some(unit) = &live.unit {
            unit.transaction_ended(now.since(live.since));
        }
    }
}

// === impl Calls ===

impl Calls {
    fn paused_until(&mut self, call_site: Option<CallSite>, now: Tick) {
        let (after, since) = self.pause;
        let pause = now.since(since);
        if !pause.is_zero() && self.longest.is_none_or(|(_, longest)| pause > longest) {
            self.longest = Some(((after, call_site), pause));
        }
    }

    fn spent(mut self, now: Tick) -> Spent {
        if self.running == 0 {
            self.paused_until(None, now);
        }
        let (thinking, statements) = (self.thinking.elapsed(now), self.statements);
        Spent { thinking, statements, longest: self.longest }
    }
}

impl Drop for TransactionTimer {
    fn drop(&mut self) {
        self.end(TransactionEnd::Dropped);
    }
}

impl fmt::Debug for TransactionTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionTimer").finish_non_exhaustive()
    }
}

// === impl LiveSource ===

impl LiveSource {
    fn start(live: Option<Arc<Live>>) -> Option<Self> {
        let on = live?;
        let since = on.monitor.registry.clock.now();
        let unit = scope::entered_of(&on.monitor).map(|scope| scope.unit.clone());
        Some(Self { on, since, unit })
    }

    fn elapsed(&self) -> Duration {
        self.on.monitor.registry.clock.now().since(self.since)
    }
}
