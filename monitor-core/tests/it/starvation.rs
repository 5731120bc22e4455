//! Why a pool gave no connection in time, and what a connection does while it is out.

use std::time::Duration;

use monitor_core::capture::{CallSite, Database, PoolLevels, System};
use monitor_core::judge::{Starvation, explain};
use monitor_core::snapshot::{CheckoutTimeout, PoolActivity, Snapshot, ThinkGap};
use monitor_core::{Checkout, LastCall, Monitor, Source, show};

use super::{World, world, world_with};

/// A pool of four with everything out, each holder with a handle on what it runs.
struct Pool {
    world: World,
    pool: Source,
    holders: Vec<(Checkout, LastCall)>,
}

impl Pool {
    fn exhausted() -> Self {
        let world = world();
        let pool = world.monitor.pool("shop", Database::of(System::PostgreSql));
        pool.set_levels(PoolLevels { size: 4, max: Some(4), ..PoolLevels::default() });
        let holders = (0..4).map(|_| take(&pool)).collect();
        Self { world, pool, holders }
    }

    fn pass(&self, by: Duration) {
        self.world.hands.advance(by);
    }

    fn run(&self, holder: usize, sql: &str) {
        let clock = self.world.monitor.clock();
        self.holders[holder].1.begins(self.pool.statement(sql), clock.now());
    }

    /// A caller that waits five seconds for nothing.
    fn time_out(&self) -> CheckoutTimeout {
        let waiting = self.pool.checkout();
        self.pass(seconds(5));
        waiting.timed_out();
        let snapshot = self.world.monitor.snapshot();
        first_pool(&snapshot).timeouts.remove(0)
    }

    fn reason(&self) -> Starvation {
        explain(&self.time_out(), &self.world.monitor.thresholds()).starvation
    }
}

