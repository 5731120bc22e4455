//! What a log gets.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use monitor_core::judge::{Finding, Severity};
use monitor_notify::Log;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::World;

/// Keeps events as lines.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Lines {
    /// The lines since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        let mut line = Line(format!("{} {}", meta.level(), meta.target()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
}

#[test]
fn a_notice_is_an_event_at_the_level_of_its_severity() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    tracing::subscriber::with_default(subscriber, || {
        let world = World::with(Log::new());
        for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
            world.trouble([Finding::new(severity, "a", "it is full").measured(0.9, 0.8)]);
        }
        world.trouble([]);
        world.pass(5);
    });
    let lines = lines.0.lock().unwrap();
    let starts: Vec<_> = lines.iter().map(|line| line.split_once(" message").unwrap().0).collect();
    assert_eq!(
        starts,
        [
            "INFO db_monitor::alert",
            "WARN db_monitor::alert",
            "ERROR db_monitor::alert",
            "INFO db_monitor::alert",
        ]
    );
    for part in
        ["=it is full", "event=\"fired\"", "kind=\"full-disk\"", "severity=\"info\"", "value=0.9"]
    {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    assert!(lines[3].contains("event=\"resolved\""), "{}", lines[3]);
}
