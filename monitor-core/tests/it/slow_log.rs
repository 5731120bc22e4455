//! What is slow, for whom, and what is told of it.

use std::time::{Duration, SystemTime};

use monitor_core::capture::{
    Call, Database, ErrorClass, Failure, Labels, Origin, Outcome, OutcomeKind, Rows, System,
    TraceContext,
};
use monitor_core::identify::{Kind, ListSize};
use monitor_core::snapshot::{CallRecord, SlowFilter, SlowReason, StatementActivity};
use monitor_core::{Monitor, SlowAfter, SlowRelative, show};

use super::{World, ms, shop, world, world_with};

const BY_ID: &str = "select * from orders where id = 1";
const REPORT: &str = "select count(*) from orders group by day";

fn statement(monitor: &Monitor, text: &str) -> StatementActivity {
    let all = monitor.snapshot().lifetime.statements;
    all.iter().find(|s| *s.text == *text).unwrap().clone()
}

/// Slow and very slow calls of everything.
fn slow(monitor: &Monitor) -> (u64, u64) {
    let total = monitor.snapshot().lifetime.total;
    (total.slow, total.very_slow)
}

fn durations(calls: &[CallRecord]) -> Vec<Duration> {
    calls.iter().map(|call| call.duration).collect()
}

#[test]
fn a_statement_has_a_threshold_of_its_own_by_any_of_its_texts() {
    let World { monitor, shop, .. } =
        world_with(|b| b.slow_statement("SELECT *  FROM orders WHERE id = $1 -- by key", ms(20)));
    shop.record(Call::new(BY_ID, ms(19)));
    assert_eq!(slow(&monitor), (0, 0));
    shop.record(Call::new(BY_ID, ms(20)));
    shop.record(Call::new(BY_ID, ms(100)));
    shop.record(Call::new(REPORT, ms(999)));
    assert_eq!(slow(&monitor), (2, 1), "very slow is five times slow, unless told");
    let calls = monitor.slow_queries(9);
    assert_eq!(durations(&calls), [ms(100)]);
    let verdict = calls[0].slow.unwrap();
    assert_eq!((verdict.reason, verdict.threshold), (SlowReason::Absolute, ms(20)));
    assert_eq!(monitor.very_slow_queries(9), calls);
    let of = statement(&monitor, "select * from orders where id = ?");
    assert_eq!((of.slow_after, of.very_slow_after), (Some(ms(20)), Some(ms(100))));
}

#[test]
fn a_text_names_its_statement_on_any_database() {
    let quoted = "select `id` from `orders` where `name` = \"x\"";
    let World { monitor, .. } = world_with(|b| b.slow_statement(quoted, ms(20)));
    let mysql = monitor.database(Database::of(System::MySql));
    mysql.record(Call::new("select `id` from `orders` where `name` = \"y\"", ms(30)));
    assert_eq!(slow(&monitor), (1, 0));
}

#[test]
fn a_fingerprint_names_a_statement() {
    let fingerprint = {
        let World { monitor, shop, .. } = world();
        shop.record(Call::new(BY_ID, ms(1)));
        monitor.snapshot().lifetime.statements[0].fingerprint.unwrap()
    };
    let World { monitor, shop, .. } =
        world_with(|b| b.slow_fingerprint(fingerprint, SlowAfter::both(ms(5), ms(6))));
    shop.record(Call::new(BY_ID, ms(5)));
    shop.record(Call::new(BY_ID, ms(6)));
    shop.record(Call::new("select 1", ms(999)));
    assert_eq!(slow(&monitor), (2, 1));
}

#[test]
fn a_statement_may_never_be_slow() {
    let World { monitor, shop, .. } = world_with(|b| b.slow_statement(REPORT, SlowAfter::NEVER));
    shop.record(Call::new(REPORT, Duration::from_secs(3_600)));
    shop.record(Call::new(REPORT, Duration::MAX));
    shop.record(Call::new(BY_ID, ms(1_000)));
    assert_eq!(slow(&monitor), (1, 0));
    assert_eq!(monitor.slow_queries(9).len(), 1);
    assert_eq!(statement(&monitor, REPORT).slow_after, None);
}

