//! The parts of `monitor-core` that threads share without a lock, compiled with loom's atomics, and what must hold of them
//! in every order of steps.
//!
//! The parts are the files themselves. What they ask of their surroundings is here: [`sync`], and an [`event`] that
//! shows whether it is whole.

// Not all that the parts can do is asked of them here.
#![allow(dead_code)]

#[path = "../../../monitor-core/src/aggregate/desk.rs"]
mod desk;
mod entry {
    pub(crate) use crate::event::{ENTRY_WORDS, Entry};
}
mod event;
#[path = "../../../monitor-core/src/aggregate/generations.rs"]
mod generations;
pub mod models;
#[path = "../../../monitor-core/src/aggregate/ring.rs"]
mod ring;
#[path = "../../../monitor-core/src/aggregate/running.rs"]
mod running;
mod sync;
#[path = "../../../monitor-core/src/aggregate/texts.rs"]
mod texts;

/// As in `aggregate/mod.rs`.
fn lock<T>(mutex: &sync::Mutex<T>) -> loom::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

mod capture {
    /// A moment.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) struct Tick(u64);

    impl Tick {
        pub(crate) fn from_nanos(nanos: u64) -> Self {
            Self(nanos)
        }

        pub(crate) fn as_nanos(self) -> u64 {
            self.0
        }
    }
}
