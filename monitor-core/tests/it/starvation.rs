//! Why a pool gave no connection in time, and what a connection does while it is out.

use std::time::Duration;

use monitor_core::capture::{Database, PoolLevels, System};
use monitor_core::judge::{Starvation, explain};
use monitor_core::snapshot::{CheckoutTimeout, PoolActivity, Snapshot};
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