#[test]
fn a_tables_threshold_holds_for_all_that_touch_it_and_a_statements_own_goes_before_it() {
    let World { monitor, shop, .. } = world_with(|b| {
        b.slow_table("Orders", ms(10))
            .slow_table("lines", ms(30))
            .slow_statement(REPORT, SlowAfter::NEVER)
    });
    let strict = "select * from lines join orders on lines.order_id = orders.id";
    for (text, took, is_slow) in [
        (BY_ID, 9, 0),
        (BY_ID, 10, 1),
        ("update orders set total = 1", 10, 1),
        ("select * from shop.orders", 10, 1),
        ("select * from lines", 10, 0),
        ("select * from lines", 30, 1),
        (strict, 10, 1),
        ("select * from orders_archive", 500, 0),
        (REPORT, 5_000, 0),
    ] {
        let before = slow(&monitor).0;
        shop.record(Call::new(text, ms(took)));
        assert_eq!(slow(&monitor).0 - before, is_slow, "{text} in {took} ms");
    }
}

#[test]
fn a_table_that_only_the_parser_finds_counts_from_the_next_beat_on() {
    // Whoever calls a table `over` is understood by SQLite, and by its parser.
    let text = "select * from over";
    let World { monitor, .. } = world_with(|b| b.slow_table("over", ms(10)));
    let shop = monitor.database(Database::of(System::Sqlite));
    shop.record(Call::new(text, ms(10)));
    assert_eq!(slow(&monitor), (0, 0), "tokens do not tell that this reads a table");
    monitor.beat();
    shop.record(Call::new(text, ms(10)));
    assert_eq!(slow(&monitor), (1, 0));
    assert_eq!(statement(&monitor, text).slow_after, Some(ms(10)));
}

#[test]
fn a_call_far_beyond_its_statements_own_past_is_slow_once_that_past_is_long_enough() {
    let relative = SlowRelative { calls_min: 40, ..SlowRelative::times(5.0) };
    let World { monitor, shop, .. } = world_with(|b| b.slow_relative(relative));
    for _ in 0..39 {
        shop.record(Call::new(BY_ID, ms(20)));
    }
    monitor.beat();
    shop.record(Call::new(BY_ID, ms(400)));
    assert_eq!(slow(&monitor), (0, 0), "39 calls are too few to tell");

    monitor.beat();
    shop.record(Call::new(BY_ID, ms(90)));
    assert_eq!(slow(&monitor), (0, 0), "close, and still quick enough");
    shop.record(Call::new(BY_ID, ms(120)));
    assert_eq!(slow(&monitor), (1, 0));
    let verdict = monitor.slow_queries(1)[0].slow.unwrap();
    assert_eq!((verdict.reason, verdict.very_slow), (SlowReason::Relative, false));
    let p95_times_five = verdict.threshold.as_secs_f64();
    assert!((0.09..0.112).contains(&p95_times_five), "{p95_times_five}");

    shop.record(Call::new(BY_ID, ms(1_000)));
    assert_eq!(monitor.slow_queries(1)[0].slow.unwrap().reason, SlowReason::Absolute);
}

#[test]
fn a_quick_call_is_not_slow_however_quick_the_others_are() {
    let World { monitor, shop, .. } = world_with(|b| {
        b.slow_relative(SlowRelative::times(2.0)).slow_statement(REPORT, SlowAfter::NEVER)
    });
    for _ in 0..200 {
        shop.record(Call::new(BY_ID, Duration::from_micros(8)));
        shop.record(Call::new(REPORT, ms(8)));
    }
    monitor.beat();
    shop.record(Call::new(BY_ID, Duration::from_micros(80)));
    shop.record(Call::new(BY_ID, ms(49)));
    shop.record(Call::new(REPORT, ms(800)));
    assert_eq!(slow(&monitor), (0, 0), "below 50 ms, and what is never slow");
    shop.record(Call::new(BY_ID, ms(50)));
    assert_eq!(slow(&monitor), (1, 0));
}

