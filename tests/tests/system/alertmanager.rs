//! A real Alertmanager takes our alerts, groups them, and sees them end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use monitor_core::Monitor;
use monitor_core::judge::{Finding, Severity};
use monitor_notify::Alertmanager;
use monitor_tests::servers::alertmanager_url;
use serde_json::Value;

/// A monitor on the real clock, for the server knows no other, whose trouble is in the test's hands.
struct World {
    monitor: Monitor,
    trouble: Arc<Mutex<Vec<Finding>>>,
    service: String,
}

impl World {
    /// The server is shared, so every test has a service of its own.
    fn new(test: &str) -> Self {
        let service = format!("{test}-{}", std::process::id());
        let trouble: Arc<Mutex<Vec<Finding>>> = Arc::default();
        let now = trouble.clone();
        let sink = Alertmanager::new(alertmanager_url()).unwrap().service(&service);
        let monitor = Monitor::builder()
            .rule("full-disk", move |_| now.lock().unwrap().clone())
            .alert_held_for(Duration::ZERO)
            .alert_clear_for(Duration::from_nanos(1))
            .sink(sink)
            .beat_by_hand()
            .build()
            .unwrap();
        Self { monitor, trouble, service }
    }

    fn trouble(&self, severity: Severity, disks: &[&str]) {
        let full = |disk: &&str| Finding::new(severity, disk, format!("{disk} is full"));
        *self.trouble.lock().unwrap() = disks.iter().map(full).collect();
        self.monitor.review_alerts();
        let sink = self.monitor.snapshot().sinks.remove(0);
        assert_eq!((sink.failures_in_a_row, sink.waiting.len()), (0, 0), "{sink:?}");
    }

    /// Subjects of the alerts that the server holds to be firing, with their severity.
    fn firing(&self) -> Vec<String> {
        let alerts = get(&format!("/api/v2/alerts?filter=service=%22{}%22", self.service));
        let said = |alert: &Value| {
            let label = |name: &str| alert["labels"][name].as_str().unwrap().to_owned();
            assert_eq!(label("alertname"), "DatabaseFullDisk");
            assert!(!alert["annotations"]["description"].as_str().unwrap().is_empty());
            format!("{} {}", label("severity"), label("subject"))
        };
        let mut subjects: Vec<String> = alerts.as_array().unwrap().iter().map(said).collect();
        subjects.sort();
        subjects
    }

    /// The server works through what it took on threads of its own.
    fn wait_until_firing(&self, expected: &[&str]) {
        let start = Instant::now();
        while self.firing() != expected && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(self.firing(), expected);
    }
}

fn get(path: &str) -> Value {
    let mut answer = ureq::get(format!("{}{path}", alertmanager_url())).call().unwrap();
    serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
}

#[test]
fn alertmanager_takes_alerts_and_sees_them_end() {
    let world = World::new("ends");
    world.trouble(Severity::Warning, &["a", "b"]);
    world.wait_until_firing(&["warning a", "warning b"]);
    world.trouble(Severity::Warning, &["b"]);
    world.wait_until_firing(&["warning b"]);
    world.trouble(Severity::Warning, &[]);
    world.wait_until_firing(&[]);
}

#[test]
fn alertmanager_holds_an_alert_that_gets_worse_to_be_one() {
    let world = World::new("worse");
    world.trouble(Severity::Warning, &["a"]);
    world.wait_until_firing(&["warning a"]);
    world.trouble(Severity::Critical, &["a"]);
    world.wait_until_firing(&["critical a"]);
    world.trouble(Severity::Critical, &[]);
    world.wait_until_firing(&[]);
}

#[test]
fn alertmanager_groups_alerts_of_one_kind() {
    let world = World::new("groups");
    world.trouble(Severity::Error, &["a", "b", "c"]);
    world.wait_until_firing(&["error a", "error b", "error c"]);
    let path = format!("/api/v2/alerts/groups?filter=service=%22{}%22", world.service);
    let start = Instant::now();
    let groups = loop {
        let groups = get(&path);
        let found = groups.as_array().unwrap().len();
        if found > 0 || start.elapsed() > Duration::from_secs(20) {
            break groups;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(groups.as_array().unwrap().len(), 1, "{groups}");
    assert_eq!(groups[0]["labels"]["alertname"], "DatabaseFullDisk");
    assert_eq!(groups[0]["alerts"].as_array().unwrap().len(), 3);
}
