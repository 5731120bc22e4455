//! The layer, and what it was told.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::request::Parts;
use monitor_core::{Monitor, Scope, ScopeSummary};
use tower_layer::Layer;

use crate::name;
use crate::service::ScopeService;

/// Makes each request a unit of work.
///
/// Under axum, put it on with `Router::layer` or `route_layer`, where the route is known already. The unit lasts until
/// the response's body was sent or given up, so what a streaming body asks the database belongs to it.
#[derive(Clone)]
#[must_use = "a layer does nothing until a service is put into it"]
pub struct ScopeLayer(Arc<Settings>);

#[derive(Clone)]
pub(crate) struct Settings {
    monitor: Monitor,
    name: Arc<dyn Fn(&Parts) -> String + Send + Sync>,
    pub(crate) server_timing: bool,
    on_end: Option<Arc<OnEnd>>,
}

/// Whoever is told of a request that is over.
type OnEnd = dyn Fn(&str, &ScopeSummary) + Send + Sync;

/// A request that goes on. Dropped when it is over, however it ends.
pub(crate) struct Request {
    pub(crate) scope: Scope,
    pub(crate) settings: Arc<Settings>,
}

// === impl ScopeLayer ===

impl ScopeLayer {
    /// Counts for this monitor; one that is off costs next to nothing.
    ///
    /// With the feature `axum` requests are called after their route, `GET /orders/{id}`; elsewhere after their method
    /// alone, unless [`named`](Self::named) says better.
    pub fn new(monitor: &Monitor) -> Self {
        Self(Arc::new(Settings {
            monitor: monitor.clone(),
            name: Arc::new(name::by_route),
            server_timing: false,
            on_end: None,
        }))
    }

    /// Calls requests as the closure says. It must give few names: a route's template, never a path with an id in it.
    pub fn named(self, name: impl Fn(&Parts) -> String + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.name = Arc::new(name))
    }

    /// Adds a `Server-Timing` header to responses: the database's time, how many queries there were, the wait for
    /// connections, up to when the response's head was ready. Whoever can send a request can read it. Default: none.
    pub fn server_timing(self, on: bool) -> Self {
        self.with(|settings| settings.server_timing = on)
    }

    /// Calls back when a request is over, with its name and what it came to: to log it, for example. Runs in the
    /// request's way, so it has to be quick; should it panic, the request goes on. Default: nobody is told.
    pub fn on_end(self, tell: impl Fn(&str, &ScopeSummary) + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.on_end = Some(Arc::new(tell)))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl<S> Layer<S> for ScopeLayer {
    type Service = ScopeService<S>;

    fn layer(&self, inner: S) -> ScopeService<S> {
        ScopeService::new(inner, self.0.clone())
    }
}

impl fmt::Debug for ScopeLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeLayer")
            .field("server_timing", &self.0.server_timing)
            .finish_non_exhaustive()
    }
}

// === impl Request ===

impl Request {
    pub(crate) fn begin(settings: &Arc<Settings>, parts: &Parts) -> Self {
        let scope = match settings.monitor.is_off() {
            true => Scope::default(),
            false => settings.monitor.scope((settings.name)(parts)),
        };
        Self { scope, settings: settings.clone() }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if let Some(tell) =
            self.settings.on_end.as_ref().filter(|_| !self.settings.monitor.is_off())
        {
            // A panic in a drop ends the process where the handler panics as well.
            let told = || tell(&self.scope.name(), &self.scope.summary());
            let _ = catch_unwind(AssertUnwindSafe(told));
        }
    }
}
