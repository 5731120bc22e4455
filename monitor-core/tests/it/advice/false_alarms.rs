//! Advice that was given for nothing, or to the wrong one.

use std::time::Duration;

use monitor_core::capture::{Call, Database, PoolLevels, Rows, System};
use monitor_core::inquire::{Index, KeyPart, Table, TableKind};
use monitor_core::judge::advice::{LevelSample, Priority, Verdict};

use super::{Library, call, check, index, ms, said};

/// A rule says nothing of a statement.
#[track_caller]
fn unsaid(library: &mut Library, rule: &str, sql: &str) {
    let advice = library.calls(sql, 10, ms(2), 3).advice();
    assert_eq!(advice.of_rule(rule).count(), 0, "of {sql}");
}

/// The library's pool, full for a hundred seconds with callers waiting.
fn full(max: u32) -> Vec<LevelSample> {
    let sample = |at| LevelSample {
        at: Duration::from_secs(at),
        pool: "library".into(),
        in_use: max,
        max: Some(max),
        waiting: 7,
        wait_p95: Some(ms(400)),
    };
    (0..100).map(sample).collect()
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

#[test]
fn of_a_view_nobody_says_whether_its_columns_may_be_null() {
    let priority = |kind, from: &str| {
        let sql = format!("select id from books where id not in (select l.book_id from {from})");
        let mut library = Library::open();
        let loans = &mut library.catalogue.as_mut().unwrap().tables[1];
        (loans.kind, loans.columns[1].nullable) = (kind, kind == TableKind::View);
        // Nine tenths of the time goes elsewhere.
        library.calls("select 1", 10, ms(2_000), 1).calls(&sql, 10, ms(2), 3);
        library.advice().of_rule("not-in-subquery").map(|one| one.priority).next()
    };
    assert_eq!(priority(TableKind::View, "loans l"), Some(Priority::Low));
    assert_eq!(priority(TableKind::Ordinary, "loans l"), Some(Priority::Low));
    // What an outer join does not find is NULL, whatever the column says of itself.
    let outer = |join: &str| format!("shelves s {join} loans l on l.id = s.id");
    assert_eq!(priority(TableKind::Ordinary, &outer("left join")), Some(Priority::High));
    assert_eq!(priority(TableKind::Ordinary, &outer("full join")), Some(Priority::High));
    assert_eq!(priority(TableKind::Ordinary, &outer("right join")), Some(Priority::Low));
    assert_eq!(priority(TableKind::Ordinary, &outer("join")), Some(Priority::Low));
}

#[test]
fn a_folded_column_of_fifty_rows_wants_no_index() {
    let told = |rows| {
        let mut library = Library::open();
        library.catalogue.as_mut().unwrap().tables[2].rows = Some(rows);
        let sql = "select id from readers where lower(card) = lower($1)";
        library.calls(sql, 10, ms(2), 1).advice().of_rule("sargable-case").count()
    };
    assert_eq!((told(50.0), told(50_000.0)), (0, 1));
}

#[test]
fn of_several_patterns_the_one_with_a_wildcard_in_front_is_not_guessed() {
    for sql in [
        "select id from books where isbn like '97%' and isbn not like '%-X'",
        "select id from books where title like 'AB%' and blurb like '%x%'",
    ] {
        let advice = Library::open().calls(sql, 10, ms(2), 3).advice();
        check(&advice, "leading-wildcard", Verdict::CannotTell);
    }
    let both = "select id from books where title like '%x%' or blurb like '%x%'";
    let advice = Library::open().calls(both, 10, ms(2), 3).advice();
    assert_eq!(said(&advice), ["leading-wildcard"]);
}

#[test]
fn an_index_over_parts_of_the_folded_column_is_not_advised_again() {
    let mut library = Library::open();
    let fuzzy = |part, name| Index { key: vec![part], method: "gin".into(), ..index(name, &[]) };
    let books = &mut library.catalogue.as_mut().unwrap().tables[0];
    books.indexes.push(fuzzy(KeyPart::expression("lower(title)"), "books_fuzzy"));
    let sql = "select id from books where lower(title) like '%rust%'";
    check(&library.calls(sql, 10, ms(2), 3).advice(), "leading-wildcard", Verdict::Quiet);
    let mut library = Library::open();
    let books = &mut library.catalogue.as_mut().unwrap().tables[0];
    books.indexes.push(fuzzy(KeyPart::expression("lower(subtitle)"), "books_other"));
    check(&library.calls(sql, 10, ms(2), 3).advice(), "leading-wildcard", Verdict::Found);
}

#[test]
fn a_cache_filled_once_at_the_start_is_no_habit() {
    let rows = |calls| {
        Library::open().calls("select id, title from books", calls, ms(90), 100_000).advice()
    };
    check(&rows(1), "unbounded-result", Verdict::TooSoon);
    check(&rows(5), "unbounded-result", Verdict::Found);
}

#[test]
fn more_rows_of_unknown_readers_may_be_other_readers() {
    let grown = |sql: &str| {
        let mut library = Library::open();
        library.calls(sql, 100, ms(2), 500).calls(sql, 60, ms(2), 2_000).advice_now()
    };
    check(
        &grown("select id from loans where reader_id = $1"),
        "unbounded-result",
        Verdict::CannotTell,
    );
    check(&grown("select id from loans where due is null"), "unbounded-result", Verdict::Found);
}

#[test]
fn a_report_on_another_database_does_not_fill_this_pool() {
    let mut library = Library::open();
    let archive = Database { name: "archive".into(), ..Database::of(System::PostgreSql) };
    let archive = library.monitor().pool("archive", archive);
    for second in 0..70 {
        library.calls("select id from readers where card = $1", 1, ms(4), 1);
        if second % 10 == 0 {
            archive
                .record(Call::new("select sum(id) from loans", ms(3_000)).rows(Rows::returned(1)));
        }
    }
    library.story.levels = full(10);
    let advice = library.advice();
    assert_eq!(said(&advice), ["pool-too-small"]);
    let facts = &advice.recommendations[0].evidence.facts;
    let p95 = facts.iter().find(|fact| fact.name == "p95 of the statements").unwrap();
    assert!(p95.value.starts_with('4') && p95.value.ends_with("ms"), "{p95:?}");
}

#[test]
fn dead_rows_that_autovacuum_does_not_wait_for_yet_are_nobodys_trouble() {
    let told = |rows, dead| {
        let mut library = Library::open();
        let loans = &mut library.catalogue.as_mut().unwrap().tables[1];
        (loans.rows, loans.dead_rows) = (Some(rows), Some(dead));
        library.calls("select due from loans where id = $1", 10, ms(2), 1).advice()
    };
    check(&told(1_000.0, 220.0), "stale-statistics", Verdict::Quiet);
    check(&told(1_000.0, 480.0), "stale-statistics", Verdict::Quiet);
    check(&told(1_000.0, 520.0), "stale-statistics", Verdict::Found);
}

#[test]
fn a_server_that_is_slower_for_all_is_told_once() {
    let slowed = |slower: usize| {
        let mut library = Library::open();
        let columns = ["id", "title", "author_id", "isbn", "state"];
        for round in 0..140 {
            for (at, column) in columns.iter().enumerate() {
                let took = if round >= 90 && at < slower { ms(9) } else { ms(2) };
                let sql = format!("select {column} from books where id = $1");
                library.source.record(Call::new(&sql, took).rows(Rows::returned(1)));
            }
            library.wait(ms(1_000));
        }
        library.advice_now()
    };
    let advice = slowed(4);
    assert_eq!(said(&advice), ["latency-regression"]);
    assert_eq!(advice.recommendations[0].evidence.statements.len(), 4);
    assert_eq!(said(&slowed(2)), ["latency-regression", "latency-regression"]);
}

#[test]
fn a_burst_between_two_looks_at_a_pool_counts_as_use_of_it() {
    let told = |burst: usize| {
        let world = super::super::world_with(|builder| builder);
        let levels = PoolLevels { size: 50, idle: 48, max: Some(50), ..PoolLevels::default() };
        let pool = world.monitor.pool("web", Database::of(System::PostgreSql));
        pool.set_levels(levels);
        world.pass(5);
        let out: Vec<_> = (0..burst).map(|_| pool.checkout_taken(ms(0))).collect();
        out.into_iter().for_each(|taken| taken.returned_after(ms(900)));
        world.hands.advance(Duration::from_secs(24 * 3_600));
        world.pass(70);
        world.monitor.look_for_advice()
    };
    check(&told(3), "pool-too-large", Verdict::Found);
    check(&told(40), "pool-too-large", Verdict::Quiet);
}

#[test]
fn a_larger_pool_is_sized_by_how_long_connections_are_held_on_average() {
    let mut library = Library::open();
    for _ in 0..70 {
        library.calls("select id from readers where card = $1", 1, ms(4), 1);
        // Nine in ten are held for 5 ms, the others for five seconds: half a second on average.
        for one in 0..100 {
            let held = if one % 10 == 0 { ms(5_000) } else { ms(5) };
            library.source.checkout_taken(ms(0)).returned_after(held);
        }
    }
    library.story.levels = full(10);
    let advice = library.advice_now();
    let told = advice.of_rule("pool-too-small").next().expect("it is told");
    assert!(told.remedy[0].contains("max_connections(67)"), "{:?}", told.remedy);
    let fact = |name: &str| {
        told.evidence.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.clone())
    };
    assert_eq!(fact("connections asked for a second").as_deref(), Some("101.7"));
    assert_eq!(fact("mean time one is held").as_deref(), Some("504.5ms"));
    assert_eq!(fact("connections needed at once, on average").as_deref(), Some("51.3"));
}

