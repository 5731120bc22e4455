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

    /// A span as a `traceparent` header or comment names it; `None` where it is not one.
    ///
    /// Takes version 00 and, as W3C Trace Context 1 asks, the same fields of any later version. Such a span is taken
    /// for one of this process.
    #[must_use]
    pub fn from_traceparent(text: &str) -> Option<Self> {
        let mut fields = text.split('-');
        let (version, trace, span, flags) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let is_hex = |field: &str, len: usize| {
            field.len() == len
                && field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_known = is_hex(version, 2) && version != "ff";
        let is_whole = version != "00" || fields.next().is_none();
        if !(is_known && is_whole && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2)) {
            return None;
        }
        Some(Self {
            trace_id: NonZeroU128::new(u128::from_str_radix(trace, 16).ok()?)?,
            span_id: NonZeroU64::new(u64::from_str_radix(span, 16).ok()?)?,
            flags: u8::from_str_radix(flags, 16).ok()?,
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
