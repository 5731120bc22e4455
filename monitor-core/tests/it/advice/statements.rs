//! Rules that read a statement.

use monitor_core::capture::System;
use monitor_core::judge::advice::{Priority, Verdict};

use super::{Library, check, ms, said};

/// A rule speaks of one statement and of no other rule's business, is silent of one that comes close, and says so where it is too soon.
#[track_caller]
fn trio(rule: &str, speaks: &str, close: &str) {
    trio_on(System::PostgreSql, rule, speaks, close);
}

#[track_caller]
fn trio_on(system: System, rule: &str, speaks: &str, close: &str) {
    let advice = Library::on(system).calls(speaks, 10, ms(2), 3).advice();
    assert_eq!(said(&advice), [rule], "of {speaks}");

    let advice = Library::on(system).calls(close, 10, ms(2), 3).advice();
    assert_eq!(said(&advice), [""; 0], "of {close}");

    // A risk is told at the first call, as soon as anything is.
    let mut library = Library::on(system);
    library.calls(speaks, 2, ms(2), 3);
    let advice = if rule_is_a_risk(rule) { library.advice_now() } else { library.advice() };
    check(&advice, rule, Verdict::TooSoon);
}

fn rule_is_a_risk(rule: &str) -> bool {
    [
        "cartesian-join",
        "limit-without-order",
        "missing-where-write",
        "not-in-subquery",
        "select-star-wide",
    ]
    .contains(&rule)
}

#[test]
fn a_function_of_an_indexed_column_is_told_and_one_of_the_value_is_not() {
    trio(
        "sargable-function",
        "SELECT id FROM books WHERE date(printed_at) = '2024-05-01'",
        "SELECT id FROM books WHERE printed_at >= date('2024-05-01')",
    );
    trio(
        "sargable-function",
        "select b.id from books b where date_trunc('month', b.printed_at) = $1",
        "select date_trunc('month', printed_at), count(*) from books where author_id = $1 group by 1",
    );
}

#[test]
fn arithmetic_on_an_indexed_column_is_told_and_on_two_columns_is_not() {
    trio(
        "sargable-arithmetic",
        "select id from books where printed_at + interval '7 days' < now()",
        "select id from books where id + author_id = 9",
    );
}

#[test]
fn a_replaced_null_in_a_condition_is_told_and_in_the_select_list_is_not() {
    trio(
        "sargable-coalesce",
        "select id from books where coalesce(isbn, '') = '978'",
        "select id, coalesce(isbn, '-') from books where author_id = 5",
    );
}

#[test]
fn a_cast_that_reads_all_rows_is_told_and_one_within_a_family_is_not() {
    trio(
        "sargable-cast",
        "select title from books where id::text = '7'",
        "select title from books where id = 7::smallint",
    );
    trio(
        "sargable-cast",
        "select title from books where id = 7::double precision",
        "select title from books where isbn = 7::text",
    );
}

#[test]
fn another_case_than_the_index_folds_is_told_and_the_same_is_not() {
    trio(
        "sargable-case",
        "select id from readers where upper(email) = upper('A@b')",
        "select id from readers where lower(email) = lower('A@b')",
    );
}

#[test]
fn a_deep_page_is_told_and_a_shallow_one_is_not() {
    trio(
        "deep-offset",
        "select id from books order by id limit 20 offset 40000",
        "select id from books order by id limit 20 offset 60",
    );
    trio_on(
        System::MySql,
        "deep-offset",
        "select id from books order by id limit 40000, 20",
        "select id from books order by id limit 60, 2000",
    );
}

#[test]
fn of_a_bound_offset_and_a_bound_pattern_nobody_can_tell() {
    let mut library = Library::open();
    library.calls("select id from books order by id limit $1 offset $2", 10, ms(2), 20);
    library.calls("select id from books where title like $1", 10, ms(2), 20);
    let advice = library.advice();
    check(&advice, "deep-offset", Verdict::CannotTell);
    check(&advice, "leading-wildcard", Verdict::CannotTell);
}

#[test]
fn sorting_all_rows_at_random_is_told_and_sorting_few_is_not() {
    trio(
        "order-by-random",
        "select id from books order by random() limit 1",
        "select id from shelves order by random() limit 1",
    );
}

#[test]
fn not_in_a_subquery_is_told_and_not_in_a_list_is_not() {
    trio(
        "not-in-subquery",
        "select id from readers where id not in (select reader_id from loans)",
        "select id from readers where card not in ('a', 'b')",
    );
}

#[test]
fn not_in_is_a_risk_where_the_column_may_be_null() {
    let priority = |column: &str| {
        let sql = format!("select id from books where id not in (select {column} from loans)");
        // Nine tenths of the time goes elsewhere.
        let mut library = Library::open();
        library.calls("select 1", 10, ms(2_000), 1).calls(&sql, 10, ms(2), 3);
        library.advice().of_rule("not-in-subquery").map(|one| one.priority).next()
    };
    assert_eq!(priority("reader_id"), Some(Priority::High));
    assert_eq!(priority("book_id"), Some(Priority::Low));
}

