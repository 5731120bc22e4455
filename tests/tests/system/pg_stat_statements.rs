//! PostgreSQL counts too: for the same work our numbers are its numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::Connection as _;
use diesel::RunQueryDsl as _;
use diesel::pg::Pg;
use futures_util::TryStreamExt;
use monitor_core::Monitor;
use monitor_core::identify::{Dialect as Sql, Fingerprint, identify};
use monitor_core::snapshot::{Activity, StatementActivity};
use monitor_sqlx::MonitoredPool;
use monitor_tests::shop::Dialect;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, Executor, PgConnection, Postgres, Row};

use super::databases;
use super::precise;
use super::shop::{self, Work, bound};

const TASKS: usize = 8;
const ROUNDS: usize = 4;
const THREADS: usize = 4;

/// What `pg_stat_statements` says of one of our statements.
#[derive(Default)]
struct Theirs {
    calls: u64,
    rows: u64,
    time: Duration,
    text: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_and_rows_through_sqlx_equal_the_servers_own_for_every_statement() {
    let (url, mut admin) = shop_with_statistics().await;
    let monitor = Monitor::builder().build().unwrap();
    // Connections first: what they ask when they are made is not the application's work.
    let pool = PgPoolOptions::new().min_connections(8).max_connections(8);
    let pool = MonitoredPool::new(pool.connect(&url).await.unwrap(), &monitor);
    let work = shop::workload(Dialect::Postgres);
    reset(&mut admin).await;

    let tasks: Vec<_> = (0..TASKS)
        .map(|task| tokio::spawn(through_sqlx(pool.clone(), work.clone(), task)))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }

    let total = compare(&monitor, read(&mut admin).await);
    // BEGIN, INSERT and COMMIT or ROLLBACK are three calls a round, and three more fail.
    let rounds = (TASKS * ROUNDS) as u64;
    assert_eq!(total.completed(), rounds * (work.len() as u64 + 3));
    assert_eq!(total.failed, rounds * 3);
    assert_eq!(total.rows_unknown, rounds * 3, "only a failed call has no rows to tell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_through_diesel_equal_the_servers_own_for_every_statement() {
    let (url, mut admin) = shop_with_statistics().await;
    let monitor = Monitor::builder().build().unwrap();
    let connections: Vec<_> = (0..THREADS).map(|_| diesel_connection(&url, &monitor)).collect();
    let work = shop::workload(Dialect::Postgres);
    reset(&mut admin).await;

    let threads: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let work = work.clone();
            tokio::task::spawn_blocking(move || through_diesel(&mut connection, &work))
        })
        .collect();
    for thread in threads {
        thread.await.unwrap();
    }

    let total = compare(&monitor, read(&mut admin).await);
    assert_eq!(total.completed(), (THREADS * (work.len() + 3)) as u64);
    assert_eq!(total.failed, THREADS as u64);
    let told = 2 * THREADS as u64;
    assert_eq!(total.rows_unknown, total.calls - told, "only of BEGIN and COMMIT rows are known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_and_rows_through_precise_diesel_equal_the_servers_own_for_every_statement() {
    let (url, mut admin) = shop_with_statistics().await;
    let monitor = Monitor::builder().build().unwrap();
    let connections: Vec<_> = (0..THREADS)
        .map(|_| {
            let connection = diesel::PgConnection::establish(&url).unwrap();
            monitor_diesel::instrumentation(&monitor).url(&url).wrap(connection)
        })
        .collect();
    let work = shop::workload(Dialect::Postgres);
    reset(&mut admin).await;

    let threads: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let work = work.clone();
            tokio::task::spawn_blocking(move || {
                precise::run(&mut connection, &work).unwrap();
                let update = diesel::sql_query("update settings set sval = 'new' where id = 1");
                connection.transaction(|connection| update.execute(connection)).unwrap();
                let wrong = diesel::sql_query("select * from nowhere").execute(&mut connection);
                wrong.unwrap_err();
            })
        })
        .collect();
    for thread in threads {
        thread.await.unwrap();
    }

    let total = compare(&monitor, read(&mut admin).await);
    assert_eq!(total.completed(), (THREADS * (work.len() + 3)) as u64);
    let threads = THREADS as u64;
    assert_eq!((total.failed, total.rows_unknown), (threads, threads), "only of what failed");
}

/// A database of its own with the shop in it; its URL, and a connection to ask for statistics.
async fn shop_with_statistics() -> (String, PgConnection) {
    let url = databases::postgres().await;
    shop::load_postgres(&url).await;
    let mut admin = PgConnection::connect(&url).await.unwrap();
    admin.execute("create extension if not exists pg_stat_statements").await.unwrap();
    (url, admin)
}

