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
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll};
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
    /// Those of them that a hook has told of and the monitor has not heard of.
    untold: AtomicU64,
    /// Those taken out of the pool alive.
    detached: AtomicU64,
    closed: AtomicU64,
    /// Waits of ours for which the pool seems to be growing, where no hook tells.
    growing: AtomicU64,
}

/// What one wait sees of a pool that grows.
#[derive(Default)]
pub(crate) struct Growing<'a> {
    /// Since when it seems to be growing for us.
    seems: Option<Seems<'a>>,
    /// What the hook has told of it.
    told: Told,
}

/// One wait for which the pool seems to be growing.
struct Seems<'a> {
    counts: &'a Counts,
    since: Tick,
}

/// What a hook has told while one wait was being polled.
#[derive(Clone, Copy, Default)]
struct Told {
    is_made: bool,
    is_refused: bool,
}

thread_local! {
    /// What was told for the wait that is being polled on this thread; `None` where none is.
    static TOLD: Cell<Option<Told>> = const { Cell::new(None) };
}

/// Those of all pools that are alive, by the place where a pool's options lie: wrapped twice, it is still one.
static KNOWN: Mutex<Vec<(usize, Weak<Counts>)>> = Mutex::new(Vec::new());

// === impl Growth ===

impl Growth {
    /// For a pool whose hook calls [`connected`](Self::connected).
    pub(crate) fn hooked() -> Self {
        let growth = Self::default();
        growth.0.is_hooked.store(true, Relaxed);
        growth
    }

    /// From here on it is known who counts. What a hook has told before is told now; what a pool had
    /// otherwise was made by nobody of ours. A pool that counts there already goes on as it does.
    pub(crate) fn watched_by<DB: MonitoredDatabase>(
        self,
        source: &Source,
        pool: &Pool<DB>,
    ) -> Self {
        let which = std::ptr::from_ref(pool.options()).addr();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, counts)| counts.strong_count() > 0);
        let mut same = known.iter().filter(|(one, _)| *one == which);
        let counts_there =
            |counts: &Arc<Counts>| counts.source.get().is_some_and(|theirs| theirs.is_same(source));
        if let Some(counts) = same.find_map(|(_, counts)| counts.upgrade().filter(counts_there)) {
            return Self(counts);
        }
        known.push((which, Arc::downgrade(&self.0)));
        if self.0.source.set(source.clone()).is_ok() && !self.0.is_hooked.load(Relaxed) {
            self.0.made.store(pool.size().into(), Relaxed);
        }
        self.tell();
        self
    }

    /// The hook: a connection was made.
    pub(crate) fn connected(&self) {
        // Somebody waits for it, and will tell how long it took.
        if !Told::add(|told| told.is_made = true) {
            self.made(None);
        }
    }

    /// The hook: the application's own refused a connection, which is closed again.
    pub(crate) fn refused(&self) {
        Told::add(|told| told.is_refused = true);
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
        match (took, self.0.source.get()) {
            (Some(_), Some(source)) => source.connection_created(took),
            _ => {
                self.0.untold.fetch_add(1, SeqCst);
                self.tell();
            }
        }
    }

    /// Tells each connection once, whoever comes first: its hook, or who says who counts.
    fn tell(&self) {
        if let Some(source) = self.0.source.get() {
            (0..self.0.untold.swap(0, SeqCst)).for_each(|_| source.connection_created(None));
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
        // Nearly always nothing was closed, and a load is all.
        if closed <= self.0.closed.load(Relaxed) {
            return;
        }
        let told = self.0.closed.fetch_max(closed, Relaxed);
        if let Some(source) = self.0.source.get() {
            (told..closed).for_each(|_| source.connection_closed());
        }
    }
}

// === impl Told ===

impl Told {
    /// Adds to what was told for the wait that is being polled here; says whether there is one.
    fn add(tell: impl FnOnce(&mut Self)) -> bool {
        TOLD.with(|slot| match slot.get() {
            Some(mut told) => {
                tell(&mut told);
                slot.set(Some(told));
                true
            }
            None => false,
        })
    }
}

// === impl Growing ===

impl<'a> Growing<'a> {
    /// Polls what takes one connection from the pool, marked as ours, and tells if one was made for it.
    pub(crate) fn poll<DB: MonitoredDatabase, T>(
        &mut self,
        pool: &'a MonitoredPool<DB>,
        work: Pin<&mut impl Future<Output = Result<T, Error>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, Error>> {
        let (raw, growth) = (pool.inner(), pool.growth());
        let is_hooked = growth.0.is_hooked.load(Relaxed);
        let size = raw.size();
        if !is_hooked {
            // What was closed leaves room for what is made now.
            growth.look(size);
        }
        let before = TOLD.replace(Some(self.told));
        let result = mark::during(DB::OWN_THREADS, || work.poll(cx));
        self.told = TOLD.replace(before).unwrap_or(self.told);
        if self.seems.is_none() && raw.size() > size {
            self.seems = Some(Seems::start(&growth.0, pool.watch.clock.now()));
        }
        if result.is_ready() && (self.told.is_made || self.seems.is_some()) {
            self.tell(pool, matches!(result, Poll::Ready(Ok(_))), is_hooked);
        }
        result
    }

    /// Whether the application's own hook has refused one meanwhile, which is told.
    pub(crate) fn was_refused(&self) -> bool {
        self.told.is_refused
    }

    /// The wait has ended, and the pool has grown meanwhile.
    #[cold]
    fn tell<DB: MonitoredDatabase>(
        &self,
        pool: &MonitoredPool<DB>,
        is_given: bool,
        is_hooked: bool,
    ) {
        let growth = pool.growth();
        let took = self.seems.as_ref().map(|seems| pool.watch.clock.now().since(seems.since));
        match took {
            took if is_given && self.told.is_made => growth.made(took),
            Some(took) if is_given && !is_hooked => {
                growth.seems_made(took, pool.inner().size());
            }
            // Made, and its hook failed or the time was over.
            _ if self.told.is_made => growth.made(None),
            _ => {}
        }
    }
}

// === impl Seems ===

impl<'a> Seems<'a> {
    fn start(counts: &'a Counts, since: Tick) -> Self {
        counts.growing.fetch_add(1, SeqCst);
        Self { counts, since }
    }
}

impl Drop for Seems<'_> {
    fn drop(&mut self) {
        self.counts.growing.fetch_sub(1, SeqCst);
    }
}
