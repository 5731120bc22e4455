//! One observed call over and over, for a counter of instructions.
//!
//! `cargo xtask bench --gate` runs it under callgrind with two numbers of calls; the difference is what a call costs, without
//! what it takes to start. The clock is driven by hand, as callgrind has none worth reading.

use std::hint::black_box;

use monitor_core::Monitor;
use monitor_core::capture::{Clock, Database, System};

/// A statement of ordinary length.
const TEXT: &str = "select id, customer_id, status, total, created_at from orders \
     where customer_id = $1 and status = $2 order by created_at desc limit $3";

fn main() {
    // Cargo adds arguments of its own, such as `--bench`.
    let Some(calls) = std::env::args().nth(1).and_then(|calls| calls.parse::<u32>().ok()) else {
        return;
    };
    let (clock, hands) = Clock::by_hand();
    let Ok(monitor) = Monitor::builder().clock(clock).beat_by_hand().build() else { return };
    let source = monitor.database(Database::of(System::PostgreSql));
    hands.advance(std::time::Duration::from_millis(1));
    for _ in 0..calls {
        let mut timer = source.call(black_box(TEXT));
        timer.add_returned(1);
        timer.complete();
    }
    assert_eq!(monitor.snapshot().lifetime.total.calls, u64::from(calls));
}
