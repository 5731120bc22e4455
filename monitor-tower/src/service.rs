//! The service around a service.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderName, HeaderValue, Request, Response};
use monitor_core::{ScopeSummary, Scoped};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::body::ScopedBody;
use crate::layer::{self, Settings};

/// A service each of whose requests is a unit of work; made by [`ScopeLayer`](crate::ScopeLayer).
#[derive(Clone)]
pub struct ScopeService<S> {
    inner: S,
    settings: Arc<Settings>,
}

pin_project! {
    /// The response of a [`ScopeService`].
    pub struct ResponseFuture<F> {
        #[pin]
        future: Scoped<F>,
        // Behind the future, so that what this one still does when it is dropped is counted.
        request: Option<layer::Request>,
    }
}

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

// === impl ScopeService ===

impl<S> ScopeService<S> {
    pub(crate) fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, B, R> Service<Request<B>> for ScopeService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<ScopedBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let unit = layer::Request::begin(&self.settings, &parts);
        let request = Request::from_parts(parts, body);
        let future = unit.scope.run(|| self.inner.call(request));
        ResponseFuture { future: unit.scope.wrap(future), request: Some(unit) }
    }
}

impl<S: fmt::Debug> fmt::Debug for ScopeService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

// === impl ResponseFuture ===

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ScopedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.future.poll(cx));
        let request = this.request.take();
        Poll::Ready(result.map(|mut response| {
            if let Some(request) = request.as_ref().filter(|request| request.settings.server_timing)
            {
                let timing = server_timing(&request.scope.summary());
                // Digits and a few signs are always a header.
                if let Ok(timing) = HeaderValue::try_from(timing) {
                    response.headers_mut().append(SERVER_TIMING, timing);
                }
            }
            response.map(|body| ScopedBody::new(body, request))
        }))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// The header's value (W3C Server Timing): milliseconds, and no SQL.
fn server_timing(summary: &ScopeSummary) -> String {
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1_000.0;
    let (database, wait) = (ms(summary.database_time), ms(summary.pool_wait));
    format!("db;dur={database:.3};desc=\"{} queries\", pool;dur={wait:.3}", summary.calls)
}
