//! The wait for a connection, and the time it is out.

use std::future::poll_fn;
use std::pin::Pin;

use monitor_core::capture::CallSite;
use monitor_core::{Checkout, CheckoutTimer};
use sqlx::pool::PoolConnection;
use sqlx::{Error, Pool};
use sqlx_core::rt;

use crate::database::MonitoredDatabase;
use crate::growth::Growing;
use crate::pool::MonitoredPool;
use crate::seat::{Notes, Seat};
use crate::watch::{Arrival, Watch};

/// A connection of the pool and the proof that it is out.
pub(crate) struct Lent<DB: MonitoredDatabase> {
    /// There as long as this is: only what consumes this takes it.
    raw: Option<PoolConnection<DB>>,
    /// The same.
    checkout: Option<Checkout>,
    pub(crate) notes: Notes,
    /// It is closed when it comes back, whatever state it is in.
    closes: bool,
}

/// A wait for a connection, which has begun. Dropped, it was cancelled: declare it before what it waits for, so that it is dropped after that.
pub(crate) struct Wait<'a, DB: MonitoredDatabase> {
    growing: Growing<'a>,
    pool: &'a MonitoredPool<DB>,
    timer: CheckoutTimer,
}

// === impl Lent ===

impl<DB: MonitoredDatabase> Lent<DB> {
    fn new(raw: PoolConnection<DB>, timer: CheckoutTimer) -> Self {
        let notes = Notes::default();
        let checkout = timer.taken_showing(&notes.last_call);
        Self { raw: Some(raw), checkout: Some(checkout), notes, closes: false }
    }

    fn unseen(raw: PoolConnection<DB>, timer: CheckoutTimer) -> Self {
        let (checkout, notes) = (Some(timer.taken()), Notes::default());
        Self { raw: Some(raw), checkout, notes, closes: false }
    }

    /// How the call came for which alone it was taken.
    pub(crate) fn arrival(&self, call_site: Option<CallSite>) -> Arrival {
        let pool_wait = self.checkout.as_ref().map(Checkout::waited);
        Arrival { call_site, pool_wait }
    }

    pub(crate) fn raw(&self) -> &PoolConnection<DB> {
        match &self.raw {
            Some(raw) => raw,
            None => unreachable!("a connection is taken out by what consumes its owner"),
        }
    }

    pub(crate) fn raw_mut(&mut self) -> &mut PoolConnection<DB> {
        match &mut self.raw {
            Some(raw) => raw,
            None => unreachable!("a connection is taken out by what consumes its owner"),
        }
    }

    pub(crate) fn seat<'a>(&'a mut self, watch: &'a Watch) -> Seat<'a, DB> {
        match &mut self.raw {
            Some(raw) => Seat { raw, watch, notes: &mut self.notes },
            None => unreachable!("a connection is taken out by what consumes its owner"),
        }
    }

    /// Makes the pool close it when it comes back.
    pub(crate) fn close_on_drop(&mut self) {
        self.raw_mut().close_on_drop();
        self.closes = true;
    }

    /// The connection, which is out as long as the guard beside it lives.
    pub(crate) fn into_parts(mut self) -> (PoolConnection<DB>, Option<Checkout>) {
        let checkout = self.checkout.take();
        match self.raw.take() {
            Some(raw) => (raw, checkout),
            None => unreachable!("a connection is taken out by what consumes its owner"),
        }
    }
}

impl<DB: MonitoredDatabase> Drop for Lent<DB> {
    /// Gives it back, as sqlx does it; one that nobody can use any more is closed. One that was left in the middle of an answer is watched until
    /// the pool can use it again; one that is closed keeps nobody waiting for its answer.
    fn drop(&mut self) {
        let (Some(mut raw), Some(checkout)) = (self.raw.take(), self.checkout.take()) else {
            return;
        };
        if self.notes.is_spoilt {
            raw.close_on_drop();
            self.closes = true;
        }
        if self.notes.is_cut && !self.closes {
            let back = raw.return_to_pool();
            let busy = checkout.returned_busy();
            rt::spawn(async move {
                back.await;
                drop(busy);
            });
        } else {
            // Back before it counts as back.
            drop(raw);
            drop(checkout);
        }
    }
}

