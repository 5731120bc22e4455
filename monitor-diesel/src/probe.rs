//! The short question whether the database is there, asked beside all calls.

use std::cell::Cell;
use std::fmt;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use diesel::r2d2::{ConnectionManager, Pool, R2D2Connection};
use monitor_core::capture::{ErrorClass, ProbeEnd, ProbePace};

use crate::r2d2::PoolMonitor;

/// Asks a database every so often, on a thread of its own, until this is dropped.
///
/// The thread keeps the pool alive, as r2d2 has no weak handle on one: drop this together with the
/// pool.
#[must_use = "probing ends when this is dropped"]
pub struct Prober {
    /// Goes away with the prober, which ends the thread.
    _alive: Sender<()>,
}

thread_local! {
    static PROBING: Cell<bool> = const { Cell::new(false) };
}

/// Whether what this thread does now is a probe: no call and no checkout of anybody's.
pub(crate) fn is_on() -> bool {
    PROBING.try_with(Cell::get).unwrap_or(false)
}

/// Ends the probe on this thread, also when it panics.
struct During;

impl Drop for During {
    fn drop(&mut self) {
        let _ = PROBING.try_with(|on| on.set(false));
    }
}

// === impl PoolMonitor ===

impl PoolMonitor {
    /// Asks the database whether it is there, and tells the monitor; nobody else's numbers move.
    ///
    /// Takes an idle connection if there is one and never waits for one: where all are out the
    /// answer is [`Busy`](ProbeEnd::Busy), which says nothing about the database. Nor does a pool at rest
    /// (`min_idle` of zero), which has no connection; one that could not make any, or has just found its
    /// last one dead, is a failure.
    ///
    /// Blocks for as long as the server does, as diesel knows no time limit, and keeps the idle
    /// connection meanwhile. Health sees a probe that hangs after 5 s, before it ends.
    pub fn probe<C>(&self, pool: &Pool<ConnectionManager<C>>) -> ProbeEnd
    where
        C: R2D2Connection + 'static,
    {
        let timer = self.source().probe();
        let _ = PROBING.try_with(|on| on.set(true));
        let during = During;
        let end = ask(self, pool);
        drop(during);
        timer.end(end);
        end
    }

    /// Asks as [`probe`](Self::probe) does: at once, then at this interval, which is kept between
    /// 100 ms and a minute; 10 s is a good choice. After a failure it waits twice as long each
    /// time, up to a minute.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub fn probe_every<C>(
        &self,
        pool: &Pool<ConnectionManager<C>>,
        every: Duration,
    ) -> std::io::Result<Prober>
    where
        C: R2D2Connection + 'static,
    {
        let (watch, pool, mut pace) = (self.clone(), pool.clone(), ProbePace::new(every));
        let (alive, ended) = channel();
        std::thread::Builder::new().name("db-monitor-probe".into()).spawn(move || {
            let mut pause = pace.after(watch.probe(&pool));
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                pause = pace.after(watch.probe(&pool));
            }
        })?;
        Ok(Prober { _alive: alive })
    }
}

fn ask<C: R2D2Connection + 'static>(
    watch: &PoolMonitor,
    pool: &Pool<ConnectionManager<C>>,
) -> ProbeEnd {
    match pool.try_get() {
        // The pool has asked already.
        Some(_) if pool.test_on_check_out() => ProbeEnd::Answered,
        Some(mut connection) => match connection.ping() {
            Ok(()) => ProbeEnd::Answered,
            Err(_) => ProbeEnd::Failed(ErrorClass::Connection),
        },
        None if watch.is_lost() && pool.state().connections == 0 => {
            ProbeEnd::Failed(ErrorClass::Connection)
        }
        // A pool at rest has no connection, and makes one only for a caller who waits.
        None => ProbeEnd::Busy,
    }
}

impl fmt::Debug for Prober {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prober").finish_non_exhaustive()
    }
}
