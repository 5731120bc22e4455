//! Who is watching, and on whose behalf calls run.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use monitor_core::capture::{CallSite, Clock, Labels};
use monitor_core::{CallTimer, Monitor, Source, Statement};

/// Where calls are told to, and what every one of them carries.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) source: Source,
    pub(crate) clock: Clock,
    pub(crate) labels: Option<Arc<Labels>>,
    /// The line to name where the caller's own cannot be seen.
    pub(crate) call_site: Option<CallSite>,
    /// What every text ends with that is sent, as a comment.
    pub(crate) comment: Option<Arc<str>>,
    /// Statements that a connection keeps prepared; zero where it is not known, or it keeps none.
    pub(crate) cache_capacity: usize,
}

/// How a call came to its connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Arrival {
    /// The line that made it.
    pub(crate) call_site: Option<CallSite>,
    /// How long it waited for a connection that was taken for it alone.
    pub(crate) pool_wait: Option<Duration>,
}

// === impl Watch ===

impl Watch {
    pub(crate) fn new(source: Source, monitor: &Monitor) -> Self {
        Self {
            source,
            clock: monitor.clock(),
            labels: None,
            call_site: None,
            comment: None,
            cache_capacity: 0,
        }
    }

    pub(crate) fn set_user(&mut self, user: &str) {
        self.labels = Labels::of(self.labels.as_ref()).with_user(Some(user)).shared();
    }

    pub(crate) fn set_tag(&mut self, tag: &str) {
        self.labels = Labels::of(self.labels.as_ref()).with_tag(Some(tag)).shared();
    }

    /// Starts timing a call of a statement with this text: now.
    pub(crate) fn start(
        &self,
        statement: Statement,
        text: &str,
        arrival: Arrival,
    ) -> CallTimer<'_> {
        self.source
            .start(statement)
            .sent_as(self.source.kept_text(text))
            .labelled(self.labels.clone())
            .called_at(arrival.call_site.or(self.call_site))
            .waited_for_pool(arrival.pool_wait)
    }
}

// === impl Arrival ===

impl Arrival {
    /// On a connection that was there already.
    pub(crate) fn from(call_site: Option<CallSite>) -> Self {
        Self { call_site, pool_wait: None }
    }
}

/// The caller's line, unless the caller is sqlx: `query.execute(&pool)` calls from in there.
pub(crate) fn call_site(caller: &'static Location<'static>) -> Option<CallSite> {
    (!caller.file().contains("sqlx-core")).then(|| caller.into())
}