fn first_pool(snapshot: &Snapshot) -> PoolActivity {
    snapshot.pools().next().unwrap().1.clone()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn take(pool: &Source) -> (Checkout, LastCall) {
    let (checkout, last) = (pool.checkout().taken(), LastCall::default());
    checkout.shows(&last);
    (checkout, last)
}

#[test]
fn a_statement_that_runs_everywhere_is_the_reason() {
    let pool = Pool::exhausted();
    for holder in 0..3 {
        pool.run(holder, "select * from reports where id = 7");
    }
    let timeout = pool.time_out();
    assert_eq!((timeout.out, timeout.waiting, timeout.held.len()), (4, 0, 4));
    let explanation = explain(&timeout, &pool.world.monitor.thresholds());
    assert_eq!(explanation.starvation, Starvation::SlowStatement);
    let text = explanation.text;
    assert!(text.starts_with("no connection within 5.0s at monitor-core/tests/it"), "{text}");
    assert!(text.contains("4 out of 4"), "{text}");
    assert!(text.contains("3 with `select * from reports where id = ?`"), "{text}");
    assert!(text.contains("running `select * from reports where id = ?` for 5.0s"), "{text}");
    assert_eq!(text.matches("\n  out for").count(), 4, "{text}");
}

#[test]
fn a_statement_on_one_connection_of_four_is_not() {
    let pool = Pool::exhausted();
    pool.pass(seconds(1));
    pool.run(0, "select * from reports");
    assert_ne!(pool.reason(), Starvation::SlowStatement);
}

#[test]
fn statements_that_come_and_go_mean_that_the_pool_is_too_small() {
    let pool = Pool::exhausted();
    let waiting = pool.pool.checkout();
    pool.pass(seconds(4));
    for holder in 0..4 {
        pool.run(holder, "select 1");
    }
    pool.pass(seconds(1));
    waiting.timed_out();
    let snapshot = pool.world.monitor.snapshot();
    let timeout = &first_pool(&snapshot).timeouts[0];
    let explanation = explain(timeout, &pool.world.monitor.thresholds());
    assert_eq!(explanation.starvation, Starvation::PoolTooSmall, "{}", explanation.text);
}

#[test]
fn connections_that_run_nothing_are_held_idle_and_later_leaked() {
    let pool = Pool::exhausted();
    for holder in 0..4 {
        pool.run(holder, "select 1");
        pool.holders[holder].1.ends();
    }
    pool.holders[0].1.forget();
    let timeout = pool.time_out();
    let explanation = explain(&timeout, &pool.world.monitor.thresholds());
    assert_eq!(explanation.starvation, Starvation::HeldIdle);
    let text = explanation.text;
    assert_eq!(text.matches("idle since `select ?`").count(), 3, "{text}");
    assert_eq!(text.matches("has run nothing").count(), 1, "{text}");
    pool.pass(seconds(49));
    assert_eq!(pool.reason(), Starvation::HeldIdle, "59 seconds");
    assert_eq!(pool.reason(), Starvation::Leak, "64 seconds");
}

#[test]
fn a_pool_that_could_grow_and_cannot_connect_says_so() {
    let pool = Pool::exhausted();
    pool.pool.connection_refused();
    assert_ne!(pool.reason(), Starvation::CannotConnect, "it is full");
    pool.pool.set_levels(PoolLevels { size: 2, max: Some(4), ..PoolLevels::default() });
    assert_ne!(pool.reason(), Starvation::CannotConnect, "that was long before");
    pool.pool.connection_failed();
    assert_eq!(pool.reason(), Starvation::CannotConnect);
}

#[test]
fn nothing_is_said_of_what_nobody_tells() {
    let world = world();
    let pool = world.monitor.pool("shop", Database::default());
    let _out = pool.checkout().taken();
    world.hands.advance(seconds(5));
    pool.checkout_timed_out(seconds(5));
    let (name, explanation) = world.monitor.timeouts().remove(0);
    assert_eq!((&*name, explanation.starvation), ("shop", Starvation::PoolTooSmall));
    assert!(!explanation.text.contains("running"), "{}", explanation.text);
}

#[test]
fn only_the_newest_time_outs_are_kept() {
    let pool = Pool::exhausted();
    for _ in 0..20 {
        pool.pool.checkout_timed_out(seconds(1));
    }
    assert_eq!(pool.world.monitor.timeouts().len(), CheckoutTimeout::KEPT_MAX);
    assert!(Monitor::off().timeouts().is_empty());
}

#[test]
fn the_report_explains_the_newest_time_out_and_the_json_has_all() {
    let pool = Pool::exhausted();
    assert!(!pool.world.monitor.report().contains("timed out:"), "too soon");
    for waited in [1, 2, 3] {
        pool.pool.checkout_timed_out(seconds(waited));
    }
    let report = pool.world.monitor.report();
    assert_eq!(report.matches("a checkout timed out: ").count(), 1, "{report}");
    assert!(report.contains("no connection within 3.0s"), "{report}");
    assert!(report.contains("  and 2 before it"), "{report}");

    let json = show::json(&pool.world.monitor.snapshot(), &pool.world.monitor.health()).unwrap();
    assert_eq!(json.matches("\"connect_failed\"").count(), 3, "{json}");
}

#[test]
fn think_time_is_what_a_transaction_was_open_and_ran_nothing() {
    let world = world();
    let shop = &world.shop;
    let mut transaction = shop.transaction().with_calls();
    let pass = |by| world.hands.advance(seconds(by));
    pass(1);
    transaction.call_begins();
    pass(2);
    // Two at once, as in a pipeline.
    transaction.call_begins();
    transaction.call_ends();
    pass(4);
    transaction.call_ends();
    pass(8);
    transaction.savepoint(2);
    transaction.savepoint(3);
    transaction.committed();
    let transactions = &world.monitor.snapshot().sources[0].transactions;
    assert_eq!(transactions.think_time, seconds(9));
    assert_eq!(transactions.think.count(), 1);
    assert_eq!((transactions.savepoints, transactions.depth_max), (2, 3));
}

#[test]
fn a_transaction_whose_calls_nobody_tells_has_no_think_time() {
    let world = world();
    let shop = &world.shop;
    let transaction = shop.transaction();
    world.hands.advance(seconds(1));
    transaction.committed();
    let transactions = &world.monitor.snapshot().sources[0].transactions;
    assert_eq!((transactions.think.count(), transactions.duration.count()), (0, 1));
}

#[test]
fn a_statement_that_gave_up_its_place_is_not_followed_any_more() {
    let World { monitor, .. } = world_with(|builder| builder.statements_max(1));
    let shop = monitor.database(Database::of(System::Sqlite));
    let first = shop.statement("select 1 from a");
    assert!(shop.follows(first));
    let second = shop.statement("select 1 from b");
    assert!(shop.follows(second) && !shop.follows(first));
    let other = monitor.database(Database::of(System::MySql));
    assert!(!other.follows(second), "it is another source's");
}

#[test]
fn connections_busy_with_calls_of_nobody_are_the_reason() {
    let world = world();
    let pool = world.monitor.pool("shop", Database::of(System::PostgreSql));
    pool.set_levels(PoolLevels { size: 1, max: Some(1), ..PoolLevels::default() });
    let drain = pool.checkout().taken().returned_busy();
    world.hands.advance(seconds(5));
    pool.checkout_timed_out(seconds(5));
    let (_, explanation) = world.monitor.timeouts().remove(0);
    assert_eq!(explanation.starvation, Starvation::Draining);
    assert!(explanation.text.contains("0 out of 1, 1 busy after"), "{}", explanation.text);
    drop(drain);
    let checkouts = first_pool(&world.monitor.snapshot()).checkouts;
    assert_eq!((checkouts.out, checkouts.draining, checkouts.drain.count()), (0, 0, 1));
    // Over by now, and in the JSON of the time-out still.
    let json = show::json(&world.monitor.snapshot(), &world.monitor.health()).unwrap();
    assert_eq!(json.replace(' ', "").matches("\"draining\":1").count(), 1, "{json}");
}

#[test]
fn a_connection_that_works_is_no_leak_however_long_it_is_out() {
    let pool = Pool::exhausted();
    pool.pass(seconds(120));
    pool.run(0, "select 1");
    pool.holders[0].1.ends();
    pool.run(1, "select 2");
    let held = first_pool(&pool.world.monitor.snapshot());
    assert_eq!((held.held.len(), held.leaked), (4, 2), "one works, one has just worked");
    pool.pass(seconds(59));
    assert_eq!(first_pool(&pool.world.monitor.snapshot()).leaked, 2);
    pool.pass(seconds(1));
    assert_eq!(first_pool(&pool.world.monitor.snapshot()).leaked, 3, "one call still runs");
}

#[test]
fn several_pools_of_one_name_add_up_and_handles_on_one_do_not() {
    let world = world();
    let pool = world.monitor.pool("shop", Database::of(System::PostgreSql));
    let levels = |size| PoolLevels { size, max: Some(4), ..PoolLevels::default() };
    let first = std::sync::Arc::new(());
    let alive = std::sync::Arc::downgrade(&first);
    pool.watch_levels_of(1, move || alive.upgrade().map(|_| levels(1)));
    pool.watch_levels_of(2, move || Some(levels(2)));
    pool.watch_levels_of(2, move || Some(levels(2)));
    let seen = || first_pool(&world.monitor.snapshot()).levels.unwrap();
    assert_eq!((seen().size, seen().max), (3, Some(8)));
    drop(first);
    assert_eq!((seen().size, seen().max), (2, Some(4)));
}

#[test]
fn the_longest_pause_of_each_transaction_is_kept_by_its_place() {
    let world = world();
    let pass = |by| world.hands.advance(seconds(by));
    for pause in [5, 9] {
        let begun = CallSite::here();
        let mut transaction = world.shop.transaction().with_calls_from(Some(begun));
        pass(1);
        transaction.call_begins_at(None);
        transaction.call_ends();
        pass(pause);
        transaction.ends_at(Some(begun));
        pass(100);
        transaction.committed();
    }
    let transactions = &world.monitor.snapshot().sources[0].transactions;
    assert_eq!((transactions.statements, transactions.statements_max), (2, 1));
    assert_eq!(transactions.gaps.len(), 1);
    let gap = &transactions.gaps[0];
    assert_eq!((gap.transactions, gap.time, gap.longest), (2, seconds(14), seconds(9)));
    assert!(gap.after.is_none() && gap.before.is_some());
    assert_eq!(transactions.think_time, seconds(16));
}

#[test]
fn places_of_pauses_are_bounded_and_what_is_let_go_is_counted() {
    let world = world();
    let sites = some_lines();
    for after in &sites {
        for before in &sites {
            let mut transaction = world.shop.transaction().with_calls_from(Some(*after));
            world.hands.advance(seconds(1));
            transaction.ends_at(Some(*before));
            transaction.committed();
        }
    }
    let snapshot = world.monitor.snapshot();
    assert_eq!(snapshot.sources[0].transactions.gaps.len(), ThinkGap::KEPT_MAX);
    assert_eq!(snapshot.losses.think_gaps_folded, 81 - ThinkGap::KEPT_MAX as u64);
    assert_eq!(snapshot.sources[0].transactions.think_time, seconds(81));
}

#[rustfmt::skip]
fn some_lines() -> [CallSite; 9] {
    [
        CallSite::here(), CallSite::here(), CallSite::here(),
        CallSite::here(), CallSite::here(), CallSite::here(),
        CallSite::here(), CallSite::here(), CallSite::here(),
    ]
}
