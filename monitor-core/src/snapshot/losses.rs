//! What the limits made the monitor let go.

/// One counter for every limit: how often it made the monitor let go of a detail.
///
/// None of these loses a call from the totals: a statement without a place of its own is counted
/// under its kind as "other".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// Statements that gave up their place to newer ones; their numbers moved to "other".
    pub statements_evicted: u64,
    /// Calls missing from the slow log and the history of recent calls, because their statement lost
    /// its place while they were running.
    pub history_calls_dropped: u64,
    /// How often a pool or database beyond the limit was asked for; they are counted as one.
    pub sources_folded: u64,
    /// Error codes of one statement beyond the limit, counted by class only.
    pub error_codes_folded: u64,
    /// Statement readings left out of a window beat, counted there as "other".
    pub window_statements_folded: u64,
    /// Checkouts not followed to their holder, because too many were out at once.
    pub checkouts_untracked: u64,
    /// Alerts forgotten because the history was full.
    pub alerts_forgotten: u64,
    /// Recommendations whose first sight was forgotten, because too many were given.
    pub recommendations_forgotten: u64,
    /// Panics in what the monitor calls back or does on its beat, caught there.
    pub panics_caught: u64,
}

impl Losses {
    /// Name and value of each counter, in a fixed order.
    #[must_use]
    pub fn entries(&self) -> [(&'static str, u64); 9] {
        [
            ("statements_evicted", self.statements_evicted),
            ("history_calls_dropped", self.history_calls_dropped),
            ("sources_folded", self.sources_folded),
            ("error_codes_folded", self.error_codes_folded),
            ("window_statements_folded", self.window_statements_folded),
            ("checkouts_untracked", self.checkouts_untracked),
            ("alerts_forgotten", self.alerts_forgotten),
            ("recommendations_forgotten", self.recommendations_forgotten),
            ("panics_caught", self.panics_caught),
        ]
    }
}