#[test]
fn an_entry_tells_all_that_was_seen() {
    let World { monitor, shop, hands } = world_with(|b| b.slow(ms(100)));
    let mut timer = shop
        .call("select * from orders where id in (1, 2, 3)")
        .waited_for_pool(Some(ms(7)))
        .traced(TraceContext::new(0xabc, 1, true));
    hands.advance(ms(80));
    timer.wait_ends();
    hands.advance(ms(500));
    timer.wait_begins();
    hands.advance(ms(40));
    timer.add_returned(3);
    timer.fail(Failure::new(ErrorClass::Conflict).with_code("40P01"));

    let call = &monitor.slow_queries(1)[0];
    assert_eq!(call.duration, ms(120));
    assert_eq!(call.at, SystemTime::UNIX_EPOCH + ms(620));
    assert_eq!(call.parts.pool_wait, Some(ms(7)));
    assert_eq!(call.parts.first_row, Some(ms(80)));
    assert_eq!(call.parts.fetch, Some(ms(40)));
    assert_eq!(call.parts.reader, Some(ms(500)));
    assert_eq!(call.trace_id, Some(0xabc));
    assert_eq!((call.outcome, call.error), (OutcomeKind::Failed, Some(ErrorClass::Conflict)));
    assert_eq!(call.error_code.as_deref(), Some("40P01"));
    assert_eq!(call.rows.returned, Some(3));
    assert_ne!(call.list_size, ListSize::None);
    assert_eq!(call.tables.read, ["orders"]);
    assert_eq!(call.original, None, "literals are kept by nobody who was not asked");
}

#[test]
fn what_nobody_saw_is_not_told() {
    let World { monitor, shop, hands } = world_with(|b| b.slow(ms(100)));
    let timer = shop.call(BY_ID).waited_for_pool(Some(Duration::from_micros(999)));
    hands.advance(ms(100));
    timer.complete();
    let call = &monitor.slow_queries(1)[0];
    assert_eq!(call.parts, Default::default());
    assert_eq!((call.trace_id, call.error_code.as_deref()), (None, None));

    let trace = TraceContext::new(9, 1, true);
    let origin = Origin { trace: trace.as_ref(), ..Origin::default() };
    shop.record(Call::new(BY_ID, ms(1)).origin(origin));
    let quick = &monitor.recent_calls(1)[0];
    assert_eq!((quick.slow, quick.trace_id), (None, None), "a quick call has no box for it");
}

#[test]
fn a_noisy_statement_cannot_push_the_others_out() {
    let World { monitor, shop, hands } = world_with(|b| b.slow(ms(10)).slow_statements_max(20));
    for table in 0..19 {
        shop.record(Call::new(&format!("select 1 from t{table}"), ms(10)));
    }
    for number in 0..5_000 {
        hands.advance(ms(1));
        shop.record(Call::new(BY_ID, ms(1_000 + number)));
    }
    assert_eq!(monitor.slow_queries(100).len(), 20);
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.slow_newest.len(), 20);
    assert_eq!(snapshot.losses.slow_statements_dropped, 0);
    assert_eq!(snapshot.losses.slow_calls_dropped, 5_019 - 20);
}

#[test]
fn a_flood_of_slow_statements_stays_within_bounds_and_is_counted() {
    let World { monitor, shop, hands } =
        world_with(|b| b.slow(ms(10)).statements_max(50).keep_literals_of_slow_calls());
    for number in 0..100_000_u64 {
        hands.advance(ms(1));
        let text = format!("select '{}' from t{number}", "x".repeat(100));
        shop.record(Call::new(&text, ms(10 + number % 1_000)));
    }
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.lifetime.total.slow, 100_000);
    assert_eq!((snapshot.slow.len(), snapshot.slow_newest.len()), (100, 100));
    assert!(snapshot.slow.iter().all(|call| call.duration == ms(1_009)), "the slowest are kept");
    assert!(snapshot.slow.iter().all(|call| call.original.is_some()));
    assert!(snapshot.slow_newest.iter().all(|call| call.original.is_none()));
    let losses = snapshot.losses;
    assert_eq!(losses.slow_calls_dropped, 100_000 - 100);
    assert!(losses.slow_statements_dropped > 1_000, "{losses:?}");
    assert_eq!(losses.slow_texts_cut, 0);
    let log = monitor.slow_log(&SlowFilter::new());
    assert_eq!(log.len(), 199, "the last call is in both, and told once");
}

