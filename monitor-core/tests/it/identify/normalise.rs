//! How a text is written once it is normal.

use monitor_core::identify::{Dialect, ListSize, identify};

use super::{GENERIC, MYSQL, POSTGRES, SQLITE, check, check_different, check_same};

#[test]
fn a_statement_reads_naturally() {
    check(
        &Dialect::ALL,
        &[
            (
                "SELECT id, total FROM orders\n WHERE customer_id=17 ORDER BY created_at DESC LIMIT 10;",
                "select id, total from orders where customer_id = ? order by created_at desc limit ?",
            ),
            ("select  count( * )  from t", "select count(*) from t"),
            ("insert into t(a,b) values(1,2)", "insert into t (a, b) values (?, ?)"),
            ("create table t(a int)", "create table t (a int)"),
            ("select t . * , a+b from t", "select t.*, a + b from t"),
            ("select cast(x as int), left(a, 2)", "select cast(x as int), left(a, ?)"),
            ("select 1 where exists(select 1)", "select ? where exists (select ?)"),
            ("a;b ;", "a; b"),
            (";;", ""),
            ("", ""),
        ],
    );
}

#[test]
fn every_literal_is_a_question_mark() {
    for number in [
        "0", "42", "1.5", ".5", "1.", "1e5", "1.5E-7", "0xFF", "0b01", "1_000", "-5", "+5", "- 5",
        "- -5",
    ] {
        check(&Dialect::ALL, &[(&format!("select a = {number} from t"), "select a = ? from t")]);
    }
    for string in ["'x'", "''", "'it''s'", "N'x'", "X'ff'", "B'01'", "U&'x'", "'a' 'b'", "'a'\n'b'"]
    {
        check(&Dialect::ALL, &[(&format!("select {string} from t"), "select ? from t")]);
    }
    check(
        &[POSTGRES, GENERIC],
        &[
            ("select E'it\\'s', $$it's$$, $t$ $$ ' $t$ from t", "select ?, ?, ? from t"),
            ("do $body$ begin; end $body$", "do ?"),
        ],
    );
    check(
        &[MYSQL],
        &[
            (
                r#"select 'it\'s', "it's", _utf8mb4'x', _utf8mb4 'x', "a\"b" from t"#,
                "select ?, ?, ?, ?, ? from t",
            ),
            ("select 'a\\\\' from t where b = 'c'", "select ? from t where b = ?"),
        ],
    );
}

#[test]
fn typed_literals_keep_their_type() {
    check(
        &Dialect::ALL,
        &[
            ("select date '2020-02-02', interval '1 day'", "select date ?, interval ?"),
            ("select date '2020-02-02' - 5", "select date ? - ?"),
            ("a > timestamp '2020-02-02' and b", "a > timestamp ? and b"),
        ],
    );
}

#[test]
fn digits_within_names_stay() {
    check(
        &Dialect::ALL,
        &[("select c01, t2.x3 from table1 t2", "select c01, t2.x3 from table1 t2")],
    );
    check(&[MYSQL], &[("select * from 2fa_tokens", "select * from 2fa_tokens")]);
}

#[test]
fn null_and_truth_are_values_only_where_a_value_stands() {
    check(
        &Dialect::ALL,
        &[
            ("select null, true where a = false", "select ?, ? where a = ?"),
            ("select case when a then null else true end", "select case when a then ? else ? end"),
            ("a is null or b is not null", "a is null or b is not null"),
            ("a is true or b is not false", "a is true or b is not false"),
            ("a is distinct from null", "a is distinct from ?"),
            (
                "create table t (a int not null, b int null)",
                "create table t (a int not null, b int null)",
            ),
            ("on delete set null", "on delete set null"),
            ("update t set a = null", "update t set a = ?"),
        ],
    );
}

#[test]
fn a_sign_belongs_to_its_number_and_a_minus_does_not() {
    check(
        &Dialect::ALL,
        &[
            ("a = -5", "a = ?"),
            ("(-5)", "(?)"),
            ("a - 5", "a - ?"),
            ("a -5", "a - ?"),
            ("f(x) -5", "f(x) - ?"),
            ("a - -5", "a - ?"),
            ("= -x", "= -x"),
            ("= -(x)", "= -(x)"),
            ("between -5 and -1", "between ? and ?"),
            ("limit -1", "limit ?"),
        ],
    );
}

