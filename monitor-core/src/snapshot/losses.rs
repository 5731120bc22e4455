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
    /// Pools and databases beyond the limit, counted together as one.
    pub sources_folded: u64,
    /// Error codes of one statement beyond the limit, counted by class only.
    pub error_codes_folded: u64,
    /// Statement readings left out of a window beat, counted there as "other".
    pub window_statements_folded: u64,
    /// Checkouts not followed to their holder, because too many were out at once.
    pub checkouts_untracked: u64,
    /// Alerts forgotten because the history was full.
    pub alerts_forgotten: u64,
    /// Panics in a callback of the application's, caught on the beat.
    pub callbacks_panicked: u64,
}

impl Losses {
    /// Name and value of each counter, in a fixed order.
    #[must_use]
    pub fn entries(&self) -> [(&'static str, u64); 7] {
        [
            ("statements_evicted", self.statements_evicted),
            ("sources_folded", self.sources_folded),
            ("error_codes_folded", self.error_codes_folded),
            ("window_statements_folded", self.window_statements_folded),
            ("checkouts_untracked", self.checkouts_untracked),
            ("alerts_forgotten", self.alerts_forgotten),
            ("callbacks_panicked", self.callbacks_panicked),
        ]
    }
}
