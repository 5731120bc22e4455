//! What the numbers are called and what they say.

use monitor_core::capture::{
    Call, Database, ErrorClass, Failure, Outcome, PoolLevels, Rows, System,
};
use monitor_prometheus::Format;
use monitor_prometheus::names::METRICS;

use super::{World, ms, shop};

const DB: &str = r#"db_system_name="postgresql",db_namespace="shop",server_address="db""#;

#[test]
fn a_call_is_a_duration_under_its_summary_and_a_failed_one_under_its_error_as_well() {
    let world = World::new();
    world
        .shop
        .record(Call::new("select * from orders where id = 1", ms(3)).rows(Rows::returned(7)));
    world.shop.record(Call::new("select * from orders where id = 2", ms(2_000)));
    let failure = Failure::new(ErrorClass::UniqueViolation).with_code("23505");
    let failed = Outcome::Failed(failure);
    world.shop.record(Call::new("insert into orders values (1)", ms(5)).outcome(failed));
    let failed = Outcome::Failed(Failure::new(ErrorClass::Connection));
    world.shop.record(Call::new("select * from orders where id = 3", ms(9)).outcome(failed));
    let samples = world.samples();
    let duration = |rest: &str| {
        let name = "db_client_operation_duration_seconds";
        let label = |suffix: &str| samples[&format!("{name}{suffix}{{{DB},{rest}}}")];
        (label("_count"), label("_sum"))
    };
    let select = r#"db_query_summary="SELECT orders""#;
    assert_eq!(duration(select), (2.0, 2.003));
    assert_eq!(duration(&format!(r#"{select},error_type="connection""#)), (1.0, 0.009));
    let insert =
        r#"db_query_summary="INSERT orders",error_type="23505",db_response_status_code="23505""#;
    assert_eq!(duration(insert), (1.0, 0.005));
    let bucket = |bound: &str| {
        samples[&format!(
            "db_client_operation_duration_seconds_bucket{{le=\"{bound}\",{DB},{select}}}"
        )]
    };
    assert_eq!((bucket("0.00390625"), bucket("0.001953125")), (1.0, 0.0));
    assert_eq!((bucket("1"), bucket("2"), bucket("+Inf")), (1.0, 2.0, 2.0));
    let rows = |suffix: &str| {
        samples[&format!("db_client_response_returned_rows{suffix}{{{DB},{select}}}")]
    };
    assert_eq!((rows("_sum"), rows("_count")), (7.0, 1.0));
}

#[test]
fn a_pool_has_the_names_of_the_semantic_conventions() {
    let world = World::new();
    let pool = world.monitor.pool("main", shop());
    let levels = PoolLevels { size: 8, idle: 5, max: Some(10), min: Some(2), ..Default::default() };
    pool.set_levels(levels);
    let checkout = pool.checkout();
    world.hands.advance(ms(20));
    let held = checkout.taken();
    let _waiting = pool.checkout();
    pool.checkout().timed_out();
    world.hands.advance(ms(300));
    drop(held);
    let samples = world.samples();
    let of = |name: &str| {
        let (name, rest) = name.split_once('|').unwrap_or((name, ""));
        samples[&format!("{name}{{{DB},db_client_connection_pool_name=\"main\"{rest}}}")]
    };
    assert_eq!(of(r#"db_client_connection_count|,db_client_connection_state="idle""#), 5.0);
    assert_eq!(of(r#"db_client_connection_count|,db_client_connection_state="used""#), 3.0);
    assert_eq!(of("db_client_connection_max"), 10.0);
    assert_eq!(of("db_client_connection_idle_min"), 2.0);
    assert_eq!(of("db_client_connection_pending_requests"), 1.0);
    assert_eq!(of("db_client_connection_timeouts_total"), 1.0);
    assert_eq!(of("db_client_connection_wait_time_seconds_sum"), 0.02);
    assert_eq!(of("db_client_connection_use_time_seconds_sum"), 0.3);
    assert_eq!(of(r#"db_monitor_checkouts_total|,outcome="taken""#), 1.0);
}

#[test]
fn where_calls_time_went_is_added_up_for_each_database_and_begins_at_zero() {
    let world = World::new();
    world.shop.record(Call::new("select 1", ms(1)));
    let part = |part: &str| {
        world.samples()[&format!(r#"db_monitor_call_parts_seconds_total{{{DB},part="{part}"}}"#)]
    };
    let all = || ["pool_wait", "first_row", "fetch", "reader"].map(part);
    assert_eq!(all(), [0.0; 4]);
    for _ in 0..2 {
        let mut timer = world.shop.call("select * from orders").waited_for_pool(Some(ms(3)));
        world.hands.advance(ms(20));
        timer.wait_ends();
        world.hands.advance(ms(500));
        timer.wait_begins();
        world.hands.advance(ms(5));
        timer.complete();
    }
    assert_eq!(all(), [0.006, 0.04, 0.01, 1.0]);
    let open = world.text(Format::OpenMetrics);
    assert!(open.contains("# UNIT db_monitor_call_parts_seconds seconds"), "{open}");
}

#[test]
fn a_port_that_everybody_expects_is_left_out() {
    let world = World::new();
    let other = Database { port: Some(6432), ..shop() };
    world.monitor.database(other).record(Call::new("select 1", ms(1)));
    let maria = Database { system: System::MariaDb, port: Some(3306), ..shop() };
    world.monitor.database(maria).record(Call::new("select 1", ms(1)));
    let text = world.text(Format::Text);
    assert!(text.contains(r#"server_address="db",server_port="6432""#));
    assert_eq!(
        text.matches("server_port=\"").count(),
        text.matches("server_port=\"6432\"").count()
    );
}

#[test]
fn trouble_shows_as_alerts_health_and_losses() {
    let world = World::with(|b| b.statements_max(1), 10);
    for table in ["a", "b", "c"] {
        world.shop.record(Call::new(&format!("select * from {table}"), ms(6_000)));
    }
    world.hands.advance(ms(5_000));
    world.monitor.beat();
    let samples = world.samples();
    assert_eq!(samples[r#"db_monitor_alerts_firing{kind="slow_query",severity="warning"}"#], 2.0);
    assert_eq!(samples[r#"db_monitor_health{status="degraded"}"#], 1.0);
    assert_eq!(samples[r#"db_monitor_health{status="healthy"}"#], 0.0);
    assert_eq!(samples[r#"db_monitor_dropped_total{reason="statements_evicted"}"#], 2.0);
    assert_eq!(samples[&format!(r#"db_monitor_slow_calls_total{{{DB},speed="very_slow"}}"#)], 3.0);
    assert_eq!(samples["db_monitor_statements"], 1.0);
}

#[test]
fn every_loss_has_a_series_and_begins_at_zero() {
    let world = World::new();
    let samples = world.samples();
    let losses = world.monitor.snapshot().losses;
    let fields = format!("{losses:?}").matches(": ").count();
    assert_eq!(losses.entries().len(), fields, "each has an entry: {losses:?}");
    for (reason, count) in losses.entries() {
        let name = format!("db_monitor_dropped_total{{reason=\"{reason}\"}}");
        assert_eq!((samples.get(&name), count), (Some(&0.0), 0), "{name}");
    }
    let shown = samples.keys().filter(|name| name.starts_with("db_monitor_dropped_total")).count();
    assert_eq!(shown, fields);
}

#[test]
fn a_monitor_that_is_off_and_one_that_saw_nothing_can_be_scraped() {
    let off = monitor_prometheus::Exporter::new(&monitor_core::Monitor::off());
    let text = String::from_utf8(off.scrape(Format::Text).body).unwrap();
    assert!(text.contains("db_monitor_info{"), "{text}");
    let world = World::new();
    assert_eq!(world.samples()[r#"db_monitor_health{status="unknown"}"#], 1.0);
}

#[test]
fn every_name_follows_the_rules() {
    for metric in METRICS {
        assert!(metric.name.starts_with("db_client_") || metric.name.starts_with("db_monitor_"));
        assert!(!metric.name.ends_with("_total"), "{}: the format adds it", metric.name);
        assert!(!metric.help.ends_with('.'), "{}", metric.name);
        let allowed = |c: char| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit();
        assert!(metric.name.chars().all(allowed), "{}", metric.name);
        assert!(metric.all_labels().all(|label| label.chars().all(allowed)));
    }
}
