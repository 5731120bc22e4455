//! The normaliser of a thread.

use std::cell::RefCell;

use crate::identify::Normaliser;

thread_local! {
    /// Keeps its memory from one text to the next: a new text of a known statement allocates nothing.
    static NORMALISER: RefCell<Normaliser> = RefCell::new(Normaliser::new());
}

/// Does something with this thread's normaliser.
pub(super) fn with_normaliser<T>(mut work: impl FnMut(&mut Normaliser) -> T) -> T {
    let kept =
        NORMALISER.try_with(|kept| kept.try_borrow_mut().ok().map(|mut kept| work(&mut kept)));
    // A thread that is ending has none any more.
    kept.ok().flatten().unwrap_or_else(|| work(&mut Normaliser::new()))
}
