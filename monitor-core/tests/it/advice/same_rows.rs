//! Rewrites that would give other rows, or take longer, are not advised.

use super::{Library, ms, said};

/// No rewrite is advised for a statement.
#[track_caller]
fn unsaid(library: &mut Library, rule: &str, sql: &str) {
    let advice = library.calls(sql, 10, ms(2), 3).advice();
    assert_eq!(advice.of_rule(rule).count(), 0, "of {sql}");
}

#[test]
fn arms_of_a_union_overlap_where_they_ask_for_more_than_values_of_the_same_columns() {
    for sql in [
        "select id from books where author_id = $1 and state = 'new' union select id from books where author_id = $2 and isbn > $3",
        "select id from books where author_id = $1 and state = $2 union select id from books where state = $3 union select id from books where author_id = $4",
        "select id from books where state = $1 union select id from books where state = $2 and author_id = $3",
        "select id from books where state = $1 and printed_at > $2 union select id from books where state = $3 and printed_at < $4",
    ] {
        unsaid(&mut Library::open(), "union-distinct", sql);
    }
    let sql = "select id from books where state = $1 and author_id = $2 union select id from books where author_id = $3 and state = $4 \
               union select id from books where author_id = $5 and state = $6";
    let advice = Library::open().calls(sql, 10, ms(2), 3).advice();
    assert_eq!(said(&advice), ["union-distinct"]);
}
