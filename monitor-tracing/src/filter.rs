//! Which spans are looked at.

use std::sync::Arc;

use tracing_core::{Interest, LevelFilter, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use crate::scopes::Settings;

/// Lets spans through that are units of work, or that may carry one. No event.
#[derive(Clone, Debug)]
pub struct SpanFilter(pub(crate) Arc<Settings>);

// === impl SpanFilter ===

impl SpanFilter {
    fn wants(&self, span: &Metadata<'_>) -> bool {
        let settings = &self.0;
        !settings.monitor.is_off()
            && span.is_span()
            && (settings.is_unit(span) || *span.level() <= settings.follow)
    }
}

impl<S> Filter<S> for SpanFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let settings = &self.0;
        let units = if settings.has_units() { Settings::UNITS } else { LevelFilter::OFF };
        let off = settings.monitor.is_off();
        Some(if off { LevelFilter::OFF } else { settings.follow.max(units) })
    }
}
