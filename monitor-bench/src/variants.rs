//! What is measured.

use std::hint::black_box;
use std::time::{Duration, Instant};

use monitor_core::capture::{Call, Clock, Database, ErrorClass, Failure, System};
use monitor_core::{BuildError, Monitor, Source};

/// A statement of ordinary length.
pub(crate) const TEXT: &str = "select id, customer_id, status, total, created_at from orders \
     where customer_id = $1 and status = $2 order by created_at desc limit $3";

/// One thing to do so many times.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) block: Box<dyn FnMut(u32)>,
}

impl Variant {
    pub(crate) fn new(name: &'static str, mut once: impl FnMut(u32) + 'static) -> Self {
        Self { name, block: Box::new(move |times| (0..times).for_each(&mut once)) }
    }

    /// All of them; the first is the empty block the others are compared with.
    pub(crate) fn all() -> Result<Vec<Self>, BuildError> {
        let quiet = source(Monitor::builder().beat_by_hand().recent_calls_max(0).build()?);
        let kept = source(Monitor::builder().beat_by_hand().build()?);
        let again = source(Monitor::builder().beat_by_hand().build()?);
        let many = source(Monitor::builder().beat_by_hand().build()?);
        let unfollowed =
            source(Monitor::builder().beat_by_hand().running_per_thread_max(0).build()?);
        let failing = source(Monitor::builder().beat_by_hand().build()?);
        let recorded = source(Monitor::builder().beat_by_hand().build()?);
        let off = source(Monitor::off());
        let texts: Vec<String> =
            (0..200).map(|n| format!("{TEXT} /* {n} */ offset t{n}")).collect();
        let clock = Clock::real();
        Ok(vec![
            Self::new("nothing (A)", |n| {
                black_box(n);
            }),
            Self::new("nothing (A/A)", |n| {
                black_box(n);
            }),
            Self::new("two readings of Instant", |_| {
                black_box(black_box(Instant::now()).elapsed());
            }),
            Self::new("two readings of the monitor's clock", move |_| {
                black_box(clock.now().since(black_box(clock.now())));
            }),
            Self::new("a call, monitor off", move |_| call(&off, TEXT)),
            Self::new("a call, no history of recent calls", move |_| call(&quiet, TEXT)),
            Self::new("a call (B)", move |_| call(&kept, TEXT)),
            Self::new("a call (B/B)", move |_| call(&again, TEXT)),
            Self::new("a call, not followed while it runs", move |_| call(&unfollowed, TEXT)),
            Self::new("a call, 200 statements in turn", move |n| {
                call(&many, &texts[n as usize % texts.len()]);
            }),
            Self::new("a call that fails with a code", move |_| {
                let failure = Failure::new(ErrorClass::UniqueViolation).with_code("23505");
                failing.call(black_box(TEXT)).fail(failure);
            }),
            Self::new("a call handed over when it has ended", move |_| {
                recorded.record(Call::new(black_box(TEXT), Duration::from_micros(50)));
            }),
        ])
    }
}

fn source(monitor: Monitor) -> Source {
    monitor.database(Database::of(System::PostgreSql))
}

fn call(source: &Source, text: &str) {
    let mut timer = source.call(black_box(text));
    timer.add_returned(1);
    timer.complete();
}
