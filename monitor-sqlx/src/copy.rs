//! COPY of PostgreSQL on a watched connection or pool.
//!
//! Where a COPY does not come to its end, sqlx leaves what the server still says of it in the line: the next call
//! on that connection fails, and the pool does not notice. So such a connection is marked and closed when it comes
//! back.

use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use sqlx::postgres::PgCopyIn;
use sqlx::{Error, PgConnection, Postgres};
use sqlx_core::bytes::Bytes;
use sqlx_core::io::{AsyncRead, AsyncReadExt};

use crate::connection::MonitoredConnection;
use crate::copy_on_pool::OnPool;
use crate::seat::{InCall, Seat};
use crate::watch::Arrival;

/// A `COPY .. FROM STDIN` that is under way; stands in for [`PgCopyIn`].
///
/// One call, from the statement to [`finish`](Self::finish), with the rows that were copied. The time
/// the application takes between two pieces is its own. An error ends it as failed; dropped or aborted,
/// it is cancelled.
#[must_use = "a COPY that is dropped is cancelled, and its connection with it"]
pub struct MonitoredCopyIn<'c>(pub(crate) Road<'c>);

/// Whose connection it runs on.
pub(crate) enum Road<'c> {
    Borrowed(CopyIn<'c>),
    /// One that was taken from the pool for it. Lives as long as it wants.
    OnPool(OnPool),
}

/// The COPY itself.
pub(crate) struct CopyIn<'c> {
    raw: PgCopyIn<&'c mut PgConnection>,
    /// Until it has ended.
    call: Option<InCall<'c>>,
}

/// The pieces of a `COPY .. TO STDOUT`.
pub(crate) struct CopyOut<'c> {
    pieces: BoxStream<'c, Result<Bytes, Error>>,
    call: Option<InCall<'c>>,
}

/// Bytes that [`MonitoredCopyIn::read_from`] reads at once.
const PIECE_BYTES: usize = 64 * 1024;

/// COPY.
impl MonitoredConnection<Postgres> {
    /// Begins a `COPY .. FROM STDIN`; see [`PgConnection::copy_in_raw`].
    ///
    /// # Errors
    ///
    /// Those of [`PgConnection::copy_in_raw`].
    #[track_caller]
    pub fn copy_in_raw(
        &mut self,
        statement: &str,
    ) -> impl Future<Output = Result<MonitoredCopyIn<'_>, Error>> + Send {
        let arrival = self.arrival(Some(std::panic::Location::caller().into()));
        async move {
            let copy = CopyIn::begin(self.seat(), statement, arrival).await?;
            Ok(MonitoredCopyIn(Road::Borrowed(copy)))
        }
    }

    /// Begins a `COPY .. TO STDOUT`; see [`PgConnection::copy_out_raw`].
    ///
    /// One call until the stream has ended; how many rows its pieces are is not known.
    ///
    /// # Errors
    ///
    /// Those of [`PgConnection::copy_out_raw`].
    #[track_caller]
    pub fn copy_out_raw(
        &mut self,
        statement: &str,
    ) -> impl Future<Output = Result<BoxStream<'_, Result<Bytes, Error>>, Error>> + Send {
        let arrival = self.arrival(Some(std::panic::Location::caller().into()));
        async move {
            let out: BoxStream<'_, _> =
                Box::pin(CopyOut::begin(self.seat(), statement, arrival).await?);
            Ok(out)
        }
    }
}

// === impl MonitoredCopyIn ===

impl MonitoredCopyIn<'_> {
    /// See [`PgCopyIn::is_textual`].
    #[must_use]
    pub fn is_textual(&self) -> bool {
        match &self.0 {
            Road::Borrowed(copy) => copy.raw.is_textual(),
            Road::OnPool(copy) => copy.is_textual(),
        }
    }

    /// See [`PgCopyIn::num_columns`].
    #[must_use]
    pub fn num_columns(&self) -> usize {
        match &self.0 {
            Road::Borrowed(copy) => copy.raw.num_columns(),
            Road::OnPool(copy) => copy.columns().len(),
        }
    }

    /// See [`PgCopyIn::column_is_textual`].
    ///
    /// # Panics
    ///
    /// As sqlx's does: where there is no such column.
    #[must_use]
    pub fn column_is_textual(&self, column: usize) -> bool {
        match &self.0 {
            Road::Borrowed(copy) => copy.raw.column_is_textual(column),
            Road::OnPool(copy) => copy.columns()[column],
        }
    }

    /// Sends a piece; see [`PgCopyIn::send`]. Begun on a pool, it copies the piece.
    ///
    /// # Errors
    ///
    /// When the connection is lost.
    pub async fn send(&mut self, data: impl Deref<Target = [u8]>) -> Result<&mut Self, Error> {
        match &mut self.0 {
            Road::Borrowed(copy) => copy.send(&data).await?,
            Road::OnPool(copy) => copy.send(Bytes::copy_from_slice(&data)).await?,
        }
        Ok(self)
    }

    /// Sends all there is to read, in pieces of 64 KiB. The time to read is the application's own.
    ///
    /// # Errors
    ///
    /// When reading fails, after which it still can be finished or aborted, or the connection is lost.
    pub async fn read_from(
        &mut self,
        mut source: impl AsyncRead + Unpin,
    ) -> Result<&mut Self, Error> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match source.read(&mut piece).await? {
                0 => return Ok(self),
                read => self.send(&piece[..read]).await?,
            };
        }
    }

    /// Takes everything back; see [`PgCopyIn::abort`].
    ///
    /// # Errors
    ///
    /// When the connection is lost, or the database had refused what it was sent.
    pub async fn abort(self, message: impl Into<String>) -> Result<(), Error> {
        match self.0 {
            Road::Borrowed(copy) => copy.abort(message.into()).await,
            Road::OnPool(copy) => copy.abort(message.into()).await,
        }
    }

    /// Ends it; returns the rows that were copied.
    ///
    /// # Errors
    ///
    /// Those of [`PgCopyIn::finish`].
    pub async fn finish(self) -> Result<u64, Error> {
        match self.0 {
            Road::Borrowed(copy) => copy.finish().await,
            Road::OnPool(copy) => copy.finish().await,
        }
    }
}

