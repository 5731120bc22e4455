//! What a statement does, and to what.

use monitor_core::identify::{Dialect, Kind, SUMMARY_BYTES_MAX, TABLES_MAX, identify};

use super::{GENERIC, MYSQL, POSTGRES, SQLITE};

/// Text, kind, tables read, tables written, summary.
pub(super) type Case = (&'static str, Kind, &'static str, &'static str, &'static str);

#[track_caller]
pub(super) fn check(dialects: &[Dialect], cases: &[Case]) {
    for &dialect in dialects {
        for &(text, kind, read, written, summary) in cases {
            let identity = identify(text, dialect);
            assert_eq!(identity.kind, kind, "{dialect:?}: {text}");
            assert_eq!(identity.tables.read.join(" "), read, "read, {dialect:?}: {text}");
            assert_eq!(identity.tables.written.join(" "), written, "written, {dialect:?}: {text}");
            assert_eq!(identity.summary, summary, "{dialect:?}: {text}");
        }
    }
}

#[test]
fn a_query_reads_the_tables_of_its_from_and_joins() {
    use Kind::Select;
    check(
        &Dialect::ALL,
        &[
            ("SELECT 1", Select, "", "", "SELECT"),
            ("SELECT * FROM songs WHERE id = 1", Select, "songs", "", "SELECT songs"),
            (
                "select * from songs, artists a, dbo.tags",
                Select,
                "songs artists dbo.tags",
                "",
                "SELECT songs artists dbo.tags",
            ),
            (
                "select * from a join b on a.x = b.x, c left join d using (y)",
                Select,
                "a b c d",
                "",
                "SELECT a b c d",
            ),
            (
                "select d from (select * from o join c on o.x = c.x) q",
                Select,
                "o c",
                "",
                "SELECT SELECT o c",
            ),
            (
                "select (select x from a), y from b where z in (select z from c)",
                Select,
                "a b c",
                "",
                "SELECT SELECT a b SELECT c",
            ),
            ("select a from t union select b from u", Select, "t u", "", "SELECT t SELECT u"),
            (
                "(select 1 from a) union all (select 2 from b)",
                Select,
                "a b",
                "",
                "SELECT a SELECT b",
            ),
            (
                "select * from (a join b on a.x = b.x) left join c on c.y = a.y",
                Select,
                "a b c",
                "",
                "SELECT a b c",
            ),
            ("select * from t t1 join t t2 on t1.a = t2.b", Select, "t", "", "SELECT t t"),
            ("select * from a for update", Select, "a", "", "SELECT a"),
            ("select 1 from dual", Select, "", "", "SELECT"),
            ("values (1), (2)", Select, "", "", "VALUES"),
        ],
    );
}

#[test]
fn not_every_from_names_a_table() {
    use Kind::Select;
    check(
        &[POSTGRES, GENERIC],
        &[
            (
                "select extract(year from x), substring(y from 1 for 2), trim(both from z) from t",
                Select,
                "t",
                "",
                "SELECT t",
            ),
            (
                "select a is distinct from b, a is not distinct from c from t",
                Select,
                "t",
                "",
                "SELECT t",
            ),
            (
                "select * from generate_series(1, 5) g, lateral (select * from h) x",
                Select,
                "h",
                "",
                "SELECT generate_series SELECT h",
            ),
            ("select * from only p", Select, "p", "", "SELECT p"),
            (
                "select * from (values (1), (2)) v join t on true",
                Select,
                "t",
                "",
                "SELECT VALUES t",
            ),
            ("table t", Select, "t", "", "TABLE t"),
        ],
    );
}

#[test]
fn a_common_table_expression_is_no_table() {
    check(
        &Dialect::ALL,
        &[
            (
                "with c as (select a from b) select * from c",
                Kind::Select,
                "b",
                "",
                "SELECT b SELECT",
            ),
            (
                "with a as (select 1 from x), b (n) as (select 2 from a) select * from a, b, y",
                Kind::Select,
                "x y",
                "",
                "SELECT x SELECT SELECT y",
            ),
            (
                "with users as (select * from users) select * from users",
                Kind::Select,
                "users",
                "",
                "SELECT users SELECT",
            ),
            (
                "with recursive c (n) as (select 1 union all select n + 1 from c) select n from c",
                Kind::Select,
                "",
                "",
                "SELECT SELECT SELECT",
            ),
            (
                "select * from (with c as (select 1 from b) select * from c) q, c",
                Kind::Select,
                "b c",
                "",
                "SELECT SELECT b SELECT c",
            ),
            (
                "with c as (select 1) update t set a = 1 where b in (select * from c)",
                Kind::Update,
                "",
                "t",
                "SELECT UPDATE t SELECT",
            ),
            (
                "insert into t with c as (select * from s) select * from c",
                Kind::Insert,
                "s",
                "t",
                "INSERT t SELECT s SELECT",
            ),
            (
                "with d as (delete from old returning *) select * from d join e using (id)",
                Kind::Delete,
                "e",
                "old",
                "DELETE old SELECT e",
            ),
            (
                "with d as materialized (update old set a = 1 returning *) insert into new select * from d",
                Kind::Insert,
                "",
                "old new",
                "UPDATE old INSERT new SELECT",
            ),
        ],
    );
}

