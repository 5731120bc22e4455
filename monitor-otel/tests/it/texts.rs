//! Texts and summaries as they leave: what the conventions ask of sanitising and of summaries.

use monitor_core::capture::{Call, Database, System};

use super::world::{World, attributes, ms};

/// What a span says of a text: its name, and the sanitised text.
#[track_caller]
fn check(system: System, sql: &str, summary: &str, text: &str) {
    let world = World::new();
    world.monitor.database(Database::of(system)).record(Call::new(sql, ms(1)));
    let span = world.span();
    let attributes = attributes(&span.attributes);
    assert_eq!(attributes["db.query.text"], text, "{sql}");
    match summary {
        "" => assert!(!attributes.contains_key("db.query.summary"), "{sql}"),
        summary => {
            assert_eq!(attributes["db.query.summary"], summary, "{sql}");
            assert_eq!(span.name, summary, "{sql}");
        }
    }
}

fn generic(sql: &str, summary: &str, text: &str) {
    check(System::OtherSql, sql, summary, text);
}

#[test]
fn literals_of_every_sort_are_replaced() {
    generic("SELECT * FROM t WHERE a = 1.5e-3", "SELECT t", "select * from t where a = ?");
    generic("SELECT * FROM t WHERE a = -7", "SELECT t", "select * from t where a = ?");
    generic("SELECT * FROM t WHERE a = 0xDEADBEEF", "SELECT t", "select * from t where a = ?");
    generic("SELECT * FROM t WHERE a = 'it''s'", "SELECT t", "select * from t where a = ?");
    generic("SELECT * FROM t WHERE a = ''", "SELECT t", "select * from t where a = ?");
    generic(
        "SELECT * FROM t WHERE a = DATE '2020-01-01'",
        "SELECT t",
        "select * from t where a = date ?",
    );
    generic("SELECT * FROM t WHERE a = TRUE", "SELECT t", "select * from t where a = ?");
    check(System::PostgreSql, "SELECT $tag$my 'secret'$tag$", "SELECT", "select ?");
    check(System::PostgreSql, r"SELECT E'a\'b' FROM t", "SELECT t", "select ? from t");
    check(System::MySql, "SELECT X'4D', b'01' FROM t", "SELECT t", "select ?, ? from t");
}

#[test]
fn a_quote_in_the_dialects_own_way_hides_nothing() {
    check(
        System::MySql,
        r#"SELECT * FROM t WHERE a = "pass""#,
        "SELECT t",
        "select * from t where a = ?",
    );
    check(
        System::MySql,
        r"SELECT * FROM t WHERE a = 'x\'; drop'",
        "SELECT t",
        "select * from t where a = ?",
    );
    check(
        System::PostgreSql,
        r#"SELECT * FROM "Song List""#,
        r#"SELECT "Song List""#,
        r#"select * from "Song List""#,
    );
    check(System::MySql, "SELECT * FROM `a`.`b c`", "SELECT a.`b c`", "select * from a.`b c`");
}

#[test]
fn names_with_digits_and_placeholders_stay() {
    generic("SELECT a1 FROM t2 WHERE b3 = ?", "SELECT t2", "select a1 from t2 where b3 = ?");
    check(
        System::PostgreSql,
        "SELECT a FROM t WHERE b = $1",
        "SELECT t",
        "select a from t where b = ?",
    );
}

#[test]
fn a_list_is_one_whatever_its_length() {
    generic("SELECT * FROM t WHERE a IN (1, 2, 3)", "SELECT t", "select * from t where a in (...)");
    generic("SELECT * FROM t WHERE a IN ('x')", "SELECT t", "select * from t where a in (...)");
}

#[test]
fn comments_do_not_leave() {
    generic("SELECT 1 -- card 4111\nFROM t", "SELECT t", "select ? from t");
    generic("/* user 'bob' */ SELECT a FROM t", "SELECT t", "select a from t");
    generic("-- nothing else", "", "");
}

#[test]
fn a_summary_names_every_operation_and_target_in_their_order() {
    for (sql, summary) in [
        ("SELECT * FROM songs, artists", "SELECT songs artists"),
        ("SELECT * FROM o JOIN c ON o.id = c.o", "SELECT o c"),
        ("INSERT INTO a (x) SELECT x FROM b", "INSERT a SELECT b"),
        ("SELECT d FROM (SELECT * FROM o JOIN c ON o.id = c.o) s", "SELECT SELECT o c"),
        ("UPDATE t SET a = 1 WHERE b = 2", "UPDATE t"),
        ("DELETE FROM t WHERE a = 1", "DELETE t"),
        ("SELECT 1", "SELECT"),
        ("SELECT * FROM dbo.orders", "SELECT dbo.orders"),
        ("SELECT a FROM x UNION SELECT b FROM y", "SELECT x SELECT y"),
        ("WITH c AS (SELECT a FROM b) SELECT * FROM c", "SELECT b SELECT"),
        ("CREATE TABLE t (id INT, n VARCHAR(255))", "CREATE TABLE t"),
        ("ALTER TABLE t ADD c INT", "ALTER TABLE t"),
        ("DROP TABLE t", "DROP TABLE t"),
        ("CALL some_proc(1, 'a')", "CALL some_proc"),
        ("COMMIT", "COMMIT"),
    ] {
        let world = World::new();
        world.monitor.database(Database::of(System::OtherSql)).record(Call::new(sql, ms(1)));
        assert_eq!(world.span().name, summary, "{sql}");
    }
}

