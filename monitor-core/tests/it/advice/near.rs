//! Statements that come close to a rewrite that would give other rows, or would not help.

use monitor_core::capture::System;
use monitor_core::inquire::{Index, KeyPart};
use monitor_core::judge::advice::Priority;

use super::{Library, index, ms, said};

/// Nothing is said of a statement.
#[track_caller]
fn quiet(sql: &str) {
    quiet_of(&mut Library::open(), sql);
}

#[track_caller]
fn quiet_of(library: &mut Library, sql: &str) {
    let advice = library.calls(sql, 10, ms(2), 3).advice();
    assert_eq!(said(&advice), [""; 0], "of {sql}");
}

/// What the only advice on a statement says is to be done.
#[track_caller]
fn remedy(system: System, rule: &str, sql: &str) -> String {
    let advice = Library::on(system).calls(sql, 10, ms(2), 3).advice();
    assert_eq!(said(&advice), [rule], "of {sql}");
    advice.recommendations[0].remedy.join("; ")
}

#[test]
fn distinct_over_an_outer_join_keeps_rows_without_a_partner() {
    quiet(
        "select distinct r.id from readers r left join loans l on l.reader_id = r.id where r.card = $1",
    );
}

#[test]
fn the_newest_row_that_is_open_is_not_the_newest_row_if_it_is_open() {
    for sql in [
        "select * from loans l where l.reader_id = $1 and due = (select max(due) from loans x where x.book_id = l.book_id)",
        "select * from loans l where due = (select max(due) from loans x where x.book_id = l.book_id and x.reader_id = $1)",
        "select * from loans l where due > (select max(due) from loans x where x.book_id = l.book_id)",
        "select * from shelves l where id = (select max(id) from shelves x where x.room = l.room)",
    ] {
        let advice = Library::open().calls(sql, 10, ms(2), 3).advice();
        assert_eq!(advice.of_rule("distinct-on-latest").count(), 0, "of {sql}");
    }
}

#[test]
fn the_oldest_of_each_group_is_sorted_the_other_way() {
    let sql = "select * from loans l where due = (select min(due) from loans x where x.book_id = l.book_id)";
    let remedy = remedy(System::PostgreSql, "distinct-on-latest", sql);
    assert!(remedy.contains("order by book_id, due asc"), "{remedy}");
}

#[test]
fn a_subquery_led_by_a_constant_and_the_row_reads_little() {
    let sql = "select b.id, (select count(*) from loans l where l.reader_id = $1 and l.book_id = b.id) from books b where b.state = $2";
    let mut library = Library::open();
    if let Some(catalogue) = &mut library.catalogue {
        catalogue.tables[1].indexes.push(index("loans_pair", &["reader_id", "book_id"]));
        catalogue.tables[1].indexes.retain(|index| index.name != "loans_reader");
    }
    quiet_of(&mut library, sql);
}

#[test]
fn a_grouped_subquery_keeps_the_filters_and_the_value() {
    let sql = "select b.id, (select sum(l.id) from loans l where l.book_id = b.id and l.due > $1) from books b where b.state = $2";
    let told = remedy(System::PostgreSql, "correlated-subquery", sql).to_lowercase();
    assert!(told.contains("sum(l.id)") && told.contains("where l.due >"), "{told}");
    let sql = "select b.id, (select l.due from loans l where l.book_id = b.id limit 1) from books b where b.state = $2";
    let told = remedy(System::PostgreSql, "correlated-subquery", sql);
    assert!(!told.contains("group by"), "{told}");
}

#[test]
fn a_hidden_column_matters_little_beside_a_condition_that_leads_to_few_rows() {
    for sql in [
        "select state from books where id = $1 and date(printed_at) = $2",
        "select state from books where author_id = $1 and coalesce(isbn, '') = $2",
        "select id from books where author_id = $1 and title like '%rust%'",
        "select id from readers where id = $1 and upper(email) = upper($2)",
        "select state from books where author_id = $1 and id = 7::numeric",
        "select b.id from books b join readers r on r.id = b.author_id where b.author_id = $3 and (b.isbn = $1 or r.card = $2)",
    ] {
        quiet(sql);
    }
}

#[test]
fn a_function_that_no_range_stands_for_is_left_alone() {
    for sql in [
        "select title from books where length(isbn) = 13",
        "select title from books where abs(author_id) = $1",
        "select title from books where extract(month from printed_at) = 3",
        "select title from books where substr(isbn, 3) = $1",
        "select title from books where date(printed_at) <> $1",
        "select title from books where coalesce(isbn, '') > $1",
    ] {
        quiet(sql);
    }
}

#[test]
fn a_union_in_the_place_of_or_must_give_the_same_rows() {
    let from = "from books b join readers r on r.id = b.author_id where b.isbn = $1 or r.card = $2";
    for what in ["select count(*)", "select r.card, count(*)", "select b.title", "select r.id"] {
        let group = if what.contains("r.card,") { " group by r.card" } else { "" };
        quiet(&format!("{what} {from}{group}"));
    }
    quiet(&format!("select b.id {from} order by b.id limit 10"));
}

