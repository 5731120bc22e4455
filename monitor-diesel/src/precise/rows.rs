//! Rows as they are read from a blocking connection.

use diesel::QueryResult;

use super::recorder::Running;
use crate::link::Link;

/// The rows of a call; what diesel's `Cursor` is to a [`MonitoredConnection`](super::MonitoredConnection).
#[must_use = "rows do nothing unless they are read"]
pub struct MonitoredRows<'conn, I> {
    // Before the call: what the driver does when it lets go is the call's own.
    rows: I,
    /// `None` where the call has ended.
    call: Option<Running<'conn, &'conn Link>>,
    is_first: bool,
}

// === impl MonitoredRows ===

impl<'conn, I: Iterator> MonitoredRows<'conn, I> {
    /// Rows that have just arrived, or will.
    pub(super) fn new(rows: I, call: Running<'conn, &'conn Link>) -> Self {
        // Who knows how many rows there are has them all: nothing is asked of the database any more.
        let call = match rows.size_hint() {
            (all, Some(_)) => {
                call.rows(all);
                None
            }
            (_, None) => Some(call),
        };
        Self { rows, call, is_first: true }
    }
}

impl<I, T> Iterator for MonitoredRows<'_, I>
where
    I: Iterator<Item = QueryResult<T>>,
{
    type Item = QueryResult<T>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let Some(call) = &mut self.call else { return self.rows.next() };
        // The first is a part of the call that has just begun.
        if !std::mem::take(&mut self.is_first) {
            call.wants_row();
        }
        let row = self.rows.next();
        match &row {
            Some(Ok(_)) => call.row(),
            Some(Err(error)) => {
                if let Some(call) = self.call.take() {
                    call.end(Some(error));
                }
            }
            None => {
                if let Some(call) = self.call.take() {
                    call.rows(0);
                }
            }
        }
        row
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl<I> std::fmt::Debug for MonitoredRows<'_, I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MonitoredRows").finish_non_exhaustive()
    }
}
