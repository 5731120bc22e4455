//! The wait for a connection, and the time it is out.

use monitor_core::Checkout;
use monitor_core::capture::CallSite;
use sqlx::pool::PoolConnection;
use sqlx::{Error, Pool};

use crate::database::MonitoredDatabase;
use crate::watch::{Arrival, Watch};

/// A connection of the pool and the proof that it is out.
pub(crate) struct Lent<DB: MonitoredDatabase> {
    pub(crate) raw: PoolConnection<DB>,
    pub(crate) checkout: Checkout,
}

// === impl Lent ===

impl<DB: MonitoredDatabase> Lent<DB> {
    /// How the call came for which alone it was taken.
    pub(crate) fn arrival(&self, call_site: Option<CallSite>) -> Arrival {
        Arrival { call_site, pool_wait: Some(self.checkout.waited()) }
    }
}

/// Takes a connection. The wait begins with the first poll and is told however it ends.
pub(crate) async fn take<DB: MonitoredDatabase>(
    pool: &Pool<DB>,
    watch: &Watch,
    call_site: Option<CallSite>,
) -> Result<Lent<DB>, Error> {
    let timer = watch.source.checkout_at(call_site.or(watch.call_site));
    match pool.acquire().await {
        Ok(raw) => Ok(Lent { raw, checkout: timer.taken() }),
        Err(error) => {
            match &error {
                Error::PoolTimedOut => {
                    timer.timed_out();
                    if has_room(pool) {
                        watch.source.connection_failed();
                    }
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
    pool: &Pool<DB>,
    watch: &Watch,
    call_site: Option<CallSite>,
) -> Option<Lent<DB>> {
    let raw = pool.try_acquire()?;
    let checkout = watch.source.checkout_at(call_site.or(watch.call_site)).taken();
    Some(Lent { raw, checkout })
}
