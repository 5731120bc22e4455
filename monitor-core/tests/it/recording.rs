//! Calls, checkouts, connections and transactions, and what they add up to.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{
    Call, CallSite, Database, ErrorClass, Failure, Labels, Origin, Outcome, OutcomeKind,
    PoolLevels, Rows, System,
};
use monitor_core::identify::Kind;

use super::{World, ms, shop, world, world_with};

const BY_ID: &str = "select * from orders where id = 1";

#[test]
fn a_call_counts_for_its_statement_its_kind_its_tables_and_the_total() {
    let World { monitor, shop, .. } = world();
    shop.record(Call::new(BY_ID, ms(2)).rows(Rows::returned(1)));
    shop.record(Call::new("SELECT *  FROM orders WHERE id=2", ms(4)).rows(Rows::returned(0)));
    shop.record(
        Call::new("update orders set total = 3 where id = 1", ms(6)).rows(Rows::affected(1)),
    );

    let all = monitor.snapshot().lifetime;
    assert_eq!(all.total.calls, 3);
    assert_eq!(all.total.time, ms(12));
    assert_eq!((all.total.time_min, all.total.time_max), (ms(2), ms(6)));
    assert_eq!(all.statements.len(), 2);
    let select = all.statements.iter().find(|s| s.kind == Kind::Select).unwrap();
    assert_eq!(&*select.text, "select * from orders where id = ?");
    assert_eq!(select.activity.calls, 2);
    assert_eq!(select.activity.mean(), ms(3));
    assert_eq!(select.activity.rows_returned, 1);
    assert_eq!(all.kind(Kind::Update).rows_affected, 1);
    assert_eq!(all.kind(Kind::Ddl).calls, 0);
    let orders = all.table("orders").unwrap();
    assert_eq!((orders.reads, orders.writes, orders.activity.calls), (2, 1, 3));
}

#[test]
fn how_a_call_ended_is_counted_once() {
    let World { monitor, shop, .. } = world();
    let unique = Failure::new(ErrorClass::UniqueViolation).with_code("23505");
    shop.record(Call::new(BY_ID, ms(1)));
    shop.record(Call::new(BY_ID, ms(1)).outcome(Outcome::Failed(unique)));
    shop.record(Call::new(BY_ID, ms(1)).outcome(Outcome::Failed(unique)));
    shop.record(Call::new(BY_ID, ms(1)).outcome(Outcome::Cancelled));

    let total = monitor.snapshot().lifetime.total;
    assert_eq!((total.calls, total.completed(), total.failed, total.cancelled), (4, 1, 2, 1));
    assert!((total.error_rate() - 0.5).abs() < f64::EPSILON);
    assert_eq!(total.errors.len(), 1);
    assert_eq!(total.errors[0].code.as_deref(), Some("23505"));
    assert_eq!(total.errors[0].count, 2);
}

#[test]
fn rows_the_driver_does_not_tell_are_unknown_not_zero() {
    let World { monitor, shop, .. } = world();
    shop.record(Call::new(BY_ID, ms(1)));
    shop.record(Call::new(BY_ID, ms(1)).rows(Rows::returned(7)));
    let total = monitor.snapshot().lifetime.total;
    assert_eq!((total.rows_returned, total.rows_unknown), (7, 1));
}

#[test]
fn a_select_changes_no_rows_whatever_the_driver_says() {
    let World { monitor, shop, .. } = world();
    let stale = Rows { returned: Some(1), affected: Some(1000) };
    shop.record(Call::new("select 2", ms(1)).rows(stale));
    let number = Rows { returned: None, affected: Some(5) };
    shop.record(Call::new("select 2", ms(1)).rows(number));
    let total = monitor.snapshot().lifetime.total;
    assert_eq!((total.rows_returned, total.rows_affected, total.rows_unknown), (6, 0, 0));
}

