//! COPY straight on a pool: a connection is taken for it alone.
//!
//! A COPY borrows its connection, and here nobody else holds that, so both live in one future. Whoever has
//! the COPY puts an order into a slot and polls that future until there is an answer in another.

use std::future::{poll_fn, ready};
use std::panic::Location;
use std::task::Poll;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use monitor_core::capture::CallSite;
use sqlx::{Error, Postgres};
use sqlx_core::bytes::Bytes;

use crate::checkout::take;
use crate::copy::{CopyIn, CopyOut, MonitoredCopyIn, Road};
use crate::pool::MonitoredPool;
use crate::stream::{Slot, SlotStream};

/// A `COPY .. FROM STDIN` with the connection it runs on.
pub(crate) struct OnPool {
    work: BoxFuture<'static, ()>,
    slots: Slots,
    shape: Shape,
    /// An order was given whose answer nobody has waited for: its caller went away.
    is_owed: bool,
}

#[derive(Clone, Default)]
struct Slots {
    orders: Slot<Order>,
    answers: Slot<Result<Answer, Error>>,
}

enum Order {
    Send(Bytes),
    Abort(String),
    Finish,
}

enum Answer {
    Begun(Shape),
    Done,
    Finished(u64),
}

/// What the database said of the columns.
#[derive(Default)]
struct Shape {
    is_textual: bool,
    columns: Vec<bool>,
}

/// COPY, as sqlx's `PgPoolCopyExt` has it.
impl MonitoredPool<Postgres> {
    /// Begins a `COPY .. FROM STDIN` on a connection that is taken for it and given back with its end.
    ///
    /// Counts as a checkout and a call, the wait apart. Each piece that is sent is copied once; where that is
    /// too much, take a connection and [begin it there](crate::MonitoredConnection::copy_in_raw).
    ///
    /// # Errors
    ///
    /// Those of [`acquire`](Self::acquire) and of [`sqlx::PgConnection::copy_in_raw`].
    #[track_caller]
    pub fn copy_in_raw(
        &self,
        statement: &str,
    ) -> impl Future<Output = Result<MonitoredCopyIn<'static>, Error>> + Send + use<> {
        let (pool, statement) = (self.clone(), statement.to_owned());
        let site = Some(Location::caller().into());
        async move {
            let slots = Slots::default();
            let work = Box::pin(work(pool, statement, site, slots.clone()));
            let mut copy = OnPool { work, slots, shape: Shape::default(), is_owed: false };
            if let Answer::Begun(shape) = copy.answer().await? {
                copy.shape = shape;
            }
            Ok(MonitoredCopyIn(Road::OnPool(copy)))
        }
    }

    /// Begins a `COPY .. TO STDOUT` on a connection that is taken for it and given back with its last piece.
    ///
    /// # Errors
    ///
    /// Those of [`acquire`](Self::acquire) and of [`sqlx::PgConnection::copy_out_raw`].
    #[track_caller]
    pub fn copy_out_raw(
        &self,
        statement: &str,
    ) -> impl Future<Output = Result<BoxStream<'static, Result<Bytes, Error>>, Error>> + Send + use<>
    {
        let (pool, statement) = (self.clone(), statement.to_owned());
        let site = Some(Location::caller().into());
        async move {
            let mut pieces =
                SlotStream::new(|slot| async move { pour(pool, statement, site, slot).await });
            // Nothing comes first, once it has begun.
            match pieces.next().await {
                Some(Some(Err(error))) => Err(error),
                _ => Ok(pieces.filter_map(ready).boxed()),
            }
        }
    }
}

/// Does what is ordered, until the COPY has ended.
async fn work(
    pool: MonitoredPool<Postgres>,
    statement: String,
    site: Option<CallSite>,
    Slots { orders, answers }: Slots,
) {
    let mut lent = match take!(&pool, site) {
        Ok(lent) => lent,
        Err(error) => return answers.put(Err(error)),
    };
    let arrival = lent.arrival(site);
    let mut copy = match CopyIn::begin(lent.seat(&pool.watch), &statement, arrival).await {
        Ok(copy) => copy,
        Err(error) => return answers.put(Err(error)),
    };
    let shape = Shape { is_textual: copy.is_textual(), columns: copy.columns() };
    answers.put(Ok(Answer::Begun(shape)));
    loop {
        match poll_fn(|_| orders.take().map_or(Poll::Pending, Poll::Ready)).await {
            Order::Send(piece) => answers.put(copy.send(&piece).await.map(|()| Answer::Done)),
            Order::Abort(message) => {
                return answers.put(copy.abort(message).await.map(|()| Answer::Done));
            }
            Order::Finish => return answers.put(copy.finish().await.map(Answer::Finished)),
        }
    }
}

/// Hands on the pieces of a COPY behind a first nothing, which says that it has begun.
async fn pour(
    pool: MonitoredPool<Postgres>,
    statement: String,
    site: Option<CallSite>,
    slot: Slot<Option<Result<Bytes, Error>>>,
) {
    let mut lent = match take!(&pool, site) {
        Ok(lent) => lent,
        Err(error) => return slot.put(Some(Err(error))),
    };
    let arrival = lent.arrival(site);
    match CopyOut::begin(lent.seat(&pool.watch), &statement, arrival).await {
        Ok(mut pieces) => {
            slot.hand(None).await;
            while let Some(piece) = pieces.next().await {
                slot.hand(Some(piece)).await;
            }
        }
        Err(error) => slot.put(Some(Err(error))),
    }
}

// === impl OnPool ===

impl OnPool {
    pub(crate) fn is_textual(&self) -> bool {
        self.shape.is_textual
    }

    pub(crate) fn columns(&self) -> &[bool] {
        &self.shape.columns
    }

    pub(crate) async fn send(&mut self, piece: Bytes) -> Result<(), Error> {
        self.ask(Order::Send(piece)).await.map(|_| ())
    }

    pub(crate) async fn abort(mut self, message: String) -> Result<(), Error> {
        self.ask(Order::Abort(message)).await.map(|_| ())
    }

    pub(crate) async fn finish(mut self) -> Result<u64, Error> {
        match self.ask(Order::Finish).await? {
            Answer::Finished(rows) => Ok(rows),
            Answer::Begun(_) | Answer::Done => Ok(0),
        }
    }

    async fn ask(&mut self, order: Order) -> Result<Answer, Error> {
        if self.is_owed {
            self.answer().await?;
        }
        self.slots.orders.put(order);
        self.is_owed = true;
        self.answer().await
    }

    /// Waits for the answer to what was ordered.
    async fn answer(&mut self) -> Result<Answer, Error> {
        let answer = poll_fn(|cx| {
            // Ended or not: it is polled no more once it has answered its last order.
            let _ = self.work.as_mut().poll(cx);
            self.slots.answers.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        self.is_owed = false;
        answer
    }
}
