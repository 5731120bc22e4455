//! What all requests share.

use monitor_core::Monitor;

use crate::reading::Readings;

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) monitor: Monitor,
    pub(crate) readings: Readings,
}

// === impl Shared ===

impl Shared {
    pub(crate) fn new(monitor: &Monitor) -> Self {
        Self { monitor: monitor.clone(), readings: Readings::new(monitor) }
    }
}
