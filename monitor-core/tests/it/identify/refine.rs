//! What the parser adds, and that it can do no harm.

use monitor_core::identify::{
    Dialect, Kind, PARSE_BYTES_MAX, PARSE_OPERATORS_MAX, identify, refine,
};

use super::{GENERIC, MYSQL, POSTGRES, SQLITE};

/// The tokens and the tree must tell the same story, from the raw text and from the normalised one.
#[track_caller]
fn check_agreement(dialects: &[Dialect], texts: &[&str]) {
    for &dialect in dialects {
        for text in texts {
            let identity = identify(text, dialect);
            let refined = refine(&identity.text, dialect);
            let Some(refined) = refined else {
                panic!("{dialect:?} can't parse {}", identity.text)
            };
            assert_eq!(refined.kind, identity.kind, "{dialect:?}: {text}");
            let sorted = |mut names: Vec<String>| {
                names.sort();
                names
            };
            assert_eq!(
                sorted(refined.tables.read),
                sorted(identity.tables.read),
                "read, {dialect:?}: {text}"
            );
            assert_eq!(
                sorted(refined.tables.written),
                sorted(identity.tables.written),
                "written, {dialect:?}: {text}"
            );
        }
    }
}

#[test]
fn tokens_and_tree_agree() {
    check_agreement(
        &Dialect::ALL,
        &[
            "select a, b from t where c = 1 and d in (1, 2, 3) order by e limit 10",
            "select * from a join b on a.x = b.x left join c using (y), d",
            "select count(*) from (select * from t where a > 5) q group by b having count(*) > 1",
            "with c as (select a from b) select * from c join d on c.a = d.a",
            "with users as (select * from users) select * from users",
            "insert into t (a, b) values (1, 2), (3, 4)",
            "insert into t (a) select a from t",
            "update t set a = 1, b = null where c = 'x'",
            "delete from t where a in (select b from u)",
            "create table t (a int not null, b varchar(20) default 'x')",
            "create index i on t (a)",
            "create view v as select * from t",
            "alter table t add column a int",
            "drop table a, b",
            "select case when a = 1 then 'x' else null end from s.t",
            "select a from t union all select b from u",
            "commit",
            "begin",
        ],
    );
    check_agreement(
        &[POSTGRES, GENERIC],
        &[
            "select x::int, a[1], date '2020-02-02', extract(year from y) from t",
            "with d as (delete from old returning *) select * from d",
            "update a set x = b.x from b where a.id = b.id",
            "delete from a using b where a.id = b.id",
            "insert into t (a) values (1) on conflict (a) do update set a = excluded.a returning id",
            "merge into t using s on t.id = s.id when matched then update set a = s.a when not matched then insert (id) values (s.id)",
            "truncate table a, b",
        ],
    );
    check_agreement(
        &[POSTGRES],
        &["select * from t where a = any(array[1, 2]) and data ? 'k' and data @> '{}'"],
    );
    check_agreement(
        &[MYSQL],
        &[
            "update a join b on a.id = b.id set b.x = a.y",
            "delete x from orders x join b on b.id = x.id",
            "insert into t (a) values (1) on duplicate key update a = values(a)",
            "replace into t values (1)",
        ],
    );
    check_agreement(
        &[SQLITE],
        &["insert or replace into t values (1)", "select a from `my table` where b glob 'x'"],
    );
}

#[test]
fn several_statements_are_a_batch_of_all_their_tables() {
    let refined = refine("select * from a; insert into b values (?)", POSTGRES).unwrap();
    assert_eq!(refined.kind, Kind::Batch);
    assert_eq!(
        (refined.tables.read.join(" "), refined.tables.written.join(" ")),
        ("a".into(), "b".into())
    );
}

#[test]
fn what_can_not_be_parsed_is_left_alone() {
    for dialect in Dialect::ALL {
        assert_eq!(refine("", dialect), None);
        assert_eq!(refine("select from )", dialect), None);
        assert_eq!(refine("foo", dialect), None);
        let long = format!("select {} from t", "a, ".repeat(PARSE_BYTES_MAX));
        assert_eq!(refine(&long, dialect), None);
    }
}

#[test]
fn the_parser_does_not_speak_of_what_it_takes_for_something_else() {
    for (dialect, text) in [
        // It used to read a table `only`, to write a table `quick`, and to name nothing in the others.
        (POSTGRES, "select * from only t"),
        (MYSQL, "delete quick from t"),
        (POSTGRES, "select * into u from t"),
        (POSTGRES, "copy t from stdin"),
        (POSTGRES, "drop trigger r on t"),
        (SQLITE, "create virtual table t using fts5(a)"),
        (POSTGRES, "grant select on t to u"),
    ] {
        assert_eq!(refine(text, dialect), None, "{text}");
    }
}

/// Ways to make a tree deep with few bytes.
const CHAINS: &[(&str, &str, &str)] = &[
    ("select a", " + a", ""),
    ("select a", " and a", ""),
    ("select a", " or a = 1", ""),
    ("select a", " || a", ""),
    ("select a", "::int", ""),
    ("select a", "[1]", ""),
    ("select a", "->b", ""),
    ("select a", " is null", ""),
    ("select a", " collate b", ""),
    ("select a", " at time zone b", ""),
    ("select a", " like a", ""),
    ("select a", " in (1)", ""),
    ("select a", " between a and a", ""),
    ("select a", ".b", ""),
    ("select a", "(a)", ""),
    ("select a", " = any(a)", ""),
    ("select 1", " union select 1", ""),
    ("select 1 from a", " join a", ""),
    ("select 1 from a", " join a on a", ""),
    ("select 1 from a", ", a", ""),
    ("select ", "not ", "a"),
    ("select ", "- ", "a"),
    ("select ", "~", "a"),
    ("select ", "(", "a"),
    ("select ", "f(", "a"),
    ("select ", "case when ", "a"),
    ("select ", "case a when a then ", "a"),
    ("select ", "(select ", "a"),
    ("select * from ", "(", "a"),
    ("select * from ", "(select * from ", "a"),
    ("select ", "array[", "a"),
    ("select ", "exists (", "a"),
    ("select ", "interval ", "a"),
    ("", "(", "select 1"),
    ("", "explain ", "select 1"),
    ("", "with a as (", "select 1"),
    ("", "begin;", ""),
    ("create table t (a ", "array<", "int"),
    ("create table t (a int", "[]", ")"),
];

#[test]
fn no_chain_overflows_the_stack() {
    for dialect in Dialect::ALL {
        for (before, link, after) in CHAINS {
            let most = (PARSE_BYTES_MAX - before.len() - after.len()) / link.len();
            for times in [40, 60, 100, PARSE_OPERATORS_MAX / 2, PARSE_OPERATORS_MAX - 8, most] {
                let _maybe =
                    refine(&format!("{before}{}{after}", link.repeat(times.min(most))), dialect);
            }
        }
    }
}

#[test]
fn an_ordinary_chain_is_still_parsed() {
    let text = format!("select * from t where a = 1{}", " or a = 1".repeat(100));
    for dialect in Dialect::ALL {
        assert_eq!(refine(&text, dialect).unwrap().tables.read, ["t"]);
    }
}
