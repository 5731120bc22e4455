//! The guard of a call: it records when it ends, and also when nobody ends it.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::kept_text::{Comment, KeptText};
use super::live_call::LiveCall;
use super::source::Live;
use crate::aggregate::SeriesRef;
use crate::capture::{CallSite, Failure, Labels, Outcome, ParameterHasher, Tick, TraceContext};

/// Times one call. Dropped without an end, the call counts as cancelled.
///
/// Borrows its source, so that calls at the same time share nothing; where that does not fit,
/// [`detach`](Self::detach) it.
pub struct CallTimer<'a> {
    live: Option<LiveCall<'a>>,
}

// === impl CallTimer ===

impl<'a> CallTimer<'a> {
    #[inline(always)]
    pub(super) fn start(
        live: &'a Arc<Live>,
        series: SeriesRef,
        text: Option<Box<KeptText>>,
    ) -> Self {
        Self { live: Some(LiveCall::start(live, series, text)) }
    }

    /// A timer of a monitor that is off.
    #[inline]
    pub(super) fn off() -> Self {
        Self { live: None }
    }

    /// The same timer, borrowing nothing. Costs a reference count that all calls of a source share.
    #[must_use = "a timer that is dropped at once records a cancelled call"]
    pub fn detach(mut self) -> CallTimer<'static> {
        CallTimer { live: self.live.take().map(LiveCall::detach) }
    }

    /// Says which connection it runs on, by a number that is not zero. `None` leaves what was said.
    #[inline]
    #[must_use]
    pub fn on_connection(mut self, connection: Option<u64>) -> Self {
        if let Some(connection) = connection.and_then(NonZeroU64::new) {
            self.with(|call| {
                if !call.details.set_connection(connection) {
                    call.change_rare(move |rare| rare.connection = Some(connection));
                }
                call.running().set_connection(call.followed, Some(connection));
            });
        }
        self
    }

    /// Says on whose behalf it runs. `None` leaves what the text's comment says.
    #[inline]
    #[must_use]
    pub fn labelled(mut self, labels: Option<Arc<Labels>>) -> Self {
        if labels.is_some() {
            self.with(|call| call.change_rare(move |rare| rare.labels = labels));
        }
        self
    }

    /// Says which line made it. `None` leaves what was said.
    #[inline]
    #[must_use]
    pub fn called_at(mut self, call_site: Option<CallSite>) -> Self {
        if let Some(site) = call_site {
            self.with(|call| {
                if !call.details.set_site(site) {
                    call.change_rare(move |rare| rare.site = Some(site));
                }
            });
        }
        self
    }

    /// Says how long it waited for the connection that was taken for it alone; see
    /// [`Checkout::waited`](crate::Checkout::waited).
    ///
    /// Counted at once, so say it once; of a slow call, a wait of a millisecond or longer is told.
    #[inline]
    #[must_use]
    pub fn waited_for_pool(mut self, wait: Option<Duration>) -> Self {
        if let Some(wait) = wait {
            self.with(|call| call.waited(wait));
        }
        self
    }

    /// Says which span it is made under, where no [observer](crate::Observer) knows it. Costs an
    /// allocation, and nothing for `None`.
    #[inline]
    #[must_use]
    pub fn traced(mut self, trace: Option<TraceContext>) -> Self {
        if trace.is_some() {
            self.with(|call| call.change_rare(move |rare| rare.trace = trace));
        }
        self
    }

    /// Says how its text was sent, for a call of a [`Statement`](super::Statement); one that was
    /// started with its text knows.
    #[inline]
    #[must_use]
    pub fn sent_as(mut self, text: KeptText) -> Self {
        if let Some(text) = text.text {
            self.with(|call| call.change_rare(move |rare| rare.text = Some(text)));
        }
        self.commented(text.comment)
    }

    /// Heeds a comment in what nobody said otherwise.
    #[inline]
    fn commented(mut self, comment: Option<Box<Comment>>) -> Self {
        if let Some(comment) = comment {
            self.with(|call| call.heed(comment));
        }
        self
    }

    /// Says what its values hash to, where it is made in a [unit of work](crate::Scope); elsewhere nobody asks.
    ///
    /// `hash` adds text and values, or says `false` where they cannot be told.
    #[inline]
    #[must_use]
    pub fn with_parameters(mut self, hash: impl FnOnce(&mut ParameterHasher) -> bool) -> Self {
        self.with(|call| {
            if call.is_in_scope() {
                let mut hasher = ParameterHasher::new();
                call.take_part(hash(&mut hasher).then(|| hasher.finish()));
            }
        });
        self
    }

    /// Rows were handed to the caller; adds to what was said before.
    #[inline]
    pub fn add_returned(&mut self, rows: u64) {
        self.with(|call| {
            if !call.details.add_returned(rows) {
                call.add_beyond(move |known| known.add_returned(rows));
            }
        });
    }

    /// Rows were changed; adds to what was said before.
    #[inline]
    pub fn add_affected(&mut self, rows: u64) {
        self.with(|call| {
            if !call.details.add_affected(rows) {
                call.add_beyond(move |known| known.add_affected(rows));
            }
        });
    }

    /// The caller wants more and the database has nothing ready: time counts again.
    ///
    /// Costs a clock reading, unless time was counting already.
    pub fn wait_begins(&mut self) {
        self.with(|live| {
            if !live.watch.is_waiting() {
                live.works_again(live.clock().now());
            }
        });
    }

    /// The database has answered: time from here to the next wait is the caller's own.
    ///
    /// Costs a clock reading, unless no time was counting.
    pub fn wait_ends(&mut self) {
        self.with(|live| {
            if live.watch.is_waiting() {
                live.answered(live.clock().now());
            }
        });
    }

    /// When the database began to work, while it does; for a [`LastCall`](crate::LastCall). Costs no clock
    /// reading.
    #[inline]
    #[must_use]
    pub fn waiting_since(&self) -> Option<Tick> {
        self.live.as_ref()?.watch.waiting_since()
    }

    /// Whether the database is working, as far as is known. A call dropped while it is not has
    /// been stopped by its reader, who has [let go](Self::let_go).
    #[inline]
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.watch.is_waiting())
    }

    /// The call ended well.
    #[inline(always)]
    pub fn complete(mut self) {
        let live = self.live.take();
        // Nothing is left to drop.
        std::mem::forget(self);
        if let Some(call) = live {
            call.complete();
        }
    }

    /// The reader of its rows lets go while it has an answer, of its own will: the call ended well.
    ///
    /// Where it came for one answer and never for another, that was all of it: the call ended there, and counts as one whose
    /// answer came [in one piece](crate::snapshot::PartSums). Costs no clock reading then.
    #[inline(always)]
    pub fn let_go(mut self) {
        let live = self.live.take();
        // Nothing is left to drop.
        std::mem::forget(self);
        if let Some(call) = live {
            call.let_go();
        }
    }

    /// The call ended with an error.
    pub fn fail(mut self, failure: Failure<'_>) {
        self.end(Outcome::Failed(failure), None);
    }

    /// The call ended a while ago, and this is how long it lasted: for an adapter that learns of the
    /// end late.
    pub fn end_late(mut self, outcome: Outcome<'_>, lasted: Duration) {
        self.end(outcome, Some(lasted));
    }

    /// The database's time so far.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let live = self.live.as_ref();
        live.map_or(Duration::ZERO, |live| live.watch.elapsed(live.clock().now()))
    }

    #[inline]
    fn with(&mut self, change: impl FnOnce(&mut LiveCall<'a>)) {
        if let Some(live) = &mut self.live {
            change(live);
        }
    }

    /// Once only: the call is gone then.
    #[inline]
    fn end(&mut self, outcome: Outcome<'_>, lasted: Option<Duration>) {
        if let Some(call) = self.live.take() {
            call.end(outcome, lasted);
        }
    }
}

impl Drop for CallTimer<'_> {
    #[inline]
    fn drop(&mut self) {
        self.end(Outcome::Cancelled, None);
    }
}

impl fmt::Debug for CallTimer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallTimer").finish_non_exhaustive()
    }
}