#[test]
fn every_placeholder_is_a_question_mark() {
    check(&Dialect::ALL, &[("a = ? and b = :name and c = ?1", "a = ? and b = ? and c = ?")]);
    check(&[POSTGRES, SQLITE, GENERIC], &[("a = $1", "a = ?")]);
    check(&[SQLITE, GENERIC], &[("a = @p1 and b = $name", "a = ? and b = ?")]);
    check(
        &[MYSQL],
        &[(
            "select @x := 5, @@session.sql_mode, @`y z`",
            "select @x := ?, @@session.sql_mode, @`y z`",
        )],
    );
    check(
        &[POSTGRES],
        &[
            ("a=?", "a = ?"),
            ("select x::int, '5'::text, $1::int[]", "select x::int, ?::text, ?::int[]"),
            ("a[1:2], a[:n], a[i:j]", "a[?:?], a[?], a[i:j]"),
        ],
    );
}

#[test]
fn the_operators_of_postgresql_stay_operators() {
    for operator in [
        "@>", "<@", "->", "->>", "#>", "#>>", "@?", "@@", "||", "?|", "?&", "?", "~*", "!~", "<->",
        "&&",
    ] {
        check(&[POSTGRES], &[(&format!("a {operator} 'k'"), &format!("a {operator} ?"))]);
    }
    check(
        &[POSTGRES],
        &[
            ("data?'k' and data ? /* k */ 'k'", "data ? ? and data ? ?"),
            ("data ?| array['a', 'b']", "data ?| array[...]"),
            ("$1||'x'", "? || ?"),
        ],
    );
    check(&[MYSQL, SQLITE, GENERIC], &[("?||'x'", "? || ?"), ("a<=-5", "a <= ?")]);
}

#[test]
fn lists_of_any_length_are_one() {
    check(
        &Dialect::ALL,
        &[
            ("a in (1)", "a in (...)"),
            ("a in (1, 'x', null, -5, ?)", "a in (...)"),
            ("a not in (1, 2)", "a not in (...)"),
            ("(a, b) in ((1, 2), (3, 4))", "(a, b) in (...)"),
            ("a in (select b from c where d in (1, 2))", "a in (select b from c where d in (...))"),
            ("a in (b, c)", "a in (b, c)"),
            ("a in (lower('x'), lower('y'))", "a in (lower(?))"),
            ("a in (1, b, 2)", "a in (?, b)"),
            ("a in ()", "a in ()"),
        ],
    );
    check(
        &[POSTGRES, GENERIC, MYSQL],
        &[
            ("a = any(array[1, 2])", "a = any(array[...])"),
            ("array[[1, 2], [3, 4]]", "array[...]"),
            ("array[a, 1]", "array[a, ?]"),
        ],
    );
    check(&[POSTGRES], &[("a in ($1::uuid, $2::uuid)", "a in (?::uuid)")]);
}

#[test]
fn rows_of_any_number_are_one() {
    check(
        &Dialect::ALL,
        &[
            ("insert into t values (1, 2), (3, 4)", "insert into t values (?, ?)"),
            ("insert into t values (1, default), (default, 4)", "insert into t values (?, ?)"),
            ("insert into t values (1, now()), (2, now())", "insert into t values (?, now())"),
            (
                "insert into t values (1, 2), (3, now()), (5, 6), (7, now())",
                "insert into t values (?, ?), (?, now())",
            ),
            ("insert into t values (1, (2)), (3, (4))", "insert into t values (?, (?))"),
            (
                "insert into t values (1), (2) on conflict do nothing",
                "insert into t values (?) on conflict do nothing",
            ),
            ("select * from (values (1), (2)) v (a)", "select * from (values (?)) v(a)"),
            ("insert into t default values", "insert into t default values"),
        ],
    );
    check(&[MYSQL], &[("values row(1, 2), row(3, 4)", "values row(?, ?)")]);
}

