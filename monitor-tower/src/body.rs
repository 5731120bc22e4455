//! A response's body, which may go on asking the database while it is sent.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::layer::Request;

pin_project! {
    /// A body that belongs to its request's unit of work.
    pub struct ScopedBody<B> {
        #[pin]
        body: B,
        // Behind the body, so that what this one still does when it is dropped is counted.
        request: Option<Request>,
    }
}

// === impl ScopedBody ===

impl<B> ScopedBody<B> {
    pub(crate) fn new(body: B, request: Option<Request>) -> Self {
        Self { body, request }
    }
}

impl<B: Body> Body for ScopedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let _guard = this.request.as_ref().map(|request| request.scope.enter());
        this.body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> fmt::Debug for ScopedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedBody").finish_non_exhaustive()
    }
}
