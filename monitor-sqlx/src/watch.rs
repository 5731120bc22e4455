//! Who is watching, and on whose behalf calls run.

use std::panic::Location;
use std::sync::Arc;

use monitor_core::capture::{CallSite, Labels};
use monitor_core::{CallTimer, Source};

/// Where calls are told to, and what every one of them carries.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) source: Source,
    pub(crate) labels: Option<Arc<Labels>>,
    /// The line to name where the caller's own cannot be seen.
    pub(crate) call_site: Option<CallSite>,
}

// === impl Watch ===

impl Watch {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, labels: None, call_site: None }
    }

    pub(crate) fn set_user(&mut self, user: &str) {
        self.labels = Labels::of(self.labels.as_ref()).with_user(Some(user)).shared();
    }

    pub(crate) fn set_tag(&mut self, tag: &str) {
        self.labels = Labels::of(self.labels.as_ref()).with_tag(Some(tag)).shared();
    }

    /// Starts timing a call: now.
    pub(crate) fn start(&self, text: &str, call_site: Option<CallSite>) -> CallTimer<'_> {
        self.source.call(text).labelled(self.labels.clone()).called_at(call_site.or(self.call_site))
    }
}

/// The caller's line, unless the caller is sqlx: `query.execute(&pool)` calls from in there.
pub(crate) fn call_site(caller: &'static Location<'static>) -> Option<CallSite> {
    (!caller.file().contains("sqlx-core")).then(|| caller.into())
}
