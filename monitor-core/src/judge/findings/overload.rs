//! What the monitor itself has to let go of.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use crate::judge::{Finding, FindingKind, Severity, Subject};
use crate::snapshot::Losses;

/// The time losses are added up over.
const SPAN: Duration = Duration::from_secs(60);

/// Losses in one span from which a limit is too small for the application. A service that starts
/// up, or is deployed, shows a burst of new statements; this many a minute is no burst.
const LOSSES_MAX: u64 = 1_000;

/// The losses that tell of a limit too small. The others count what a bounded history turns over, which is what it is
/// for.
const TELLING: [&str; 7] = [
    "statements_evicted",
    "sources_folded",
    "error_codes_folded",
    "checkouts_untracked",
    "transactions_untracked",
    "calls_unfollowed",
    "notices_dropped",
];

/// How the monitor's losses went over the last minute.
#[derive(Debug, Default)]
pub(crate) struct Overload {
    readings: VecDeque<(SystemTime, Losses)>,
}

// === impl Overload ===

impl Overload {
    /// Takes a reading; tells if the monitor let go of too much in the last minute.
    pub(crate) fn review(&mut self, losses: &Losses, at: SystemTime) -> Option<Finding> {
        let old = |then: &SystemTime| at.duration_since(*then).unwrap_or_default() > SPAN;
        while self.readings.front().is_some_and(|(then, _)| old(then)) {
            self.readings.pop_front();
        }
        self.readings.push_back((at, *losses));
        let (_, first) = self.readings.front()?;
        let grown = losses.entries().into_iter().zip(first.entries());
        let grown = grown.filter(|((name, _), _)| TELLING.contains(name));
        let (name, value) = grown
            .map(|((name, now), (_, before))| (name, now.saturating_sub(before)))
            .max_by_key(|(_, value)| *value)?;
        (value >= LOSSES_MAX).then(|| finding(name, value))
    }
}

fn finding(name: &str, value: u64) -> Finding {
    Finding {
        kind: FindingKind::MonitorOverload,
        severity: Severity::Warning,
        subject: Subject::Monitor,
        message: format!(
            "the monitor let go of {value} details in the last minute ({name}); totals are still \
             true, raise the limit if the details matter"
        ),
        value: value as f64,
        threshold: LOSSES_MAX as f64,
    }
}
