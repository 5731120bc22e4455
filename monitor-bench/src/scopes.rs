//! What units of work cost: a call in none, and calls in one.

use std::hint::black_box;

use monitor_core::capture::{Database, System};
use monitor_core::{BuildError, Monitor, Source};

use crate::rounds::Rounds;
use crate::variants::{TEXT, Variant};

/// Calls of a unit of work.
const CALLS: u32 = 10;
/// Times of one block.
const BLOCK: u32 = 200;
/// Rounds over all variants.
const ROUNDS: usize = 201;

/// Prints a table of ten calls, in units of work and in none.
pub(crate) fn run() -> Result<(), BuildError> {
    let mut variants = variants()?;
    let rounds = Rounds::run(&mut variants, ROUNDS, BLOCK);
    println!("\n{CALLS} calls, {ROUNDS} rounds of {BLOCK}, median ns for each call");
    for (variant, cost) in variants.iter().zip(rounds.costs()) {
        println!("{:<52} {:>8.1}", variant.name, cost.median / f64::from(CALLS));
    }
    Ok(())
}

fn variants() -> Result<Vec<Variant>, BuildError> {
    let watched = || -> Result<_, BuildError> {
        let monitor = Monitor::builder().beat_by_hand().build()?;
        let source = monitor.database(Database::of(System::PostgreSql));
        Ok((monitor, source))
    };
    let ((_, none), (_, again), (_, other)) = (watched()?, watched()?, watched()?);
    let ((plain, in_plain), (hashed, in_hashed)) = (watched()?, watched()?);
    let stranger = Monitor::builder().beat_by_hand().build()?.scope("a stranger's");
    Ok(vec![
        Variant::new("nothing", |n| {
            black_box(n);
        }),
        Variant::new("in no unit of work (A)", move |_| ten(&none)),
        Variant::new("in no unit of work (A/A)", move |_| ten(&again)),
        Variant::new("in a unit of another monitor", move |_| stranger.run(|| ten(&other))),
        Variant::new("in a unit, its beginning and end included", move |_| {
            plain.scope("GET /orders").run(|| ten(&in_plain));
        }),
        Variant::new("the same, with values hashed", move |_| {
            hashed.scope("GET /orders").run(|| {
                (0..CALLS).for_each(|n| ask_hashed(&in_hashed, n));
            });
        }),
    ])
}

fn ten(source: &Source) {
    for _ in 0..CALLS {
        let mut timer = source.call(black_box(TEXT));
        timer.add_returned(1);
        timer.complete();
    }
}

fn ask_hashed(source: &Source, value: u32) {
    let mut timer = source.call(black_box(TEXT)).with_parameters(|hasher| {
        hasher.text(black_box(TEXT));
        hasher.values_shown(&[value.to_le_bytes(), [0, 1, 2, 3]])
    });
    timer.add_returned(1);
    timer.complete();
}
