//! Whoever is told of calls one by one.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use monitor_core::capture::{
    Call, ErrorClass, Failure, Origin, Outcome, OutcomeKind, Rows, TraceContext,
};
use monitor_core::snapshot::{FinishedCall, Losses, SourceActivity};
use monitor_core::{Builder, Companion, Ending, Observer, StartingCall};

use super::{World, ten, world_with};

const BY_ID: &str = "SELECT * FROM orders WHERE id = 7";

/// Remembers what it was told.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    trace: Option<TraceContext>,
    goes_along: bool,
    panics: bool,
    calls: Vec<FinishedCall>,
    starts: Vec<String>,
    ends: Vec<(OutcomeKind, Duration, Rows)>,
    pools: Vec<(String, u64)>,
    unobserved: u64,
}

struct Shadow(Ear);

impl Observer for Ear {
    fn trace(&self) -> Option<TraceContext> {
        self.0.lock().unwrap().trace.clone()
    }

    fn accompany(&self, call: &StartingCall<'_>) -> Option<Box<dyn Companion>> {
        let mut heard = self.0.lock().unwrap();
        if !heard.goes_along {
            return None;
        }
        let (text, summary) = call.statement()?;
        heard.starts.push(format!("{} {:?} {summary}: {text}", call.database(), call.pool()));
        Some(Box::new(Shadow(self.clone())))
    }

    fn calls(&self, calls: &[FinishedCall]) {
        let mut heard = self.0.lock().unwrap();
        if std::mem::take(&mut heard.panics) {
            drop(heard);
            panic!("an observer of little use");
        }
        heard.calls.extend_from_slice(calls);
    }

    fn levels(&self, sources: &[SourceActivity], losses: &Losses) {
        let mut heard = self.0.lock().unwrap();
        let pools = sources.iter().filter_map(|source| Some((source, source.pool.as_ref()?)));
        heard.pools = pools.map(|(s, pool)| (s.name.to_string(), pool.checkouts.taken)).collect();
        heard.unobserved = losses.calls_unobserved;
    }
}

impl Companion for Shadow {
    fn ended(self: Box<Self>, ending: &Ending<'_>) {
        let end = (ending.outcome.kind(), ending.duration, ending.rows);
        self.0.0.lock().unwrap().ends.push(end);
    }
}

impl Ear {
    fn take(&self) -> Vec<FinishedCall> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }
}