/// A log of six calls, a second apart: the second of them at one second.
fn six() -> World {
    let world = world_with(|b| b.slow(ms(100)).very_slow(ms(500)));
    let World { monitor, hands, shop } = &world;
    let pool = monitor.pool("main", super::shop());
    let other = monitor.database(Database { name: "stock".into(), ..Database::of(System::Sqlite) });
    let user = Origin { user: Some("ann"), tag: Some("GET /"), ..Origin::default() };
    let calls = [
        (shop, Call::new(BY_ID, ms(300))),
        (shop, Call::new(BY_ID, ms(200)).outcome(Outcome::Cancelled)),
        (&pool, Call::new("delete from lines", ms(600)).rows(Rows::affected(3))),
        (&pool, Call::new("select * from shop.orders", ms(100)).origin(user)),
        (&other, Call::new("select * from parts", ms(150))),
        (&other, Call::new("select * from parts", ms(99))),
    ];
    for (source, call) in calls {
        source.record(call);
        hands.advance(ms(1_000));
    }
    world
}

#[test]
fn the_slow_log_is_asked_by_whatever_an_entry_tells() {
    let World { monitor, .. } = six();
    let ask = |filter: SlowFilter| durations(&monitor.slow_log(&filter));
    let all = SlowFilter::new;
    let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    assert_eq!(ask(all()), [ms(150), ms(100), ms(600), ms(200), ms(300)]);
    assert_eq!(ask(all().slowest_first().limit(2)), [ms(600), ms(300)]);
    assert_eq!(ask(all().since(at(1)).until(at(3))), [ms(600), ms(200)]);
    assert_eq!(ask(all().database("stock")), [ms(150)]);
    assert_eq!(ask(all().database("db:5432/shop").limit(1)), [ms(100)]);
    assert_eq!(ask(all().pool("main")), [ms(100), ms(600)]);
    assert_eq!(ask(all().table("Orders")), [ms(100), ms(200), ms(300)]);
    assert_eq!(ask(all().table("shop.orders")), [ms(100)]);
    assert_eq!(ask(all().kind(Kind::Delete)), [ms(600)]);
    assert_eq!(ask(all().at_least(ms(200))), [ms(600), ms(200), ms(300)]);
    assert_eq!(ask(all().only_very_slow()), [ms(600)]);
    assert_eq!(ask(all().user("ann").tag("GET /")), [ms(100)]);
    assert!(ask(all().user("ann").tag("GET /x")).is_empty());
    assert_eq!(ask(all().outcome(OutcomeKind::Cancelled)), [ms(200)]);
    let fingerprint = monitor.slow_log(&all().kind(Kind::Delete))[0].fingerprint;
    assert_eq!(ask(all().statement(fingerprint)), [ms(600)]);
    assert_eq!(Monitor::off().slow_log(&all()), []);
}

