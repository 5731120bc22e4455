//! The layer: spans begin units of work, and carry them.

use std::fmt;
use std::sync::Arc;

use monitor_core::{Monitor, Scope, WeakScope};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{LevelFilter, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::entered;
use crate::filter::SpanFilter;
use crate::name::{Listener, Told};

/// Which spans are units of work, and what those are called.
#[derive(Clone)]
#[must_use = "nothing is watched until `layer` is part of the subscriber"]
pub struct SpanScopes(Settings);

/// Makes spans units of work; made by [`SpanScopes::layer`].
#[derive(Debug)]
pub struct ScopeSpans(Arc<Settings>);

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) monitor: Monitor,
    targets: Vec<String>,
    spans: Vec<String>,
    names: Vec<String>,
    pub(crate) follow: LevelFilter,
}

/// What a span carries, for each layer that has something to say of it.
#[derive(Default)]
struct Carried(Vec<(usize, Carries)>);

enum Carries {
    /// It is a unit itself.
    Unit { scope: Scope, told: Told },
    /// It was made in a unit, which may end before it does.
    Of(WeakScope),
}

// === impl SpanScopes ===

impl SpanScopes {
    /// Counts for this monitor. No span is a unit of work until one is named; all of them carry those that are.
    pub fn new(monitor: &Monitor) -> Self {
        Self(Settings {
            monitor: monitor.clone(),
            targets: Vec::new(),
            spans: Vec::new(),
            names: Vec::new(),
            follow: LevelFilter::INFO,
        })
    }

    /// Spans of this target are units of work: of the module itself and of those in it, from DEBUG on. For tower-http's
    /// `TraceLayer` that is `tower_http::trace`; where its spans are made by a closure, the module of that closure.
    pub fn of_target(mut self, target: impl Into<String>) -> Self {
        self.0.targets.push(target.into());
        self
    }

    /// Spans that are called so are units of work, whatever their target, from DEBUG on.
    pub fn called(mut self, span: impl Into<String>) -> Self {
        self.0.spans.push(span.into());
        self
    }

    /// What this field holds is the name of a unit, before all that is asked otherwise. It must give few names.
    pub fn named_by(mut self, field: impl Into<String>) -> Self {
        self.0.names.push(field.into());
        self
    }

    /// Spans that are no unit carry the one they are in from this level on, as far as a task or thread knows of it
    /// by such a span alone. Default: INFO. Spans of these levels are made even where no other layer wants them.
    pub fn follow(mut self, level: impl Into<LevelFilter>) -> Self {
        self.0.follow = level.into();
        self
    }

    /// The layer, with a filter of its own. Like any layer it sees nothing of what a filter for all layers hides.
    #[must_use = "a layer does nothing until it is part of the subscriber"]
    pub fn layer<S>(self) -> Filtered<ScopeSpans, SpanFilter, S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let settings = Arc::new(self.0);
        ScopeSpans(settings.clone()).with_filter(SpanFilter(settings))
    }
}

impl fmt::Debug for SpanScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// === impl Settings ===

impl Settings {
    /// The least important level at which a span may be a unit.
    pub(crate) const UNITS: LevelFilter = LevelFilter::DEBUG;

    pub(crate) fn has_units(&self) -> bool {
        !(self.targets.is_empty() && self.spans.is_empty())
    }

    pub(crate) fn is_unit(&self, span: &Metadata<'_>) -> bool {
        let is_in = |target: &String| {
            let rest = span.target().strip_prefix(target.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        *span.level() <= Self::UNITS
            && (self.spans.iter().any(|name| name == span.name()) || self.targets.iter().any(is_in))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanScopes")
            .field("targets", &self.targets)
            .field("spans", &self.spans)
            .field("follow", &self.follow)
            .finish_non_exhaustive()
    }
}

// === impl ScopeSpans ===

impl ScopeSpans {
    /// What tells this layer from another one of the process.
    fn number(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// The unit that a new span is in.
    fn around<S>(&self, span: &Attributes<'_>, context: &Context<'_, S>) -> Scope
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        match span.parent() {
            Some(parent) => self.carried(parent, context),
            None if span.is_contextual() => Scope::current(),
            None => Scope::default(),
        }
    }

    fn carried<S>(&self, span: &Id, context: &Context<'_, S>) -> Scope
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(span) = context.span(span) else { return Scope::default() };
        let extensions = span.extensions();
        let carried = extensions.get::<Carried>().and_then(|all| all.of(self.number()));
        carried.map(Carries::scope).unwrap_or_default()
    }
}

impl<S> Layer<S> for ScopeSpans
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, span: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let around = self.around(span, &context);
        let carries = if self.0.is_unit(span.metadata()) {
            let mut told = Told::default();
            span.record(&mut Listener { told: &mut told, names: &self.0.names });
            let name = told.name(span.metadata().name());
            Carries::Unit { scope: self.0.monitor.scope_in(&around, name), told }
        } else if around.is_off() {
            return;
        } else {
            Carries::Of(around.weak())
        };
        if let Some(span) = context.span(id) {
            let mut extensions = span.extensions_mut();
            let mine = (self.number(), carries);
            match extensions.get_mut::<Carried>() {
                Some(all) => all.0.push(mine),
                None => extensions.insert(Carried(vec![mine])),
            }
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| self.0.is_unit(span.metadata())) else {
            return;
        };
        // Before the span is taken hold of: values are the application's, and may panic, or write a log of their own.
        let mut heard = Told::default();
        values.record(&mut Listener { told: &mut heard, names: &self.0.names });
        let mut extensions = span.extensions_mut();
        let carried = extensions.get_mut::<Carried>().and_then(|all| all.of_mut(self.number()));
        if let Some(Carries::Unit { scope, told }) = carried {
            told.heed(heard);
            scope.rename(told.name(span.name()));
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let scope = self.carried(id, &context);
        if !scope.is_off() {
            entered::enter(self.number(), id, &scope);
        }
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        entered::leave(self.number(), id);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let taken = context.span(&id).and_then(|span| {
            let mut extensions = span.extensions_mut();
            let all = &mut extensions.get_mut::<Carried>()?.0;
            let place = all.iter().position(|(layer, _)| *layer == self.number())?;
            Some(all.swap_remove(place))
        });
        // Not before the span is let go: it may be the end of the unit.
        drop(taken);
    }
}

// === impl Carried ===

impl Carried {
    fn of(&self, layer: usize) -> Option<&Carries> {
        self.0.iter().find(|(owner, _)| *owner == layer).map(|(_, carries)| carries)
    }

    fn of_mut(&mut self, layer: usize) -> Option<&mut Carries> {
        self.0.iter_mut().find(|(owner, _)| *owner == layer).map(|(_, carries)| carries)
    }
}

// === impl Carries ===

impl Carries {
    fn scope(&self) -> Scope {
        match self {
            Self::Unit { scope, .. } => scope.clone(),
            Self::Of(scope) => scope.scope(),
        }
    }
}
