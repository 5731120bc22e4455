//! Rows as they come: the database's time and the reader's own kept apart.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use sqlx::{Either, Error};

use crate::database::{Item, MonitoredDatabase};
use crate::mark::Marked;
use crate::seat::{InCall, Seat};
use crate::split::Split;
use crate::watch::Arrival;

/// A call on a connection whose rows are read one by one. Starts with its first poll.
pub(crate) struct CallStream<'e, DB: MonitoredDatabase> {
    start: Option<Start<'e, DB>>,
    rows: Option<Marked<BoxStream<'e, Item<DB>>>>,
    call: Option<InCall<'e>>,
    tells_affected: bool,
}

struct Start<'e, DB: MonitoredDatabase> {
    seat: Seat<'e, DB>,
    query: Split<DB>,
    arrival: Arrival,
}

/// A stream written as a future that puts item after item into a slot.
///
/// A query straight on a pool owns the connection and borrows it for its rows, which only an
/// `async` block can do.
pub(crate) struct SlotStream<'e, T> {
    work: Option<BoxFuture<'e, ()>>,
    slot: Slot<T>,
}

/// Where the future leaves an item. Never contended: the future runs only inside the stream's poll.
pub(crate) struct Slot<T>(Arc<Mutex<Option<T>>>);

// === impl CallStream ===

impl<'e, DB: MonitoredDatabase> CallStream<'e, DB> {
    pub(crate) fn new(seat: Seat<'e, DB>, query: Split<DB>, arrival: Arrival) -> Self {
        let start = Some(Start { seat, query, arrival });
        Self { start, rows: None, call: None, tells_affected: false }
    }

    /// Hands every item to the slot, until there are no more.
    pub(crate) async fn pour_into(mut self, slot: &Slot<Item<DB>>) {
        std::future::poll_fn(|cx| match self.poll_next_unpin(cx) {
            Poll::Ready(Some(Ok(item))) => {
                slot.put(Ok(item));
                // The reader finds the item in the slot and comes back for the next.
                Poll::Pending
            }
            Poll::Ready(Some(Err(error))) => {
                slot.put(Err(error));
                Poll::Ready(())
            }
            Poll::Ready(None) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        })
        .await;
    }

    fn begin(&mut self) {
        if let Some(Start { seat, query, arrival }) = self.start.take() {
            self.tells_affected = DB::tells_affected(query.text());
            let (raw, query, call) = seat.start(query, arrival);
            self.call = Some(call);
            self.rows = Some(Marked::new(DB::fetch_many(raw, query), DB::OWN_THREADS));
        }
    }

    fn arrived(&mut self, item: &Either<DB::QueryResult, DB::Row>) {
        let Some(call) = &mut self.call else { return };
        call.wait_ends();
        match item {
            Either::Left(result) => {
                call.add_returned(0);
                if self.tells_affected {
                    call.add_affected(DB::rows_affected(result));
                }
            }
            Either::Right(_) => call.add_returned(1),
        }
    }

    fn end(&mut self, result: &Result<(), Error>) {
        if let Some(call) = self.call.take() {
            call.end::<DB, _>(result);
        }
    }
}

// Nothing in it is pinned in place: the driver's stream is boxed.
impl<DB: MonitoredDatabase> Unpin for CallStream<'_, DB> {}

impl<DB: MonitoredDatabase> Stream for CallStream<'_, DB> {
    type Item = Item<DB>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.begin();
        let Some(rows) = &mut self.rows else { return Poll::Ready(None) };
        let next = rows.poll_next_unpin(cx);
        match next {
            Poll::Ready(Some(Ok(item))) => {
                self.arrived(&item);
                Poll::Ready(Some(Ok(item)))
            }
            Poll::Ready(Some(Err(error))) => {
                let failed = Err(error);
                self.end(&failed);
                Poll::Ready(failed.err().map(Err))
            }
            Poll::Ready(None) => {
                self.end(&Ok(()));
                Poll::Ready(None)
            }
            Poll::Pending => {
                if let Some(call) = &mut self.call {
                    call.wait_begins();
                }
                Poll::Pending
            }
        }
    }
}

impl<DB: MonitoredDatabase> Drop for CallStream<'_, DB> {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            call.stop();
        }
    }
}

// === impl SlotStream ===

impl<'e, T> SlotStream<'e, T> {
    pub(crate) fn new<F>(work: impl FnOnce(Slot<T>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'e,
    {
        let slot = Slot::default();
        Self { work: Some(Box::pin(work(slot.clone()))), slot }
    }
}

impl<T> Stream for SlotStream<'_, T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        let ended = work.as_mut().poll(cx).is_ready();
        if ended {
            // Gives the connection back, before the reader lets go of the stream.
            self.work = None;
        }
        match self.slot.take() {
            Some(item) => Poll::Ready(Some(item)),
            None if ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

// === impl Slot ===

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// The same slot.
impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Slot<T> {
    pub(crate) fn put(&self, item: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(item);
    }

    /// Puts an item in and lets its reader have it before anything else is done.
    #[cfg(feature = "postgres")]
    pub(crate) async fn hand(&self, item: T) {
        self.put(item);
        let mut is_handed = false;
        std::future::poll_fn(|_| {
            // The reader finds the item in the slot and comes back for the next.
            if std::mem::replace(&mut is_handed, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
