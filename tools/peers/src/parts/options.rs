//! One observed call, as the monitor is set up and as the call ends.

use std::hint::black_box;
use std::time::Duration;

use anyhow::Result;
use monitor_core::capture::{Call, ErrorClass, Failure};
use monitor_core::{BuildError, Monitor, Source};

use crate::observers::source;
use crate::report::{Cell, Table};
use crate::rounds::{Rounds, Variant};

/// A statement of ordinary length.
pub(super) const TEXT: &str = "select id, customer_id, status, total, created_at from orders \
     where customer_id = $1 and status = $2 order by created_at desc limit $3";
const BLOCK: u32 = 2_000;
const ROUNDS: usize = 201;

pub(super) fn run() -> Result<Vec<Table>> {
    let mut variants = variants()?;
    let rounds = Rounds::run(&mut variants, ROUNDS, BLOCK);
    let mut table = Table::new(
        "options",
        "One observed call, by what is asked for",
        "the beat is driven by hand, so that nothing else runs",
        &["median", "a quarter below", "three quarters below", "above nothing"],
    );
    for (variant, cost) in variants.iter().zip(rounds.costs()) {
        let figures = [cost.median, cost.quarter, cost.three_quarters, cost.above];
        table.row(variant.name, figures.map(|nanos| Some(Cell::Nanos(nanos))));
    }
    Ok(vec![table])
}

/// All of them; the first is the empty block the others are compared with.
fn variants() -> Result<Vec<Variant>, BuildError> {
    let quiet = source(&Monitor::builder().beat_by_hand().recent_calls_max(0).build()?);
    let kept = plain()?;
    let again = plain()?;
    let many = plain()?;
    let unfollowed = source(&Monitor::builder().beat_by_hand().running_per_thread_max(0).build()?);
    let failing = plain()?;
    let recorded = plain()?;
    let lent = plain()?;
    let off = source(&Monitor::off());
    let texts: Vec<String> = (0..200).map(|n| format!("{TEXT} /* {n} */ offset t{n}")).collect();
    Ok(vec![
        Variant::new("nothing (A)", |n| {
            black_box(n);
        }),
        Variant::new("nothing (A/A)", |n| {
            black_box(n);
        }),
        Variant::new("monitor off", move |_| call(&off, TEXT)),
        Variant::new("no history of recent calls", move |_| call(&quiet, TEXT)),
        Variant::new("as it comes (B)", move |_| call(&kept, TEXT)),
        Variant::new("as it comes (B/B)", move |_| call(&again, TEXT)),
        Variant::new("not followed while it runs", move |_| call(&unfollowed, TEXT)),
        Variant::new("200 statements in turn", move |n| {
            call(&many, &texts[n as usize % texts.len()]);
        }),
        Variant::new("fails with a code", move |_| {
            let failure = Failure::new(ErrorClass::UniqueViolation).with_code("23505");
            failing.call(black_box(TEXT)).fail(failure);
        }),
        Variant::new("handed over when it has ended", move |_| {
            recorded.record(Call::new(black_box(TEXT), Duration::from_micros(50)));
        }),
        // What a call through a pool pays beside the call.
        Variant::new("a checkout, taken and given back", move |_| drop(lent.checkout().taken())),
    ])
}

/// A database of a monitor with everything at its default, but the beat.
pub(super) fn plain() -> Result<Source, BuildError> {
    Ok(source(&Monitor::builder().beat_by_hand().build()?))
}

/// A call that returns a row.
pub(super) fn call(source: &Source, text: &str) {
    let mut timer = source.call(black_box(text));
    timer.add_returned(1);
    timer.complete();
}
