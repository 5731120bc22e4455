//! Where the time of calls went, added up.

use std::time::Duration;

/// Where the time of calls went, as far as somebody saw it; each part has the number of calls it was seen of.
///
/// A call with neither has its duration and nothing else: it ran on a connection that was there, and its answer
/// came in one piece. So did that of a call through diesel whose reader came for one row and let go of it, as `first` and
/// `get_result` do: it ended with that row. What one slow call's parts were, its [record](super::CallRecord) tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartSums {
    /// Calls for which a connection was taken from the pool for them alone. Counted when it is there.
    pub on_pool: u64,
    /// Their waits for it. Not part of the calls' time, and part of the pool's.
    pub pool_wait: Duration,
    /// Calls whose rows, or pieces, were read one by one, and of which at least one answer came.
    pub streamed: u64,
    /// Their time until the first answer was there. Part of the calls' time.
    pub first_row: Duration,
    /// The database's time for all that came after. Part of the calls' time.
    pub fetch: Duration,
    /// What their readers took between rows for themselves. Not part of the calls' time.
    pub reader: Duration,
}

// === impl PartSums ===

impl PartSums {
    /// Adds those of other calls.
    pub fn merge(&mut self, other: &Self) {
        self.on_pool = self.on_pool.saturating_add(other.on_pool);
        self.pool_wait = self.pool_wait.saturating_add(other.pool_wait);
        self.streamed = self.streamed.saturating_add(other.streamed);
        self.first_row = self.first_row.saturating_add(other.first_row);
        self.fetch = self.fetch.saturating_add(other.fetch);
        self.reader = self.reader.saturating_add(other.reader);
    }

    /// What was added since `earlier`, an older reading of the same calls.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            on_pool: self.on_pool.saturating_sub(earlier.on_pool),
            pool_wait: self.pool_wait.saturating_sub(earlier.pool_wait),
            streamed: self.streamed.saturating_sub(earlier.streamed),
            first_row: self.first_row.saturating_sub(earlier.first_row),
            fetch: self.fetch.saturating_sub(earlier.fetch),
            reader: self.reader.saturating_sub(earlier.reader),
        }
    }

    /// Mean wait of the calls that had one.
    #[must_use]
    pub fn pool_wait_mean(&self) -> Option<Duration> {
        mean(self.pool_wait, self.on_pool)
    }

    /// Mean time to the first answer of the calls whose rows were read one by one.
    #[must_use]
    pub fn first_row_mean(&self) -> Option<Duration> {
        mean(self.first_row, self.streamed)
    }

    /// Mean of what readers of rows took for themselves in a call.
    #[must_use]
    pub fn reader_mean(&self) -> Option<Duration> {
        mean(self.reader, self.streamed)
    }
}

fn mean(sum: Duration, calls: u64) -> Option<Duration> {
    let nanos = sum.as_nanos().checked_div(u128::from(calls))?;
    Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
}