#[test]
fn a_list_closed_by_the_wrong_bracket_leaves_what_follows_as_it_is() {
    // The `]` left with its list, and behind it the colon of a slice was none.
    check(
        &[POSTGRES, GENERIC, MYSQL],
        &[
            ("a[in((0,3]), in((0,3]), in((0,3]):b", "a[in (...), in (...), in (...):b"),
            ("a[[x in ((y],(y]) :1", "a[[x in ((y]):?"),
        ],
    );
    check(&[POSTGRES], &[("select a[f(b):c], a[(b):(c)]", "select a[f(b):c], a[(b):(c)]")]);
}

#[test]
fn mysql_may_write_value_before_its_rows() {
    // Rows behind `value` used to make a statement for every number of them.
    check(
        &[MYSQL, GENERIC],
        &[
            ("insert into t value (1, 2), (3, default)", "insert into t value (?, ?)"),
            ("insert into t (a) value (1), (2)", "insert into t (a) value(?)"),
            ("replace t value (1), (2)", "replace t value (?)"),
            ("insert into value (a, b) values (1, 2)", "insert into value (a, b) values (?, ?)"),
        ],
    );
    check(
        &Dialect::ALL,
        &[
            ("select a value, (1), (2)", "select a value, (?), (?)"),
            (
                "insert into t (value) values (1) on duplicate key update value = value(value)",
                "insert into t (value) values (?) on duplicate key update value = value(value)",
            ),
        ],
    );
    check(&[POSTGRES, SQLITE], &[("insert into t value (1), (2)", "insert into t value (?), (?)")]);
}

#[test]
fn a_comment_among_the_rows_changes_nothing() {
    // Rows of plain values take a short cut that a comment closes.
    for dialect in Dialect::ALL {
        check_same(
            dialect,
            &[
                "insert into t values (1, 'a'), (2, 'b'), (3, null), (-4.5, ?)",
                "insert into t values (1, 'a'), /* */ (2, 'b'), (3, /* */ null), ( /* */ -4.5, ?)",
            ],
        );
        check_same(
            dialect,
            &["a in (1, 2, 'x', null)", "a in (1, /* */ 2, /* */ 'x', /* */ null)"],
        );
        check_same(
            dialect,
            &["a in ((1, 2), (3, 4), (5, 6))", "a in ((1, 2), (3, /* */ 4), /* */ (5, 6))"],
        );
    }
}

#[test]
fn what_goes_on_behind_a_group_is_not_taken_for_a_group() {
    // `(2)` used to be skipped as one more `(?)`, and what followed it stood behind the first.
    check(
        &Dialect::ALL,
        &[
            ("a in ((1), (2) + 1)", "a in ((?), (?) + ?)"),
            ("a in ((1), (+2) + 1)", "a in ((?), (?) + ?)"),
            ("a in ((1, 2), (3, 4)::t, (5, 6))", "a in ((?, ?), (?, ?)::t)"),
            ("in((2),(+2).", "in ((?), (?)."),
            ("in((2),(2).", "in ((?), (?)."),
        ],
    );
}

#[test]
fn a_list_keeps_its_size_class() {
    let size = |text: &str| identify(text, POSTGRES).list_size;
    let list = |len: usize| vec!["1"; len].join(", ");
    assert_eq!(size("select 1"), ListSize::None);
    assert_eq!(size("select 1 where a in (select b from c)"), ListSize::None);
    for (len, class) in [
        (1, ListSize::One),
        (2, ListSize::UpTo10),
        (10, ListSize::UpTo10),
        (11, ListSize::UpTo100),
        (100, ListSize::UpTo100),
        (101, ListSize::More),
    ] {
        assert_eq!(size(&format!("a in ({})", list(len))), class);
        assert_eq!(size(&format!("a = any(array[{}])", list(len))), class);
        assert_eq!(size(&format!("insert into t values {}", vec!["(1, 2)"; len].join(","))), class);
        assert_eq!(
            size(&format!("insert into t values {}", vec!["(f(1), 2)"; len].join(","))),
            class
        );
        assert_eq!(size(&format!("(a, b) in ({})", vec!["(1, 2)"; len].join(","))), class);
        assert_eq!(size(&format!("a in (1) and b in ({})", list(len))), class);
    }
}