#[test]
fn the_slow_log_keeps_the_worst_call_of_each_statement() {
    let World { monitor, shop, .. } = world_with(|b| b.slow(ms(100)).very_slow(ms(1000)));
    let origin = Origin {
        connection: Some(7),
        user: Some("42"),
        tag: Some("GET /orders"),
        call_site: Some(CallSite::here()),
        ..Origin::default()
    };
    for took in [150, 900, 200] {
        shop.record(Call::new(BY_ID, ms(took)).origin(origin).rows(Rows::returned(took)));
    }
    shop.record(Call::new("select pg_sleep(3)", ms(3000)));
    shop.record(Call::new("select 1", ms(99)));

    let slow = monitor.slow_queries(10);
    assert_eq!(slow.len(), 2);
    assert_eq!(slow[0].duration, ms(3000));
    let worst = &slow[1];
    assert_eq!(worst.duration, ms(900));
    assert_eq!(&*worst.statement, "select * from orders where id = ?");
    assert_eq!(worst.rows.returned, Some(900));
    assert_eq!((worst.connection, worst.user.as_deref()), (Some(7), Some("42")));
    assert_eq!(worst.tag.as_deref(), Some("GET /orders"));
    assert!(worst.call_site.unwrap().to_string().contains("recording.rs:"));
    assert_eq!(*worst.database, super::shop());
    assert_eq!(monitor.very_slow_queries(10).len(), 1);
    assert_eq!(monitor.slow_queries(1).len(), 1);

    let snapshot = monitor.snapshot();
    assert_eq!((snapshot.lifetime.total.slow, snapshot.lifetime.total.very_slow), (4, 1));
    assert_eq!(snapshot.slow_newest.len(), 4);
    assert_eq!(snapshot.slow_newest[0].duration, ms(3000));
}

#[test]
fn recent_calls_come_newest_first_with_all_that_is_known() {
    let World { monitor, shop, hands } = world();
    for number in 0..5 {
        hands.advance(ms(1));
        let call = Call::new(BY_ID, ms(number))
            .origin(Origin { connection: Some(number), ..Origin::default() });
        shop.record(call);
    }
    let recent = monitor.recent_calls(3);
    assert_eq!(recent.iter().map(|call| call.connection.unwrap()).collect::<Vec<_>>(), [4, 3, 2]);
    assert_eq!(recent[0].outcome, OutcomeKind::Completed);
}

#[test]
fn the_connection_that_was_told_last_is_the_one_whatever_its_size() {
    let World { monitor, shop, .. } = world();
    // Those that do not fit into 32 bits are kept elsewhere, and the one told first used to win over them.
    let numbers = [5, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX];
    for (first, last) in numbers.iter().flat_map(|first| numbers.map(|last| (*first, last))) {
        let timer = shop.call(BY_ID).on_connection(Some(first)).on_connection(Some(last));
        timer.on_connection(None).complete();
        assert_eq!(monitor.recent_calls(1)[0].connection, Some(last), "after {first}");
    }
}

#[test]
fn a_timer_measures_until_its_end_and_cancels_when_dropped() {
    let World { monitor, shop, hands } = world();
    let mut timer = shop
        .call(BY_ID)
        .on_connection(Some(3))
        .labelled(Labels::default().with_user(Some("7")).shared());
    hands.advance(ms(5));
    timer.add_returned(2);
    timer.add_returned(1);
    timer.complete();

    let timer = shop.start(shop.statement(BY_ID));
    hands.advance(ms(7));
    timer.fail(Failure::new(ErrorClass::Timeout));

    let timer = shop.call(BY_ID);
    hands.advance(ms(9));
    drop(timer);

    let total = monitor.snapshot().lifetime.total;
    assert_eq!((total.completed(), total.failed, total.cancelled), (1, 1, 1));
    assert_eq!(total.time, ms(21));
    assert_eq!(total.rows_returned, 3);
    assert_eq!(monitor.recent_calls(3)[2].connection, Some(3));
}

