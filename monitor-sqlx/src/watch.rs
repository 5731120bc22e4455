//! Who is watching, and on whose behalf calls run.

use std::panic::Location;
use std::sync::Arc;

use monitor_core::capture::CallSite;
use monitor_core::{CallTimer, Source};

/// Where calls are told to, and what every one of them carries.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) source: Source,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) tag: Option<Arc<str>>,
    /// The line to name where the caller's own cannot be seen.
    pub(crate) call_site: Option<CallSite>,
}

// === impl Watch ===

impl Watch {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, user: None, tag: None, call_site: None }
    }

    /// Starts timing a call: now.
    pub(crate) fn start(&self, text: &str, call_site: Option<CallSite>) -> CallTimer {
        self.source
            .call(text)
            .for_user(self.user.clone())
            .tagged(self.tag.clone())
            .called_at(call_site.or(self.call_site))
    }
}

/// The caller's line, unless the caller is sqlx: `query.execute(&pool)` calls from in there.
pub(crate) fn call_site(caller: &'static Location<'static>) -> Option<CallSite> {
    (!caller.file().contains("sqlx-core")).then(|| caller.into())
}