#[test]
fn a_write_names_what_it_writes() {
    check(
        &Dialect::ALL,
        &[
            ("insert into a (x) values (1)", Kind::Insert, "", "a", "INSERT a"),
            ("insert into a select * from b", Kind::Insert, "b", "a", "INSERT a SELECT b"),
            (
                "insert into a values (1) on conflict (x) do update set y = 1",
                Kind::Insert,
                "",
                "a",
                "INSERT a",
            ),
            ("insert into a select * from a", Kind::Insert, "a", "a", "INSERT a SELECT a"),
            ("insert into s.a default values", Kind::Insert, "", "s.a", "INSERT s.a"),
            ("replace into a values (1)", Kind::Insert, "", "a", "REPLACE a"),
            ("insert or replace into a values (1)", Kind::Insert, "", "a", "INSERT a"),
            ("update a set x = 1 where y = 2", Kind::Update, "", "a", "UPDATE a"),
            ("update a set x = b.x from b where a.id = b.id", Kind::Update, "b", "a", "UPDATE a"),
            ("update a set x = (select y from b)", Kind::Update, "b", "a", "UPDATE a SELECT b"),
            ("delete from a where x = 1", Kind::Delete, "", "a", "DELETE a"),
            ("delete from a using b, c where a.id = b.id", Kind::Delete, "b c", "a", "DELETE a"),
            (
                "delete from a where id in (select id from b)",
                Kind::Delete,
                "b",
                "a",
                "DELETE a SELECT b",
            ),
            (
                "merge into t as x using s on t.id = s.id when matched then update set a = 1 \
                 when not matched then insert (id) values (s.id)",
                Kind::Merge,
                "s",
                "t",
                "MERGE t",
            ),
        ],
    );
    check(
        &[MYSQL],
        &[
            (
                "insert a values (1) on duplicate key update x = values(x)",
                Kind::Insert,
                "",
                "a",
                "INSERT a",
            ),
            ("insert ignore into a set x = 1", Kind::Insert, "", "a", "INSERT a"),
            ("update a join b on a.id = b.id set b.x = a.y", Kind::Update, "a", "b", "UPDATE a b"),
            (
                "update orders o, customers c set o.x = 1, c.y = 2",
                Kind::Update,
                "",
                "orders customers",
                "UPDATE orders customers",
            ),
            ("update a join b on a.id = b.id set x = 1", Kind::Update, "b", "a", "UPDATE a b"),
            (
                "delete x from orders x join b on b.id = x.id",
                Kind::Delete,
                "b",
                "orders",
                "DELETE orders b",
            ),
            (
                "delete from x using orders as x join b on b.id = x.id",
                Kind::Delete,
                "b",
                "orders",
                "DELETE x",
            ),
        ],
    );
    check(&[SQLITE], &[("update or ignore a set x = 1", Kind::Update, "", "a", "UPDATE a")]);
    check(
        &[POSTGRES],
        &[
            ("select * into b from a", Kind::Select, "a", "b", "SELECT b a"),
            ("select * into temporary b from a", Kind::Select, "a", "b", "SELECT b a"),
            ("select * into unlogged table b from a", Kind::Select, "a", "b", "SELECT b a"),
            ("select * into temp from a", Kind::Select, "a", "temp", "SELECT temp a"),
        ],
    );
    check(
        &[MYSQL],
        &[
            ("select a into @x from t", Kind::Select, "t", "", "SELECT t"),
            ("select * into outfile '/tmp/x' from t", Kind::Select, "t", "", "SELECT t"),
            (
                "select straight_join sql_no_cache * from a straight_join b",
                Kind::Select,
                "a b",
                "",
                "SELECT a b",
            ),
            ("select * from a use index for join (i)", Kind::Select, "a", "", "SELECT a"),
            (
                "select * from a force index for order by (i), b",
                Kind::Select,
                "a b",
                "",
                "SELECT a b",
            ),
            (
                "insert into a select * from b on duplicate key update x = 1, y = y + 1",
                Kind::Insert,
                "b",
                "a",
                "INSERT a SELECT b",
            ),
            ("delete b from a left join b using (x)", Kind::Delete, "a", "b", "DELETE a b"),
            ("explain replace into a values (1)", Kind::Utility, "", "a", "EXPLAIN REPLACE a"),
            ("drop table cast", Kind::Ddl, "", "cast", "DROP TABLE cast"),
            ("delete a from a left join b on a.x = b.x", Kind::Delete, "b", "a", "DELETE a b"),
            ("update a cross join b set a.x = 1", Kind::Update, "b", "a", "UPDATE a b"),
        ],
    );
}

