//! Asking the database, apart from the application's own connections.

use monitor_core::Monitor;
use monitor_core::capture::System;
use monitor_core::inquire::{Answer, AskErrorKind, Asker};
use monitor_sqlx::{MonitoredDatabase, SqlxAsker, asker};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Executor, MySql, Postgres, Sqlite};

use crate::layer::{heard, layered, word};
use crate::world::{World, until};

fn asks<DB: MonitoredDatabase>(world: &World<DB>) -> SqlxAsker<DB> {
    asker::<DB>(&world.monitor, &world.pool.connect_options())
}

fn text(cell: &str) -> Option<String> {
    Some(cell.to_owned())
}

everywhere! {
    async fn answers_are_text_whatever_the_types(world) {
        let mut asker = asks(&world);
        let question = "SELECT id, name, NULL, id * 1.5 FROM people WHERE id < 3 ORDER BY id";
        let answer = asker.ask(question).unwrap();
        assert_eq!(answer.rows, [
            vec![text("1"), text("name 1"), None, text("1.5")],
            vec![text("2"), text("name 2"), None, text("3.0")],
        ]);
        assert_eq!(asker.ask("SELECT id FROM people WHERE id > 10").unwrap(), Answer::default());
    }

    async fn asking_is_counted_nowhere_and_touches_no_pool(world) {
        let before = world.monitor.snapshot();
        let size = world.pool.size();
        let mut asker = asks(&world);
        for _ in 0..3 {
            asker.ask("SELECT count(*) FROM people").unwrap();
        }
        asker.ask("nonsense").unwrap_err();
        asker.rest();
        let after = world.monitor.snapshot();
        assert_eq!(after.lifetime.total.calls, before.lifetime.total.calls);
        assert_eq!(after.sources.len(), before.sources.len());
        assert_eq!((world.pool.size(), world.pool.num_idle()), (size, size as usize));
    }

    async fn the_layer_does_not_hear_it_either(world) {
        layered();
        let word = word::<Db>("asked");
        asks(&world).ask(&format!("SELECT count(*) AS {word} FROM people")).unwrap();
        let bare = format!("{word}_bare");
        let control = AssertSqlSafe(format!("SELECT count(*) AS {bare} FROM people"));
        sqlx::query(control).fetch_all(world.pool.inner()).await.unwrap();
        until("an event after it is there", || heard(&bare).calls == 1).await;
        assert_eq!(heard(&format!("as {word} from")).calls, 0);
    }

    async fn it_only_reads(world) {
        let mut asker = asks(&world);
        for question in [
            "INSERT INTO people (id, name) VALUES (99, 'x')",
            "UPDATE people SET name = 'x'",
            "DELETE FROM people",
            "DROP TABLE people",
        ] {
            asker.ask(question).unwrap_err();
        }
        let answer = asker.ask("SELECT count(*), min(name) FROM people").unwrap();
        assert_eq!(answer.rows, [[text("10"), text("name 1")]]);
    }

    async fn a_wrong_question_is_told_by_its_code_and_the_next_is_answered(world) {
        let mut asker = asks(&world);
        let error = asker.ask("SELECT secret_4711 FROM nowhere").unwrap_err();
        assert_eq!(error.kind, AskErrorKind::Wrong);
        assert!(error.code.is_some());
        assert!(!format!("{error} {error:?} {asker:?}").contains("4711"));
        assert!(asker.ask("SELECT 1").is_ok());
    }

    async fn a_thread_of_its_own_may_ask_too(world) {
        let mut asker = asks(&world);
        let thread = std::thread::spawn(move || asker.ask("SELECT 1").unwrap());
        assert_eq!(thread.join().unwrap().rows, [[text("1")]]);
    }
}

#[tokio::test]
async fn a_password_is_never_shown_and_a_server_that_is_not_there_is_gone() {
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let options = "postgres://ann:hunter2@127.0.0.1:1/shop".parse().unwrap();
    let mut asker = asker::<Postgres>(&monitor, &options);
    let error = asker.ask("select 1").unwrap_err();
    assert_eq!(error.kind, AskErrorKind::Gone);
    assert!(!format!("{asker:?} {error} {error:?}").contains("hunter2"));
}

#[test]
fn a_database_that_belongs_to_one_connection_cannot_be_asked() {
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let mut asker = asker::<Sqlite>(&monitor, &SqliteConnectOptions::new().filename(":memory:"));
    assert_eq!(asker.ask("select 1").unwrap_err().kind, AskErrorKind::Gone);
}

