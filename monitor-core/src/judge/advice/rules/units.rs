//! Calls by the unit of work they belong to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::seen::Seen;
use crate::identify::Fingerprint;
use crate::judge::advice::StoryCall;

/// Calls of one statement from one line within one unit of work, in the order in which they started.
pub(super) struct Run<'a> {
    pub(super) calls: Vec<&'a StoryCall>,
    /// Calls of other statements in the unit between the first and the last of these.
    pub(super) between: usize,
    /// The call of another statement in the unit that started last before the first of these.
    pub(super) before: Option<&'a StoryCall>,
}

/// Calls that follow one another within this time on average belong to one loop; a poller waits longer.
const GAP_MAX: Duration = Duration::from_millis(200);

/// Every run of a story, of the statements for which `wanted` holds.
///
/// Calls of which the unit of work is not known belong to none.
pub(super) fn runs<'a>(seen: &Seen<'a>, wanted: impl Fn(&StoryCall) -> bool) -> Vec<Run<'a>> {
    let mut units = BTreeMap::<u64, Vec<&'a StoryCall>>::new();
    for call in &seen.story.calls {
        if let Some(scope) = call.scope {
            units.entry(scope).or_default().push(call);
        }
    }
    units.values().flat_map(|calls| runs_of(calls, &wanted)).collect()
}

fn runs_of<'a>(unit: &[&'a StoryCall], wanted: &impl Fn(&StoryCall) -> bool) -> Vec<Run<'a>> {
    let mut places = BTreeMap::<(Fingerprint, Option<Arc<str>>), Vec<usize>>::new();
    for (place, call) in unit.iter().enumerate().filter(|(_, call)| wanted(call)) {
        places.entry((call.fingerprint, call.caller.clone())).or_default().push(place);
    }
    let run = |places: Vec<usize>| {
        let (first, last) = (*places.first()?, *places.last()?);
        let calls: Vec<_> = places.iter().map(|&place| unit[place]).collect();
        let fingerprint = calls.first()?.fingerprint;
        let before = unit[..first].iter().rev().find(|call| call.fingerprint != fingerprint);
        Some(Run { between: last - first + 1 - calls.len(), before: before.copied(), calls })
    };
    places.into_values().filter_map(run).collect()
}

/// Whether the unit of work is known of any call.
pub(super) fn are_known(seen: &Seen<'_>) -> bool {
    seen.story.calls.iter().any(|call| call.scope.is_some())
}

// === impl Run ===

impl Run<'_> {
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Time of all calls together.
    pub(super) fn time(&self) -> Duration {
        self.calls.iter().map(|call| call.took).sum()
    }

    /// Time of all calls but one of average length: what doing it at once would save.
    pub(super) fn saved(&self) -> Duration {
        let calls = u32::try_from(self.len()).unwrap_or(u32::MAX).max(1);
        self.time() - self.time() / calls
    }

    pub(super) fn has_error(&self) -> bool {
        self.calls.iter().any(|call| call.error.is_some())
    }

    /// Whether they follow one another as a loop's calls do.
    pub(super) fn is_close(&self) -> bool {
        let (Some(first), Some(last)) = (self.calls.first(), self.calls.last()) else {
            return false;
        };
        let gaps = u32::try_from(self.len() - 1).unwrap_or(u32::MAX).max(1);
        last.start.saturating_sub(first.start) / gaps <= GAP_MAX
    }

    /// Whether most of them ran while another one did.
    pub(super) fn overlaps(&self) -> bool {
        let pairs = self.calls.windows(2);
        let overlapping = pairs.filter(|pair| pair[1].start < pair[0].end()).count();
        overlapping * 2 >= self.len()
    }

    /// Different parameters as a share of the calls; `None` where parameters are not known.
    pub(super) fn variety(&self) -> Option<f64> {
        let parameters: Option<BTreeSet<u64>> =
            self.calls.iter().map(|call| call.parameters).collect();
        Some(parameters?.len() as f64 / self.len() as f64)
    }
}
