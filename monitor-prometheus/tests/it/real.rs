//! A real Prometheus, and its promtool, read what we write.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{Call, ErrorClass, Failure, Outcome, PoolLevels, Rows};
use monitor_core::snapshot::Histogram;
use monitor_prometheus::{Exporter, Format, Listener};

use super::prometheus::Prometheus;
use super::{ms, shop};

/// One instance of a service, and what it serves its metrics from.
struct Instance {
    monitor: Monitor,
    listener: Listener,
}

fn instance(calls: impl IntoIterator<Item = u64>) -> Instance {
    let monitor = Monitor::builder().build().unwrap();
    let shop = monitor.database(shop());
    for micros in calls {
        let call = Call::new("select * from orders where id = 1", Duration::from_micros(micros));
        let failed = Outcome::Failed(Failure::new(ErrorClass::Conflict).with_code("40001"));
        shop.record(if micros % 50 == 0 {
            call.outcome(failed)
        } else {
            call.rows(Rows::returned(3))
        });
    }
    let levels = PoolLevels { size: 5, idle: 5, max: Some(5), ..Default::default() };
    monitor.pool("main", monitor_core::capture::Database::default()).set_levels(levels);
    let listener = Listener::start(Exporter::new(&monitor), "127.0.0.1:0").unwrap();
    Instance { monitor, listener }
}

/// Three instances whose calls are spread differently.
fn fleet() -> [Instance; 3] {
    [
        instance((0..3_000).map(|n| 200 + n * 7 % 900)),
        instance((0..1_000).map(|n| 1_000 + n * 13 % 40_000)),
        instance((0..200).map(|n| 100_000 + n * 31 % 700_000)),
    ]
}

fn merged(fleet: &[Instance]) -> (u64, Histogram) {
    let mut all = Histogram::default();
    let mut calls = 0;
    for instance in fleet {
        let total = instance.monitor.snapshot().lifetime.total;
        calls += total.calls;
        all.merge(&total.histogram);
    }
    (calls, all)
}

const COUNT: &str = "sum(db_client_operation_duration_seconds_count)";

#[test]
fn three_instances_add_up_in_one_prometheus() {
    let fleet = fleet();
    let (calls, all) = merged(&fleet);
    let targets: Vec<_> = fleet.iter().map(|instance| instance.listener.address()).collect();
    let prometheus = Prometheus::scraping("classic", &targets, &[]);
    assert_eq!(prometheus.value(COUNT, |value| value == calls as f64), calls as f64);
    assert_eq!(prometheus.value("sum(up)", |value| value == 3.0), 3.0);
    for q in [0.5, 0.9, 0.99] {
        let by_le = "sum by (le) (db_client_operation_duration_seconds_bucket{error_type=\"\"}) + sum by (le) (db_client_operation_duration_seconds_bucket{error_type!=\"\"})";
        let found = prometheus.value(&format!("histogram_quantile({q}, {by_le})"), |_| true);
        let truth = all.quantile(q).unwrap().as_secs_f64();
        let bucket = |seconds: f64| seconds.log2().ceil();
        assert_eq!(bucket(found), bucket(truth), "q{q}: {found} for {truth}");
    }
    let failed = "sum(db_client_operation_duration_seconds_count{error_type=\"40001\"})";
    let expected: u64 = fleet.iter().map(|i| i.monitor.snapshot().lifetime.total.failed).sum();
    assert!(expected > 50);
    assert_eq!(prometheus.value(failed, |_| true), expected as f64);
}

#[test]
fn native_histograms_keep_every_bucket() {
    let fleet = fleet();
    let (calls, all) = merged(&fleet);
    let targets: Vec<_> = fleet.iter().map(|instance| instance.listener.address()).collect();
    let flag = "--enable-feature=native-histograms,exemplar-storage";
    let prometheus = Prometheus::scraping("native", &targets, &[flag]);
    let count = "histogram_count(sum(db_client_operation_duration_seconds))";
    assert_eq!(prometheus.value(count, |value| value == calls as f64), calls as f64);
    for q in [0.5, 0.9, 0.99] {
        let expr = format!("histogram_quantile({q}, sum(db_client_operation_duration_seconds))");
        let (found, truth) = (prometheus.value(&expr, |_| true), all.quantile(q).unwrap());
        let ratio = found / truth.as_secs_f64();
        assert!((0.91..1.1).contains(&ratio), "q{q}: {found} for {truth:?}");
    }
}

#[test]
fn an_instance_that_restarts_is_a_reset_and_no_leap() {
    let before = instance((0..1_000).map(|n| 300 + n));
    let address = before.listener.address();
    let prometheus = Prometheus::scraping("restart", &[address], &[]);
    prometheus.value(COUNT, |value| value == 1_000.0);
    drop(before);
    let after = Monitor::builder().build().unwrap();
    after.database(shop()).record(Call::new("select * from orders where id = 1", ms(1)));
    let _listener = Listener::start(Exporter::new(&after), address).unwrap();
    assert_eq!(prometheus.value(COUNT, |value| value == 1.0), 1.0);
    let resets = "sum(resets(db_client_operation_duration_seconds_count{error_type=\"\"}[1m]))";
    assert_eq!(prometheus.value(resets, |value| value == 1.0), 1.0);
}

#[test]
fn a_restart_bends_no_rate_of_a_fleet() {
    let [a, b, c] = fleet();
    let address = b.listener.address();
    let targets = [a.listener.address(), address, c.listener.address()];
    let prometheus = Prometheus::scraping("rates", &targets, &[]);
    prometheus.value(COUNT, |value| value == 4_200.0);
    drop(b);
    let after = Monitor::builder().build().unwrap();
    let orders = after.database(shop());
    let work = |calls| {
        (0..calls).for_each(|_| orders.record(Call::new("select * from orders", ms(1))));
    };
    work(1);
    let _listener = Listener::start(Exporter::new(&after), address).unwrap();
    prometheus.value(COUNT, |value| value == 3_201.0);
    work(1_000);
    prometheus.value(COUNT, |value| value == 4_201.0);
    // What one who takes the fall for work would see is 3 000 calls more, or 1 000 fewer than none.
    let increase = "sum(increase(db_client_operation_duration_seconds_count[2m]))";
    let found = prometheus.value(increase, |value| (1_001.0..1_300.0).contains(&value));
    assert!((1_001.0..1_300.0).contains(&found), "{found} for 1 001, and what PromQL extrapolates");
}

#[test]
fn promtool_finds_nothing_but_the_name_that_semantic_conventions_force() {
    let instance = instance(1..500);
    let text = Exporter::new(&instance.monitor).scrape(Format::Text).body;
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`promtool` is not here; `cargo xtask install` brings it");
    promtool.stdin.take().unwrap().write_all(&text).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    let findings: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    // A gauge whose name ends in `_count`: OpenTelemetry calls it so, and dashboards expect it.
    assert!(findings.iter().all(|line| line.starts_with("db_client_connection_count ")), "{said}");
}

#[test]
fn the_rules_pass_their_own_stories() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mixin");
    for args in [
        &["check", "rules", "recording_rules.yaml", "alert_rules.yaml"][..],
        &["test", "rules", "tests.yaml"],
    ] {
        let output = Command::new("promtool")
            .args(args)
            .current_dir(&folder)
            .output()
            .expect("`promtool` is not here; `cargo xtask install` brings it");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    }
}