#[test]
fn a_count_that_is_only_compared_is_told_and_one_that_is_used_is_not() {
    trio(
        "count-for-existence",
        "select count(*) > 0 from loans where reader_id = 5",
        "select count(*) from loans where reader_id = 5",
    );
}

#[test]
fn distinct_over_a_join_is_told_and_distinct_that_is_needed_is_not() {
    trio(
        "distinct-join",
        "select distinct r.id from readers r join loans l on l.reader_id = r.id where r.card = $1",
        "select distinct r.card from readers r join loans l on l.reader_id = r.id where r.card = $1",
    );
}

#[test]
fn a_union_of_disjoint_arms_is_told_and_one_that_may_overlap_is_not() {
    trio(
        "union-distinct",
        "select id from books where state = 'new' union select id from books where state = 'lost'",
        "select id from books where state = 'new' union select id from books where author_id = 3",
    );
}

#[test]
fn having_on_a_group_is_told_where_the_system_does_not_move_it() {
    trio_on(
        System::MySql,
        "having-as-where",
        "select author_id, count(*) from books group by author_id having author_id = 7",
        "select author_id, count(*) from books group by author_id having count(*) > 7",
    );
    let sql = "select author_id, count(*) from books group by author_id having author_id = 7";
    check(&Library::open().calls(sql, 10, ms(2), 1).advice(), "having-as-where", Verdict::Quiet);
}

#[test]
fn a_subquery_per_row_is_told_where_no_index_leads_it_to_its_rows() {
    trio(
        "correlated-subquery",
        "select b.id, (select count(*) from loans l where l.book_id = b.id) from books b where b.state = $1",
        "select r.id, (select count(*) from loans l where l.reader_id = r.id) from readers r where r.card = $1",
    );
    trio(
        "correlated-subquery",
        "select id from books b where author_id < (select avg(reader_id) from loans l where l.book_id = b.id)",
        "select id from books b where exists (select 1 from loans l where l.book_id = b.id)",
    );
}

#[test]
fn the_newest_of_each_group_is_told_and_the_newest_of_one_row_is_not() {
    trio(
        "distinct-on-latest",
        "select * from loans l where due = (select max(due) from loans x where x.book_id = l.book_id)",
        "select * from loans where due = (select max(due) from loans)",
    );
}

#[test]
fn an_or_over_two_indexed_tables_is_told_and_over_one_is_not() {
    trio(
        "or-across-tables",
        "select b.id from books b join readers r on r.id = b.author_id where b.isbn = $1 or r.card = $2",
        "select b.id from books b join readers r on r.id = b.author_id where b.isbn = $1 or b.author_id = $2",
    );
}

#[test]
fn all_columns_past_a_covering_index_is_told_and_of_one_row_is_not() {
    trio(
        "select-star-wide",
        "select * from books where state = 'new'",
        "select * from books where id = 4",
    );
}

#[test]
fn tables_that_nothing_ties_together_are_told_and_one_row_is_not() {
    trio(
        "cartesian-join",
        "select count(*) from books, loans where books.state = 'new'",
        "select s.room, b.title from shelves s, books b where b.id = 5 and s.id = 3",
    );
    trio(
        "cartesian-join",
        "select b.id from books b join loans l on l.due > $1 where b.author_id = $2",
        "select b.id from books b cross join loans l where l.book_id = b.id and b.author_id = $2",
    );
}

#[test]
fn a_write_to_all_rows_is_told_and_one_with_a_condition_is_not() {
    let mut library = Library::open();
    let advice = library.calls("update books set state = 'new'", 1, ms(90), 100_000).advice();
    assert_eq!(said(&advice), ["missing-where-write"]);
    assert_eq!(advice.recommendations[0].priority, Priority::High);

    for close in [
        "delete from loans where id in (select id from loans limit 9)",
        "update shelves set room = 'a'",
    ] {
        let advice = Library::open().calls(close, 5, ms(2), 9).advice();
        assert_eq!(said(&advice), [""; 0], "of {close}");
    }
    let mut library = Library::open();
    library.calls("delete from books", 1, ms(90), 100_000);
    check(&library.advice_now(), "missing-where-write", Verdict::TooSoon);
}

#[test]
fn a_pattern_that_starts_with_a_wildcard_is_told_and_a_prefix_is_not() {
    trio(
        "leading-wildcard",
        "select id from books where title like '%rust%'",
        "select id from books where title like 'rust%'",
    );
}

#[test]
fn counting_all_rows_is_told_of_a_large_table_and_not_of_a_small_one() {
    trio("count-whole-table", "select count(*) from loans", "select count(*) from shelves");
}