/// Takes a connection. The wait begins here, so this stands where a future is polled, and is told however it ends.
///
/// A macro, as sqlx's future is large, and every function it is handed through would hold it twice: it stays where it is made.
macro_rules! take {
    ($pool:expr, $site:expr) => {{
        let mut wait = $crate::checkout::Wait::start($pool, $site);
        let end = wait.until(std::pin::pin!($pool.inner().acquire())).await;
        wait.lent(end)
    }};
}
pub(crate) use take;

// === impl Wait ===

impl<'a, DB: MonitoredDatabase> Wait<'a, DB> {
    pub(crate) fn start(pool: &'a MonitoredPool<DB>, call_site: Option<CallSite>) -> Self {
        let timer = pool.watch.source.checkout_at(call_site.or(pool.watch.call_site));
        Self { growing: Growing::default(), pool, timer }
    }

    /// Waits for what takes one connection from the pool and does nothing else.
    pub(crate) fn until<T>(
        &mut self,
        mut work: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> impl Future<Output = Result<T, Error>> {
        poll_fn(move |cx| self.growing.poll(self.pool, work.as_mut(), cx))
    }

    /// A connection whose calls are seen.
    pub(crate) fn lent(self, end: Result<PoolConnection<DB>, Error>) -> Result<Lent<DB>, Error> {
        self.ended(end).map(|(raw, timer)| Lent::new(raw, timer))
    }

    /// One whose calls are not seen: what it runs is not known, and not told.
    pub(crate) fn unseen(self, end: Result<PoolConnection<DB>, Error>) -> Result<Lent<DB>, Error> {
        self.ended(end).map(|(raw, timer)| Lent::unseen(raw, timer))
    }

    /// What was waited for, and a timer that waits for it to be taken.
    pub(crate) fn ended<T>(self, end: Result<T, Error>) -> Result<(T, CheckoutTimer), Error> {
        let Self { growing, pool, timer } = self;
        let was_refused = growing.was_refused();
        drop(growing);
        match end {
            Ok(raw) => Ok((raw, timer)),
            Err(error) => {
                gave_nothing(pool, timer, &error, was_refused);
                Err(error)
            }
        }
    }
}

#[cold]
fn gave_nothing<DB: MonitoredDatabase>(
    pool: &MonitoredPool<DB>,
    timer: CheckoutTimer,
    error: &Error,
    was_refused: bool,
) {
    let source = &pool.watch.source;
    match error {
        Error::PoolTimedOut => {
            // What a hook refused is told already.
            if !was_refused && has_room(pool.inner()) {
                source.connection_failed();
            }
            timer.timed_out();
        }
        Error::PoolClosed => timer.failed(),
        _ => {
            timer.failed();
            source.connection_failed();
        }
    }
}

/// Whether the pool might have made one more connection.
///
/// sqlx tries again and again to reach a server that refuses, until the time is over, and then says
/// only that it is over. A pool that had room and gave nothing could not connect.
fn has_room<DB: MonitoredDatabase>(pool: &Pool<DB>) -> bool {
    pool.size() < pool.options().get_max_connections()
}

/// Takes a connection if one is idle. Nobody waits, so one that is not there is no checkout.
pub(crate) fn try_take<DB: MonitoredDatabase>(
    pool: &MonitoredPool<DB>,
    call_site: Option<CallSite>,
) -> Option<Lent<DB>> {
    let raw = pool.inner().try_acquire()?;
    let watch = &pool.watch;
    Some(Lent::new(raw, watch.source.checkout_at(call_site.or(watch.call_site))))
}
