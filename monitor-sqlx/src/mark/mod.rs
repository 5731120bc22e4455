//! Which of sqlx's own events come from a wrapped pool, so that the tracing layer leaves them out.
//!
//! While a driver runs for a wrapper, and while its futures and streams are dropped, the thread is
//! marked. PostgreSQL's and MySQL's drivers report on that very thread. SQLite's reports on a
//! worker thread, to which the driver sends the caller's current span along with each command: the
//! [`carrier`] makes that span take the mark with it.
//!
//! Costs one relaxed load as long as no layer was made.

mod carrier;

use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use futures_util::Stream;

/// Whether anybody looks at marks.
static WANTED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// A driver's future or stream, marked while it runs and while it is dropped.
pub(crate) struct Marked<T> {
    inner: Option<T>,
    own_threads: bool,
}

/// The mark on this thread, until it is dropped.
struct Mark;

/// From now on, set marks: there is a layer.
pub(crate) fn want() {
    WANTED.store(true, Relaxed);
}

/// Whether this thread works for a wrapper.
pub(crate) fn is_set() -> bool {
    DEPTH.try_with(|depth| depth.get() > 0).unwrap_or(false)
}

pub(crate) fn during<T>(own_threads: bool, work: impl FnOnce() -> T) -> T {
    if !WANTED.load(Relaxed) {
        return work();
    }
    let _mark = Mark::set();
    if own_threads { carrier::carry(work) } else { work() }
}

// === impl Mark ===

impl Mark {
    fn set() -> Self {
        enter();
        Self
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        exit();
    }
}

fn enter() {
    let _ = DEPTH.try_with(|depth| depth.set(depth.get() + 1));
}

fn exit() {
    let _ = DEPTH.try_with(|depth| depth.set(depth.get().saturating_sub(1)));
}

// === impl Marked ===

impl<T> Marked<T> {
    pub(crate) fn new(inner: T, own_threads: bool) -> Self {
        Self { inner: Some(inner), own_threads }
    }

    fn end(&mut self) {
        if let Some(inner) = self.inner.take() {
            during(self.own_threads, || drop(inner));
        }
    }
}

impl<T: Future + Unpin> Future for Marked<T> {
    type Output = T::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let own_threads = self.own_threads;
        // Polled again after its end, which nobody may do: never ready is the safe answer.
        let Some(inner) = &mut self.inner else { return Poll::Pending };
        let output = ready!(during(own_threads, || Pin::new(inner).poll(cx)));
        self.end();
        Poll::Ready(output)
    }
}

impl<T: Stream + Unpin> Stream for Marked<T> {
    type Item = T::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let own_threads = self.own_threads;
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let item = ready!(during(own_threads, || Pin::new(inner).poll_next(cx)));
        if item.is_none() {
            self.end();
        }
        Poll::Ready(item)
    }
}

impl<T> Drop for Marked<T> {
    fn drop(&mut self) {
        self.end();
    }
}
