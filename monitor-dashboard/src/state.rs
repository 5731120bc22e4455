//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use monitor_core::Monitor;
use tokio::sync::Semaphore;

use crate::dashboard::Dashboard;
use crate::guard::{Access, Sessions};
use crate::limits::Limits;
use crate::moments::Moments;
use crate::reading::Readings;

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) monitor: Monitor,
    pub(crate) readings: Readings,
    pub(crate) access: Access,
    pub(crate) sessions: Sessions,
    pub(crate) hosts: Vec<String>,
    pub(crate) actions: bool,
    pub(crate) limits: Limits,
    pub(crate) moments: Moments,
    /// Requests that may still come in from those who may look.
    pub(crate) requests: Semaphore,
    /// The same for everybody else, so that no stranger takes the place of one who may look.
    pub(crate) strangers: Semaphore,
    /// Streams that may still be opened.
    pub(crate) streams: Arc<Semaphore>,
    /// Held by whoever compares: it takes a processor, and memory for what was uploaded.
    pub(crate) comparing: Arc<Semaphore>,
    refused: AtomicU64,
    #[cfg(feature = "prometheus")]
    pub(crate) exporter: monitor_prometheus::Exporter,
}

// === impl Shared ===

impl Shared {
    pub(crate) fn new(dashboard: Dashboard, access: Access) -> Self {
        let Dashboard { monitor, hosts, actions, limits, .. } = dashboard;
        Self {
            readings: Readings::new(&monitor),
            access,
            sessions: Sessions::default(),
            hosts,
            actions,
            limits,
            moments: Moments::default(),
            requests: Semaphore::new(limits.requests_max),
            strangers: Semaphore::new(limits.requests_max),
            streams: Arc::new(Semaphore::new(limits.streams_max)),
            comparing: Arc::new(Semaphore::new(1)),
            refused: AtomicU64::new(0),
            #[cfg(feature = "prometheus")]
            exporter: monitor_prometheus::Exporter::new(&monitor),
            monitor,
        }
    }

    /// Counts what a limit refused.
    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// What limits have refused.
    pub(crate) fn refusals(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    pub(crate) fn has_session(&self, secret: Option<&str>) -> bool {
        secret.is_some_and(|secret| self.sessions.has(secret, self.monitor.clock().now()))
    }

    pub(crate) fn begin_session(&self) -> Option<String> {
        self.sessions.begin(self.monitor.clock().now(), self.limits.sessions_max)
    }
}
