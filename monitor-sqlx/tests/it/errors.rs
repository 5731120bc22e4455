//! What errors a call can end with.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{ErrorClass, OutcomeKind};
use monitor_sqlx::MonitoredPool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Database, Encode, Executor, Type};

use crate::world::TestDb;

/// A value that cannot be sent.
struct Unsendable;

impl<DB: Database> Encode<'_, DB> for Unsendable {
    fn encode_by_ref(
        &self,
        _: &mut DB::ArgumentBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        Err("this value cannot be sent".into())
    }
}

impl<DB: Database> Type<DB> for Unsendable
where
    i64: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <i64 as Type<DB>>::type_info()
    }
}

/// Class and code of the only error so far, by what the database calls it.
macro_rules! only_error {
    ($world:expr) => {{
        let total = $world.total();
        assert_eq!(total.errors.len(), 1, "{:?}", total.errors);
        assert_eq!(total.errors[0].count, 1);
        assert_eq!($world.newest().outcome, OutcomeKind::Failed);
        assert_eq!($world.newest().error, Some(total.errors[0].class));
        (total.errors[0].class, total.errors[0].code.clone())
    }};
}

/// The code that one of the three databases gives.
fn code<DB: TestDb>(postgres: &str, mysql: &str, sqlite: &str) -> Option<String> {
    Some(match DB::NAME {
        "PostgreSQL" => postgres.to_owned(),
        "MySQL" => mysql.to_owned(),
        _ => sqlite.to_owned(),
    })
}

everywhere! {
    async fn a_key_that_is_there_already_is_a_unique_violation(world) {
        let again = "INSERT INTO people (id, name) VALUES (1, 'again')";
        sqlx::query(again).execute(&world.pool).await.unwrap_err();
        let (class, seen) = only_error!(world);
        assert_eq!(class, ErrorClass::UniqueViolation);
        assert_eq!(seen, code::<Db>("23505", "1062", "1555"));
        let failed = world.statement("insert into people").activity;
        assert_eq!((failed.calls, failed.failed, failed.rows_affected), (1, 1, 0));
    }

    async fn a_missing_value_is_a_not_null_violation(world) {
        let null = "INSERT INTO people (id, name) VALUES (11, NULL)";
        sqlx::query(null).execute(&world.pool).await.unwrap_err();
        let (class, seen) = only_error!(world);
        assert_eq!(class, ErrorClass::NotNullViolation);
        assert_eq!(seen, code::<Db>("23502", "1048", "1299"));
    }

    async fn a_refused_check_is_a_check_violation(world) {
        world.pool.inner().execute("CREATE TABLE aged (age BIGINT CHECK (age > 0))").await.unwrap();
        sqlx::query("INSERT INTO aged VALUES (-1)").execute(&world.pool).await.unwrap_err();
        let (class, seen) = only_error!(world);
        assert_eq!(class, ErrorClass::CheckViolation);
        assert_eq!(seen, code::<Db>("23514", "4025", "275"));
    }

    async fn an_orphan_is_a_foreign_key_violation(world) {
        let table = "CREATE TABLE child (id BIGINT PRIMARY KEY, parent BIGINT, \
            FOREIGN KEY (parent) REFERENCES people (id))";
        world.pool.inner().execute(table).await.unwrap();
        sqlx::query("INSERT INTO child VALUES (1, 4711)").execute(&world.pool).await.unwrap_err();
        let (class, seen) = only_error!(world);
        assert_eq!(class, ErrorClass::ForeignKeyViolation);
        assert_eq!(seen, code::<Db>("23503", "1452", "787"));
    }

    async fn a_table_that_is_not_there_is_an_error_of_the_statement(world) {
        for on_pool in [true, false] {
            let mut connection = world.pool.acquire().await.unwrap();
            let failed = if on_pool {
                sqlx::query("SELECT * FROM nowhere").fetch_all(&world.pool).await
            } else {
                sqlx::query("SELECT * FROM nowhere").fetch_all(&mut connection).await
            };
            failed.unwrap_err();
        }
        let seen = world.statement("from nowhere").activity;
        assert_eq!((seen.calls, seen.failed), (2, 2));
        assert_eq!(seen.errors.len(), 1);
        assert_eq!(seen.errors[0].class, ErrorClass::Statement);
        assert_eq!(seen.errors[0].code, code::<Db>("42P01", "1146", "1"));
        assert_eq!(world.checkouts().out, 0);
    }

    async fn every_way_to_fetch_tells_the_error(world) {
        let wrong = "SELEC nothing";
        macro_rules! each {
            ($on:expr) => {{
                sqlx::query(wrong).execute($on).await.unwrap_err();
                sqlx::query(wrong).fetch_all($on).await.unwrap_err();
                sqlx::query(wrong).fetch_one($on).await.unwrap_err();
                sqlx::query(wrong).fetch_optional($on).await.unwrap_err();
                sqlx::raw_sql(wrong).execute($on).await.unwrap_err();
                let rows = sqlx::query(wrong).fetch($on);
                futures_util::TryStreamExt::try_collect::<Vec<_>>(rows).await.unwrap_err();
            }};
        }
        each!(&world.pool);
        let mut connection = world.pool.acquire().await.unwrap();
        each!(&mut connection);
        let total = world.total();
        assert_eq!((total.calls, total.failed, total.cancelled), (12, 12, 0));
    }

    async fn a_value_that_cannot_be_sent_is_a_failed_call(world) {
        let sql = format!("SELECT name FROM people WHERE id = {}", Db::P1);
        let query = sqlx::query(AssertSqlSafe(sql)).bind(Unsendable);
        let error = query.fetch_all(&world.pool).await.unwrap_err();
        assert!(matches!(error, sqlx::Error::Encode(_)), "{error}");
        assert_eq!(only_error!(world), (ErrorClass::Encode, None));
    }

    async fn a_row_that_does_not_decode_is_a_completed_call(world) {
        let wrong = sqlx::query_as::<Db, (String,)>("SELECT id FROM people").fetch_all(&world.pool);
        assert!(wrong.await.is_err());
        assert_eq!(world.newest().outcome, OutcomeKind::Completed);
        assert_eq!(world.total().failed, 0);
        assert_eq!(world.checkouts().out, 0);
    }
}

