//! Where in a distributed trace something happens.

use std::num::{NonZeroU64, NonZeroU128};
use std::sync::Arc;

/// The span under which a call runs, as W3C Trace Context names it.
///
/// Plain data on purpose: a handle on the span would keep it open for as long as the call is
/// remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace_id: NonZeroU128,
    /// The span in it that the call is made under.
    pub span_id: NonZeroU64,
    /// The trace's flags; see [`is_sampled`](Self::is_sampled).
    pub flags: u8,
    /// Whether the span is another process's.
    pub is_remote: bool,
    /// `tracestate` as a header has it, where there is one.
    pub state: Option<Arc<str>>,
}

// === impl TraceContext ===

impl TraceContext {
    /// The flag of a trace that is sampled.
    const SAMPLED: u8 = 1;

    /// A span of this process; `None` where one of the ids is zero, which stands for "no trace".
    #[must_use]
    pub fn new(trace_id: u128, span_id: u64, is_sampled: bool) -> Option<Self> {
        Some(Self {
            trace_id: NonZeroU128::new(trace_id)?,
            span_id: NonZeroU64::new(span_id)?,
            flags: if is_sampled { Self::SAMPLED } else { 0 },
            is_remote: false,
            state: None,
        })
    }

    /// Whether spans of this trace are kept.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & Self::SAMPLED != 0
    }
}
