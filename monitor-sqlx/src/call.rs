//! Calls on a connection: each goes to the driver's own method of that name, and is timed.

use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use monitor_core::identify::Kind;
use sqlx::{Describe, Either, Error, SqlStr};

use crate::database::MonitoredDatabase;
use crate::mark::Marked;
use crate::seat::{InCall, Seat};
use crate::split::{Split, commented};
use crate::watch::{Arrival, Watch};
use crate::words;

pub(crate) async fn execute<DB: MonitoredDatabase>(
    seat: Seat<'_, DB>,
    query: Split<DB>,
    arrival: Arrival,
) -> Result<DB::QueryResult, Error> {
    let tells_affected = DB::tells_affected(query.text());
    let (raw, query, call) = seat.start(query, arrival);
    timed::<DB, _>(call, DB::execute(raw, query), |call, result| {
        // Of a tag the core takes the one number for what the statement is: rows returned or rows changed. Elsewhere the
        // rows of a query stay unknown that nobody reads.
        let may_return = !matches!(call.kind(), Some(kind) if kind.is_write() || kind == Kind::Ddl);
        if !DB::TAGS_QUERIES && !may_return {
            call.add_returned(0);
        }
        if tells_affected && (DB::TAGS_QUERIES || call.kind() != Some(Kind::Select)) {
            call.add_affected(DB::rows_affected(result));
        }
    })
    .await
}

pub(crate) async fn fetch_all<DB: MonitoredDatabase>(
    seat: Seat<'_, DB>,
    query: Split<DB>,
    arrival: Arrival,
) -> Result<Vec<DB::Row>, Error> {
    if words::writes(query.text()) {
        return returning::<DB>(seat, query, usize::MAX, arrival).await;
    }
    let (raw, query, call) = seat.start(query, arrival);
    timed::<DB, _>(call, DB::fetch_all(raw, query), |call, rows| {
        call.add_returned(rows.len() as u64);
    })
    .await
}

pub(crate) async fn fetch_optional<DB: MonitoredDatabase>(
    seat: Seat<'_, DB>,
    query: Split<DB>,
    arrival: Arrival,
) -> Result<Option<DB::Row>, Error> {
    // Of several statements, a driver may run no more than its first row takes: that is its own to decide.
    if is_one_write(seat.watch, query.text()) {
        return Ok(returning::<DB>(seat, query, 1, arrival).await?.pop());
    }
    let (raw, query, call) = seat.start(query, arrival);
    timed::<DB, _>(call, DB::fetch_optional(raw, query), |call, row| {
        call.add_returned(u64::from(row.is_some()));
    })
    .await
}

fn is_one_write(watch: &Watch, text: &str) -> bool {
    words::writes(text) && watch.source.statement(text).kind().is_some_and(Kind::is_write)
}

/// Fetches at most so many rows of one statement that changes some: `INSERT .. RETURNING`.
///
/// The driver's own `fetch_all` and `fetch_optional` keep the number of changed rows to themselves. Where it hands out a
/// first row before it knows of an error behind it, so does this.
async fn returning<DB: MonitoredDatabase>(
    seat: Seat<'_, DB>,
    query: Split<DB>,
    most: usize,
    arrival: Arrival,
) -> Result<Vec<DB::Row>, Error> {
    let (raw, query, call) = seat.start(query, arrival);
    let work = Box::pin(async move {
        let (mut rows, mut affected, mut seen) = (Vec::new(), 0, 0);
        let mut steps = DB::fetch_many(raw, query);
        loop {
            match steps.try_next().await {
                Ok(Some(Either::Left(result))) => affected += DB::rows_affected(&result),
                Ok(Some(Either::Right(row))) => {
                    seen += 1;
                    if rows.len() < most {
                        rows.push(row);
                    }
                }
                Ok(None) => break,
                Err(_) if rows.len() == most && !DB::READS_ON => break,
                Err(error) => return Err(error),
            }
        }
        // MariaDB says 0 behind rows. Each of them stands for one that was changed.
        Ok((rows, affected.max(seen)))
    });
    let (rows, _) = timed::<DB, _>(call, work, |call, (rows, affected)| {
        call.add_returned(rows.len() as u64);
        call.add_affected(*affected);
    })
    .await?;
    Ok(rows)
}

/// Preparing is no run of the statement, so it is a call of its own: of `prepare` and its text.
pub(crate) async fn prepare_with<DB: MonitoredDatabase>(
    seat: Seat<'_, DB>,
    sql: SqlStr,
    parameters: &[DB::TypeInfo],
    arrival: Arrival,
) -> Result<DB::Statement, Error> {
    // As SQL writes it; the name says nothing and is left out of the statement.
    let text = format!("prepare s as {}", sql.as_str());
    let sql = commented(sql, seat.watch.comment.as_deref());
    let call = InCall::start(seat.watch, seat.notes, &text, arrival);
    timed::<DB, _>(call, DB::prepare_with(seat.raw, sql, parameters), |call, _| {
        call.add_returned(0);
        call.add_affected(0);
    })
    .await
}

/// Describing is for tools that check queries before they run, so it is no call.
pub(crate) async fn describe<DB: MonitoredDatabase>(
    raw: &mut DB::Connection,
    sql: SqlStr,
) -> Result<Describe<DB>, Error> {
    Marked::new(DB::describe(raw, sql), DB::OWN_THREADS).await
}

/// Waits for a driver's future and ends the call the way it ends; dropped before, it is cancelled.
pub(crate) async fn timed<DB: MonitoredDatabase, T>(
    mut call: InCall<'_>,
    work: BoxFuture<'_, Result<T, Error>>,
    count: impl FnOnce(&mut InCall<'_>, &T),
) -> Result<T, Error> {
    let result = Marked::new(work, DB::OWN_THREADS).await;
    if let Ok(value) = &result {
        count(&mut call, value);
    }
    call.end::<DB, _>(&result);
    result
}
