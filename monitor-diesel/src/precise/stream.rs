//! Calls as futures and their rows as streams.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use diesel::QueryResult;
use futures_util::Stream;
use pin_project_lite::pin_project;

use super::recorder::{Detached, Prepared};

pin_project! {
    /// A call that ends with a number of rows; what diesel-async's `ExecuteFuture` is to a
    /// [`MonitoredConnection`](super::MonitoredConnection). It begins when it is polled.
    #[must_use = "futures do nothing unless polled"]
    pub struct Executing<F> {
        #[pin]
        inner: F,
        call: Call,
    }
}

pin_project! {
    /// A call that ends with rows; what diesel-async's `LoadFuture` is to a
    /// [`MonitoredConnection`](super::MonitoredConnection). It begins when it is polled.
    #[must_use = "futures do nothing unless polled"]
    pub struct Loading<F> {
        #[pin]
        inner: F,
        call: Call,
    }
}

pin_project! {
    /// The rows of a call; what diesel-async's `Stream` is to a
    /// [`MonitoredConnection`](super::MonitoredConnection).
    #[must_use = "streams do nothing unless polled"]
    pub struct MonitoredStream<S> {
        #[pin]
        inner: S,
        call: Option<Detached>,
    }
}

/// A call before, while and after it runs.
enum Call {
    Prepared(Prepared),
    Running(Detached),
    Ended,
}

// === impl Call ===

impl Call {
    /// Begins it, unless it has begun: a future is polled many times.
    #[inline]
    fn begin(&mut self) {
        if let Self::Prepared(_) = self
            && let Self::Prepared(prepared) = std::mem::replace(self, Self::Ended)
        {
            *self = Self::Running(prepared.start());
        }
    }

    fn end(&mut self) -> Option<Detached> {
        match std::mem::replace(self, Self::Ended) {
            Self::Running(call) => Some(call),
            Self::Prepared(_) | Self::Ended => None,
        }
    }
}

// === impl Executing ===

impl<F> Executing<F> {
    pub(super) fn new(inner: F, call: Prepared) -> Self {
        Self { inner, call: Call::Prepared(call) }
    }
}

impl<F: Future<Output = QueryResult<usize>>> Future for Executing<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.call.begin();
        let result = this.inner.poll(cx);
        if let Poll::Ready(result) = &result
            && let Some(call) = this.call.end()
        {
            call.affected(result);
        }
        result
    }
}

// === impl Loading ===

impl<F> Loading<F> {
    pub(super) fn new(inner: F, call: Prepared) -> Self {
        Self { inner, call: Call::Prepared(call) }
    }
}

impl<F, S> Future for Loading<F>
where
    F: Future<Output = QueryResult<S>>,
{
    type Output = QueryResult<MonitoredStream<S>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.call.begin();
        let result = std::task::ready!(this.inner.poll(cx));
        let call = this.call.end();
        Poll::Ready(match result {
            Ok(rows) => Ok(MonitoredStream::new(rows, call)),
            Err(error) => {
                if let Some(call) = call {
                    call.end(Some(&error));
                }
                Err(error)
            }
        })
    }
}

// === impl MonitoredStream ===

impl<S> MonitoredStream<S> {
    fn new(inner: S, mut call: Option<Detached>) -> Self {
        if let Some(call) = &mut call {
            call.answered();
        }
        Self { inner, call }
    }
}

impl<S, T> Stream for MonitoredStream<S>
where
    S: Stream<Item = QueryResult<T>>,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let row = this.inner.poll_next(cx);
        match &row {
            Poll::Ready(Some(Ok(_))) => {
                if let Some(call) = &mut *this.call {
                    call.row();
                }
            }
            Poll::Ready(Some(Err(error))) => {
                if let Some(call) = this.call.take() {
                    call.end(Some(error));
                }
            }
            Poll::Ready(None) => {
                if let Some(call) = this.call.take() {
                    call.end(None);
                }
            }
            Poll::Pending => {
                if let Some(call) = &mut *this.call {
                    call.wants_row();
                }
            }
        }
        row
    }
}

impl<F> fmt::Debug for Executing<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executing").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Loading<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loading").finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for MonitoredStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredStream").finish_non_exhaustive()
    }
}
