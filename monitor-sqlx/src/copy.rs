//! COPY of PostgreSQL on a watched connection.

use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use sqlx::postgres::PgCopyIn;
use sqlx::{Error, PgConnection, Postgres};
use sqlx_core::bytes::Bytes;
use sqlx_core::io::AsyncRead;

use crate::connection::MonitoredConnection;
use crate::seat::{InCall, Seat};

/// A `COPY .. FROM STDIN` that is under way; stands in for [`PgCopyIn`].
///
/// One call, from the statement to [`finish`](Self::finish), with the rows that were copied. The time
/// the application takes between two pieces is its own. Dropped or aborted, it is cancelled.
#[must_use = "a COPY that is dropped is cancelled, and its connection with it"]
pub struct MonitoredCopyIn<'c> {
    raw: PgCopyIn<&'c mut PgConnection>,
    call: InCall<'c>,
}

/// The pieces of a `COPY .. TO STDOUT`.
struct CopyOut<'c> {
    pieces: BoxStream<'c, Result<Bytes, Error>>,
    call: Option<InCall<'c>>,
}

/// COPY. On a pool, take a connection first.
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
            let Seat { raw, watch, notes } = self.seat();
            let mut call = InCall::start(watch, notes, statement, arrival);
            match raw.copy_in_raw(statement).await {
                Ok(raw) => {
                    call.wait_ends();
                    Ok(MonitoredCopyIn { raw, call })
                }
                Err(error) => call.failed::<Postgres, _>(error),
            }
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
            let Seat { raw, watch, notes } = self.seat();
            let mut call = InCall::start(watch, notes, statement, arrival);
            match raw.copy_out_raw(statement).await {
                Ok(pieces) => {
                    call.wait_ends();
                    let out: BoxStream<'_, _> = Box::pin(CopyOut { pieces, call: Some(call) });
                    Ok(out)
                }
                Err(error) => call.failed::<Postgres, _>(error),
            }
        }
    }
}

// === impl MonitoredCopyIn ===

impl MonitoredCopyIn<'_> {
    /// See [`PgCopyIn::is_textual`].
    #[must_use]
    pub fn is_textual(&self) -> bool {
        self.raw.is_textual()
    }

    /// See [`PgCopyIn::num_columns`].
    #[must_use]
    pub fn num_columns(&self) -> usize {
        self.raw.num_columns()
    }

    /// See [`PgCopyIn::column_is_textual`].
    #[must_use]
    pub fn column_is_textual(&self, column: usize) -> bool {
        self.raw.column_is_textual(column)
    }

    /// Sends a piece; see [`PgCopyIn::send`].
    ///
    /// # Errors
    ///
    /// When the connection is lost.
    pub async fn send(&mut self, data: impl Deref<Target = [u8]>) -> Result<&mut Self, Error> {
        self.call.wait_begins();
        self.raw.send(data).await?;
        self.call.wait_ends();
        Ok(self)
    }

    /// Sends all there is to read; see [`PgCopyIn::read_from`]. The time to read counts as the
    /// database's.
    ///
    /// # Errors
    ///
    /// When reading fails or the connection is lost.
    pub async fn read_from(&mut self, source: impl AsyncRead + Unpin) -> Result<&mut Self, Error> {
        self.call.wait_begins();
        self.raw.read_from(source).await?;
        self.call.wait_ends();
        Ok(self)
    }

    /// Takes everything back; see [`PgCopyIn::abort`].
    ///
    /// # Errors
    ///
    /// When the connection is lost.
    pub async fn abort(mut self, message: impl Into<String>) -> Result<(), Error> {
        self.call.wait_begins();
        self.raw.abort(message).await
    }

    /// Ends it; returns the rows that were copied.
    ///
    /// # Errors
    ///
    /// Those of [`PgCopyIn::finish`].
    pub async fn finish(mut self) -> Result<u64, Error> {
        self.call.wait_begins();
        let result = self.raw.finish().await;
        if let Ok(rows) = &result {
            self.call.add_returned(0);
            self.call.add_affected(*rows);
        }
        self.call.end::<Postgres, _>(&result);
        result
    }
}

impl fmt::Debug for MonitoredCopyIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredCopyIn").finish_non_exhaustive()
    }
}

// === impl CopyOut ===

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
                let failed = match self.call.take() {
                    Some(call) => call.failed::<Postgres, Bytes>(error),
                    None => Err(error),
                };
                Poll::Ready(Some(failed))
            }
            Poll::Ready(None) => {
                if let Some(call) = self.call.take() {
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