#[test]
fn a_column_called_uuid_gives_the_same_answer_each_time() {
    let told = |sql: &str| {
        let mut library = Library::open();
        for _ in 0..4 {
            library.step(call(sql, 7), sql);
        }
        library.advice().of_rule("duplicate-query").count()
    };
    for same in [
        "select title from books where uuid = $1",
        "select title from books where isbn = $1::uuid",
        "select price_changes(id) from books where id = $1",
        "select random, now from books where id = $1",
    ] {
        assert_eq!(told(same), 1, "of {same}");
    }
    for other in [
        "select uuid_generate_v4(), title from books where id = $1",
        "select gen_random_uuid() where $1 > 0",
        "select uuid (), title from books where id = $1",
        "select current_timestamp, title from books where id = $1",
        "select changes() where $1 > 0",
    ] {
        assert_eq!(told(other), 0, "of {other}");
    }
}

#[test]
fn a_cache_of_a_table_saves_nothing_of_the_reports_that_join_it() {
    let sql = "select room from shelves where id = $1";
    let mut library = Library::open();
    library.catalogue.as_mut().unwrap().tables[3].bytes = Some(1_000_000);
    for one in 0..1_000 {
        library.step(call(sql, one % 10), sql);
    }
    let report =
        "select s.room, count(*) from shelves s join loans l on l.id = s.id group by s.room";
    library.calls(report, 10, ms(60_000), 10);
    let advice = library.advice();
    let told = advice.of_rule("cache-candidate").next().expect("it is told");
    assert_eq!(told.priority, Priority::Low);
}

