//! What threads share by, for the parts that do without a lock.
//!
//! In one place, so that `tools/loom` can give the same code its own, and try every order in which threads may
//! take their steps.

pub(super) use std::sync::Mutex;
pub(super) use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Acquire, Ordering::Relaxed,
    Ordering::Release, fence,
};
pub(super) use std::thread_local;

/// How large something is; one that is explored is made small.
pub(super) const fn sized(size: usize) -> usize {
    size
}
