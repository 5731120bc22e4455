//! Takes the mark to the threads that a driver runs its statements on.
//!
//! sqlx's SQLite driver asks for the current span, sends it to its worker and enters it there. The
//! carrier is the subscriber that answers this question: it hands out a pass which stands for the
//! real span. Entering a pass enters the real span and marks the thread. No other subscriber and
//! no layer ever hears of a pass, so the application's traces look as they did.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_core::callsite::Callsite;
use tracing_core::dispatcher::{Dispatch, get_default, with_default};
use tracing_core::span::{Attributes, Current, Id, Record};
use tracing_core::{Kind, LevelFilter, metadata};

/// Passes that are out, each held as often as its span would be.
#[derive(Default)]
struct Carrier {
    passes: Mutex<Passes>,
}

#[derive(Default)]
struct Passes {
    last: u64,
    out: HashMap<u64, (Arc<Pass>, usize)>,
}

/// Stands for a span of the application's subscriber, or for there being none.
struct Pass {
    to: Dispatch,
    span: Option<Id>,
}

/// What the carrier stands before on this thread.
struct Behind {
    to: Dispatch,
    /// The pass for the span that is current here, once somebody asked.
    current: Option<Id>,
}

thread_local! {
    static BEHIND: RefCell<Option<Behind>> = const { RefCell::new(None) };
}

/// Puts back what was there before.
struct Restore<'a> {
    carrier: &'a Dispatch,
    before: Option<Behind>,
}

/// Does the work with the carrier standing before the thread's subscriber.
pub(super) fn carry<T>(work: impl FnOnce() -> T) -> T {
    static CARRIER: OnceLock<Dispatch> = OnceLock::new();
    let carrier = CARRIER.get_or_init(|| Dispatch::new(Carrier::default()));
    let to = get_default(Dispatch::clone);
    if to.is::<Carrier>() {
        return work();
    }
    let behind = Behind { to, current: None };
    let before = BEHIND.try_with(|slot| slot.replace(Some(behind))).ok().flatten();
    let _restore = Restore { carrier, before };
    with_default(carrier, work)
}

/// The subscriber behind the carrier; none outside [`carry`].
fn behind() -> Dispatch {
    let to = BEHIND.try_with(|slot| slot.borrow().as_ref().map(|behind| behind.to.clone()));
    to.ok().flatten().unwrap_or_else(Dispatch::none)
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        let before = self.before.take();
        let ended = BEHIND.try_with(|slot| slot.replace(before)).ok().flatten();
        if let Some(pass) = ended.and_then(|behind| behind.current) {
            self.carrier.try_close(pass);
        }
    }
}

// === impl Pass ===

impl Pass {
    fn with_span(&self, act: impl FnOnce(&Dispatch, &Id)) {
        if let Some(span) = &self.span {
            act(&self.to, span);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(span) = self.span.take() {
            self.to.try_close(span);
        }
    }
}

// === impl Carrier ===

impl Carrier {
    fn passes(&self) -> MutexGuard<'_, Passes> {
        self.passes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_out(&self, pass: Pass) -> Id {
        let mut passes = self.passes();
        passes.last += 1;
        let number = passes.last;
        passes.out.insert(number, (Arc::new(pass), 1));
        Id::from_u64(number)
    }

    /// The pass of a number. The lock is free again before anybody else's code runs.
    fn pass(&self, number: &Id) -> Option<Arc<Pass>> {
        self.passes().out.get(&number.into_u64()).map(|(pass, _)| pass.clone())
    }

    fn with_span(&self, number: &Id, act: impl FnOnce(&Dispatch, &Id)) {
        if let Some(pass) = self.pass(number) {
            pass.with_span(act);
        }
    }
}

impl Subscriber for Carrier {
    // "never" and no level: what is switched off in the application stays free of cost.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::never()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::OFF)
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        behind().enabled(metadata)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let to = behind();
        let span = to.new_span(attributes);
        self.hand_out(Pass { to, span: Some(span) })
    }

    fn record(&self, number: &Id, values: &Record<'_>) {
        self.with_span(number, |to, span| to.record(span, values));
    }

    fn record_follows_from(&self, number: &Id, follows: &Id) {
        let Some(follows) = self.pass(follows) else { return };
        self.with_span(number, |to, span| {
            follows.with_span(|_, follows| to.record_follows_from(span, follows));
        });
    }

    fn event_enabled(&self, _: &Event<'_>) -> bool {
        // The subscriber behind is asked by its own `Dispatch::event`.
        true
    }

    fn event(&self, event: &Event<'_>) {
        behind().event(event);
    }

    fn enter(&self, number: &Id) {
        super::enter();
        self.with_span(number, Dispatch::enter);
    }

    fn exit(&self, number: &Id) {
        self.with_span(number, Dispatch::exit);
        super::exit();
    }

    fn clone_span(&self, number: &Id) -> Id {
        if let Some((_, holders)) = self.passes().out.get_mut(&number.into_u64()) {
            *holders += 1;
        }
        number.clone()
    }

    fn try_close(&self, number: Id) -> bool {
        let number = number.into_u64();
        let mut passes = self.passes();
        let Some((_, holders)) = passes.out.get_mut(&number) else { return false };
        *holders -= 1;
        if *holders > 0 {
            return false;
        }
        let last = passes.out.remove(&number);
        // Closing the real span is the application's code.
        drop(passes);
        drop(last);
        true
    }

    fn current_span(&self) -> Current {
        let to = behind();
        let current = to.current_span();
        let metadata = current.metadata().unwrap_or(&NO_SPAN);
        let known = BEHIND.try_with(|slot| slot.borrow().as_ref()?.current.clone()).ok().flatten();
        let number = known.unwrap_or_else(|| {
            let span = current.id().map(|span| to.clone_span(span));
            let number = self.hand_out(Pass { to, span });
            let _ = BEHIND.try_with(|slot| {
                if let Some(behind) = &mut *slot.borrow_mut() {
                    behind.current = Some(number.clone());
                }
            });
            number
        });
        Current::new(number, metadata)
    }
}

/// What a pass says of itself where there is no span to stand for.
static NO_SPAN: Metadata<'static> = metadata! {
    name: "no span",
    target: module_path!(),
    level: Level::TRACE,
    fields: &[],
    callsite: &NoSpan,
    kind: Kind::SPAN,
};

struct NoSpan;

impl Callsite for NoSpan {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &NO_SPAN
    }
}