#[test]
fn two_tables_of_one_name_are_two_pieces_of_advice() {
    let mut library = Library::open();
    let tables = &mut library.catalogue.as_mut().unwrap().tables;
    tables[1].modified_since_analyze = Some(400_000.0);
    let copy = Table { schema: "old".into(), ..tables[1].clone() };
    tables.push(copy);
    library.calls("select due from public.loans where id = $1", 10, ms(1), 1);
    library.calls("select due from old.loans where id = $1", 10, ms(1), 1);
    assert_eq!(said(&library.advice()), ["stale-statistics", "stale-statistics"]);
}

#[test]
fn a_statement_on_two_databases_is_advised_for_both() {
    let sql = "select id from books order by id limit 20 offset 40000";
    let mut library = Library::open();
    library.calls(sql, 10, ms(2), 20);
    let archive = Database { name: "archive".into(), ..Database::of(System::PostgreSql) };
    library.source = library.monitor().pool("archive", archive);
    library.calls(sql, 10, ms(2), 20);
    assert_eq!(said(&library.advice()), ["deep-offset", "deep-offset"]);
}

#[test]
fn what_is_cut_towards_zero_is_no_range_that_begins_there() {
    // `trunc(x) = 0` is true of -0.5, `x >= 0 and x < 1` is not.
    unsaid(
        &mut Library::open(),
        "sargable-function",
        "select title from books where trunc(author_id) = $1",
    );
    let floor = "select title from books where floor(author_id) = $1";
    let advice = Library::open().calls(floor, 10, ms(2), 3).advice();
    assert_eq!(said(&advice), ["sargable-function"]);
}

#[test]
fn a_condition_that_is_always_true_bounds_nothing() {
    let told = |sql: &str| {
        Library::open()
            .calls(sql, 10, ms(90), 50_000)
            .advice()
            .of_rule("missing-where-write")
            .count()
    };
    for all in [
        "delete from loans where 1 = 1",
        "update loans set due = $1 where true",
        "delete from loans where 1 = 1 and $1 = $2",
    ] {
        assert_eq!(told(all), 1, "of {all}");
    }
    for some in [
        "delete from loans where 1 = 1 and id = $1",
        "delete from loans where exists (select 1 from shelves)",
    ] {
        assert_eq!(told(some), 0, "of {some}");
    }
    // That `1 = 0` is never true shows by the rows.
    let none = Library::open().calls("delete from loans where 1 = 0", 10, ms(9), 0).advice();
    check(&none, "missing-where-write", Verdict::Quiet);
}

#[test]
fn rows_that_are_locked_cannot_come_from_a_union() {
    let sql = "select b.id from books b join readers r on r.id = b.author_id where b.isbn = $1 or r.card = $2";
    let told = |sql: &str| {
        Library::open().calls(sql, 10, ms(2), 3).advice().of_rule("or-across-tables").count()
    };
    assert_eq!((told(sql), told(&format!("{sql} for update"))), (1, 0));
}
