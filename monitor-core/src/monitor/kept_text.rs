//! What the text of a call tells beside its statement.

use std::sync::Arc;

use crate::aggregate::SentText;
use crate::capture::{Labels, TraceContext};
use crate::identify::tags;

/// What a text tells beside its statement, for [`CallTimer::sent_as`](crate::CallTimer::sent_as): its literals, where they
/// are kept, and what its comment says of the code that sent it.
#[derive(Debug, Default)]
pub struct KeptText {
    pub(super) text: Option<SentText>,
    pub(super) comment: Option<Box<Comment>>,
}

/// What the comment of a text says of one call.
#[derive(Debug)]
pub(super) struct Comment {
    pub(super) trace: Option<TraceContext>,
    pub(super) labels: Option<Arc<Labels>>,
}

// === impl KeptText ===

impl KeptText {
    /// Whether it says anything, for who keeps it in a box only where it does.
    #[inline]
    #[must_use]
    pub fn says_more(&self) -> bool {
        self.text.is_some() || self.comment.is_some()
    }
}

// === impl Comment ===

impl Comment {
    /// The comment of a text, if it has one that says something. Where there is none, costs a comparison or two.
    #[inline]
    pub(super) fn of(text: &str) -> Option<Box<Self>> {
        let is_commented = text.ends_with("*/") || text.starts_with("/*") || text.ends_with("*/;");
        if is_commented { Self::read(text) } else { None }
    }

    #[cold]
    fn read(text: &str) -> Option<Box<Self>> {
        let tags = tags(text)?;
        let trace = tags.traceparent.as_deref().and_then(TraceContext::from_traceparent);
        let labels = Labels::default().with_tag(tags.scope()).shared();
        (trace.is_some() || labels.is_some()).then(|| Box::new(Self { trace, labels }))
    }
}