/// The conventions keep the case of the query; here a statement is one however it is written, and so
/// is its summary.
#[test]
fn a_summary_is_the_same_however_the_statement_is_written() {
    generic("SELecT * FROM dbo.Orders", "SELECT dbo.orders", "select * from dbo.orders");
    generic("select * from DBO.ORDERS", "SELECT dbo.orders", "select * from dbo.orders");
}

#[test]
fn a_summary_ends_before_its_limit_at_the_end_of_a_name() {
    let tables: Vec<_> = (0..60).map(|n| format!("table_{n:03}")).collect();
    let world = World::new();
    let sql = format!("SELECT * FROM {}", tables.join(", "));
    world.shop.record(Call::new(&sql, ms(1)));
    let name = world.span().name;
    assert!(name.len() <= 255, "{} characters", name.len());
    assert!(
        name.split(' ').skip(1).all(|table| tables.iter().any(|known| known == table)),
        "{name}"
    );
}

/// One statement for each behaviour that the conventions' published cases ask for, in words of ours. The summary is theirs;
/// of the text, they want every literal gone. Where ours differs otherwise, a statement is one however it is written: words
/// in small letters, one space, no comment, a list as `(...)`.
#[test]
fn every_behaviour_that_the_conventions_publish_a_case_for_is_kept() {
    let long = format!("select * from {} l, short s", "x".repeat(300));
    for (sql, summary, text) in [
        ("SELECT 7, -7, +7", "SELECT", "select ?, ?, ?"),
        ("SELECT 7.5, -7.5, +7.5, .5, -.5", "SELECT", "select ?, ?, ?, ?, ?"),
        ("SELECT 7.5e3, -7.5E3, +7.5e+3", "SELECT", "select ?, ?, ?"),
        ("SELECT 7.5e-3, -7.5E-3", "SELECT", "select ?, ?"),
        ("SELECT 70+80", "SELECT", "select ? + ?"),
        ("SELECT 0xCAFE, 0Xcafe", "SELECT", "select ?, ?"),
        ("SELECT 'bye'", "SELECT", "select ?"),
        ("SELECT 'Ann''s'", "SELECT", "select ?"),
        ("SELECT 'two\nlines'", "SELECT", "select ?"),
        (
            "SELECT h2o, co2 FROM route66 WHERE x1y2=55",
            "SELECT route66",
            "select h2o, co2 from route66 where x1y2 = ?",
        ),
        (
            "SELECT a FROM sales.orders JOIN sales.lines ON 1=1",
            "SELECT sales.orders sales.lines",
            "select a from sales.orders join sales.lines on ? = ?",
        ),
        ("INSERT INTO t VALUES(4, 5.5, 70+80)", "INSERT t", "insert into t values (?, ?, ? + ?)"),
        ("SELECT { guid '0000-11' }", "SELECT", "select { guid ? }"),
        ("SELECT * FROM t WHERE a IN (7, 'x')", "SELECT t", "select * from t where a in (...)"),
        ("SELECT a -- end\nFROM /* in\nbetween */ t", "SELECT t", "select a from t"),
        (
            "INSERT INTO copies\n(id)\nSELECT id\nFROM   sources\nWHERE id = 9",
            "INSERT copies SELECT sources",
            "insert into copies (id) select id from sources where id = ?",
        ),
        (
            "SELECT d FROM (SELECT * FROM bills b JOIN payers p ON b.p = p.id)",
            "SELECT SELECT bills payers",
            "select d from (select * from bills b join payers p on b.p = p.id)",
        ),
        (
            "SELECT * FROM bills b CROSS JOIN lines l",
            "SELECT bills lines",
            "select * from bills b cross join lines l",
        ),
        ("SELECT * FROM bills b, lines l", "SELECT bills lines", "select * from bills b, lines l"),
        (
            "CREATE  TABLE places (\n  id INT IDENTITY(1,1) PRIMARY KEY)",
            "CREATE TABLE places",
            "create table places (id int identity(?, ?) primary key)",
        ),
        (
            "ALTER  TABLE places ADD word varchar(40)",
            "ALTER TABLE places",
            "alter table places add word varchar(?)",
        ),
        ("DROP  TABLE places", "DROP TABLE places", "drop table places"),
        ("SELECT * FROM selections", "SELECT selections", "select * from selections"),
        (&long, "SELECT", &long),
    ] {
        generic(sql, summary, text);
    }
}