#[test]
fn a_change_of_the_schema_names_its_table() {
    use Kind::Ddl;
    check(
        &Dialect::ALL,
        &[
            (
                "create table a (id int references b (id) on delete cascade on update set null)",
                Ddl,
                "",
                "a",
                "CREATE TABLE a",
            ),
            (
                "create table if not exists a as select * from b",
                Ddl,
                "b",
                "a",
                "CREATE TABLE a SELECT b",
            ),
            (
                "create or replace view v as select * from t",
                Ddl,
                "t",
                "v",
                "CREATE VIEW v SELECT t",
            ),
            (
                "create view v as with c as (select * from t) select * from c",
                Ddl,
                "t",
                "v",
                "CREATE VIEW v SELECT t SELECT",
            ),
            (
                "create unique index if not exists i on public.t (a, b)",
                Ddl,
                "",
                "public.t",
                "CREATE INDEX i",
            ),
            ("drop index i on t", Ddl, "", "t", "DROP INDEX i"),
            (
                "alter table t add foreign key (a) references u (id) on delete cascade",
                Ddl,
                "",
                "t",
                "ALTER TABLE t",
            ),
            ("drop table if exists a, b cascade", Ddl, "", "a b", "DROP TABLE a b"),
            ("truncate table a, b", Ddl, "", "a b", "TRUNCATE TABLE a b"),
            ("truncate a", Ddl, "", "a", "TRUNCATE a"),
            ("rename table a to b", Ddl, "", "a b", "RENAME TABLE a b"),
            ("comment on table t is 'x'", Ddl, "", "t", "COMMENT TABLE t"),
            ("grant select, update on t to u", Ddl, "", "t", "GRANT"),
            ("grant select (a, b), insert on table s.t, u to v, w", Ddl, "", "s.t u", "GRANT"),
            ("revoke all on t from u", Ddl, "", "t", "REVOKE"),
            ("grant all on function f to u", Ddl, "", "", "GRANT"),
            ("grant usage on language l to u", Ddl, "", "", "GRANT"),
            ("grant select on all tables in schema s to u", Ddl, "", "", "GRANT"),
            ("grant select on db.* to u", Ddl, "", "", "GRANT"),
            ("grant r to u", Ddl, "", "", "GRANT"),
            ("create table a like b", Ddl, "b", "a", "CREATE TABLE a"),
            ("create table a (x int, like b including all)", Ddl, "b", "a", "CREATE TABLE a"),
            ("create table a (x text check (x like 'y'))", Ddl, "", "a", "CREATE TABLE a"),
            ("create table a (x int) inherits (b, s.c)", Ddl, "b s.c", "a", "CREATE TABLE a"),
            ("create table a partition of b for values in (1)", Ddl, "b", "a", "CREATE TABLE a"),
            (
                "create trigger tr after update of a on t begin update u set a = 1; select case when 1 then 2 end; end",
                Ddl,
                "",
                "t",
                "CREATE TRIGGER tr",
            ),
        ],
    );
}

#[test]
fn names_are_listed_without_their_quotes_and_summed_up_with_them() {
    check(
        &[POSTGRES],
        &[(
            r#"SELECT * FROM "public"."Song List" s, "select", Tags"#,
            Kind::Select,
            "public.song list select tags",
            "",
            r#"SELECT public."Song List" "select" tags"#,
        )],
    );
    check(&[MYSQL], &[("select * from `a`.`b c`", Kind::Select, "a.b c", "", "SELECT a.`b c`")]);
    check(
        &[MYSQL],
        &[("select * from user, event", Kind::Select, "user event", "", "SELECT user event")],
    );
}

#[test]
fn tables_and_summaries_have_bounds() {
    let tables: Vec<_> = (0..100).map(|index| format!("table_{index:03}")).collect();
    let identity = identify(&format!("select * from {}", tables.join(", ")), POSTGRES);
    assert_eq!(identity.tables.read, tables[..TABLES_MAX]);
    assert!(identity.summary.len() <= SUMMARY_BYTES_MAX);
    assert!(identity.summary.ends_with(" table_023"), "{}", identity.summary);
    let long = identify(&format!("select * from a, {}", "b".repeat(300)), POSTGRES);
    assert_eq!(long.summary, "SELECT a");
}

#[test]
fn kinds_have_one_word_each() {
    for kind in Kind::ALL {
        assert_eq!(kind.as_str(), format!("{kind:?}").to_lowercase());
        assert_eq!(kind.to_string(), kind.as_str());
    }
    let writes: Vec<_> = Kind::ALL.into_iter().filter(|kind| kind.is_write()).collect();
    assert_eq!(writes, [Kind::Insert, Kind::Update, Kind::Delete, Kind::Merge]);
}
