//! What is out or open now, and by whom.

use std::sync::Arc;
use std::time::Duration;

use rapidhash::RapidHashMap;

use super::last_call::LastCall;
use crate::capture::{CallSite, Tick};

/// What is out or open now; at most so many.
#[derive(Default)]
pub(super) struct Followed {
    next: u64,
    now: RapidHashMap<u64, Holder>,
}

/// Since when something is out or open, and by whom.
pub(super) struct Holder {
    pub(super) since: Tick,
    pub(super) call_site: Option<CallSite>,
    pub(super) last_call: Option<Arc<LastCall>>,
}

// === impl Followed ===

impl Followed {
    /// Follows one more, by the number that is returned; `None` where there are too many.
    pub(super) fn add(
        &mut self,
        since: Tick,
        call_site: Option<CallSite>,
        last_call: Option<Arc<LastCall>>,
        most: usize,
    ) -> Option<u64> {
        if self.now.len() >= most {
            return None;
        }
        self.next += 1;
        self.now.insert(self.next, Holder { since, call_site, last_call });
        Some(self.next)
    }

    pub(super) fn remove(&mut self, id: Option<u64>) {
        if let Some(id) = id {
            self.now.remove(&id);
        }
    }

    /// Its holder can be asked what it runs.
    pub(super) fn shows(&mut self, id: Option<u64>, last_call: Arc<LastCall>) {
        if let Some(holder) = id.and_then(|id| self.now.get_mut(&id)) {
            holder.last_call = Some(last_call);
        }
    }

    pub(super) fn holders(&self) -> impl Iterator<Item = &Holder> {
        self.now.values()
    }

    pub(super) fn ages(&self, now: Tick) -> impl Iterator<Item = Duration> + '_ {
        self.now.values().map(move |holder| now.since(holder.since))
    }
}
