//! What units of work cost: calls in none, and calls in one.

use std::hint::black_box;

use anyhow::Result;
use monitor_core::{BuildError, Monitor, Source};

use super::options::{TEXT, call, plain};
use crate::observers::source;
use crate::report::{Cell, Table};
use crate::rounds::{Rounds, Variant};

/// Calls of a unit of work.
const CALLS: u32 = 10;
/// Times of one block.
const BLOCK: u32 = 200;
const ROUNDS: usize = 201;

pub(super) fn run() -> Result<Vec<Table>> {
    let mut variants = variants()?;
    let rounds = Rounds::run(&mut variants, ROUNDS, BLOCK);
    let mut table = Table::new(
        "scopes",
        "A call in a unit of work",
        "ten calls each time, the unit's beginning and end shared by them",
        &["median"],
    );
    for (variant, cost) in variants.iter().zip(rounds.costs()) {
        table.row(variant.name, [Some(Cell::Nanos(cost.median / f64::from(CALLS)))]);
    }
    Ok(vec![table])
}

fn variants() -> Result<Vec<Variant>, BuildError> {
    let watched = || -> Result<_, BuildError> {
        let monitor = Monitor::builder().beat_by_hand().build()?;
        let source = source(&monitor);
        Ok((monitor, source))
    };
    let (none, again, other) = (plain()?, plain()?, plain()?);
    let ((plain, in_plain), (hashed, in_hashed)) = (watched()?, watched()?);
    let stranger = Monitor::builder().beat_by_hand().build()?.scope("a stranger's");
    Ok(vec![
        Variant::new("in no unit of work (A)", move |_| ten(&none)),
        Variant::new("in no unit of work (A/A)", move |_| ten(&again)),
        Variant::new("in a unit of another monitor", move |_| stranger.run(|| ten(&other))),
        Variant::new("in a unit", move |_| plain.scope("GET /orders").run(|| ten(&in_plain))),
        Variant::new("in a unit, with values hashed", move |_| {
            hashed.scope("GET /orders").run(|| {
                (0..CALLS).for_each(|n| ask_hashed(&in_hashed, n));
            });
        }),
    ])
}

fn ten(source: &Source) {
    (0..CALLS).for_each(|_| call(source, TEXT));
}

fn ask_hashed(source: &Source, value: u32) {
    let mut timer = source.call(black_box(TEXT)).with_parameters(|hasher| {
        hasher.text(black_box(TEXT));
        hasher.values_shown(&[value.to_le_bytes(), [0, 1, 2, 3]])
    });
    timer.add_returned(1);
    timer.complete();
}
