//! Connections that a pool makes and closes, and how long it takes to make one.
//!
//! sqlx tells of a new connection by its `after_connect` hook only, and of a closed one not at all. A
//! pool made by [`MonitoredPoolOptions`](crate::MonitoredPoolOptions) has a hook of ours beside the
//! application's, so every connection is counted. Of a pool that was there before, those are counted
//! that a caller of ours waited for: a pool whose size rises while our own wait is being polled, and
//! that then gives a connection, has made it. The size may have risen for a neighbour on another thread,
//! so no more are counted than the pool has places for that nobody else accounts for: rather one too few
//! than one too many. What was made and is not there any more was closed.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use monitor_core::Source;
use monitor_core::capture::Tick;
use sqlx::{Error, Pool};

use crate::database::MonitoredDatabase;
use crate::mark;
use crate::pool::MonitoredPool;

/// How many connections a pool has made, and how many of them are not there any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Growth(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// A hook tells of every connection.
    is_hooked: AtomicBool,
    source: OnceLock<Source>,
    made: AtomicU64,
    /// Those taken out of the pool alive.
    detached: AtomicU64,
    closed: AtomicU64,
    /// Waits of ours for which the pool seems to be growing, where no hook tells.
    growing: AtomicU64,
}

/// One wait for which the pool seems to be growing.
struct Growing<'a> {
    counts: &'a Counts,
    since: Tick,
}

thread_local! {
    /// Whether a connection was made for the wait that is being polled on this thread; `None` where
    /// none is.
    static MADE_FOR: Cell<Option<bool>> = const { Cell::new(None) };
}

// === impl Growth ===

impl Growth {
    /// For a pool whose hook calls [`connected`](Self::connected).
    pub(crate) fn hooked() -> Self {
        let growth = Self::default();
        growth.0.is_hooked.store(true, Relaxed);
        growth
    }

    /// From here on it is known who counts. What a hook has told before is told now; what a pool had
    /// otherwise was made by nobody of ours.
    pub(crate) fn watched_by<DB: MonitoredDatabase>(&self, source: &Source, pool: &Pool<DB>) {
        if self.0.source.set(source.clone()).is_err() {
            return;
        }
        if self.0.is_hooked.load(Relaxed) {
            (0..self.0.made.load(Relaxed)).for_each(|_| source.connection_created(None));
        } else {
            self.0.made.store(pool.size().into(), Relaxed);
        }
    }

    /// The hook: a connection was made.
    pub(crate) fn connected(&self) {
        let has_waiter = MADE_FOR.with(|made| match made.get() {
            Some(_) => {
                made.set(Some(true));
                true
            }
            None => false,
        });
        // Somebody waits for it, and will tell how long it took.
        if !has_waiter {
            self.made(None);
        }
    }

    /// The hook: the application's own refused a connection, which is closed again.
    pub(crate) fn refused(&self) {
        if let Some(source) = self.0.source.get() {
            source.connection_failed();
        }
    }

    /// Tells of a connection that seems to have been made, if the pool of this size has one that nobody accounts for.
    fn seems_made(&self, took: Duration, size: u32) {
        let Counts { made, closed, detached, growing, .. } = &*self.0;
        // The one that asks is growing as well.
        let others = growing.load(SeqCst).saturating_sub(1);
        let gone = closed.load(SeqCst) + detached.load(SeqCst);
        let one_more = |made: u64| {
            let known = made.saturating_sub(gone) + others;
            (known < u64::from(size)).then_some(made + 1)
        };
        if made.fetch_update(SeqCst, SeqCst, one_more).is_ok()
            && let Some(source) = self.0.source.get()
        {
            source.connection_created(Some(took));
        }
    }

    fn made(&self, took: Option<Duration>) {
        self.0.made.fetch_add(1, Relaxed);
        if let Some(source) = self.0.source.get() {
            source.connection_created(took);
        }
    }

    /// One left its pool alive.
    pub(crate) fn detached(&self) {
        self.0.detached.fetch_add(1, Relaxed);
    }

    /// Tells of connections that are not there any more, now that the pool has so many.
    pub(crate) fn look(&self, size: u32) {
        let gone = self.0.detached.load(Relaxed) + u64::from(size);
        // A connection in the making is counted in the size and not yet as made.
        let closed = self.0.made.load(Relaxed).saturating_sub(gone);
        let told = self.0.closed.fetch_max(closed, Relaxed);
        if let Some(source) = self.0.source.get() {
            (told..closed).for_each(|_| source.connection_closed());
        }
    }
}

// === impl Growing ===

impl<'a> Growing<'a> {
    fn start(counts: &'a Counts, since: Tick) -> Self {
        counts.growing.fetch_add(1, SeqCst);
        Self { counts, since }
    }
}

impl Drop for Growing<'_> {
    fn drop(&mut self) {
        self.counts.growing.fetch_sub(1, SeqCst);
    }
}

/// Waits for what takes one connection from the pool, marked as ours, and tells if one was made for it.
pub(crate) async fn acquire<DB: MonitoredDatabase, T, F: Future<Output = Result<T, Error>>>(
    pool: &MonitoredPool<DB>,
    work: impl FnOnce() -> F,
) -> Result<T, Error> {
    let (raw, growth, clock) = (pool.inner(), pool.growth(), &pool.watch.clock);
    let is_hooked = growth.0.is_hooked.load(Relaxed);
    let mut work = pin!(work());
    // Since when the pool has been growing for us, and whether the hook has told of the result.
    let (mut growing, mut is_made) = (None::<Growing<'_>>, false);
    poll_fn(|cx| {
        let size = raw.size();
        if !is_hooked {
            // What was closed leaves room for what is made now.
            growth.look(size);
        }
        let before = MADE_FOR.replace(Some(false));
        let result = mark::during(DB::OWN_THREADS, || work.as_mut().poll(cx));
        is_made |= MADE_FOR.replace(before).unwrap_or(false);
        if growing.is_none() && raw.size() > size {
            growing = Some(Growing::start(&growth.0, clock.now()));
        }
        let took = || growing.as_ref().map(|growing| clock.now().since(growing.since));
        match &result {
            Poll::Ready(Ok(_)) if is_made => growth.made(took()),
            Poll::Ready(Ok(_)) if !is_hooked => {
                if let Some(took) = took() {
                    growth.seems_made(took, raw.size());
                }
            }
            // Made, and its hook failed or the time was over.
            Poll::Ready(Err(_)) if is_made => growth.made(None),
            _ => {}
        }
        result
    })
    .await
}
