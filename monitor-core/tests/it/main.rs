//! monitor-core through its public API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod advice;
mod alert_kinds;
mod alert_rules;
mod alerts;
mod building;
mod compare;
mod health;
mod health_shapes;
mod identify;
mod index_advice;
mod inquire;
mod limits;
mod observing;
mod parts;
mod random;
mod recording;
mod remembered;
mod running;
mod saved;
mod scopes;
mod show;
mod sides;
mod sinks;
mod slow_log;
mod starvation;
mod threads;
mod told;
mod trends;
mod windows;

use std::time::Duration;

use monitor_core::capture::{Clock, Database, Hands, PoolLevels, System};
use monitor_core::{Builder, Monitor, Source};

/// A monitor whose time and beat are in the test's hands.
struct World {
    monitor: Monitor,
    hands: Hands,
    shop: Source,
}

impl World {
    /// Lets time pass in beats of five seconds.
    fn pass(&self, seconds: u64) {
        for _ in 0..seconds / 5 {
            self.hands.advance(Duration::from_secs(5));
            self.monitor.beat();
        }
    }
}

/// A pool of at most ten connections that all exist, so many of them idle.
fn ten(idle: u32) -> PoolLevels {
    PoolLevels { size: 10, idle, max: Some(10), ..PoolLevels::default() }
}

fn world() -> World {
    world_with(|builder| builder)
}

fn world_with(change: impl FnOnce(Builder) -> Builder) -> World {
    let (clock, hands) = Clock::by_hand();
    let monitor = change(Monitor::builder().clock(clock).beat_by_hand()).build().unwrap();
    let shop = monitor.database(shop());
    World { monitor, hands, shop }
}

fn shop() -> Database {
    Database {
        system: System::PostgreSql,
        name: "shop".into(),
        host: "db".into(),
        port: Some(5432),
    }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