/// Every statement of the shop a few times, in an order of the task's own, and some that fail.
async fn through_sqlx(pool: MonitoredPool<Postgres>, work: Vec<Work>, task: usize) {
    for round in 0..ROUNDS {
        for number in 0..work.len() {
            let work = &work[(number + task * 7) % work.len()];
            // All ways to run a query, each with all its rows read.
            let query = bound!(work);
            match (round + number) % 3 {
                0 => drop(query.fetch_all(&pool).await.unwrap()),
                1 => {
                    let rows = query.fetch(&pool).try_fold(0, async |rows, _| Ok(rows + 1));
                    rows.await.unwrap();
                }
                _ => {
                    let mut connection = pool.acquire().await.unwrap();
                    query.execute(&mut *connection).await.unwrap();
                }
            }
        }
        let id = (task * ROUNDS + round) as i64;
        let mut tx = pool.begin().await.unwrap();
        insert(id).execute(&mut *tx).await.unwrap();
        match round % 2 {
            0 => tx.commit().await.unwrap(),
            _ => tx.rollback().await.unwrap(),
        }
        // The first round's row is there and refuses its copy; a table nobody has; wrong syntax.
        insert((task * ROUNDS) as i64).execute(&pool).await.unwrap_err();
        sqlx::query("select * from nowhere where id = $1")
            .bind(1i64)
            .execute(&pool)
            .await
            .unwrap_err();
        pool.execute("selec 1").await.unwrap_err();
    }
}

fn insert<'q>(id: i64) -> sqlx::query::Query<'q, Postgres, sqlx::postgres::PgArguments> {
    let sql = "insert into events (id, customer_id, kind, occurred_at, payload) values ($1, 5, 'view', now(), 'p')";
    sqlx::query(sql).bind(90_000_000 + id)
}

fn diesel_connection(url: &str, monitor: &Monitor) -> diesel::PgConnection {
    let mut connection = diesel::PgConnection::establish(url).unwrap();
    connection.set_instrumentation(monitor_diesel::instrumentation(monitor).url(url));
    connection
}

/// Every statement once, a transaction, and one that fails.
fn through_diesel(connection: &mut diesel::PgConnection, work: &[Work]) {
    for work in work {
        shop::query::<Pg>(work).execute(connection).unwrap();
    }
    let update = diesel::sql_query("update settings set sval = 'new' where id = 1");
    connection.transaction(|connection| update.execute(connection)).unwrap();
    diesel::sql_query("select * from nowhere").execute(connection).unwrap_err();
}

async fn reset(admin: &mut PgConnection) {
    let sql = "select pg_stat_statements_reset(0, oid, 0) from pg_database where datname = current_database()";
    admin.execute(sql).await.unwrap();
}

async fn read(admin: &mut PgConnection) -> BTreeMap<Fingerprint, Theirs> {
    let sql = "select query, calls, rows, total_exec_time from pg_stat_statements \
               where dbid = (select oid from pg_database where datname = current_database()) \
               and query not like '%pg_stat_statements%'";
    let mut theirs = BTreeMap::<Fingerprint, Theirs>::new();
    for row in sqlx::query(sql).fetch_all(admin).await.unwrap() {
        let text: String = row.get(0);
        let entry = theirs.entry(identify(&text, Sql::PostgreSql).fingerprint).or_default();
        entry.calls += row.get::<i64, _>(1) as u64;
        entry.rows += row.get::<i64, _>(2) as u64;
        entry.time += Duration::from_secs_f64(row.get::<f64, _>(3) / 1000.0);
        entry.text = text;
    }
    theirs
}

/// Prints both sides for every statement, and fails where they differ.
fn compare(monitor: &Monitor, mut theirs: BTreeMap<Fingerprint, Theirs>) -> Activity {
    println!("{:>15} | {:>17} | {:>23} |", "calls, server's", "rows, server's", "time, server's");
    let lifetime = monitor.snapshot().lifetime;
    let mut differ = Vec::new();
    for ours in &lifetime.statements {
        let (numbers, completed) = (&ours.activity, ours.activity.completed());
        let theirs = theirs.remove(&ours.fingerprint.unwrap()).unwrap_or_default();
        let rows_told = numbers.rows_unknown < numbers.calls;
        println!(
            "{completed:>7} {:>7} | {:>8} {:>8} | {:>11.2?} {:>11.2?} | {:.80}",
            theirs.calls,
            if rows_told { rows(ours).to_string() } else { "?".into() },
            theirs.rows,
            numbers.time,
            theirs.time,
            ours.text
        );
        let same_rows = !rows_told || rows(ours) == theirs.rows;
        if completed != theirs.calls || !same_rows || numbers.time < theirs.time {
            differ.push(format!("{} (the server says: {})", ours.text, theirs.text));
        }
    }
    let unseen: Vec<_> = theirs.into_values().map(|theirs| theirs.text).collect();
    println!(
        "{} statements, {} calls completed, {} failed: {} differ, {} unseen by us",
        lifetime.statements.len(),
        lifetime.total.completed(),
        lifetime.total.failed,
        differ.len(),
        unseen.len()
    );
    assert!(differ.is_empty(), "differ: {differ:#?}");
    assert!(unseen.is_empty(), "unseen by us: {unseen:#?}");
    lifetime.total
}

/// Rows as the server counts them: returned by a query, changed by a write.
fn rows(ours: &StatementActivity) -> u64 {
    match ours.kind.is_write() {
        true => ours.activity.rows_affected,
        false => ours.activity.rows_returned,
    }
}
