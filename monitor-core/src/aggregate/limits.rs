//! Every bound on memory, by name.

use std::time::Duration;

/// How much the monitor keeps. Each field says what happens to what does not fit.
///
/// A thread that records has a desk of its own besides: 20 KB, 35 KB for texts that it sends again and
/// again, and up to 170 KB more where the books are busy for long; with it goes what
/// [`running_per_thread_max`](Self::running_per_thread_max) says. When the thread ends, the next one gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Statements with numbers of their own, counted per source and list size. The one not used
    /// for longest makes room, and its numbers move to "other". About 1 KB each.
    pub statements_max: usize,
    /// SQL texts whose identity is remembered, so that they are not read again, to a multiple of
    /// seven. About 18 B each.
    pub texts_max: usize,
    /// Statements in the slow log: the slowest call of each, and as many newest slow calls. The
    /// fastest, or the oldest, makes room.
    pub slow_statements_max: usize,
    /// Bytes of a slow call's text that are kept with its literals, if the builder was told to; the
    /// rest is cut off. At most [`slow_statements_max`](Self::slow_statements_max) texts are kept.
    pub slow_text_bytes_max: usize,
    /// Calls in the history of recent calls; 0 keeps none. About 80 B each.
    pub recent_calls_max: usize,
    /// Calls started by one thread that are followed while they run; 0 follows none. 40 B each, for
    /// every thread that starts calls, up to 1 024 threads. A call beyond is counted when it ends, but
    /// is not found while it runs too long.
    pub running_per_thread_max: usize,
    /// Calls kept that were found running too long; the oldest makes room. About 200 B each.
    pub running_told_max: usize,
    /// Calls that have ended and that wait for [observers](crate::Observer) to be told; more are
    /// counted, but not told. About 150 B each, where there is an observer.
    pub observed_calls_max: usize,
    /// Pools and databases with numbers of their own; more are counted together as "other".
    pub sources_max: usize,
    /// Checkouts of one pool followed to their holder at the same time, and as many open
    /// transactions followed to their age.
    pub checkouts_tracked_max: usize,
    /// Names of units of work with numbers of their own; more are counted together as "other". About
    /// 2 KB each.
    pub scope_names_max: usize,
    /// Calls of one unit of work that are kept until it ends; more are counted, but repeated calls
    /// among them are not found. About 130 B each.
    pub scope_calls_max: usize,
    /// Calls of units of work that are kept after these have ended, for advice on what happens within
    /// one; the oldest unit makes room.
    pub scope_calls_kept_max: usize,
    /// Alerts kept in the history, where the oldest makes room, and as many that are open, where the
    /// least severe makes room for one that is worse.
    pub alerts_max: usize,
}

impl Limits {
    /// Default of [`statements_max`](Self::statements_max).
    pub const STATEMENTS_MAX: usize = 2_000;
    /// Default of [`texts_max`](Self::texts_max).
    pub const TEXTS_MAX: usize = 20_000;
    /// Default of [`slow_statements_max`](Self::slow_statements_max).
    pub const SLOW_STATEMENTS_MAX: usize = 100;
    /// Default of [`slow_text_bytes_max`](Self::slow_text_bytes_max).
    pub const SLOW_TEXT_BYTES_MAX: usize = 4_096;
    /// Default of [`recent_calls_max`](Self::recent_calls_max).
    pub const RECENT_CALLS_MAX: usize = 1_000;
    /// Default of [`running_per_thread_max`](Self::running_per_thread_max).
    pub const RUNNING_PER_THREAD_MAX: usize = 256;
    /// Default of [`running_told_max`](Self::running_told_max).
    pub const RUNNING_TOLD_MAX: usize = 100;
    /// Default of [`observed_calls_max`](Self::observed_calls_max).
    pub const OBSERVED_CALLS_MAX: usize = 16_384;
    /// Default of [`sources_max`](Self::sources_max).
    pub const SOURCES_MAX: usize = 64;
    /// Default of [`checkouts_tracked_max`](Self::checkouts_tracked_max).
    pub const CHECKOUTS_TRACKED_MAX: usize = 10_000;
    /// Default of [`scope_names_max`](Self::scope_names_max).
    pub const SCOPE_NAMES_MAX: usize = 500;
    /// Default of [`scope_calls_max`](Self::scope_calls_max).
    pub const SCOPE_CALLS_MAX: usize = 1_000;
    /// Default of [`scope_calls_kept_max`](Self::scope_calls_kept_max).
    pub const SCOPE_CALLS_KEPT_MAX: usize = 5_000;
    /// Default of [`alerts_max`](Self::alerts_max).
    pub const ALERTS_MAX: usize = 1_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            statements_max: Self::STATEMENTS_MAX,
            texts_max: Self::TEXTS_MAX,
            slow_statements_max: Self::SLOW_STATEMENTS_MAX,
            slow_text_bytes_max: Self::SLOW_TEXT_BYTES_MAX,
            recent_calls_max: Self::RECENT_CALLS_MAX,
            running_per_thread_max: Self::RUNNING_PER_THREAD_MAX,
            running_told_max: Self::RUNNING_TOLD_MAX,
            observed_calls_max: Self::OBSERVED_CALLS_MAX,
            sources_max: Self::SOURCES_MAX,
            checkouts_tracked_max: Self::CHECKOUTS_TRACKED_MAX,
            scope_names_max: Self::SCOPE_NAMES_MAX,
            scope_calls_max: Self::SCOPE_CALLS_MAX,
            scope_calls_kept_max: Self::SCOPE_CALLS_KEPT_MAX,
            alerts_max: Self::ALERTS_MAX,
        }
    }
}

/// Statements kept apart in one beat of a window, most time first; the rest counts as "other".
pub(super) const WINDOW_STATEMENTS_MAX: usize = 256;

/// The windows kept: 1, 5, 15 and 60 minutes.
pub(super) const WINDOWS: [Duration; 4] = [
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(60 * 60),
];

/// Statements parsed in full on one beat; the others wait for the next.
pub(super) const PARSES_PER_BEAT_MAX: usize = 64;
