//! Every side of a snapshot adds up to the same, whenever it is read.

use std::time::Duration;

use monitor_core::capture::{Call, ErrorClass, Failure, Outcome, Rows};
use monitor_core::snapshot::{Activity, Rollup, Snapshot, SourceActivity};
use proptest::collection::vec;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest,
};
use proptest::test_runner::TestCaseError;

use super::{World, ms, world, world_with};

/// What may happen to a monitor.
#[derive(Clone, Debug)]
enum Step {
    /// A call of one of a few statements, on one of two sources.
    Call { text: usize, through_pool: bool, micros: u64, ends: Ends },
    /// So many beats of five seconds.
    Pass(u64),
    /// Somebody takes a snapshot, and reads it at once or in the end.
    Look { at_once: bool },
}

#[derive(Clone, Copy, Debug)]
enum Ends {
    Well,
    Cancelled,
    Failed(usize),
}

const CODES: [&str; 3] = ["23505", "40P01", "57014"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ends = prop_oneof![
        4 => Just(Ends::Well),
        1 => Just(Ends::Cancelled),
        1 => (0..CODES.len()).prop_map(Ends::Failed),
    ];
    let call = (0..7usize, any::<bool>(), 1..3_000_000u64, ends);
    let call = call.prop_map(|(text, through_pool, micros, ends)| Step::Call {
        text,
        through_pool,
        micros,
        ends,
    });
    let look = any::<bool>().prop_map(|at_once| Step::Look { at_once });
    vec(prop_oneof![12 => call, 2 => (0..30u64).prop_map(Step::Pass), 1 => look], 1..150)
}

fn text(number: usize) -> String {
    match number {
        0 => "insert into b select id from a".into(),
        1 => "delete from a where id in (1, 2)".into(),
        _ => format!("select * from a join t{number} on true"),
    }
}

fn outcome(ends: Ends) -> Outcome<'static> {
    match ends {
        Ends::Well => Outcome::Completed,
        Ends::Cancelled => Outcome::Cancelled,
        Ends::Failed(code) => {
            Outcome::Failed(Failure::new(ErrorClass::Other).with_code(CODES[code]))
        }
    }
}

fn sum<'a>(parts: impl Iterator<Item = &'a Activity>) -> Activity {
    let mut sum = Activity::default();
    parts.for_each(|part| sum.merge(part));
    sum
}

fn agree(rollup: &Rollup, sources: &[SourceActivity]) -> Result<(), TestCaseError> {
    let total = rollup.total.clone();
    prop_assert_eq!(&sum(rollup.statements.iter().map(|one| &one.activity)), &total);
    prop_assert_eq!(&sum(rollup.kinds.iter().map(|one| &one.activity)), &total);
    prop_assert_eq!(&sum(sources.iter().map(|one| &one.activity)), &total);
    let on_a = rollup
        .statements
        .iter()
        .filter(|one| one.tables.read.iter().chain(&one.tables.written).any(|table| table == "a"));
    let table = rollup.table("a").map(|table| table.activity.clone());
    prop_assert_eq!(table.unwrap_or_default(), sum(on_a.map(|one| &one.activity)));
    Ok(())
}

fn all_agree(snapshot: &Snapshot, calls: u64) -> Result<(), TestCaseError> {
    prop_assert_eq!(snapshot.lifetime.total.calls, calls);
    agree(&snapshot.lifetime, &snapshot.sources)?;
    snapshot.windows.iter().try_for_each(|window| agree(&window.rollup, &window.sources))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// Statements come, go and come back meanwhile: there is room for four.
    #[test]
    fn statements_kinds_tables_sources_and_the_total_agree_through_eviction_and_beats(
        steps in steps(),
    ) {
        let world = world_with(|builder| builder.statements_max(4));
        let pool = world.monitor.pool("main", super::shop());
        let mut calls = 0;
        let mut kept = Vec::new();
        for step in steps {
            match step {
                Step::Call { text: number, through_pool, micros, ends } => {
                    let source = if through_pool { &pool } else { &world.shop };
                    let text = text(number);
                    let call = Call::new(&text, Duration::from_micros(micros));
                    source.record(call.rows(Rows::returned(micros % 9)).outcome(outcome(ends)));
                    calls += 1;
                }
                Step::Pass(beats) => world.pass(beats * 5),
                Step::Look { at_once: true } => all_agree(&world.monitor.snapshot(), calls)?,
                Step::Look { at_once: false } => kept.push((world.monitor.snapshot(), calls)),
            }
        }
        kept.push((world.monitor.snapshot(), calls));
        for (snapshot, calls) in kept {
            all_agree(&snapshot, calls)?;
        }
    }
}

#[test]
fn a_list_that_is_read_late_says_what_was_when_the_snapshot_was_taken() {
    let world = world_with(|builder| builder.statements_max(2));
    world.shop.record(Call::new("select 1 from a", ms(3)));
    world.pass(70);
    world.shop.record(Call::new("select 1 from a", ms(5)));
    let (early, late) = (world.monitor.snapshot(), world.monitor.snapshot());
    let read = format!("{:?}", (&early.lifetime, &early.windows));
    for number in 0..10 {
        world.shop.record(Call::new(&format!("select 1 from t{number}"), ms(7)));
        world.shop.record(Call::new("delete from a", ms(7)));
        world.pass(30);
    }
    assert_eq!(format!("{:?}", (&late.lifetime, &late.windows)), read);
    assert_eq!(late.lifetime.statements.len(), 1);
    assert_eq!(late.lifetime.statements[0].activity.time, ms(8));
    let minute = &late.windows[0].rollup;
    assert_eq!((minute.total.time, minute.statements[0].activity.time), (ms(5), ms(5)));
}

#[test]
fn a_clone_of_a_snapshot_shares_the_lists_that_were_read() {
    let World { monitor, shop, .. } = world();
    shop.record(Call::new("select 1 from a", ms(3)));
    let snapshot = monitor.snapshot();
    let clone = snapshot.clone();
    let place = |snapshot: &Snapshot| snapshot.lifetime.statements.as_ptr();
    assert_eq!(place(&snapshot), place(&clone));
    assert_ne!(place(&snapshot), place(&monitor.snapshot()));
}
