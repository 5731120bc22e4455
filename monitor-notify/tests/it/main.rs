//! monitor-notify through its public API, against receivers that behave badly. Time is the test's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod alertmanager;
mod http;
mod log;
mod pagerduty;
mod secrets;
mod server;
mod slack;
mod slow_calls;
mod tokio;
mod webhook;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use monitor_core::capture::{Clock, Hands};
use monitor_core::deliver::Sink;
use monitor_core::judge::{Finding, Severity};
use monitor_core::snapshot::SinkActivity;
use monitor_core::{Builder, Monitor};

/// A monitor with one sink, whose trouble, time and beat are in the test's hands.
struct World {
    monitor: Monitor,
    hands: Hands,
    trouble: Arc<Mutex<Vec<Finding>>>,
}

impl World {
    fn with(sink: impl Sink + 'static) -> Self {
        Self::of(Builder::default().sink(sink).beat_by_hand())
    }

    fn of(builder: Builder) -> Self {
        let (clock, hands) = Clock::by_hand();
        let trouble: Arc<Mutex<Vec<Finding>>> = Arc::default();
        let now = trouble.clone();
        let builder = builder
            .clock(clock)
            .alert_held_for(Duration::ZERO)
            .alert_clear_for(secs(5))
            .rule("full-disk", move |_| now.lock().unwrap().clone());
        Self { monitor: builder.build().unwrap(), hands, trouble }
    }

    /// From now on this is the trouble there is; the review that finds it comes with it.
    fn trouble(&self, findings: impl IntoIterator<Item = Finding>) {
        *self.trouble.lock().unwrap() = findings.into_iter().collect();
        self.hands.advance(secs(5));
        self.monitor.beat();
    }

    /// One disk is full.
    fn one(&self) {
        self.trouble([disk("a")]);
    }

    /// Lets seconds pass, a beat each.
    fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.hands.advance(secs(1));
            self.monitor.beat();
        }
    }

    fn sink(&self) -> SinkActivity {
        self.monitor.snapshot().sinks.remove(0)
    }
}

fn disk(name: &str) -> Finding {
    Finding::new(Severity::Warning, name, format!("disk {name} is 97 % full")).measured(0.97, 0.9)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
