//! Spans as units of work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod carrying;
mod naming;

use monitor_core::capture::{Call, Database, System};
use monitor_core::snapshot::ScopeActivity;
use monitor_core::{Monitor, Source};
use monitor_tracing::SpanScopes;
use tracing::Dispatch;
use tracing::dispatcher::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;

const ASK: &str = "SELECT total FROM orders WHERE id = 7";

/// A monitor, and a subscriber of this thread that tells it of spans.
struct World {
    monitor: Monitor,
    shop: Source,
    dispatch: Dispatch,
    _default: DefaultGuard,
}

impl World {
    fn new(spans: impl FnOnce(SpanScopes) -> SpanScopes) -> Self {
        let monitor = Monitor::builder().beat_by_hand().build().unwrap();
        let shop = monitor.database(Database::of(System::Sqlite));
        let spans = spans(SpanScopes::new(&monitor));
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(spans.layer()));
        let default = tracing::dispatcher::set_default(&dispatch);
        Self { monitor, shop, dispatch, _default: default }
    }

    fn ask(&self) {
        ask(&self.shop);
    }

    fn scopes(&self) -> Vec<ScopeActivity> {
        self.monitor.snapshot().scopes
    }

    /// Name, units and calls of each.
    fn units(&self) -> Vec<(String, u64, u64)> {
        let all = self.scopes().into_iter();
        all.map(|scope| (scope.name.to_string(), scope.units, scope.calls)).collect()
    }
}

fn ask(shop: &Source) {
    shop.record(Call::new(ASK, std::time::Duration::from_millis(1)));
}

fn unit(name: &str, units: u64, calls: u64) -> (String, u64, u64) {
    (name.to_owned(), units, calls)
}
