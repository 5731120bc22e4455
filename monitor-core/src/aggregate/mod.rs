//! Stage 3. How often, how long, how lately.
//!
//! A call is counted in one place: the *series* of its statement, source and list size. Everything
//! else is a sum over series, made when somebody asks. This stage does not know whether a number
//! is good, nor the words a person reads.

mod catalog;
mod cell;
mod kept;
mod limits;
mod registry;
mod series;
mod slow;
mod sources;
mod windows;

pub use limits::Limits;
pub(crate) use registry::{End, Registry};
pub(crate) use series::Series;
pub(crate) use sources::Source;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock, also after a panic elsewhere: the data behind our locks is valid at every step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