#[test]
fn sqlite_has_a_second_database_to_try_things_in() {
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let mut asker = asker::<Sqlite>(&monitor, &"sqlite::memory:".parse().unwrap());
    let mut scratch = asker.scratch().unwrap().unwrap();
    scratch
        .ask("CREATE TABLE tried (id INTEGER PRIMARY KEY); INSERT INTO tried VALUES (7)")
        .unwrap();
    assert_eq!(scratch.ask("SELECT id FROM tried").unwrap().rows, [[text("7")]]);
    let mut other = asker.scratch().unwrap().unwrap();
    assert_eq!(other.ask("SELECT id FROM tried").unwrap_err().kind, AskErrorKind::Wrong);
}

#[test]
fn a_file_is_asked_without_being_written_or_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("not there.db");
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut asker = asker::<Sqlite>(&monitor, &options);
    assert_eq!(asker.ask("select 1").unwrap_err().kind, AskErrorKind::Gone);
    assert!(!file.exists());
}

#[test]
fn postgres_hears_who_asks_and_waits_for_no_lock() {
    crate::world::run(|world: World<Postgres>| async move {
        let mut asker = asks(&world);
        let name = "select application_name, current_setting('statement_timeout') \
             from pg_stat_activity where pid = pg_backend_pid()";
        let rows = asker.ask(name).unwrap().rows;
        assert_eq!(rows[0][0].as_deref(), Some("monitor (asks about plans and statistics)"));
        assert_eq!(rows[0][1].as_deref(), Some("2s"));
        let mut holder = world.pool.inner().begin().await.unwrap();
        holder.execute("lock table people in access exclusive mode").await.unwrap();
        let error = asker.ask("explain select * from people").unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (AskErrorKind::TooSlow, Some("55P03")));
        holder.rollback().await.unwrap();
        asker.ask("explain select * from people").unwrap();
    });
}

#[test]
fn mariadb_is_told_apart_and_waits_for_no_lock() {
    crate::world::run(|world: World<MySql>| async move {
        let mut asker = asks(&world);
        let version = asker.ask("select version()").unwrap().rows.remove(0).remove(0).unwrap();
        let is_maria = version.contains("MariaDB");
        let expected = if is_maria { System::MariaDb } else { System::MySql };
        assert_eq!(asker.system(), expected);
        let mut holder = world.pool.inner().acquire().await.unwrap();
        holder.execute("lock tables people write").await.unwrap();
        let error = asker.ask("select count(*) from people").unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (AskErrorKind::TooSlow, Some("1205")));
        holder.execute("unlock tables").await.unwrap();
        asker.ask("select count(*) from people").unwrap();
    });
}

#[test]
fn a_user_without_the_right_is_told_so() {
    crate::world::run(|world: World<Postgres>| async move {
        let options = (*world.pool.connect_options()).clone();
        let user = format!("asker_{}", std::process::id());
        let inner = world.pool.inner();
        let run = |sql: String| inner.execute(AssertSqlSafe(sql));
        run(format!("create role {user} login")).await.unwrap();
        let grant = format!("execute format('grant usage on schema %I to {user}', current_schema)");
        run(format!("do $do$ begin {grant}; end $do$")).await.unwrap();
        let mut asker = asker::<Postgres>(&world.monitor, &options.username(&user));
        let tables = asker.ask("select count(*) from pg_class where relname = 'people'");
        let denied = asker.ask("explain select * from people").unwrap_err();
        run(format!("drop owned by {user}; drop role {user}")).await.unwrap();
        assert!(tables.is_ok());
        assert_eq!((denied.kind, denied.code.as_deref()), (AskErrorKind::Denied, Some("42501")));
    });
    crate::world::run(|world: World<MySql>| async move {
        let options = (*world.pool.connect_options()).clone();
        let name = options.get_database().unwrap().to_owned();
        let user = format!("asker_{}", std::process::id());
        let inner = world.pool.inner();
        let run = |sql: String| inner.execute(AssertSqlSafe(sql));
        run(format!("create user {user}@'%' identified by 'hunter2'")).await.unwrap();
        run(format!("create table {name}.hidden (id int)")).await.unwrap();
        run(format!("grant select on {name}.people to {user}@'%'")).await.unwrap();
        let options = options.username(&user).password("hunter2");
        let mut asker = asker::<MySql>(&world.monitor, &options);
        let allowed = asker.ask("select count(*) from people");
        let denied = asker.ask("select count(*) from hidden").unwrap_err();
        run(format!("drop user {user}@'%'")).await.unwrap();
        assert!(allowed.is_ok());
        assert_eq!((denied.kind, denied.code.as_deref()), (AskErrorKind::Denied, Some("1142")));
        assert!(!format!("{asker:?} {denied:?}").contains("hunter2"));
    });
}
