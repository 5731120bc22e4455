//! Calls on a connection: each goes to the driver's own method of that name, and is timed.

use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use monitor_core::CallTimer;
use sqlx::{Database, Describe, Either, Error, SqlStr};

use crate::database::MonitoredDatabase;
use crate::error;
use crate::mark::Marked;
use crate::split::Split;
use crate::watch::{Arrival, Watch};
use crate::words;

type Raw<DB> = <DB as Database>::Connection;

pub(crate) async fn execute<DB: MonitoredDatabase>(
    raw: &mut Raw<DB>,
    query: Split<DB>,
    watch: &Watch,
    arrival: Arrival,
) -> Result<DB::QueryResult, Error> {
    let tells_affected = DB::tells_affected(query.text());
    let timer = query.start(watch, arrival);
    timed::<DB, _>(timer, DB::execute(raw, query), |timer, result| {
        // The core takes the one number for what the statement is: rows returned or rows changed.
        if !DB::TAGS_QUERIES {
            timer.add_returned(0);
        }
        if tells_affected {
            timer.add_affected(DB::rows_affected(result));
        }
    })
    .await
}

pub(crate) async fn fetch_all<DB: MonitoredDatabase>(
    raw: &mut Raw<DB>,
    query: Split<DB>,
    watch: &Watch,
    arrival: Arrival,
) -> Result<Vec<DB::Row>, Error> {
    if words::writes(query.text()) {
        return returning::<DB>(raw, query, usize::MAX, watch, arrival).await;
    }
    let timer = query.start(watch, arrival);
    timed::<DB, _>(timer, DB::fetch_all(raw, query), |timer, rows| {
        timer.add_returned(rows.len() as u64);
    })
    .await
}

pub(crate) async fn fetch_optional<DB: MonitoredDatabase>(
    raw: &mut Raw<DB>,
    query: Split<DB>,
    watch: &Watch,
    arrival: Arrival,
) -> Result<Option<DB::Row>, Error> {
    if words::writes(query.text()) {
        return Ok(returning::<DB>(raw, query, 1, watch, arrival).await?.pop());
    }
    let timer = query.start(watch, arrival);
    timed::<DB, _>(timer, DB::fetch_optional(raw, query), |timer, row| {
        timer.add_returned(u64::from(row.is_some()));
    })
    .await
}

/// Fetches at most so many rows of a statement that changes some: `INSERT .. RETURNING`.
///
/// The driver's own `fetch_all` and `fetch_optional` keep the number of changed rows to themselves.
async fn returning<DB: MonitoredDatabase>(
    raw: &mut Raw<DB>,
    query: Split<DB>,
    most: usize,
    watch: &Watch,
    arrival: Arrival,
) -> Result<Vec<DB::Row>, Error> {
    let timer = query.start(watch, arrival);
    let work = Box::pin(async move {
        let (mut rows, mut affected, mut seen) = (Vec::new(), 0, 0);
        let mut steps = DB::fetch_many(raw, query);
        while let Some(step) = steps.try_next().await? {
            match step {
                Either::Left(result) => affected += DB::rows_affected(&result),
                Either::Right(row) => {
                    seen += 1;
                    if rows.len() < most {
                        rows.push(row);
                    }
                }
            }
        }
        // MariaDB says 0 behind rows. Each of them stands for one that was changed.
        Ok((rows, affected.max(seen)))
    });
    let (rows, _) = timed::<DB, _>(timer, work, |timer, (rows, affected)| {
        timer.add_returned(rows.len() as u64);
        timer.add_affected(*affected);
    })
    .await?;
    Ok(rows)
}

/// Preparing is no run of the statement, so it is no call.
pub(crate) async fn prepare_with<DB: MonitoredDatabase>(
    raw: &mut Raw<DB>,
    sql: SqlStr,
    parameters: &[DB::TypeInfo],
) -> Result<DB::Statement, Error> {
    Marked::new(DB::prepare_with(raw, sql, parameters), DB::OWN_THREADS).await
}

/// Describing is no run of the statement, so it is no call.
pub(crate) async fn describe<DB: MonitoredDatabase>(
    raw: &mut Raw<DB>,
    sql: SqlStr,
) -> Result<Describe<DB>, Error> {
    Marked::new(DB::describe(raw, sql), DB::OWN_THREADS).await
}

/// Waits for a driver's future and ends the timer the way it ends; dropped before, it is cancelled.
pub(crate) async fn timed<DB: MonitoredDatabase, T>(
    mut timer: CallTimer<'_>,
    work: BoxFuture<'_, Result<T, Error>>,
    count: impl FnOnce(&mut CallTimer<'_>, &T),
) -> Result<T, Error> {
    let result = Marked::new(work, DB::OWN_THREADS).await;
    match &result {
        Ok(value) => {
            count(&mut timer, value);
            timer.complete();
        }
        Err(error) => error::end::<DB>(timer, error),
    }
    result
}
