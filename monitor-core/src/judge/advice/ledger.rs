//! What was advised before, so that a reader sees what is new.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::Recommendation;

/// When each recommendation was given first and last.
///
/// Holds at most so many as it was made for; when it is full, the one not given for longest leaves, and is counted.
#[derive(Debug)]
pub(crate) struct Ledger {
    seen: BTreeMap<String, Seen>,
    remembered_max: usize,
    forgotten: u64,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    first: SystemTime,
    last: SystemTime,
}

// === impl Ledger ===

impl Ledger {
    pub(crate) fn new(remembered_max: usize) -> Self {
        Self { seen: BTreeMap::new(), remembered_max, forgotten: 0 }
    }

    /// Takes down what is advised now, and writes into it when it was first.
    pub(crate) fn enter(&mut self, advised: &mut [Recommendation]) {
        for advice in advised {
            let now = advice.last_seen;
            let seen =
                self.seen.entry(advice.key.clone()).or_insert(Seen { first: now, last: now });
            seen.last = now;
            advice.first_seen = seen.first;
        }
        while self.seen.len() > self.remembered_max {
            let oldest = self.seen.iter().min_by_key(|(_, seen)| seen.last);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { return };
            self.seen.remove(&key);
            self.forgotten += 1;
        }
    }

    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}