#[test]
fn the_time_a_reader_takes_is_not_the_databases() {
    let World { monitor, shop, hands } = world();
    let mut timer = shop.call(BY_ID);
    hands.advance(ms(3));
    timer.wait_ends();
    assert!(!timer.is_waiting());
    hands.advance(ms(800));
    timer.wait_begins();
    hands.advance(ms(1));
    timer.complete();
    assert_eq!(monitor.snapshot().lifetime.total.time, ms(4));
}

#[test]
fn gauges_of_checkouts_come_down_on_every_path() {
    let World { monitor, hands, .. } = world_with(|b| b.leak_after(ms(50)));
    let pool = monitor.pool("main", shop());
    let checkout = pool.checkout();
    hands.advance(ms(4));
    let held = checkout.taken();
    let waiting = pool.checkout();
    hands.advance(ms(60));

    let snapshot = monitor.snapshot();
    let (source, numbers) = snapshot.pools().next().unwrap();
    assert_eq!(&*source.name, "main");
    assert_eq!((numbers.checkouts.waiting, numbers.checkouts.out), (1, 1));
    assert_eq!((numbers.leaked, numbers.held.len()), (1, 1));
    assert_eq!(numbers.held[0].held, ms(60));
    assert!(numbers.held[0].call_site.unwrap().file().ends_with("recording.rs"));

    drop(waiting);
    drop(held);
    pool.checkout().timed_out();
    pool.checkout().failed();

    let snapshot = monitor.snapshot();
    let checkouts = &snapshot.pools().next().unwrap().1.checkouts;
    assert_eq!((checkouts.waiting, checkouts.out), (0, 0));
    assert_eq!(
        (checkouts.taken, checkouts.timed_out, checkouts.failed, checkouts.cancelled),
        (1, 1, 1, 1)
    );
    assert_eq!(checkouts.wait_max, ms(60));
    assert_eq!(checkouts.hold.count(), 1);
    assert_eq!(snapshot.pools().next().unwrap().1.leaked, 0);
}

#[test]
fn levels_can_be_asked_for_and_pushed_in_by_hand() {
    let World { monitor, .. } = world();
    let pool = monitor.pool("legacy", Database::of(System::MySql));
    assert_eq!(monitor.snapshot().pools().next().unwrap().1.usage(), None);
    let levels =
        PoolLevels { size: 8, idle: 2, max: Some(10), overflow: 1, ..PoolLevels::default() };
    pool.set_levels(levels);
    let usage = monitor.snapshot().pools().next().unwrap().1.usage().unwrap();
    assert!((usage - 0.6).abs() < 1e-9);
    pool.watch_levels(move || Some(PoolLevels { idle: 8, ..levels }));
    assert_eq!(monitor.snapshot().pools().next().unwrap().1.usage(), Some(0.0));
}

#[test]
fn transactions_and_connections_are_counted_by_how_they_end() {
    let World { monitor, shop, hands } = world();
    let open = shop.transaction();
    hands.advance(ms(10));
    shop.transaction().committed();
    shop.transaction().rolled_back();
    drop(shop.transaction());
    shop.connection_created(Some(ms(3)));
    shop.connection_created(None);
    shop.connection_closed();
    shop.connection_failed();

    let source = &monitor.snapshot().sources[0];
    let transactions = &source.transactions;
    assert_eq!((transactions.begun, transactions.open), (4, 1));
    assert_eq!((transactions.committed, transactions.rolled_back, transactions.dropped), (1, 1, 1));
    let connections = &source.connections;
    assert_eq!((connections.created, connections.closed, connections.failed), (2, 1, 1));
    assert_eq!(connections.create_time.count(), 1);
    open.committed();
    assert_eq!(monitor.snapshot().sources[0].transactions.open, 0);
}

