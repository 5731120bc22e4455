//! What spans have entered on this thread.

use std::cell::RefCell;

use monitor_core::{Scope, ScopeGuard};
use tracing_core::span::Id;

/// A span that is entered on this thread.
struct Entered {
    /// Whose it is: there may be several layers.
    layer: usize,
    span: Id,
    /// `None` where what it carries was entered already.
    guard: Option<ScopeGuard>,
}

thread_local! {
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

/// A span that carries a unit is entered.
pub(crate) fn enter(layer: usize, span: &Id, scope: &Scope) {
    // Inside of the span somebody may have begun a part of its unit, and entered another span of it there.
    let guard = (!Scope::current().is_in(scope)).then(|| scope.enter());
    let entered = Entered { layer, span: span.clone(), guard };
    // A thread that is ending has nowhere to note it: the guard is dropped.
    let _ = ENTERED.try_with(|all| all.borrow_mut().push(entered));
}

/// A span is left.
pub(crate) fn leave(layer: usize, span: &Id) {
    let left = ENTERED.try_with(|all| {
        let mut all = all.borrow_mut();
        let place = all.iter().rposition(|one| one.layer == layer && one.span == *span);
        place.map(|place| all.remove(place).guard)
    });
    // Not before the list is let go: it may be the end of the unit.
    drop(left);
}