impl fmt::Debug for MonitoredCopyIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredCopyIn").finish_non_exhaustive()
    }
}

// === impl CopyIn ===

impl<'c> CopyIn<'c> {
    pub(crate) async fn begin(
        seat: Seat<'c, Postgres>,
        statement: &str,
        arrival: Arrival,
    ) -> Result<Self, Error> {
        let Seat { raw, watch, notes } = seat;
        let mut call = InCall::start(watch, notes, statement, arrival);
        call.spoils(true);
        match raw.copy_in_raw(statement).await {
            Ok(raw) => {
                call.wait_ends();
                Ok(Self { raw, call: Some(call) })
            }
            Err(error) => {
                // Its answer has been read.
                call.spoils(false);
                call.failed::<Postgres, _>(error)
            }
        }
    }

    pub(crate) fn is_textual(&self) -> bool {
        self.raw.is_textual()
    }

    /// Whether each column is textual.
    pub(crate) fn columns(&self) -> Vec<bool> {
        (0..self.raw.num_columns()).map(|column| self.raw.column_is_textual(column)).collect()
    }

    pub(crate) async fn send(&mut self, data: &[u8]) -> Result<(), Error> {
        self.with(InCall::wait_begins);
        let sent = self.raw.send(data).await.map(|_| ());
        match sent {
            Ok(()) => {
                self.with(InCall::wait_ends);
                Ok(())
            }
            Err(error) => self.failed(error),
        }
    }

    pub(crate) async fn abort(mut self, message: String) -> Result<(), Error> {
        self.with(InCall::wait_begins);
        match self.raw.abort(message).await {
            Ok(()) => {
                if let Some(mut call) = self.call {
                    call.spoils(false);
                    call.taken_back();
                }
                Ok(())
            }
            Err(error) => failed(&mut self.call, error),
        }
    }

    pub(crate) async fn finish(mut self) -> Result<u64, Error> {
        self.with(InCall::wait_begins);
        let result = self.raw.finish().await;
        if let Some(mut call) = self.call {
            // Refused or not, the answer has been read.
            call.spoils(false);
            if let Ok(rows) = &result {
                call.add_returned(0);
                call.add_affected(*rows);
            }
            call.end::<Postgres, _>(&result);
        }
        result
    }

    fn failed<T>(&mut self, error: Error) -> Result<T, Error> {
        failed(&mut self.call, error)
    }

    fn with(&mut self, tell: impl FnOnce(&mut InCall<'c>)) {
        self.call.as_mut().map(tell);
    }
}

/// The call has ended with this error, unless it had ended before.
fn failed<T>(call: &mut Option<InCall<'_>>, error: Error) -> Result<T, Error> {
    match call.take() {
        Some(call) => call.failed::<Postgres, T>(error),
        None => Err(error),
    }
}

// === impl CopyOut ===

impl<'c> CopyOut<'c> {
    pub(crate) async fn begin(
        seat: Seat<'c, Postgres>,
        statement: &str,
        arrival: Arrival,
    ) -> Result<Self, Error> {
        let Seat { raw, watch, notes } = seat;
        let mut call = InCall::start(watch, notes, statement, arrival);
        call.spoils(true);
        match raw.copy_out_raw(statement).await {
            Ok(pieces) => {
                call.wait_ends();
                Ok(Self { pieces, call: Some(call) })
            }
            Err(error) => call.failed::<Postgres, _>(error),
        }
    }
}

impl Stream for CopyOut<'_> {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.pieces.poll_next_unpin(cx);
        match (&next, &mut self.call) {
            (Poll::Ready(Some(Ok(_))), Some(call)) => call.wait_ends(),
            (Poll::Pending, Some(call)) => call.wait_begins(),
            _ => {}
        }
        match next {
            Poll::Ready(Some(Err(error))) => {
                if let (Error::Database(_), Some(call)) = (&error, &mut self.call) {
                    call.spoils(false);
                }
                Poll::Ready(Some(failed(&mut self.call, error)))
            }
            Poll::Ready(None) => {
                if let Some(mut call) = self.call.take() {
                    call.spoils(false);
                    call.end::<Postgres, ()>(&Ok(()));
                }
                Poll::Ready(None)
            }
            other => other,
        }
    }
}

impl Drop for CopyOut<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            call.stop();
        }
    }
}
