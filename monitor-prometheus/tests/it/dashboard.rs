//! The dashboard: every panel shows something, and its JSON keeps to what Grafana and its linter ask for.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use monitor_core::Monitor;
use monitor_core::capture::{Call, ErrorClass, Failure, Outcome, PoolLevels, Rows};
use monitor_prometheus::{Exporter, Listener};
use serde_json::Value;

use super::prometheus::{PATIENCE, Prometheus};
use super::{ms, shop};

fn dashboard() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("mixin/dashboard.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn panels(board: &Value) -> impl Iterator<Item = &Value> {
    let all = board["panels"].as_array().unwrap().iter();
    all.filter(|panel| panel["type"] != "row")
}

/// Every expression, with the title of its panel.
fn expressions(board: &Value) -> Vec<(String, String)> {
    let of = |panel: &Value| {
        let title = panel["title"].as_str().unwrap().to_owned();
        let targets = panel["targets"].as_array().unwrap().clone();
        targets.into_iter().map(move |t| (title.clone(), t["expr"].as_str().unwrap().to_owned()))
    };
    panels(board).flat_map(of).collect()
}

/// A service with every sort of trouble at once, over and over.
struct Trouble {
    done: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Trouble {
    fn of(monitor: &Monitor) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (monitor, done) = (monitor.clone(), done.clone());
            move || {
                let (source, pool) = (monitor.database(shop()), monitor.pool("main", shop()));
                let levels = PoolLevels { size: 5, idle: 1, max: Some(5), ..Default::default() };
                pool.set_levels(levels);
                let _waiting = pool.checkout();
                let _leaked = pool.checkout().taken();
                while !done.load(Ordering::Relaxed) {
                    for table in 0..20 {
                        let text = format!("select * from t{table}");
                        source.record(Call::new(&text, ms(3)).rows(Rows::returned(7)));
                    }
                    source.record(Call::new("select * from big", ms(9_000)));
                    let failed =
                        Outcome::Failed(Failure::new(ErrorClass::Conflict).with_code("40001"));
                    source.record(Call::new("update big set a = 1", ms(3)).outcome(failed));
                    drop(source.call("select * from big"));
                    pool.checkout().timed_out();
                    drop(pool.checkout().taken());
                    pool.connection_created(Some(ms(4)));
                    pool.transaction().committed();
                    monitor.review_alerts();
                    std::thread::sleep(ms(20));
                }
            }
        });
        Self { done, thread: Some(thread) }
    }
}

impl Drop for Trouble {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

/// Asks until there is a number, for an error is never to come, and nothing only at first.
fn check(prometheus: &Prometheus, title: &str, expr: &str) {
    let start = Instant::now();
    loop {
        let answer = prometheus.query(expr);
        if let Some(answer) = &answer {
            assert_eq!(answer["status"], "success", "{title}: {expr}: {answer}");
        }
        let numbers = answer.as_ref().and_then(|answer| answer["data"]["result"].as_array());
        let is_number = |sample: &Value| sample["value"][1].as_str().is_some_and(|v| v != "NaN");
        if numbers.is_some_and(|numbers| numbers.iter().any(is_number)) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{title} stays empty: {expr}");
        std::thread::sleep(ms(100));
    }
}

#[test]
fn every_panel_variable_and_recorded_series_has_numbers_once_everything_goes_wrong() {
    let monitor =
        Monitor::builder().statements_max(4).leak_after(Duration::from_millis(1)).build().unwrap();
    let _trouble = Trouble::of(&monitor);
    let listener = Listener::start(Exporter::new(&monitor), "127.0.0.1:0").unwrap();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("mixin/recording_rules.yaml");
    let more = format!("rule_files: ['{}']\n", rules.display());
    let prometheus = Prometheus::configured("dashboard", &[listener.address()], &[], &more);
    let board = dashboard();
    let found = expressions(&board);
    assert!(found.len() > 20, "{found:?}");
    for (title, expr) in found {
        // As Grafana replaces them, "All" chosen everywhere.
        let expr = expr.replace("$__rate_interval", "10s");
        let expr = ["$job", "$instance", "$namespace"].iter().fold(expr, |e, v| e.replace(v, ".*"));
        check(&prometheus, &title, &expr);
    }
    for variable in board["templating"]["list"].as_array().unwrap() {
        let query = variable["query"].as_str().unwrap();
        if let Some((series, label)) = query
            .strip_prefix("label_values(")
            .and_then(|rest| rest.trim_end_matches(')').rsplit_once(','))
        {
            let series = series.replace("$job", ".*");
            check(&prometheus, query, &format!("count by ({}) ({series})", label.trim()));
        }
    }
    let rules = std::fs::read_to_string(rules).unwrap();
    for name in rules.lines().filter_map(|line| line.trim().strip_prefix("- record: ")) {
        check(&prometheus, "recorded", name);
    }
}

#[test]
fn the_json_is_what_grafana_and_its_linter_ask_for() {
    let board = dashboard();
    assert_eq!(board["id"], Value::Null, "Grafana gives it one");
    assert!(board["uid"].as_str().unwrap().len() <= 40);
    assert_eq!(board["editable"], false);
    assert!(!board["title"].as_str().unwrap().is_empty());
    assert!(board.get("__inputs").is_none(), "made for provisioning");
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in board["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel:#}");
        let at = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(at("w") > 0 && at("x") + at("w") <= 24, "{panel:#}");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{} lies on another panel", panel["title"]);
            }
        }
    }
    let variables = board["templating"]["list"].as_array().unwrap();
    let names: Vec<_> = variables.iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert_eq!(names[..3], ["datasource", "job", "instance"]);
    assert!(variables[1..].iter().all(|v| v["refresh"] == 2), "they follow the time that is shown");
    for panel in panels(&board) {
        for word in ["title", "description"] {
            assert!(!panel[word].as_str().unwrap().is_empty(), "{panel:#}");
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
        assert!(!panel["fieldConfig"]["defaults"]["unit"].as_str().unwrap().is_empty());
        let mut letters = BTreeSet::new();
        for target in panel["targets"].as_array().unwrap() {
            assert!(letters.insert(target["refId"].as_str().unwrap()), "{panel:#}");
            assert_eq!(target["datasource"]["uid"], "${datasource}");
            let expr = target["expr"].as_str().unwrap();
            let selectors = expr.matches('{').count();
            for matcher in [r#"job=~"$job""#, r#"instance=~"$instance""#] {
                assert_eq!(expr.matches(matcher).count(), selectors, "{expr}");
            }
            let ranges = expr.matches('[').count();
            assert_eq!(expr.matches("[$__rate_interval]").count(), ranges, "{expr}");
            let buckets = expr.contains("operation_duration_seconds_bucket");
            assert_eq!(target["exemplar"] == true, buckets, "traces show on calls: {expr}");
        }
    }
}