#[test]
fn names_that_count_up_leave() {
    check(
        &Dialect::ALL,
        &[
            ("SAVEPOINT diesel_savepoint_3", "savepoint ?"),
            ("release savepoint sp1; release sp1", "release savepoint ?; release ?"),
            ("rollback to savepoint sp1", "rollback to savepoint ?"),
            ("rollback to sp1", "rollback to ?"),
            ("rollback transaction to sp1", "rollback transaction to ?"),
            ("rollback", "rollback"),
            ("prepare p1 (int) as select 1", "prepare ? (int) as select ?"),
            ("execute p1(5)", "execute ? (?)"),
            (
                "deallocate p1; deallocate prepare p1; deallocate all",
                "deallocate ?; deallocate prepare ?; deallocate all",
            ),
            ("prepare transaction 'x'", "prepare transaction ?"),
            ("declare c1 cursor for select 1", "declare ? cursor for select ?"),
            (
                "fetch forward 5 from c1; fetch c1; close c1",
                "fetch forward ? from ?; fetch ?; close ?",
            ),
            ("update t set a = 1 where current of c1", "update t set a = ? where current of ?"),
        ],
    );
}

#[test]
fn comments_leave() {
    check(
        &Dialect::ALL,
        &[
            ("/* a */ select -- b\n 1 /* c */", "select ?"),
            ("select 1 /* never closed", "select ?"),
            ("-- only a comment", ""),
        ],
    );
    check(&[POSTGRES], &[("select /* a /* 'nested' */ b */ 1", "select ?")]);
    check(&[SQLITE], &[("select /* a /* b */ 1", "select ?")]);
    check(
        &[MYSQL],
        &[
            ("select 1 # comment\n + 2", "select ? + ?"),
            ("select 5--5", "select ? - ?"),
            ("select 5 -- 5", "select ?"),
            ("/*!40101 SET NAMES utf8 */", "set names utf8"),
            (
                "select /*! straight_join */ a /* b */ from /*M! t */",
                "select straight_join a from t",
            ),
        ],
    );
}

#[test]
fn a_name_loses_its_quotes_where_it_means_the_same() {
    check(
        &[POSTGRES],
        &[(r#"SELECT "users"."id", "Name" FROM "users""#, r#"select users.id, "Name" from users"#)],
    );
    check(&[POSTGRES], &[(r#"select "order", "a b", "a""b""#, r#"select "order", "a b", "a""b""#)]);
    check(
        &[MYSQL, SQLITE],
        &[("SELECT `users`.`id`, `order` FROM `users`", "select users.id, `order` from users")],
    );
    check(&[SQLITE], &[("select [id], [a b] from [users]", "select id, `a b` from users")]);
    check_same(SQLITE, &["select a from `T x`", r#"select a from "T x""#, "select a from [T x]"]);
    for dialect in Dialect::ALL {
        check_different(
            dialect,
            &["select a", "select A1", "select `Aa`", "select `null`", "select null"],
        );
    }
}

#[test]
fn double_quotes_are_read_as_the_dialect_reads_them() {
    check(&[MYSQL], &[(r#"select "a" from t where b = "c""#, "select ? from t where b = ?")]);
    check(&[POSTGRES], &[(r#"select "a" from t where b = "c""#, "select a from t where b = c")]);
    check(
        &[SQLITE, GENERIC],
        &[
            (r#"select "a" from "t" where "b" = "c""#, "select a from t where b = ?"),
            (r#"where "t"."b" = "t"."c""#, "where t.b = t.c"),
            (r#"where b like "c" or b between "d" and "e""#, "where b like ? or b between ? and ?"),
            (r#"where b in ("c", "d")"#, "where b in (...)"),
            (
                r#"insert into "t" ("a") values ("c"), (lower("d"))"#,
                "insert into t (a) values (?), (lower(?))",
            ),
            (r#"select "hello, world""#, "select ?"),
            (r#"select a as "Total €" from "my table""#, "select a as `Total €` from `my table`"),
            (r#"case when a then "b" else "c" end"#, "case when a then ? else ? end"),
        ],
    );
}
