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
    /// Statements whose slowest call had to leave the slow log for slower ones.
    pub slow_statements_dropped: u64,
    /// Slow calls that are not among the newest in the slow log any more.
    pub slow_calls_dropped: u64,
    /// Texts of slow calls, kept with their literals, of which only the beginning was kept.
    pub slow_texts_cut: u64,
    /// Calls that were counted and that no [observer](crate::Observer) was told of: observers were too
    /// slow, or the call's statement lost its place while it was running.
    pub calls_unobserved: u64,
    /// Calls that were not followed while they ran, because their thread ran too many at once, or too
    /// many threads ran any.
    pub calls_unfollowed: u64,
    /// Calls found running too long that left the list for newer ones.
    pub running_forgotten: u64,
    /// How often a pool or database beyond the limit was asked for; they are counted as one.
    pub sources_folded: u64,
    /// Error codes of one statement beyond the limit, counted by class only.
    pub error_codes_folded: u64,
    /// Statement readings left out of a window beat, counted there as "other".
    pub window_statements_folded: u64,
    /// Checkouts not followed to their holder, because too many were out at once.
    pub checkouts_untracked: u64,
    /// Transactions whose age is not followed, because too many were open at once.
    pub transactions_untracked: u64,
    /// Units of work counted as "other", because too many names were in use.
    pub scope_names_folded: u64,
    /// Calls of units of work that were counted and not kept, because their unit made too many.
    pub scope_calls_unkept: u64,
    /// Units of work that call a statement again and again and were not looked at, because others of
    /// their name were.
    pub scopes_unjudged: u64,
    /// Repeated calls forgotten because their name had too many that cost more.
    pub scope_repeats_dropped: u64,
    /// Units of work nested so deep that they are part of the outermost only.
    pub scopes_flattened: u64,
    /// Reads of units of work that were not compared with those that ran beside them, because too many different ones
    /// ran.
    pub reads_unfollowed: u64,
    /// Pauses of transactions whose place is not kept, because there were too many places.
    pub think_gaps_folded: u64,
    /// Alerts forgotten because the history was full.
    pub alerts_forgotten: u64,
    /// Recommendations whose first sight was forgotten, because too many were given.
    pub recommendations_forgotten: u64,
    /// Mutes forgotten because there were too many.
    pub mutes_forgotten: u64,
    /// Notices of alerts that a sink's full queue let go.
    pub notices_dropped: u64,
    /// Notices of alerts that a sink refused, or was too long unable to take.
    pub notices_given_up: u64,
    /// Panics in what the monitor calls back or does on its beat, caught there.
    pub panics_caught: u64,
}

impl Losses {
    /// Name and value of each counter, in a fixed order.
    #[must_use]
    pub fn entries(&self) -> [(&'static str, u64); 26] {
        let mut copy = *self;
        copy.entries_mut().map(|(name, value)| (name, *value))
    }

    /// The same, to be written to.
    pub(crate) fn entries_mut(&mut self) -> [(&'static str, &mut u64); 26] {
        [
            ("statements_evicted", &mut self.statements_evicted),
            ("history_calls_dropped", &mut self.history_calls_dropped),
            ("slow_statements_dropped", &mut self.slow_statements_dropped),
            ("slow_calls_dropped", &mut self.slow_calls_dropped),
            ("slow_texts_cut", &mut self.slow_texts_cut),
            ("calls_unobserved", &mut self.calls_unobserved),
            ("calls_unfollowed", &mut self.calls_unfollowed),
            ("running_forgotten", &mut self.running_forgotten),
            ("sources_folded", &mut self.sources_folded),
            ("error_codes_folded", &mut self.error_codes_folded),
            ("window_statements_folded", &mut self.window_statements_folded),
            ("checkouts_untracked", &mut self.checkouts_untracked),
            ("transactions_untracked", &mut self.transactions_untracked),
            ("scope_names_folded", &mut self.scope_names_folded),
            ("scope_calls_unkept", &mut self.scope_calls_unkept),
            ("scopes_unjudged", &mut self.scopes_unjudged),
            ("scope_repeats_dropped", &mut self.scope_repeats_dropped),
            ("scopes_flattened", &mut self.scopes_flattened),
            ("reads_unfollowed", &mut self.reads_unfollowed),
            ("think_gaps_folded", &mut self.think_gaps_folded),
            ("alerts_forgotten", &mut self.alerts_forgotten),
            ("mutes_forgotten", &mut self.mutes_forgotten),
            ("notices_dropped", &mut self.notices_dropped),
            ("notices_given_up", &mut self.notices_given_up),
            ("recommendations_forgotten", &mut self.recommendations_forgotten),
            ("panics_caught", &mut self.panics_caught),
        ]
    }
}
