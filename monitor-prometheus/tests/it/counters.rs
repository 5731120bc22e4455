//! Counters only go up, whatever the limits do, and together they are true.

use monitor_core::capture::Call;
use monitor_prometheus::Exporter;
use proptest::prelude::*;

use super::{Samples, World, ms};

const COUNT: &str = "db_client_operation_duration_seconds_count";

fn calls(samples: &Samples) -> f64 {
    samples.iter().filter(|(name, _)| name.starts_with(COUNT)).map(|(_, value)| value).sum()
}

fn goes_up(name: &str) -> bool {
    ["_total", "_count", "_sum", "_bucket"].iter().any(|end| {
        let bare = name.split('{').next().unwrap_or(name);
        bare.ends_with(end) && bare != "db_client_connection_count"
    })
}

#[test]
fn a_statement_that_loses_its_place_takes_nothing_back() {
    let world = World::with(|b| b.statements_max(2), Exporter::SUMMARIES_MAX);
    let mut before = world.samples();
    for round in 0..40 {
        for table in 0..=(round % 5) {
            world.shop.record(Call::new(&format!("select * from t{table}"), ms(1 + round)));
        }
        let now = world.samples();
        for (name, value) in before.iter().filter(|(name, _)| goes_up(name)) {
            assert!(now[name] >= *value, "round {round}: {name} was {value}, is {}", now[name]);
        }
        let total = world.monitor.snapshot().lifetime.total.calls as f64;
        assert_eq!(calls(&now), total, "round {round}");
        before = now;
    }
}

#[test]
fn summaries_beyond_the_limit_are_exported_together_and_stay_there() {
    let world = World::with(|b| b, 3);
    for table in 0..10u64 {
        let text = format!("select * from t{table}");
        (0..=table).for_each(|_| world.shop.record(Call::new(&text, ms(1 + table))));
    }
    let first = world.samples();
    let series = |samples: &Samples| samples.keys().filter(|name| name.starts_with(COUNT)).count();
    assert_eq!(series(&first), 4);
    assert_eq!(first["db_monitor_folded_summaries"], 3.0, "counted up to the limit");
    let heaviest = first.keys().any(|name| name.contains(r#"db_query_summary="SELECT t9""#));
    assert!(heaviest, "the first places go to those that took most time");
    // A light one becomes the heaviest: it stays where it was.
    (0..1_000).for_each(|_| world.shop.record(Call::new("select * from t0", ms(50))));
    let second = world.samples();
    assert_eq!(series(&second), 4);
    assert_eq!(calls(&second), 1_055.0);
    let other = second.iter().find(|(name, _)| name.starts_with(COUNT) && name.contains("_other"));
    assert!(*other.unwrap().1 >= 1_000.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scraped_at_any_moment_the_series_add_up_to_the_calls_and_never_go_down(
        steps in prop::collection::vec((0u8..12, 1u64..5, prop::bool::ANY), 1..60),
        places in 1usize..6,
    ) {
        let world = World::with(|b| b.statements_max(places), 4);
        let mut before = Samples::new();
        let mut made = 0.0;
        for (table, count, scrape) in steps {
            let text = format!("select * from t{table}");
            (0..count).for_each(|_| world.shop.record(Call::new(&text, ms(1))));
            made += count as f64;
            if scrape {
                let now = world.samples();
                prop_assert_eq!(calls(&now), made);
                for (name, value) in before.iter().filter(|(name, _)| goes_up(name)) {
                    prop_assert!(now[name] >= *value, "{} was {}, is {}", name, value, now[name]);
                }
                before = now;
            }
        }
    }
}

#[test]
fn two_scrapers_at_once_do_not_count_a_call_twice() {
    let world = World::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..40).for_each(|_| drop(world.samples())));
        }
        for _ in 0..20_000 {
            world.shop.record(Call::new("select * from t", ms(1)));
        }
    });
    assert_eq!(calls(&world.samples()), 20_000.0);
}
