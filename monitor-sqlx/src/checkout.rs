//! The wait for a connection, and the time it is out.

use monitor_core::capture::CallSite;
use monitor_core::{Checkout, CheckoutTimer};
use sqlx::pool::PoolConnection;
use sqlx::{Error, Pool};
use sqlx_core::rt;

use crate::database::MonitoredDatabase;
use crate::growth;
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

// === impl Lent ===

impl<DB: MonitoredDatabase> Lent<DB> {
    fn new(raw: PoolConnection<DB>, timer: CheckoutTimer) -> Self {
        let notes = Notes::default();
        let checkout = timer.taken_showing(&notes.last_call);
        Self { raw: Some(raw), checkout: Some(checkout), notes, closes: false }
    }

    /// One whose calls are not seen: what it runs is not known, and not told.
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

/// Takes a connection. The wait begins with the first poll and is told however it ends.
pub(crate) async fn take<DB: MonitoredDatabase>(
    pool: &MonitoredPool<DB>,
    call_site: Option<CallSite>,
) -> Result<Lent<DB>, Error> {
    let (raw, timer) = wait(pool, call_site, || pool.inner().acquire()).await?;
    Ok(Lent::new(raw, timer))
}

/// The same for code whose calls on the connection are not seen.
pub(crate) async fn take_unseen<DB: MonitoredDatabase>(
    pool: &MonitoredPool<DB>,
    call_site: Option<CallSite>,
) -> Result<Lent<DB>, Error> {
    let (raw, timer) = wait(pool, call_site, || pool.inner().acquire()).await?;
    Ok(Lent::unseen(raw, timer))
}

/// Waits for what takes one connection from the pool and does nothing else.
///
/// The work is made where it is polled: sqlx's future is large, and every function it is handed through would hold it twice.
pub(crate) async fn wait<DB: MonitoredDatabase, T, F: Future<Output = Result<T, Error>>>(
    pool: &MonitoredPool<DB>,
    call_site: Option<CallSite>,
    work: impl FnOnce() -> F,
) -> Result<(T, CheckoutTimer), Error> {
    let watch = &pool.watch;
    let timer = watch.source.checkout_at(call_site.or(watch.call_site));
    match growth::acquire(pool, work).await {
        (Ok(raw), _) => Ok((raw, timer)),
        (Err(error), was_refused) => {
            match &error {
                Error::PoolTimedOut => {
                    // What a hook refused is told already.
                    if !was_refused && has_room(pool.inner()) {
                        watch.source.connection_failed();
                    }
                    timer.timed_out();
                }
                Error::PoolClosed => timer.failed(),
                _ => {
                    timer.failed();
                    watch.source.connection_failed();
                }
            }
            Err(error)
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
