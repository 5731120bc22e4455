//! What the builder refuses, and how it says so.

use std::time::Duration;

use monitor_core::{Builder, Monitor, SlowAfter, SlowRelative, Thresholds};

fn refused(change: impl FnOnce(Builder) -> Builder, words: &[&str]) {
    let error = change(Monitor::builder().beat_by_hand()).build().unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "`{error}` should say `{word}`");
    }
}

#[test]
fn a_setting_that_makes_no_sense_is_refused_with_its_value_and_the_remedy() {
    let s = Duration::from_secs;
    refused(|b| b.slow(s(0)), &["slow threshold is 0 s", "above zero"]);
    refused(|b| b.slow(s(9)), &["very slow threshold 5s", "slow threshold 9s"]);
    refused(|b| b.error_rate(5.0), &["error rate", "5", "0.05 is 5 %"]);
    refused(|b| b.error_rate(f64::NAN), &["error rate", "NaN"]);
    refused(|b| b.pool_usage(0.0), &["pool usage", "above 0"]);
    refused(|b| b.calls_per_second(f64::INFINITY), &["calls-per-second", "inf"]);
    refused(|b| b.average_time(s(0)), &["average time", "above zero"]);
    refused(|b| b.leak_after(s(0)), &["leak threshold"]);
    refused(|b| b.leaked_connections(0), &["leaked connections", "at least 1"]);
    refused(|b| b.failed_connections(0), &["failed connections", "at least 1"]);
    refused(|b| b.alert_clear_for(s(0)), &["0 s", "above zero"]);
    refused(|b| b.statements_max(0), &["statements_max is 0", "at least 1"]);
    refused(|b| b.texts_max(0), &["texts_max"]);
    refused(|b| b.slow_statements_max(0), &["slow_statements_max"]);
    refused(|b| b.statements_max(1 << 21), &["statements_max", "at most 1048576"]);
    refused(|b| b.sources_max(1), &["sources_max is 1", "at least 2"]);
    refused(|b| b.sources_max(1 << 20), &["sources_max", "at most 4096"]);
    refused(|b| b.checkouts_tracked_max(0), &["checkouts_tracked_max"]);
    refused(|b| b.alerts_max(0), &["alerts_max"]);
    refused(|b| b.build_id(" "), &["build id is empty", "leave it out"]);
    refused(|b| b.build_id("4".repeat(257)), &["257 characters", "at most 256"]);
}

#[test]
fn a_rule_of_slowness_that_makes_no_sense_is_refused_by_what_it_is_for() {
    let s = Duration::from_secs;
    let both = |slow, very_slow| SlowAfter::both(s(slow), s(very_slow));
    refused(|b| b.slow_statement("select 1", s(0)), &["`select 1`", "0 s", "SlowAfter::NEVER"]);
    refused(|b| b.slow_statement("select 1", both(2, 1)), &["1s", "`select 1`", "2s"]);
    refused(|b| b.slow_statement(" -- nothing", s(1)), &["` -- nothing`", "give its SQL"]);
    refused(|b| b.slow_table("orders", s(0)), &["table `orders`", "above zero"]);
    refused(|b| b.slow_table("  ", s(1)), &["`  ` is no table", "`shop.orders`"]);
    refused(|b| b.slow_table("orders o", s(1)), &["`orders o` is no table", "one name"]);
    refused(|b| b.slow_relative(SlowRelative::times(1.0)), &["factor is 1", "above 1"]);
    refused(|b| b.slow_relative(SlowRelative::times(f64::NAN)), &["factor is NaN"]);
    let few = SlowRelative { calls_min: 19, ..SlowRelative::times(3.0) };
    refused(|b| b.slow_relative(few), &["19 calls", "at least 20"]);
    let quick = SlowRelative { duration_min: s(0), ..SlowRelative::times(3.0) };
    refused(|b| b.slow_relative(quick), &["0 s", "duration_min above zero"]);
    refused(|b| b.slow_text_bytes_max(0), &["slow_text_bytes_max is 0"]);
    refused(|b| b.running_told_max(0), &["running_told_max is 0"]);
    refused(|b| b.running_per_thread_max(1 << 20), &["running_per_thread_max", "at most 65536"]);
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let thresholds = Monitor::builder().beat_by_hand().build().unwrap().thresholds();
    assert_eq!(thresholds, Thresholds::default());
    assert_eq!(thresholds.slow, Duration::from_secs(1));
    assert_eq!(thresholds.very_slow, Duration::from_secs(5));
    assert_eq!(thresholds.average_time, Duration::from_millis(500));
    assert_eq!((thresholds.leaked_connections, thresholds.failed_connections), (5, 10));
}

#[test]
fn the_beat_ends_with_the_monitor() {
    let monitor = Monitor::builder().build().unwrap();
    let other = monitor.clone();
    drop(monitor);
    assert!(!other.is_off());
    drop(other);
}