#[test]
fn literals_are_kept_only_where_that_was_asked_for_and_never_shown() {
    let secret = "select * from users where token = 'hunter2'";
    let World { monitor, shop, hands } =
        world_with(|b| b.slow(ms(100)).keep_literals_of_slow_calls());
    let timer = shop.call(secret);
    hands.advance(ms(100));
    timer.complete();
    shop.record(Call::new("select 'quick hunter2'", ms(99)));

    let call = &monitor.slow_queries(9)[0];
    assert_eq!(call.original.as_ref().unwrap().reveal(), secret);
    assert!(monitor.recent_calls(9).iter().all(|call| call.original.is_none()));
    let snapshot = monitor.snapshot();
    for shown in [
        monitor.report(),
        show::json(&snapshot, &monitor.health()).unwrap(),
        format!("{snapshot:?} {call:?} {:?}", monitor.health()),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let off = world_with(|b| b.slow(ms(100)));
    off.shop.record(Call::new(secret, ms(100)));
    assert_eq!(off.monitor.slow_queries(1)[0].original, None);
}

#[test]
fn a_kept_text_is_that_of_the_slowest_call_and_cut_where_it_is_long() {
    let World { monitor, shop, hands } =
        world_with(|b| b.slow(ms(100)).keep_literals_of_slow_calls().slow_text_bytes_max(12));
    shop.record(Call::new("select 'a'", ms(100)));
    shop.record(Call::new("select 'b'", ms(200)));
    shop.record(Call::new("select 'c'", ms(150)));
    let original = |monitor: &Monitor| {
        let call = monitor.slow_queries(1).remove(0);
        call.original.unwrap().reveal().to_owned()
    };
    assert_eq!(original(&monitor), "select 'b'");
    assert_eq!(monitor.snapshot().losses.slow_texts_cut, 0);

    let statement = shop.statement("select 'éé'");
    let timer = shop.start(statement).sent_as(shop.kept_text("select 'ééé'"));
    hands.advance(ms(300));
    timer.complete();
    assert_eq!(original(&monitor), "select 'éé", "cut between two characters");
    assert_eq!(monitor.snapshot().losses.slow_texts_cut, 1);
}

#[test]
fn a_comment_in_any_text_of_a_statement_mutes_it() {
    let World { monitor, shop, .. } = world();
    shop.record(Call::new(BY_ID, ms(1)));
    shop.record(Call::new(REPORT, ms(1)));
    shop.record(Call::new("select 'monitor:mute' from quiet /* not monitor:muted */", ms(1)));
    let muted = |text: &str| statement(&monitor, text).muted;
    assert!(!muted("select * from orders where id = ?"));
    shop.record(Call::new("select * from orders /* monitor:mute */ where id = 2", ms(1)));
    shop.record(Call::new("select * from orders where id = 3", ms(1)));
    assert!(muted("select * from orders where id = ?"));
    assert!(!muted(REPORT));
    assert!(!muted("select ? from quiet"), "a literal says nothing");
    shop.record(Call::new("select 7 from night -- monitor:mute", ms(1)));
    assert!(muted("select ? from night"));
    assert!(monitor.snapshot().windows[0].rollup.statements.iter().any(|s| s.muted));
    assert_eq!(slow(&monitor), (0, 0));
}

#[test]
fn a_muted_statement_is_counted_as_any_other() {
    let World { monitor, shop, .. } = world();
    let database = shop.database().cloned();
    assert_eq!(database, Some(self::shop()));
    shop.record(Call::new("select 1 -- monitor:mute", ms(2_000)));
    assert_eq!(slow(&monitor), (1, 0));
    assert_eq!(monitor.slow_queries(1).len(), 1);
}

#[test]
fn a_comment_tells_the_trace_and_the_route_of_a_call_where_nobody_else_does() {
    let World { monitor, shop, hands } = world();
    let text = "select a from t /*route='%2Forders',\
                traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/";
    for labels in [None, Labels::default().with_tag(Some("job")).shared()] {
        let timer = shop.call(text).labelled(labels);
        hands.advance(ms(5_000));
        timer.complete();
    }
    let statement = shop.statement(text);
    let timer = shop.start(statement).sent_as(shop.kept_text(text));
    hands.advance(ms(5_000));
    timer.complete();
    shop.record(Call::new(text, ms(5_000)));
    let origin = Origin { tag: Some("job"), ..Origin::default() };
    shop.record(Call { origin, ..Call::new(text, ms(5_000)) });
    shop.record(Call::new("select a from t", ms(5_000)));
    let calls = monitor.recent_calls(9);
    let told: Vec<_> = calls.iter().map(|call| (call.tag.as_deref(), call.trace_id)).collect();
    let trace = Some(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
    let (route, job) = ((Some("/orders"), trace), (Some("job"), trace));
    // The newest first.
    assert_eq!(told, [(None, None), job, route, route, job, route]);
    assert_eq!(monitor.snapshot().lifetime.statements.len(), 1);
}