fn observed(change: impl FnOnce(Builder) -> Builder) -> (World, Ear) {
    let ear = Ear::default();
    (world_with(|builder| change(builder.observer(ear.clone()))), ear)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_call_is_told_once_on_the_beat_after_its_end() {
    let (world, ear) = observed(|b| b);
    world.hands.advance(ms(100));
    let mut timer = world.shop.call(BY_ID);
    timer.add_returned(3);
    world.hands.advance(ms(7));
    world.monitor.beat();
    assert!(ear.take().is_empty(), "it still runs");
    timer.complete();
    assert!(ear.take().is_empty(), "nobody has come by yet");
    world.hands.advance(ms(900));
    world.monitor.beat();
    let calls = ear.take();
    assert_eq!(calls.len(), 1);
    let FinishedCall { record, summary, started, trace, .. } = &calls[0];
    assert_eq!(&*record.statement, "select * from orders where id = ?");
    assert_eq!(&**summary, "SELECT orders");
    assert_eq!(record.rows.returned, Some(3));
    assert_eq!(record.duration, ms(7));
    assert_eq!(*started, SystemTime::UNIX_EPOCH + ms(100));
    assert_eq!(record.at, SystemTime::UNIX_EPOCH + ms(107));
    assert_eq!(*trace, None);
    world.monitor.beat();
    assert!(ear.take().is_empty());
}

#[test]
fn failed_and_cancelled_calls_are_told_as_such() {
    let (world, ear) = observed(|b| b);
    let failure = Failure::new(ErrorClass::UniqueViolation).with_code("23505");
    world.shop.call(BY_ID).fail(failure);
    drop(world.shop.call(BY_ID));
    world.monitor.tell_observers();
    let calls = ear.take();
    assert_eq!(calls[0].record.outcome, OutcomeKind::Failed);
    assert_eq!(calls[0].record.error, Some(ErrorClass::UniqueViolation));
    assert_eq!(calls[0].record.error_code.as_deref(), Some("23505"));
    assert_eq!(calls[1].record.outcome, OutcomeKind::Cancelled);
}

#[test]
fn the_trace_is_that_of_where_the_call_started_and_reaches_the_slow_log() {
    let (world, ear) = observed(|b| b.slow(ms(500)));
    ear.0.lock().unwrap().trace = TraceContext::new(0xabc, 0x12, true);
    let slow = world.shop.call(BY_ID);
    let quick = world.shop.call("select 1");
    ear.0.lock().unwrap().trace = None;
    quick.complete();
    world.hands.advance(ms(600));
    slow.complete();
    world.shop.call("select 2, 3").complete();
    world.monitor.tell_observers();
    let traces = ear.take().into_iter().map(|call| call.trace).collect::<Vec<_>>();
    let here = TraceContext::new(0xabc, 0x12, true);
    assert_eq!(traces, [here.clone(), here, None]);
    assert_eq!(world.monitor.slow_queries(1)[0].trace_id, Some(0xabc));
}

#[test]
fn a_call_that_is_recorded_when_it_is_over_belongs_to_the_trace_of_that_moment() {
    let (world, ear) = observed(|b| b);
    ear.0.lock().unwrap().trace = TraceContext::new(1, 2, false);
    world.shop.record(Call::new(BY_ID, ms(3)));
    let told = TraceContext::new(8, 9, true);
    let origin = Origin { trace: told.as_ref(), ..Origin::default() };
    world.shop.record(Call::new(BY_ID, ms(3)).origin(origin));
    world.monitor.tell_observers();
    let traces = ear.take().into_iter().map(|call| call.trace).collect::<Vec<_>>();
    assert_eq!(traces, [TraceContext::new(1, 2, false), told]);
}

#[test]
fn a_call_whose_rows_are_read_one_by_one_started_before_its_readers_time() {
    let (world, ear) = observed(|b| b);
    let mut timer = world.shop.call(BY_ID);
    world.hands.advance(ms(2));
    timer.wait_ends();
    world.hands.advance(ms(50));
    timer.wait_begins();
    world.hands.advance(ms(1));
    timer.complete();
    world.monitor.tell_observers();
    let call = &ear.take()[0];
    assert_eq!(call.record.duration, ms(3));
    assert_eq!(call.record.at.duration_since(call.started).unwrap(), ms(53));
}

#[test]
fn what_observers_are_too_slow_for_is_counted_and_totals_stay_true() {
    let (world, ear) = observed(|b| b.observed_calls_max(10));
    for _ in 0..25 {
        world.shop.record(Call::new(BY_ID, ms(1)));
    }
    world.monitor.tell_observers();
    assert_eq!(ear.take().len(), 10);
    let snapshot = world.monitor.snapshot();
    assert_eq!(snapshot.lifetime.total.calls, 25);
    assert_eq!(snapshot.losses.calls_unobserved, 15);
    assert_eq!(ear.0.lock().unwrap().unobserved, 15);
    world.shop.record(Call::new(BY_ID, ms(1)));
    world.monitor.tell_observers();
    assert_eq!(ear.take().len(), 1, "there is room again");
}

#[test]
fn a_call_whose_statement_lost_its_place_meanwhile_is_counted_as_not_told() {
    let (world, ear) = observed(|b| b.statements_max(1));
    let timer = world.shop.call(BY_ID);
    world.shop.record(Call::new("select * from others", ms(1)));
    timer.complete();
    world.monitor.tell_observers();
    assert_eq!(ear.take().len(), 1);
    assert_eq!(world.monitor.snapshot().losses.calls_unobserved, 1);
}

#[test]
fn an_observer_that_panics_is_counted_and_told_again_next_time() {
    let (world, ear) = observed(|b| b);
    ear.0.lock().unwrap().panics = true;
    world.shop.record(Call::new(BY_ID, ms(1)));
    world.monitor.tell_observers();
    assert!(ear.take().is_empty());
    assert_eq!(world.monitor.snapshot().losses.panics_caught, 1);
    world.shop.record(Call::new(BY_ID, ms(1)));
    world.monitor.tell_observers();
    assert_eq!(ear.take().len(), 1);
}

#[test]
fn a_companion_goes_along_until_the_end_whatever_that_is() {
    let (world, ear) = observed(|b| b);
    world.shop.call(BY_ID).complete();
    assert!(ear.0.lock().unwrap().ends.is_empty(), "nobody went along");
    ear.0.lock().unwrap().goes_along = true;
    let mut timer = world.shop.call(BY_ID).detach();
    timer.add_returned(2);
    world.hands.advance(ms(4));
    timer.complete();
    world.shop.call(BY_ID).fail(Failure::new(ErrorClass::Connection));
    drop(world.shop.call(BY_ID));
    let heard = ear.0.lock().unwrap();
    assert_eq!(
        heard.starts[0],
        "db:5432/shop None SELECT orders: select * from orders where id = ?"
    );
    assert_eq!(
        heard.ends[0],
        (OutcomeKind::Completed, ms(4), Rows { returned: Some(2), affected: None })
    );
    assert_eq!(heard.ends[1].0, OutcomeKind::Failed);
    assert_eq!(heard.ends[2].0, OutcomeKind::Cancelled);
    assert_eq!((heard.starts.len(), heard.ends.len()), (3, 3));
}

#[test]
fn pools_are_told_every_five_seconds_and_when_asked() {
    let (world, ear) = observed(|b| b);
    let pool = world.monitor.pool("main", super::shop());
    pool.set_levels(ten(4));
    drop(pool.checkout().taken());
    world.hands.advance(Duration::from_secs(4));
    world.monitor.beat();
    assert!(ear.0.lock().unwrap().pools.is_empty(), "too soon");
    world.hands.advance(Duration::from_secs(1));
    world.monitor.beat();
    assert_eq!(ear.0.lock().unwrap().pools, [("main".to_owned(), 1)]);
    drop(pool.checkout().taken());
    world.monitor.tell_observers();
    assert_eq!(ear.0.lock().unwrap().pools, [("main".to_owned(), 2)]);
}

#[test]
fn two_observers_both_hear_and_the_first_that_knows_the_trace_is_believed() {
    let (first, second) = (Ear::default(), Ear::default());
    let world = world_with(|b| b.observer(first.clone()).observer(second.clone()));
    second.0.lock().unwrap().trace = TraceContext::new(5, 6, true);
    world.shop.record(Call::new(BY_ID, ms(1)).outcome(Outcome::Cancelled));
    world.monitor.tell_observers();
    assert_eq!(first.take(), second.take());
    first.0.lock().unwrap().trace = TraceContext::new(7, 8, true);
    world.shop.record(Call::new(BY_ID, ms(1)));
    world.monitor.tell_observers();
    assert_eq!(second.take()[0].trace, TraceContext::new(7, 8, true));
}
