//! A million texts: how they are made, and how they are told.

use std::time::{Duration, Instant};

use monitor_core::Source;
use monitor_core::capture::Call;

/// Calls of a flood.
pub const CALLS: u32 = 1_000_000;
/// Calls between two looks at the clock. Their texts are written before, into memory that is used again, so that a text is
/// as warm as one that was just built.
const BLOCK: u32 = 500;
/// Statements that are called again and again while others are called once.
const HOT: u32 = 100;

/// Texts, by the number of a call.
#[derive(Clone, Copy)]
pub struct Flood {
    /// What the rows are called.
    pub name: &'static str,
    text: fn(u32) -> String,
}

/// A value in each text, as those write who know no parameters: ten statements.
pub const LITERALS: Flood = Flood {
    name: "1 M texts of 10 statements",
    text: |n| {
        let table = n % 10;
        format!("select id, total from orders_{table} where id = {n} and status = 'open'")
    },
};

/// A statement for each call.
pub const STATEMENTS: Flood = Flood {
    name: "1 M statements",
    text: |n| format!("select id, total from orders_{n} where id = $1"),
};

/// Every second call is of a statement that is called once, the others of a hundred statements.
pub const ONE_SHOT: Flood = Flood {
    name: "1 M calls, half of them one-shot",
    text: |n| match n % 2 {
        0 => hot(n / 2 % HOT),
        _ => format!("select id, total from orders_{n} where id = $1"),
    },
};

// === impl Flood ===

impl Flood {
    /// Tells all calls, and returns what one took in each block. `around` is handed the telling of each block.
    pub fn run(self, source: &Source, mut around: impl FnMut(&mut dyn FnMut())) -> Vec<f64> {
        let mut blocks = Vec::with_capacity((CALLS / BLOCK) as usize);
        for first in (0..CALLS).step_by(BLOCK as usize) {
            let texts: Vec<String> = (first..first + BLOCK).map(self.text).collect();
            let start = Instant::now();
            around(&mut || {
                for text in &texts {
                    source.record(Call::new(text, Duration::from_micros(50)));
                }
            });
            blocks.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(BLOCK));
        }
        blocks
    }
}

/// The statements that are called again and again, as the monitor writes them, and the calls of each.
pub fn hot_statements() -> (impl Iterator<Item = String>, u64) {
    ((0..HOT).map(|n| hot(n).replace("$1", "?")), u64::from(CALLS / 2 / HOT))
}

fn hot(n: u32) -> String {
    format!("select id, note from customers_{n} where id = $1")
}