#[test]
fn rows_left_to_chance_are_told_and_a_test_for_existence_is_not() {
    trio(
        "limit-without-order",
        "select id, title from books where state = 'new' limit 10",
        "select 1 from books where state = 'new' limit 1",
    );
    for close in [
        "select title from books where id = 4 limit 1",
        "select id from books where state = 'new' limit 5 for update skip locked",
        "select max(id) from books limit 1",
    ] {
        let advice = Library::open().calls(close, 10, ms(2), 1).advice();
        assert_eq!(said(&advice), [""; 0], "of {close}");
    }
}

#[test]
fn a_result_without_bound_is_told_by_its_rows() {
    let advice = Library::open().calls("select id from loans", 10, ms(90), 500_000).advice();
    assert_eq!(said(&advice), ["unbounded-result"]);
    let advice = Library::open().calls("select id from shelves", 10, ms(1), 10).advice();
    check(&advice, "unbounded-result", Verdict::Quiet);
    let advice = Library::open()
        .calls("select id from loans order by id limit $1", 10, ms(90), 50_000)
        .advice();
    check(&advice, "unbounded-result", Verdict::Quiet);
    let mut library = Library::open();
    library.calls("select id from loans", 10, ms(90), 500_000);
    check(&library.advice_now(), "unbounded-result", Verdict::TooSoon);
}

#[test]
fn without_a_catalogue_a_rule_that_needs_it_says_so() {
    let mut library = Library::open();
    library.catalogue = None;
    library.calls("select id from books where date(printed_at) = $1", 10, ms(2), 3);
    library.calls("select id from books order by random() limit 1", 10, ms(2), 3);
    let advice = library.advice();
    assert_eq!(said(&advice), [""; 0]);
    check(&advice, "sargable-function", Verdict::CannotTell);
    check(&advice, "order-by-random", Verdict::CannotTell);
}

#[test]
fn what_no_parser_understands_is_left_alone() {
    let mut library = Library::open();
    for sql in ["select from where (((", "", "selct 1", "/*", "'", "in (in (in ("] {
        library.calls(sql, 10, ms(2), 1);
    }
    assert_eq!(said(&library.advice()), [""; 0]);
}

#[test]
fn an_update_and_a_delete_are_read_like_a_select() {
    for sql in [
        "update books set state = $2 where date(printed_at) = $1",
        "delete from books where date(printed_at) = $1",
    ] {
        let advice = Library::open().calls(sql, 10, ms(2), 3).advice();
        assert_eq!(said(&advice), ["sargable-function"], "of {sql}");
    }
}

#[test]
fn a_folded_column_with_a_plain_index_wants_an_index_of_its_own() {
    trio(
        "sargable-case",
        "select id from readers where lower(card) = lower($1)",
        "select id, lower(card) from readers where card = $1",
    );
}

#[test]
fn more_ways_to_count_for_existence_and_not_to() {
    trio(
        "count-for-existence",
        "select case when count(*) > 0 then 'yes' else 'no' end from loans where reader_id = $1",
        "select reader_id, count(*) > 3 from loans where reader_id > $1 group by reader_id",
    );
    let advice = Library::open()
        .calls("select count(distinct reader_id) from loans", 10, ms(90), 1)
        .advice();
    assert_eq!(said(&advice), [""; 0]);
}

#[test]
fn a_join_to_one_partner_makes_no_duplicates() {
    trio(
        "distinct-join",
        "select distinct r.* from readers r join loans l on l.reader_id = r.id where r.card = $1",
        "select distinct l.id from loans l join books b on b.id = l.book_id where l.reader_id = $1",
    );
}

#[test]
fn tables_tied_by_name_or_by_keys_are_tied() {
    for close in [
        "select count(*) from books join loans using (id) where books.state = $1",
        "select count(*) from books natural join loans where books.state = $1",
        "select b.title, r.card from books b join readers r on r.id = b.author_id where b.id = $1 limit 1",
    ] {
        let advice = Library::open().calls(close, 10, ms(2), 1).advice();
        assert_eq!(said(&advice), [""; 0], "of {close}");
    }
}

#[test]
fn advice_that_would_change_the_rows_is_not_given() {
    let quiet = |rule: &str, text: &str| {
        let advice = Library::on(System::PostgreSql).calls(text, 10, ms(2), 3).advice();
        assert_ne!(advice.answer(rule).unwrap().verdict, Verdict::Found, "of {text}");
    };
    quiet(
        "distinct-join",
        "select distinct a.id from authors a left join books b on b.author_id = a.id",
    );
    quiet(
        "distinct-on-latest",
        "select * from books b where b.printed_at = (select max(x.printed_at) from books x \
         where x.author_id = b.author_id) and b.title = $1",
    );
}

#[test]
fn what_is_asked_of_a_few_rows_needs_no_index_of_its_own() {
    for text in [
        "select title from books where id = $1 and date(printed_at) = $2",
        "select title from books where id = $1 and lower(title) = $2",
        "select title from books where id = $1 and title like '%rust%'",
    ] {
        let advice = Library::on(System::PostgreSql).calls(text, 10, ms(2), 3).advice();
        assert_eq!(said(&advice), [""; 0], "of {text}");
    }
}