#[test]
fn pairs_are_counted_of_the_tables_that_nothing_ties() {
    for sql in [
        // One book on each of ten shelves is little.
        "select s.room, b.title from shelves s, books b where b.id = 5",
        "select count(*) from books b cross join loans l where b.state = $1",
    ] {
        quiet(sql);
    }
    let mut library = Library::open();
    if let Some(catalogue) = &mut library.catalogue {
        catalogue.tables[3].rows = Some(1.0);
    }
    quiet_of(&mut library, "select b.title from shelves s, books b where b.author_id = $1");
}

#[test]
fn a_null_that_a_condition_keeps_out_fools_nobody() {
    let sql =
        "select id from books where id not in (select reader_id from loans where reader_id > $1)";
    let mut library = Library::open();
    library.calls("select 1", 10, ms(2_000), 1).calls(sql, 10, ms(2), 3);
    let advice = library.advice();
    let told = advice.of_rule("not-in-subquery").next().expect("it is told");
    assert_eq!(told.priority, Priority::Low);
    assert!(told.remedy.join(" ").contains("is not null"), "{:?}", told.remedy);
}

#[test]
fn of_pages_deep_and_shallow_no_saving_is_claimed() {
    let mut library = Library::open();
    library.calls("select id from books order by id limit 20 offset 60", 10, ms(2), 20);
    library.calls("select id from books order by id limit 20 offset 40000", 1, ms(9), 20);
    let advice = library.advice();
    let told = advice.of_rule("deep-offset").next().expect("it is told");
    assert_eq!(told.impact.share, None);
}

#[test]
fn one_row_that_is_looked_up_by_a_value_is_not_left_to_chance() {
    for sql in [
        "select id from readers where lower(email) = lower($1) limit 1",
        "select title from books where isbn = $1 limit 1",
    ] {
        let advice = Library::open().calls(sql, 10, ms(2), 1).advice();
        assert_eq!(said(&advice), [""; 0], "of {sql}");
    }
}

#[test]
fn remedies_write_names_as_the_system_wants_them() {
    let told = |system, rule, sql: &str| remedy(system, rule, sql);
    let count = "select count(*) from loans";
    let on_postgres = told(System::PostgreSql, "count-whole-table", count);
    assert!(on_postgres.contains("'public.loans'::regclass"), "{on_postgres}");
    let on_mysql = told(System::MySql, "count-whole-table", count);
    assert!(on_mysql.contains("table_schema = 'public'"), "{on_mysql}");
    let like = "select id from books where title like '%rust%'";
    let on_mysql = told(System::MySql, "leading-wildcard", like);
    assert!(on_mysql.contains("`public`.`books`"), "{on_mysql}");
    let mut library = Library::on(System::Sqlite);
    let advice = library.calls("delete from books", 1, ms(90), 100_000).advice();
    let emptied = advice.of_rule("missing-where-write").next().expect("it is told");
    assert!(!emptied.remedy.join(" ").contains("truncate"), "{:?}", emptied.remedy);
}

#[test]
fn a_random_row_is_found_by_each_systems_own_words() {
    let told = |system, sql: &str| remedy(system, "order-by-random", sql);
    // MariaDB would pick another key for each row; SQLite's `random()` is any integer.
    let on_mysql = told(System::MySql, "select id from books order by rand() limit 1");
    assert!(on_mysql.contains("join (select rand()"), "{on_mysql}");
    let on_sqlite = told(System::Sqlite, "select id from books order by random() limit 1");
    assert!(on_sqlite.contains("random() % max(id)"), "{on_sqlite}");
    let on_postgres = told(System::PostgreSql, "select id from books order by random() limit 1");
    assert!(on_postgres.contains("::bigint"), "{on_postgres}");
    quiet("select id from books order by random()");
}

#[test]
fn rows_fetched_in_the_standards_words_are_read() {
    let sql = "select b.id from books b order by b.id offset 40000 rows fetch first 20 rows only";
    let advice = Library::open().calls(sql, 10, ms(2), 20).advice();
    assert_eq!(said(&advice), ["deep-offset"]);
}

#[test]
fn a_cast_that_takes_the_time_away_is_asked_as_a_range() {
    let sql = "select id from books where printed_at::date = $1";
    let remedy = remedy(System::PostgreSql, "sargable-function", sql);
    assert!(remedy.contains("printed_at >= ? and printed_at < ?"), "{remedy}");
}

#[test]
fn an_index_over_an_expression_serves_it_whatever_its_values_were() {
    let mut library = Library::open();
    if let Some(catalogue) = &mut library.catalogue {
        let part = KeyPart::expression("date_trunc('day'::text, printed_at)");
        catalogue.tables[0].indexes.push(Index { key: vec![part], ..index("books_day", &[]) });
    }
    quiet_of(&mut library, "select id from books where date_trunc('day', printed_at) = $1");
}

#[test]
fn what_cannot_be_moved_without_rounding_stays() {
    for sql in ["select id from books where id % 16 = $1", "select id from books where id * 2 > $1"]
    {
        let advice = Library::open().calls(sql, 10, ms(2), 3).advice();
        assert_eq!(advice.of_rule("sargable-arithmetic").count(), 0, "of {sql}");
    }
}

#[test]
fn a_pattern_of_a_folded_column_wants_the_folded_column_indexed() {
    let sql = "select id from books where upper(title::text) like upper('%rust%')";
    let remedy = remedy(System::PostgreSql, "leading-wildcard", sql);
    assert!(remedy.contains("using gin ((upper((title)::text)) gin_trgm_ops)"), "{remedy}");
}
