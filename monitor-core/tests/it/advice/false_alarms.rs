//! Advice that was given for nothing, or to the wrong one.

use monitor_core::capture::{Call, Database, Rows, System};
use monitor_core::inquire::{Index, KeyPart, TableKind};
use monitor_core::judge::advice::{LevelSample, Priority, Verdict};

use super::{Library, check, index, ms, said};

/// A rule says nothing of a statement.
#[track_caller]
fn unsaid(library: &mut Library, rule: &str, sql: &str) {
    let advice = library.calls(sql, 10, ms(2), 3).advice();
    assert_eq!(advice.of_rule(rule).count(), 0, "of {sql}");
}

#[test]
fn groups_counted_inside_a_subquery_are_not_asked_whether_they_are_there() {
    for sql in [
        "select * from readers where id in (select reader_id from loans group by reader_id having count(*) > 5)",
        "select exists (select 1 from loans group by reader_id having count(*) > 5)",
    ] {
        unsaid(&mut Library::open(), "count-for-existence", sql);
    }
    let sql = "select id from readers r where (select count(*) from loans l where l.reader_id = r.id) > 0";
    let advice = Library::open().calls(sql, 10, ms(2), 3).advice();
    assert_eq!(advice.of_rule("count-for-existence").count(), 1);
}
