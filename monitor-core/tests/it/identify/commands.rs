//! What is no query: transactions, upkeep, and several statements in one text.

use monitor_core::identify::{Dialect, Kind};

use super::{GENERIC, MYSQL, POSTGRES, SQLITE, outline::check};

#[test]
fn transactions_and_commands_are_kinds_of_their_own() {
    use Kind::{Batch, Transaction, Unknown, Utility};
    check(
        &Dialect::ALL,
        &[
            ("begin", Transaction, "", "", "BEGIN"),
            (
                "begin transaction isolation level serializable",
                Transaction,
                "",
                "",
                "BEGIN TRANSACTION",
            ),
            ("start transaction read only", Transaction, "", "", "START TRANSACTION"),
            ("commit", Transaction, "", "", "COMMIT"),
            ("rollback to savepoint x", Transaction, "", "", "ROLLBACK"),
            ("savepoint x", Transaction, "", "", "SAVEPOINT"),
            ("set transaction read only", Transaction, "", "", "SET TRANSACTION"),
            (
                "set local transaction isolation level serializable",
                Transaction,
                "",
                "",
                "SET TRANSACTION",
            ),
            ("set search_path = x", Utility, "", "", "SET"),
            ("explain analyze select * from t", Utility, "t", "", "EXPLAIN SELECT t"),
            ("explain query plan update t set a = 1", Utility, "", "t", "EXPLAIN UPDATE t"),
            ("pragma foreign_keys = on", Utility, "", "", "PRAGMA"),
            ("show tables", Utility, "", "", "SHOW"),
            ("vacuum", Utility, "", "", "VACUUM"),
            ("analyze t", Utility, "t", "", "ANALYZE t"),
            ("analyze verbose s.t (a, b), u", Utility, "s.t u", "", "ANALYZE s.t u"),
            ("analyze local table t, u", Utility, "t u", "", "ANALYZE TABLE t u"),
            ("analyze format=json select * from t", Utility, "t", "", "ANALYZE SELECT t"),
            ("optimize table t", Utility, "t", "", "OPTIMIZE TABLE t"),
            ("cluster t using i", Utility, "t", "", "CLUSTER t"),
            ("reindex table concurrently t", Utility, "t", "", "REINDEX TABLE t"),
            ("reindex index i", Utility, "", "", "REINDEX INDEX i"),
            ("describe t", Utility, "t", "", "DESCRIBE t"),
            ("desc format=json select * from t", Utility, "t", "", "DESC SELECT t"),
            ("explain drop table t", Utility, "", "t", "EXPLAIN DROP TABLE t"),
            (
                "explain create table t as select * from u",
                Utility,
                "u",
                "t",
                "EXPLAIN CREATE TABLE t SELECT u",
            ),
            ("call p(1)", Utility, "", "", "CALL p"),
            ("lock table t in exclusive mode", Utility, "t", "", "LOCK TABLE t"),
            ("copy t (a, b) from stdin", Utility, "", "t", "COPY t"),
            ("copy t to stdout", Utility, "t", "", "COPY t"),
            ("copy (select * from q) to stdout", Utility, "q", "", "COPY SELECT q"),
            ("prepare p as delete from t", Utility, "", "t", "PREPARE DELETE t"),
            ("declare c cursor for select * from t", Utility, "t", "", "DECLARE SELECT t"),
            ("", Unknown, "", "", ""),
            ("-- nothing", Unknown, "", "", ""),
            ("foo bar from baz", Unknown, "", "", ""),
            ("begin; update t set a = 1; commit", Batch, "", "t", "BEGIN; UPDATE t; COMMIT"),
            (
                "select * from t1; insert into t2 values (1);",
                Batch,
                "t1",
                "t2",
                "SELECT t1; INSERT t2",
            ),
            (";; select 1 ;;", Kind::Select, "", "", "SELECT"),
        ],
    );
    check(
        &[POSTGRES, MYSQL, GENERIC],
        &[
            ("vacuum (full, analyze) t", Utility, "t", "", "VACUUM t"),
            ("vacuum full freeze verbose analyze s.t", Utility, "s.t", "", "VACUUM s.t"),
        ],
    );
    check(
        &[SQLITE],
        &[
            ("vacuum main into 'x'", Utility, "", "", "VACUUM"),
            ("reindex x", Utility, "", "", "REINDEX x"),
        ],
    );
    check(
        &[POSTGRES],
        &[
            ("lock a, only b in share mode", Utility, "a b", "", "LOCK a b"),
            ("lock table only a", Utility, "a", "", "LOCK TABLE a"),
        ],
    );
}
