//! The guard of a probe on its way.

use std::fmt;
use std::sync::Arc;

use super::source::Live;
use crate::capture::{ProbeEnd, Tick};

/// Times one probe. Dropped without an end it says nothing; as long as it lives, the time it has
/// been waiting shows in the source's [contact](crate::snapshot::ContactActivity).
pub struct ProbeTimer {
    live: Option<(Arc<Live>, Tick)>,
}

// === impl ProbeTimer ===

impl ProbeTimer {
    pub(super) fn start(live: Option<Arc<Live>>) -> Self {
        let live = live.map(|live| {
            let began = live.monitor.registry.clock.now();
            live.source.contact.probe_begins(began);
            (live, began)
        });
        Self { live }
    }

    /// The probe is back.
    pub fn end(mut self, end: ProbeEnd) {
        self.finish(Some(end));
    }

    fn finish(&mut self, end: Option<ProbeEnd>) {
        if let Some((live, began)) = self.live.take() {
            live.source.contact.probe_ends(end, began, live.monitor.registry.clock.now());
        }
    }
}

impl Drop for ProbeTimer {
    fn drop(&mut self) {
        self.finish(None);
    }
}

impl fmt::Debug for ProbeTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeTimer").finish_non_exhaustive()
    }
}