#[test]
fn equal_databases_are_one_source_and_pools_get_names_of_their_own() {
    let World { monitor, shop, .. } = world();
    shop.record(Call::new(BY_ID, ms(1)));
    monitor.database(super::shop()).record(Call::new(BY_ID, ms(1)));
    let (first, second) =
        (monitor.unnamed_pool(super::shop()), monitor.unnamed_pool(super::shop()));
    assert_eq!((first.name(), second.name()), ("db:5432/shop", "db:5432/shop-2"));
    first.record(Call::new(BY_ID, ms(1)));

    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.sources.len(), 3);
    assert_eq!(snapshot.sources[0].activity.calls, 2);
    // One database, so one statement, whichever way it took.
    assert_eq!(snapshot.lifetime.statements.len(), 1);
    assert_eq!(snapshot.lifetime.statements[0].activity.calls, 3);
}

#[test]
fn lists_of_any_length_are_one_statement_with_their_size_kept() {
    let World { monitor, shop, .. } = world();
    for list in ["1", "1, 2, 3", "4, 5", "1,2,3,4,5,6,7,8,9,10,11"] {
        shop.record(Call::new(&format!("select * from t where id in ({list})"), ms(1)));
    }
    let statements = monitor.snapshot().lifetime.statements;
    assert_eq!(statements.len(), 1);
    let sizes = &statements[0].by_list_size;
    let sizes: Vec<_> =
        sizes.iter().map(|list| (list.size.as_str(), list.activity.calls)).collect();
    assert_eq!(sizes, [("1", 1), ("2-10", 2), ("11-100", 1)]);
}

#[test]
fn bad_input_is_counted_like_any_other() {
    let World { monitor, shop, .. } = world();
    let huge = format!("select '{}", "x".repeat(10 << 20));
    let deep = "(".repeat(1 << 20);
    let texts =
        ["", "\0", "select '\0", "'", "/*", "$tag$", "\"", "select 1;;;", "🦀", &huge, &deep];
    for text in texts {
        shop.record(Call::new(text, Duration::MAX));
        shop.record(Call::new(text, Duration::ZERO));
    }
    monitor.beat();
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.lifetime.total.calls, 2 * texts.len() as u64);
    assert!(!monitor.report().is_empty());
    let longest = snapshot.lifetime.statements.iter().map(|s| s.text.len()).max().unwrap();
    assert!(longest < 64 * 1024, "{longest} bytes kept of one text");
}

#[test]
fn a_monitor_that_is_off_does_nothing() {
    let monitor = Monitor::off();
    let pool = monitor.pool("main", shop());
    pool.record(Call::new(BY_ID, ms(1)));
    pool.call(BY_ID).complete();
    drop(pool.checkout().taken());
    pool.transaction().committed();
    monitor.beat();
    assert!(monitor.is_off());
    assert_eq!(monitor.snapshot().lifetime.total.calls, 0);
    assert!(monitor.snapshot().sources.is_empty());
    assert!(monitor.slow_queries(9).is_empty() && monitor.recent_calls(9).is_empty());
}

#[test]
fn debug_output_tells_no_secrets() {
    let World { monitor, shop, .. } = world();
    let timer = shop.call("select 'hunter2' from t where password = 'hunter2'");
    let shown = format!("{monitor:?} {shop:?} {timer:?} {:?}", shop.statement("select 'hunter2'"));
    drop(timer);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!format!("{:?}", monitor.snapshot()).contains("hunter2"));
}

#[test]
fn a_statement_of_another_source_or_monitor_counts_for_nobody() {
    let World { monitor, shop, .. } = world();
    let other = world();
    let foreign = other.monitor.pool("main", super::shop()).statement(BY_ID);
    drop(shop.start(foreign));
    drop(monitor.pool("main", super::shop()).start(shop.statement(BY_ID)));
    assert_eq!(monitor.snapshot().lifetime.total.calls, 0);
    assert_eq!(other.monitor.snapshot().lifetime.total.calls, 0);
}

