//! The numbers of one series.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::entry::Entry;
use super::event::{ErrorDetail, Rest};
use super::fresh::Fresh;
use super::parts::Part;
use super::slowness::Slowness;
use crate::identify::Kind;
use crate::snapshot::{Activity, ERROR_CODES_MAX, ErrorCount, codes, merge_errors};

/// The numbers of one series: what the windows have seen already, and what they have not.
pub(super) struct Tally {
    /// Changes when a window is cut; in between, who reads it shares it.
    seen: Arc<Activity>,
    fresh: Fresh,
}

/// A copy of a tally, made in a moment: adding up is for later.
pub(super) struct Copied {
    seen: Arc<Activity>,
    fresh: Option<Box<Fresh>>,
}

/// Of a series that comes and goes between two beats the windows see nothing: no memory is taken for that.
static NOTHING: LazyLock<Arc<Activity>> = LazyLock::new(Arc::default);

// === impl Tally ===

impl Default for Tally {
    fn default() -> Self {
        Self { seen: NOTHING.clone(), fresh: Fresh::default() }
    }
}

impl Tally {
    /// Counts calls of a statement of some kind that have no rest. Says how many of them are slow.
    #[inline]
    pub(super) fn add_plain(&mut self, calls: &[Entry], kind: Kind, slowness: Slowness) -> u64 {
        match kind {
            // Most calls are queries: their rows are counted by code that knows it.
            Kind::Select => {
                let rows = |call: &Entry| call.rows(None).counted_for(Kind::Select);
                self.fresh.count(calls, rows, slowness)
            }
            kind => self.fresh.count(calls, |call| call.rows(None).counted_for(kind), slowness),
        }
    }

    /// Counts a call of a statement of some kind. Says whether its error code had to be left out.
    pub(super) fn add(
        &mut self,
        entry: &Entry,
        rest: Option<&Rest>,
        kind: Kind,
        slowness: Slowness,
    ) -> bool {
        let rows = |call: &Entry| call.rows(rest).counted_for(kind);
        self.fresh.count(std::slice::from_ref(entry), rows, slowness);
        let error = rest.and_then(|rest| rest.error.as_ref());
        error.is_some_and(|error| self.add_error(error, entry.duration()))
    }

    /// Adds where the time of a call went.
    pub(super) fn add_part(&mut self, part: Part) {
        part.add_to(&mut self.fresh.parts);
    }

    #[cold]
    fn add_error(&mut self, error: &ErrorDetail, took: Duration) -> bool {
        let ErrorDetail { class, code } = error;
        let errors = &mut self.fresh.errors;
        let is = |error: &ErrorCount, code: Option<&str>| {
            error.class == *class && error.code.as_deref() == code
        };
        let code = code.as_deref();
        // Codes of the whole life count against the bound, as both parts end up together.
        let known = errors.iter().chain(&self.seen.errors).any(|error| is(error, code));
        let full = codes(errors).max(codes(&self.seen.errors)) >= ERROR_CODES_MAX;
        let fold = full && !known && code.is_some();
        let code = code.filter(|_| !fold);
        match errors.iter_mut().find(|error| is(error, code)) {
            Some(error) => error.add(took),
            None => {
                let mut error = ErrorCount::new(*class, code);
                error.add(took);
                errors.push(error);
            }
        }
        fold
    }

    /// Whether any call was counted.
    #[inline]
    pub(super) fn was_called(&self) -> bool {
        self.calls() > 0
    }

    /// Calls counted so far.
    #[inline]
    pub(super) fn calls(&self) -> u64 {
        self.fresh.calls + self.seen.calls
    }

    /// The 95th percentile of all calls so far.
    pub(super) fn p95(&self) -> Duration {
        let mut times = self.fresh.histogram();
        times.merge(&self.seen.histogram);
        times.quantile(0.95).unwrap_or_default()
    }

    /// A copy, where any call was counted.
    pub(super) fn copied(&self) -> Option<Copied> {
        let fresh = (self.fresh.calls > 0).then(|| Box::new(self.fresh.clone()));
        self.was_called().then(|| Copied { seen: self.seen.clone(), fresh })
    }

    /// What the windows have not seen until now.
    pub(super) fn take_fresh(&mut self) -> Option<Activity> {
        if self.fresh.calls == 0 {
            return None;
        }
        let fresh = self.fresh.activity();
        self.fresh.clear();
        Arc::make_mut(&mut self.seen).merge(&fresh);
        Some(fresh)
    }

    /// Adds the numbers of another one; what is fresh stays fresh.
    pub(super) fn merge(&mut self, other: &Self) {
        if other.seen.calls > 0 {
            Arc::make_mut(&mut self.seen).merge(&other.seen);
        }
        self.fresh.merge(&other.fresh);
        merge_errors(&mut self.fresh.errors, &other.fresh.errors);
    }
}

// === impl Copied ===

impl Copied {
    /// All numbers.
    pub(super) fn all(&self) -> Activity {
        let Some(fresh) = self.fresh() else { return Activity::clone(&self.seen) };
        let mut all = fresh.activity();
        if self.seen.calls > 0 {
            all.merge(&self.seen);
        }
        all
    }

    /// Those that the windows have not seen, where there are any.
    pub(super) fn fresh(&self) -> Option<&Fresh> {
        self.fresh.as_deref()
    }
}
