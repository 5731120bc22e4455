//! Calls by the unit of work they belong to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::reading::Shape;
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

/// What there has to be of a run before it is worth a word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Least {
    /// Reads from one line in one unit of work.
    pub(crate) reads: usize,
    /// Writes.
    pub(crate) writes: usize,
    /// Time of the calls together below which nobody feels them.
    pub(crate) time: Duration,
}

/// What is made of one run.
pub(super) enum RunVerdict {
    Yes,
    No(String),
    Unknown(String),
}

/// Calls that follow one another within this time on average belong to one loop; a poller waits longer.
const GAP_MAX: Duration = Duration::from_millis(200);
/// Different parameters, as a share of the calls.
const VARIETY_MIN: f64 = 0.8;
/// Rows of a call from which on it is a page rather than a look-up.
const ROWS_MAX: u64 = 200;
/// Calls of other statements between writes, as a share of these, up to which it is one loop.
const BETWEEN_MAX: f64 = 0.2;
/// How long the same question is asked, with hardly anything in between, before it is taken for a poll.
const POLL_MIN: Duration = Duration::from_secs(5);
/// How much of that time a poll takes at most; who loops over rows waits for nothing but the database.
const POLL_BUSY_MAX: f64 = 0.1;

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

/// Every run of one unit of work, of the statements for which `wanted` holds.
pub(super) fn runs_of<'a>(
    unit: &[&'a StoryCall],
    wanted: &impl Fn(&StoryCall) -> bool,
) -> Vec<Run<'a>> {
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

// === impl Least ===

impl Default for Least {
    fn default() -> Self {
        Self { reads: 5, writes: 20, time: Duration::from_millis(10) }
    }
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

    /// Whether somebody does little else, for a long time, than ask whether there is something new.
    pub(super) fn is_poll(&self) -> bool {
        let (Some(first), Some(last)) = (self.calls.first(), self.calls.last()) else {
            return false;
        };
        let span = last.start.saturating_sub(first.start);
        span >= POLL_MIN
            && self.between as f64 <= BETWEEN_MAX * self.len() as f64
            && self.time().as_secs_f64() <= POLL_BUSY_MAX * span.as_secs_f64()
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

    /// Whether these reads are a loop over rows.
    pub(super) fn judge_reads(&self, shape: Option<&Shape>, least: &Least) -> RunVerdict {
        let no = |why: &str| RunVerdict::No(why.to_owned());
        let calls = self.len();
        if calls < least.reads {
            return RunVerdict::No(format!("{calls} calls from one line are few"));
        }
        if self.has_error() {
            return no("there were errors in between, as in a retry");
        }
        if self.calls.iter().any(|call| call.rows.returned.is_some_and(|rows| rows >= ROWS_MAX)) {
            return no("the calls give pages of rows");
        }
        if shape.is_some_and(|shape| shape.listed) {
            return no("it asks for a list at once already");
        }
        if shape.is_some_and(|shape| shape.paged || (shape.limited && !shape.ranges.is_empty())) {
            return no("it goes through the pages of a result");
        }
        if !self.is_close() {
            return no("the calls are too far apart for a loop");
        }
        if self.time() < least.time {
            return RunVerdict::No(format!("{:.1?} in all is not felt", self.time()));
        }
        self.judge_variety()
    }

    /// Whether these writes are a loop over rows.
    pub(super) fn judge_writes(&self, least: &Least) -> RunVerdict {
        let no = |why: &str| RunVerdict::No(why.to_owned());
        let calls = self.len();
        if calls < least.writes {
            return RunVerdict::No(format!("{calls} calls from one line are few"));
        }
        if self.has_error() {
            return no("there were errors in between, as in a retry");
        }
        if self.between as f64 > BETWEEN_MAX * calls as f64 {
            return no("other statements run in between");
        }
        if self.calls.iter().any(|call| call.rows.affected.is_some_and(|rows| rows >= ROWS_MAX)) {
            return no("each call changes many rows at once");
        }
        if !self.is_close() {
            return no("the calls are spaced out");
        }
        self.judge_variety()
    }

    fn judge_variety(&self) -> RunVerdict {
        match self.variety() {
            None => RunVerdict::Unknown("parameters are not known".into()),
            Some(variety) if variety < VARIETY_MIN => {
                RunVerdict::No("the parameters repeat".into())
            }
            Some(_) => RunVerdict::Yes,
        }
    }
}