#[test]
fn a_pool_whose_levels_panic_has_none_and_stops_nothing() {
    let World { monitor, shop, .. } = world();
    let pool = monitor.pool("main", super::shop());
    pool.watch_levels(|| panic!("a bug in the closure"));
    shop.record(Call::new(BY_ID, ms(1)));
    monitor.beat();
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.lifetime.total.calls, 1);
    assert_eq!(snapshot.pools().next().unwrap().1.levels, None);
    assert!(snapshot.losses.panics_caught > 0);
}

#[test]
fn a_pool_that_is_made_anew_gets_its_name_back() {
    let World { monitor, .. } = world();
    monitor.unnamed_pool(super::shop()).watch_levels(|| None);
    assert_eq!(monitor.unnamed_pool(super::shop()).name(), "db:5432/shop");
}

#[test]
fn the_newest_calls_are_kept_whichever_thread_made_them() {
    let World { monitor, shop, hands } = world_with(|b| b.recent_calls_max(10));
    shop.record(Call::new("select 0", ms(1)));
    // A thread opens its desk later, and puts old calls there; they are settled last.
    std::thread::scope(|scope| {
        let early = || (0..20).for_each(|_| shop.record(Call::new("select 'old' from t", ms(1))));
        scope.spawn(early).join().unwrap();
    });
    hands.advance(ms(100));
    (0..10).for_each(|_| shop.record(Call::new("select 'new' from u", ms(1))));
    let recent = monitor.recent_calls(10);
    assert_eq!(recent.len(), 10);
    assert!(recent.iter().all(|call| &*call.statement == "select ? from u"), "{recent:#?}");
}

#[test]
fn numbers_beyond_all_measure_stop_at_the_top() {
    let World { monitor, shop, .. } = world();
    let rows = Rows { returned: Some(u64::MAX), affected: Some(u64::MAX) };
    for table in ["a", "b"] {
        let text = format!("update {table} set x = 1");
        shop.record(Call::new(&text, Duration::MAX).rows(rows));
        shop.record(Call::new(&text, Duration::MAX).rows(rows));
    }
    let total = monitor.snapshot().lifetime.total;
    assert_eq!((total.calls, total.rows_returned), (4, u64::MAX));
    assert_eq!(total.quantile(f64::NAN), total.quantile(0.0));
}

#[test]
fn the_time_of_failed_calls_is_known_apart_by_error() {
    let world = world();
    let failed = |class, took| {
        let failure = Failure::new(class).with_code("23505");
        world.shop.record(Call::new("select 1", took).outcome(Outcome::Failed(failure)));
    };
    world.shop.record(Call::new("select 1", ms(1)).rows(Rows::returned(7)));
    failed(ErrorClass::UniqueViolation, ms(40));
    failed(ErrorClass::UniqueViolation, ms(60));
    world.pass(60);
    failed(ErrorClass::UniqueViolation, ms(80));
    let total = world.monitor.snapshot().lifetime.total;
    let error = &total.errors[0];
    assert_eq!((error.count, error.time, error.histogram.count()), (3, ms(180), 3));
    let (calls, time, histogram) = total.without_failed();
    assert_eq!((calls, time, histogram.count()), (1, ms(1), 1));
    assert_eq!(total.rows_histogram.buckets().collect::<Vec<_>>(), [(Some(10), 1)]);
}

#[test]
fn a_write_that_hands_out_its_rows_has_changed_them() {
    let World { monitor, shop, .. } = world();
    let rows = Rows { returned: Some(3), affected: None };
    shop.record(Call::new("update t set a = 1 returning id", ms(1)).rows(rows));
    shop.record(Call::new("select id from t", ms(1)).rows(rows));
    let total = monitor.snapshot().lifetime.total;
    assert_eq!((total.rows_returned, total.rows_affected), (6, 3));
}
