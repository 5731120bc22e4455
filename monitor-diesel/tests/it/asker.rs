//! Asking the database, apart from the application's own connections.

use std::time::SystemTime;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use monitor_core::capture::System;
use monitor_core::inquire::{
    Access, AskErrorKind, Asker, Catalogue, Explainable, IndexDraft, KeyPart, Planner, mysql,
    postgres, sqlite,
};
use monitor_diesel::asker;

use crate::support::{monitor, mysql_url, postgres_url};

fn text(cell: &str) -> Option<String> {
    Some(cell.to_owned())
}

fn cells(asker: &mut impl Asker) {
    let question = "select 'a' as one, null as two, 'b' as three union all select 'c', null, 'd'";
    let answer = asker.ask(question).unwrap();
    let row = |one, three| vec![text(one), None, text(three)];
    assert_eq!(answer.rows, [row("a", "b"), row("c", "d")]);
    let error = asker.ask("select secret_4711 from nowhere").unwrap_err();
    assert_eq!(error.kind, AskErrorKind::Wrong);
    assert!(!format!("{error} {error:?}").contains("4711"));
    asker.ask("create table written_by_asker (id int)").unwrap_err();
    assert!(asker.ask("select 'x'").is_ok());
}

#[test]
fn answers_are_text_and_nothing_is_written() {
    let monitor = monitor();
    cells(&mut asker::<PgConnection>(&monitor, &postgres_url()));
    cells(&mut asker::<MysqlConnection>(&monitor, &mysql_url()));
    cells(&mut asker::<SqliteConnection>(&monitor, "file:asked?mode=memory&cache=shared"));
}

#[test]
fn postgres_hears_who_asks_and_answers_a_prepared_plan() {
    let monitor = monitor();
    let mut asker = asker::<PgConnection>(&monitor, &postgres_url());
    let name = "select application_name::text, current_setting('lock_timeout') \
         from pg_stat_activity where pid = pg_backend_pid()";
    let rows = asker.ask(name).unwrap().rows;
    assert_eq!(rows, [[text("monitor (asks about plans and statistics)"), text("200ms")]]);
    asker.ask("prepare p as select relname from pg_class where oid = $1").unwrap();
    asker.ask("begin").unwrap();
    asker.ask("set local plan_cache_mode = force_generic_plan").unwrap();
    let plan = asker.ask("explain (format json) execute p(null)").unwrap();
    assert!(plan.rows[0][0].as_ref().unwrap().contains("pg_class_oid_index"), "{plan:?}");
    asker.ask("rollback").unwrap();
}

#[test]
fn a_lock_is_not_waited_for_and_a_missing_right_is_told() {
    let monitor = monitor();
    let table = format!("asked_{}", std::process::id());
    let user = format!("asker_{}", std::process::id());
    let mut holder = PgConnection::establish(&postgres_url()).unwrap();
    holder
        .batch_execute(&format!("create table {table} (id int); create role {user} login"))
        .unwrap();
    let url = postgres_url().replacen("postgres@", &format!("{user}@"), 1);
    let question = format!("select id::text from {table}");
    let denied = asker::<PgConnection>(&monitor, &url).ask(&question);
    holder.batch_execute(&format!("begin; lock table {table}")).unwrap();
    let slow = asker::<PgConnection>(&monitor, &postgres_url()).ask(&question);
    holder.batch_execute(&format!("rollback; drop table {table}; drop role {user}")).unwrap();
    assert_eq!(slow.unwrap_err().kind, AskErrorKind::TooSlow);
    assert_eq!(denied.unwrap_err().kind, AskErrorKind::Denied);
}

#[test]
fn mariadb_is_told_apart_and_waits_for_no_lock() {
    let monitor = monitor();
    let table = format!("asked_{}", std::process::id());
    let mut holder = MysqlConnection::establish(&mysql_url()).unwrap();
    holder.batch_execute(&format!("create table {table} (id int)")).unwrap();
    holder.batch_execute(&format!("lock tables {table} write")).unwrap();
    let mut asker = asker::<MysqlConnection>(&monitor, &mysql_url());
    let slow = asker.ask(&format!("select cast(id as char) from {table}"));
    holder.batch_execute("unlock tables").unwrap();
    holder.batch_execute(&format!("drop table {table}")).unwrap();
    assert_eq!(slow.unwrap_err().kind, AskErrorKind::TooSlow);
    let version = asker.ask("select version()").unwrap().rows.remove(0).remove(0).unwrap();
    let expected = if version.contains("MariaDB") { System::MariaDb } else { System::MySql };
    assert_eq!(asker.system(), expected);
}

