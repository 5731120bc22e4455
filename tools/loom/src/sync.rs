//! What threads share by: loom's, in place of what `aggregate/sync.rs` says.

use std::cell::Cell;

pub(crate) use loom::sync::Mutex;
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Acquire, Ordering::Relaxed,
    Ordering::Release, fence,
};

/// How large something is here: two are enough to be full, and to have a next one.
pub(crate) const fn sized(_real: usize) -> usize {
    2
}

/// A thread-local with the methods of the standard library's.
pub(crate) struct Local<T: 'static> {
    pub(crate) local: &'static loom::thread::LocalKey<T>,
    pub(crate) initial: fn() -> T,
}

/// `std::thread_local!` with a constant, as far as the parts use it.
macro_rules! local {
    ($($(#[$about:meta])* static $name:ident: $type:ty = const $initial:block;)*) => {$(
        $(#[$about])*
        static $name: $crate::sync::Local<$type> = {
            loom::thread_local! { static LOCAL: $type = $initial }
            $crate::sync::Local { local: &LOCAL, initial: || $initial }
        };
    )*};
}
pub(crate) use local as thread_local;

// === impl Local ===

impl<T> Local<T> {
    /// Fails while the thread ends.
    pub(crate) fn try_with<R>(
        &'static self,
        work: impl FnOnce(&T) -> R,
    ) -> Result<R, loom::thread::AccessError> {
        self.local.try_with(work)
    }
}

/// One without a destructor can be used until the thread is gone. Loom lets go of it earlier; what it holds by then is what
/// it holds at first.
impl<T: Copy> Local<Cell<T>> {
    pub(crate) fn get(&'static self) -> T {
        self.try_with(Cell::get).unwrap_or_else(|_| (self.initial)().get())
    }

    pub(crate) fn set(&'static self, value: T) {
        let _gone = self.try_with(|cell| cell.set(value));
    }
}
