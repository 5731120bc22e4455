//! The short question whether the database is there, asked beside all calls.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::{AbortHandle, abortable};
use monitor_core::Source;
use monitor_core::capture::{ErrorClass, ProbeEnd, ProbePace};
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Connection, Error, Pool};
use sqlx_core::rt;

use crate::database::MonitoredDatabase;
use crate::error::Fault;
use crate::mark::Marked;
use crate::pool::Shared;

/// A database that takes longer to say that it is there is as good as gone; what `monitor-core`
/// calls a probe that hangs begins later.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// How long of that an idle connection may take: a dead one must leave time to make another.
const PING_LIMIT: Duration = Duration::from_secs(1);

/// The connections of one pool that a probe holds now.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<AtomicU32>);

/// What a probe was answered on, to be put back or closed.
enum Used<DB: MonitoredDatabase> {
    Idle(Idle<DB>),
    Own(DB::Connection),
}

/// An idle connection on loan. Dropped half-way it may be in the middle of an answer: it is cut off
/// and the pool makes another one.
struct Idle<DB: MonitoredDatabase> {
    raw: Option<PoolConnection<DB>>,
    held: Held,
}

/// Asks once, and tells the monitor.
pub(crate) async fn ask<DB: MonitoredDatabase>(
    pool: &Pool<DB>,
    held: &Held,
    source: &Source,
) -> ProbeEnd {
    let timer = source.probe();
    let (end, used) = match rt::timeout(TIME_LIMIT, answer(pool, held)).await {
        Ok(Ok(Some(used))) => (ProbeEnd::Answered, Some(used)),
        Ok(Ok(None)) => (ProbeEnd::Busy, None),
        Ok(Err(error)) => {
            let class = Fault::of::<DB>(&error).map_or(ErrorClass::Other, |fault| fault.class);
            (ProbeEnd::Failed(class), None)
        }
        Err(_) => (ProbeEnd::Failed(ErrorClass::Timeout), None),
    };
    timer.end(end);
    if let Some(used) = used {
        let _ = rt::timeout(TIME_LIMIT, used.put_back()).await;
    }
    end
}

/// The answer of the database on a connection that nobody needs; `None` where there is none.
async fn answer<DB: MonitoredDatabase>(
    pool: &Pool<DB>,
    held: &Held,
) -> Result<Option<Used<DB>>, Error> {
    if pool.is_closed() {
        return Err(Error::PoolClosed);
    }
    // Never waits: a connection that is idle now, while nobody queues for one.
    if let Some(mut idle) = Idle::take(pool, held) {
        if let Ok(Ok(())) = rt::timeout(PING_LIMIT, idle.ping()).await {
            return Ok(Some(Used::Idle(idle)));
        }
        // One connection can die, or fall silent, without its server: only a new one tells.
    } else if pool.size() >= pool.options().get_max_connections() {
        return Ok(None);
    }
    // Beside the pool, so that no caller has to wait for the room it takes.
    let options = pool.connect_options();
    let mut own = Marked::new(Box::pin(options.connect()), DB::OWN_THREADS).await?;
    Marked::new(Box::pin(own.ping()), DB::OWN_THREADS).await?;
    Ok(Some(Used::Own(own)))
}

/// Asks now and then for as long as the pool is there and open. The handle ends it at once.
///
/// Between two probes it keeps nothing alive.
pub(crate) fn start<DB: MonitoredDatabase>(
    pool: Weak<Shared<DB>>,
    source: Source,
    mut pace: ProbePace,
) -> AbortHandle {
    let (work, handle) = abortable(async move {
        while let Some((raw, held)) = pool.upgrade().map(|shared| shared.to_probe()) {
            let mut closed = raw.close_event();
            let Ok(end) = closed.do_until(ask(&raw, &held, &source)).await else { return };
            drop(raw);
            if closed.do_until(rt::sleep(pace.after(end))).await.is_err() {
                return;
            }
        }
    });
    rt::spawn(work);
    handle
}

// === impl Held ===

impl Held {
    pub(crate) fn count(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

// === impl Used ===

impl<DB: MonitoredDatabase> Used<DB> {
    async fn put_back(self) {
        match self {
            Self::Idle(idle) => idle.put_back().await,
            Self::Own(own) => drop(Marked::new(Box::pin(own.close()), DB::OWN_THREADS).await),
        }
    }
}

// === impl Idle ===

impl<DB: MonitoredDatabase> Idle<DB> {
    fn take(pool: &Pool<DB>, held: &Held) -> Option<Self> {
        // Counted first: between the two it must not seem in use.
        held.0.fetch_add(1, Relaxed);
        let idle = Self { raw: pool.try_acquire(), held: held.clone() };
        idle.raw.is_some().then_some(idle)
    }

    async fn ping(&mut self) -> Result<(), Error> {
        match &mut self.raw {
            Some(raw) => Marked::new(Box::pin(raw.ping()), DB::OWN_THREADS).await,
            None => Err(Error::PoolClosed),
        }
    }

    async fn put_back(mut self) {
        if let Some(mut raw) = self.raw.take() {
            Marked::new(Box::pin(raw.return_to_pool()), DB::OWN_THREADS).await;
        }
    }
}

impl<DB: MonitoredDatabase> Drop for Idle<DB> {
    fn drop(&mut self) {
        if let Some(raw) = self.raw.take() {
            drop(raw.detach());
        }
        self.held.0.fetch_sub(1, Relaxed);
    }
}
