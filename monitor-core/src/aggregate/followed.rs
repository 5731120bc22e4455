//! What is out or open now, and by whom.

use std::sync::Arc;
use std::time::Duration;

use super::last_call::LastCall;
use crate::capture::{CallSite, Tick};

/// What is out or open now; at most so many.
#[derive(Default)]
pub(super) struct Followed {
    places: Vec<Option<Holder>>,
    /// Places that nothing is in.
    free: Vec<usize>,
}

/// Since when something is out or open, and by whom.
pub(super) struct Holder {
    pub(super) since: Tick,
    pub(super) call_site: Option<CallSite>,
    pub(super) last_call: Option<Arc<LastCall>>,
}

// === impl Followed ===

impl Followed {
    /// Follows one more, by the place that is returned; `None` where there are too many.
    pub(super) fn add(
        &mut self,
        since: Tick,
        call_site: Option<CallSite>,
        last_call: Option<Arc<LastCall>>,
        most: usize,
    ) -> Option<usize> {
        let holder = Some(Holder { since, call_site, last_call });
        if let Some(place) = self.free.pop() {
            self.places[place] = holder;
            return Some(place);
        }
        let place = self.places.len();
        (place < most).then(|| {
            self.places.push(holder);
            place
        })
    }

    pub(super) fn remove(&mut self, place: Option<usize>) {
        if let Some(place) = place {
            self.places[place] = None;
            self.free.push(place);
        }
    }

    /// Its holder can be asked what it runs.
    pub(super) fn shows(&mut self, place: Option<usize>, last_call: Arc<LastCall>) {
        if let Some(holder) = place.and_then(|place| self.places[place].as_mut()) {
            holder.last_call = Some(last_call);
        }
    }

    pub(super) fn holders(&self) -> impl Iterator<Item = &Holder> {
        self.places.iter().flatten()
    }

    pub(super) fn ages(&self, now: Tick) -> impl Iterator<Item = Duration> + '_ {
        self.holders().map(move |holder| now.since(holder.since))
    }
}
