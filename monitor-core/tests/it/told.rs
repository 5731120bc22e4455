//! A story, and what was told of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use monitor_core::capture::{Call, ErrorClass, Failure, Outcome, PoolLevels};
use monitor_core::judge::{Alert, AlertFilter, AlertState, FindingKind};
use monitor_core::{Builder, Monitor};

use super::{World, shop, ten, world_with};

/// A world, and what was told in it: kind and state of each alert, in order.
pub(super) struct Told {
    pub(super) world: World,
    told: Arc<Mutex<Vec<(FindingKind, AlertState)>>>,
}

impl Told {
    pub(super) fn with(change: impl FnOnce(Builder) -> Builder) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = told.clone();
        let world = world_with(|builder| {
            change(builder).on_alert(move |alert| {
                tell.lock().unwrap().push((alert.finding.kind, alert.state));
            })
        });
        Self { world, told }
    }

    pub(super) fn of(&self, kind: FindingKind) -> Vec<AlertState> {
        let told = self.told.lock().unwrap();
        told.iter().filter(|(known, _)| *known == kind).map(|(_, state)| *state).collect()
    }
}

pub(super) fn alerts(monitor: &Monitor, kind: FindingKind) -> Vec<Alert> {
    monitor.alerts_matching(&AlertFilter::default().kind(kind))
}

pub(super) fn usage(world: &World, in_use: u32) {
    let levels = PoolLevels { size: 100, idle: 100 - in_use, max: Some(100), ..ten(0) };
    world.monitor.pool("main", shop()).set_levels(levels);
}

pub(super) fn calls(world: &World, count: u64, failed: u64, took: Duration) {
    for number in 0..count {
        let call = Call::new("select 1", took);
        let failure = Outcome::Failed(Failure::new(ErrorClass::Other));
        world.shop.record(if number < failed { call.outcome(failure) } else { call });
    }
}

pub(super) const FIRED: AlertState = AlertState::Firing;
pub(super) const OVER: AlertState = AlertState::Resolved;
