//! All sinks of one monitor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Sink;
use super::lane::Lane;
use crate::capture::Clock;
use crate::judge::{Alert, Notice};
use crate::snapshot::SinkActivity;

/// All sinks of one monitor. Their threads end with it.
pub(crate) struct Dispatch {
    lanes: Vec<Arc<Lane>>,
    by_hand: bool,
}

// === impl Dispatch ===

impl Dispatch {
    /// With `by_hand` there are no threads, and [`beat`](Self::beat) tells what is due.
    ///
    /// # Errors
    ///
    /// What is wrong with a sink's settings, and what would work.
    pub(crate) fn new(
        sinks: Vec<Box<dyn Sink>>,
        clock: &Clock,
        by_hand: bool,
    ) -> Result<Self, String> {
        let mut names: Vec<Arc<str>> = Vec::new();
        for sink in &sinks {
            let name = unused(sink.name(), &names);
            if let Some(fault) = sink.delivery().fault() {
                return Err(format!("delivery to `{name}`: {fault}"));
            }
            names.push(name);
        }
        let lane = |(name, sink)| Arc::new(Lane::new(name, sink, clock.clone()));
        let lanes = names.into_iter().zip(sinks).map(lane).collect();
        Ok(Self { lanes, by_hand })
    }

    /// Leaves notices for every sink, and which alerts fire now. Waits for none of them.
    pub(crate) fn tell(&self, notices: &[Notice], firing: Vec<Alert>) {
        let firing: Arc<[Alert]> = firing.into();
        for lane in &self.lanes {
            lane.offer(notices, &firing);
            if !self.by_hand {
                lane.start();
            }
        }
    }

    /// Tells what is due, where no thread does.
    pub(crate) fn beat(&self) {
        if self.by_hand {
            self.lanes.iter().for_each(|lane| lane.work_off());
        }
    }

    /// Waits until every sink was told what waits for it; whether that was so in time, and of all of it.
    pub(crate) fn done_within(&self, limit: Duration) -> bool {
        let lost = self.lost();
        self.beat();
        let start = Instant::now();
        let mut lanes = self.lanes.iter();
        let done = lanes.all(|lane| lane.done_within(limit.saturating_sub(start.elapsed())));
        done && self.lost() == lost
    }

    /// Notices that somebody was not told of.
    fn lost(&self) -> u64 {
        self.activities().iter().map(|sink| sink.dropped + sink.given_up).sum()
    }

    pub(crate) fn activities(&self) -> Vec<SinkActivity> {
        self.lanes.iter().map(|lane| lane.activity()).collect()
    }
}

impl Drop for Dispatch {
    /// Waits for no thread: one whose sink hangs would hang whoever drops the monitor.
    fn drop(&mut self) {
        self.lanes.iter().for_each(|lane| lane.end());
    }
}

/// A name no sink has yet: the second `slack` is `slack-2`.
fn unused(name: &str, taken: &[Arc<str>]) -> Arc<str> {
    let mut candidate = name.to_owned();
    let mut number = 2;
    while taken.iter().any(|taken| **taken == *candidate) {
        candidate = format!("{name}-{number}");
        number += 1;
    }
    candidate.into()
}