/// In a file: behind a shared cache, sqlx may be built to wait for the lock for ever.
#[tokio::test]
async fn a_lock_held_by_another_is_a_conflict_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteConnectOptions::new()
        .filename(folder.path().join("people.db"))
        .create_if_missing(true)
        .busy_timeout(Duration::ZERO);
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let pool = SqlitePoolOptions::new().max_connections(2).connect_with(file).await.unwrap();
    let pool = MonitoredPool::new(pool, &monitor);
    pool.execute("CREATE TABLE people (id integer)").await.unwrap();

    let mut writer = pool.acquire().await.unwrap();
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.unwrap();
    tx.execute("DELETE FROM people").await.unwrap();
    pool.execute("DELETE FROM people").await.unwrap_err();

    let error = &monitor.snapshot().lifetime.total.errors[0];
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Conflict, Some("5")));
    tx.rollback().await.unwrap();
}

#[test]
fn a_deadlock_is_a_conflict_on_mariadb() {
    crate::world::run(|world: crate::world::World<sqlx::MySql>| async move {
        let mut one = world.pool.begin().await.unwrap();
        one.execute("UPDATE people SET name = 'one' WHERE id = 1").await.unwrap();
        let mut two = world.pool.begin().await.unwrap();
        two.execute("SET SESSION innodb_lock_wait_timeout = 1").await.unwrap();
        two.execute("UPDATE people SET name = 'two' WHERE id = 1").await.unwrap_err();
        let error = &world.total().errors[0];
        assert_eq!(error.class, ErrorClass::Conflict);
        assert_eq!(error.code.as_deref(), Some("1205"));
    });
}

#[test]
fn a_statement_timeout_is_a_timeout_on_postgresql() {
    crate::world::run(|world: crate::world::World<sqlx::Postgres>| async move {
        let mut connection = world.pool.acquire().await.unwrap();
        connection.execute("SET statement_timeout = '20ms'").await.unwrap();
        world.tick();
        connection.execute("SELECT pg_sleep(60)").await.unwrap_err();
        assert_eq!(world.newest().error, Some(ErrorClass::Timeout));
        assert_eq!(world.total().errors[0].code.as_deref(), Some("57014"));
    });
}
