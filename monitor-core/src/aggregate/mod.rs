//! Stage 3. How often, how long, how lately.
//!
//! A call is counted in one place: the *series* of its statement, source and list size. Everything
//! else is a sum over series, made when somebody asks. This stage does not know whether a number
//! is good, nor the words a person reads.
//!
//! A thread that records writes to a desk of its own and is done; the books are kept from there,
//! in batches, by whoever holds their lock. So no two recorders ever meet, and everything in the
//! books is plain data.

mod books;
mod contact;
mod copies;
mod desk;
mod drains;
mod entry;
mod event;
mod flights;
mod followed;
mod fresh;
mod generations;
mod histogram;
mod history;
mod last_call;
mod limits;
mod normaliser;
mod parts;
mod prepared;
mod reading;
mod registry;
mod remembered;
mod reported;
mod ring;
mod running;
mod scope_rule;
mod scoped;
mod scopes;
mod sites;
mod slow;
mod slowness;
mod sources;
mod statement;
mod sync;
mod tally;
mod tap;
mod texts;
mod timeouts;
mod transactions;
mod unit;
mod unit_sum;
mod windows;

pub(crate) use desk::{Desks, Followed};
pub(crate) use entry::{Details, Entry};
pub(crate) use event::{
    Closer, Event, EventOrigin, PLACES_MAX, RowCounts, SOURCES_MAX, SentText, SeriesRef, nanos,
};
pub(crate) use flights::Flight;
pub(crate) use last_call::LastCall;
pub use limits::Limits;
pub(crate) use parts::Part;
pub(crate) use registry::Registry;
pub(crate) use remembered::Owner;
pub use scope_rule::ScopeRule;
pub(crate) use scopes::ScopeRules;
pub(crate) use slowness::SlowRules;
pub use slowness::{SlowAfter, SlowRelative};
pub(crate) use sources::{LevelsFn, Source};
pub(crate) use statement::KeptLiterals;
pub(crate) use transactions::{Gap, Spent};
pub(crate) use unit::{Unit, UnitCall};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock, also after a panic elsewhere: the data behind our locks is valid at every step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
