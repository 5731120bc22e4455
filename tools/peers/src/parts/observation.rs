//! One observed call: by one thread, by two at once, of many statements, and after the caches were used for something else.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Count;
use crate::observers::{self, Observer, STATEMENTS, Statements};
use crate::report::{Cell, Table};
use crate::rounds::{Rounds, Variant};

/// Observations of one block: short enough that an interruption spoils one block, not the median.
const BLOCK: u32 = 2_000;
const ROUNDS: usize = 201;
/// Of two threads, which have to be started for it.
const BLOCK_OF_TWO: u32 = 20_000;
const ROUNDS_OF_TWO: usize = 51;
/// Observations before a block of two threads: what a new thread sets up is not what is compared.
const WARM_UP: u32 = 200;
/// Memory that is walked before each observation that finds the caches cold.
const WALKED_BYTES: usize = 32 << 20;
/// What a processor fetches at a time.
const LINE_BYTES: usize = 64;
const BLOCK_COLD: u32 = 2;
const ROUNDS_COLD: usize = 101;
/// Observations of which allocations are counted.
const COUNTED: u32 = 10_000;

/// Columns that aims and pictures ask for.
pub mod columns {
    /// One thread, one statement.
    pub const ONE: &str = "one thread";
    /// Two threads on the same statement.
    pub const TWO: &str = "two threads, each";
    /// One thread, a thousand statements in turn.
    pub const MANY: &str = "1 000 statements";
    /// One thread, after a walk over memory.
    pub const COLD: &str = "cache-cold";
    /// Allocations of an observation.
    pub const ALLOCATIONS: &str = "allocations";
}

pub(super) fn run() -> Result<Vec<Table>> {
    let everybody: &'static [Observer] = observers::all(&Statements::new())?.leak();
    let variants = |of: fn(&'static Observer) -> Variant| everybody.iter().map(of).collect();
    let mut table = Table::new(
        observers::TABLE,
        "One observed call",
        "median time above the empty way; others get their labels for nothing and look no statement up, a monitor starts with the text; \
         \"told the time\" reads no clock; cache-cold: after a walk over 32 MB",
        &[columns::ONE, columns::TWO, columns::MANY, columns::COLD, columns::ALLOCATIONS],
    );
    for (column, variants, rounds, block) in [
        (columns::ONE, variants(one), ROUNDS, BLOCK),
        (columns::TWO, variants(two), ROUNDS_OF_TWO, BLOCK_OF_TWO),
        (columns::MANY, variants(many), ROUNDS, BLOCK),
        (columns::COLD, variants(cold), ROUNDS_COLD, BLOCK_COLD),
    ] {
        let mut variants: Vec<Variant> = variants;
        let rounds = Rounds::run(&mut variants, rounds, block);
        for (variant, cost) in variants.iter().zip(rounds.costs()) {
            let is_first = variant.name == observers::names::NOTHING;
            let nanos = if is_first { cost.median } else { cost.above };
            table.set(variant.name, column, Cell::Nanos(nanos));
        }
    }
    Ok(vec![table])
}

/// How many allocations each needs, which is no matter of time.
pub(super) fn allocations(count: Count) -> Result<Vec<Table>> {
    let mut table = Table::new(observers::TABLE, "", "", &[columns::ALLOCATIONS]);
    for observer in observers::all(&Statements::new())? {
        (0..WARM_UP).for_each(|_| (observer.observe)(0));
        let counted = count(&mut || (0..COUNTED).for_each(|_| (observer.observe)(0)));
        // What is shared by thousands, as a longer list, is none of one of them.
        let each = (counted as f64 / f64::from(COUNTED) * 100.0).round() / 100.0;
        table.set(observer.name, columns::ALLOCATIONS, Cell::Count(each));
    }
    Ok(vec![table])
}

fn one(observer: &'static Observer) -> Variant {
    Variant::new(observer.name, |_| (observer.observe)(0))
}

fn many(observer: &'static Observer) -> Variant {
    Variant::new(observer.name, |n| (observer.observe)(n as usize % STATEMENTS))
}

/// Two threads at once; each tells how long its own took, and the mean counts.
fn two(observer: &'static Observer) -> Variant {
    Variant::timed(observer.name, |times| {
        let start = Barrier::new(2);
        let work = || {
            (0..WARM_UP).for_each(|_| (observer.observe)(0));
            start.wait();
            let since = Instant::now();
            (0..times).for_each(|_| (observer.observe)(0));
            since.elapsed()
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(work);
            let mine = work();
            other.join().map_or(mine, |theirs| (mine + theirs) / 2)
        })
    })
}

/// Only the observation is timed. The clock, which the walk has made cold as well, is timed in the empty way too.
fn cold(observer: &'static Observer) -> Variant {
    let memory = vec![1_u8; WALKED_BYTES];
    let mut next = 0;
    Variant::timed(observer.name, move |times| {
        let mut took = Duration::ZERO;
        for _ in 0..times {
            let sum: u64 = memory.iter().step_by(LINE_BYTES).map(|&byte| u64::from(byte)).sum();
            black_box(sum);
            // Another statement each time, so that its numbers are cold as well.
            next = (next + 7) % STATEMENTS;
            let since = Instant::now();
            (observer.observe)(next);
            took += since.elapsed();
        }
        took
    })
}
