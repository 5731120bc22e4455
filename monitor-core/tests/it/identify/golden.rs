//! Fingerprints that must never change.
//!
//! They are in people's dashboards, alerts and stores. If one changes here, every one of theirs does: that is a new
//! major version, and a sentence in the changelog.

use std::fmt::Write as _;

use monitor_core::identify::{Dialect, Fingerprint, identify};

const GOLDEN: &str = include_str!("golden.txt");

const STATEMENTS: &[(Dialect, &str)] = &[
    (Dialect::Generic, ""),
    (Dialect::Generic, "select 1"),
    (
        Dialect::PostgreSql,
        "SELECT id, total FROM orders WHERE customer_id = $1 ORDER BY created_at DESC LIMIT 10",
    ),
    (
        Dialect::PostgreSql,
        r#"SELECT "users"."id", "users"."Name" FROM "users" WHERE ("users"."id" = $1) LIMIT $2"#,
    ),
    (
        Dialect::MySql,
        "SELECT `users`.`id`, `users`.`name` FROM `users` WHERE (`users`.`id` = ?) LIMIT ?",
    ),
    (
        Dialect::Sqlite,
        "SELECT `users`.`id`, `users`.`name` FROM `users` WHERE (`users`.`id` = ?) LIMIT ?",
    ),
    (Dialect::PostgreSql, "select * from t where a in ($1, $2, $3) and b = any(array[1, 2])"),
    (
        Dialect::PostgreSql,
        "insert into t (a, b) values ($1, $2), ($3, default) on conflict (a) do nothing returning id",
    ),
    (Dialect::MySql, "insert into t (a, b) values (?, ?) on duplicate key update b = values(b)"),
    (Dialect::PostgreSql, "update t set a = a + 1, b = null where c is not null"),
    (Dialect::MySql, "update a join b on a.id = b.a_id set a.x = b.y where b.z = 'q'"),
    (Dialect::PostgreSql, "delete from t using u where t.id = u.id and u.x < -5"),
    (
        Dialect::PostgreSql,
        "with d as (delete from old returning *) insert into archive select * from d",
    ),
    (Dialect::PostgreSql, "select data->>'k', data ? 'k', tags @> '{a}', x::int, a[1:2] from t"),
    (Dialect::PostgreSql, "select date '2020-01-01' - interval '1 day', $$x$$, E'\\n'"),
    (
        Dialect::PostgreSql,
        "merge into t using s on t.id = s.id when matched then update set a = s.a",
    ),
    (
        Dialect::PostgreSql,
        "create table if not exists t (id bigserial primary key, a varchar(20) not null)",
    ),
    (Dialect::PostgreSql, "create index concurrently i on t using btree (a, lower(b))"),
    (Dialect::PostgreSql, "begin isolation level serializable"),
    (Dialect::PostgreSql, "SAVEPOINT diesel_savepoint_2"),
    (Dialect::PostgreSql, "rollback to savepoint sp_7"),
    (Dialect::Sqlite, "PRAGMA foreign_keys = ON"),
    (Dialect::Sqlite, "select \"a\" from [my table] where b = \"secret\" and c glob 'x*'"),
    (Dialect::MySql, "/*!40101 SET @old := @@sql_mode */"),
    (
        Dialect::Generic,
        "select case when a = 1 then 'x' else null end from t union all select b from u",
    ),
    (Dialect::Generic, "begin; update t set a = 1; commit;"),
    (Dialect::PostgreSql, "select \"Größe\" from möbel where \"select\" = 1"),
];

#[test]
fn fingerprints_never_change() {
    let mut table = String::new();
    for (dialect, text) in STATEMENTS {
        let identity = identify(text, *dialect);
        let line = format!("{} {}", identity.fingerprint, identity.text);
        writeln!(table, "{}", line.trim_end()).unwrap();
    }
    assert_eq!(table, GOLDEN, "is:\n{table}");
}

#[test]
fn a_fingerprint_is_the_hash_of_its_text_and_can_be_read_back() {
    for line in GOLDEN.lines() {
        let (hex, text) = line.split_at(16);
        let fingerprint: Fingerprint = hex.parse().unwrap();
        assert_eq!(fingerprint, Fingerprint::of_normalised(text.trim_start()));
        assert_eq!(fingerprint, Fingerprint::from_u64(fingerprint.as_u64()));
        assert_eq!(fingerprint.to_string(), hex);
    }
}

#[test]
fn what_is_no_fingerprint_is_refused_with_a_reason() {
    for text in
        ["", "f", "+00000000000000f", "00000000000000000", "000000000000000g", "00000000000000é"]
    {
        let error = text.parse::<Fingerprint>().unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "`{text}` is not a fingerprint; one is 16 hex digits, such as `00f1e2d3c4b5a697`"
            )
        );
    }
}