#[test]
fn sqlite_has_a_second_database_and_a_private_one_cannot_be_asked() {
    let monitor = monitor();
    let mut own = asker::<SqliteConnection>(&monitor, ":memory:");
    assert_eq!(own.ask("select 1").unwrap_err().kind, AskErrorKind::Gone);
    let mut scratch = own.scratch().unwrap().unwrap();
    scratch
        .ask("create table tried (id integer primary key); insert into tried values (7)")
        .unwrap();
    assert_eq!(scratch.ask("select id from tried").unwrap().rows, [[text("7")]]);
}

#[test]
fn a_password_is_never_shown_and_a_server_that_is_not_there_is_gone() {
    let monitor = monitor();
    let mut asker = asker::<PgConnection>(&monitor, "postgres://ann:hunter2@127.0.0.1:1/shop");
    let error = asker.ask("select 1").unwrap_err();
    assert_eq!(error.kind, AskErrorKind::Gone);
    assert!(!format!("{asker:?} {error} {error:?}").contains("hunter2"));
}

#[test]
fn every_backend_can_be_surveyed_through_diesel() {
    let monitor = monitor();
    let table = format!("surveyed_{}", std::process::id());
    let create = format!("create table {table} (id integer primary key, name varchar(40))");
    let fill = format!("insert into {table} values (1, 'Ada'), (2, 'Eve'), (3, null)");
    let check = |catalogue: &Catalogue, knows_values: bool| {
        let found = catalogue.table(&table).unwrap();
        let names: Vec<_> = found.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "name"]);
        assert_eq!(found.primary_key().unwrap().key, [KeyPart::column("id")]);
        assert_eq!(found.columns[1].spread.is_some(), knows_values, "{found:#?}");
    };

    let mut conn = PgConnection::establish(&postgres_url()).unwrap();
    conn.batch_execute(&format!("{create}; {fill}")).unwrap();
    let mut asked = asker::<PgConnection>(&monitor, &postgres_url());
    let catalogue = postgres::read_catalogue(&mut asked, SystemTime::UNIX_EPOCH);
    conn.batch_execute(&format!("drop table {table}")).unwrap();
    check(&catalogue.unwrap(), false);

    let mut conn = MysqlConnection::establish(&mysql_url()).unwrap();
    conn.batch_execute(&create).unwrap();
    conn.batch_execute(&fill).unwrap();
    conn.batch_execute(&format!("analyze table {table}")).unwrap();
    let mut asked = asker::<MysqlConnection>(&monitor, &mysql_url());
    let survey = mysql::survey(&mut asked, SystemTime::UNIX_EPOCH);
    let text = format!("select id from {table} where name = 'Ada'");
    let statement = Explainable { text, ..Explainable::default() };
    let plan = survey
        .as_ref()
        .map(|survey| mysql::MysqlPlanner::new(&mut asked, survey).plan(&statement, &[]));
    conn.batch_execute(&format!("drop table {table}")).unwrap();
    assert_eq!(plan.unwrap().unwrap().nodes[1].access, Some(Access::Full));
    check(&survey.unwrap().catalogue, true);

    let url = "file:surveyed?mode=memory&cache=shared";
    let mut conn = SqliteConnection::establish(url).unwrap();
    conn.batch_execute(&format!("{create}; {fill}")).unwrap();
    let mut asked = asker::<SqliteConnection>(&monitor, url);
    let survey = sqlite::survey(&mut asked, SystemTime::UNIX_EPOCH).unwrap();
    check(&survey.catalogue, true);
    let drafts = [IndexDraft::on(&table, ["name"])];
    let mut planner = sqlite::SqlitePlanner::new(&mut asked, &survey).unwrap();
    assert_eq!(planner.plan(&statement, &drafts).unwrap().drafts_used(), [0]);
}
