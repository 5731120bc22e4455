//! How advice lives in a monitor.

use std::time::Duration;

use monitor_core::capture::{Call, PoolLevels, Rows};
use monitor_core::judge::advice::{AdviceSettings, RuleAnswer, Verdict};
use monitor_core::{Monitor, show};

use super::super::{World, ms, world_with};
use super::said;

const ALL: &str = "delete from loans";
const PAGE: &str = "select id from loans order by id limit 20 offset 41357";

fn library(settings: AdviceSettings) -> World {
    world_with(|builder| builder.recommendations(settings))
}

/// A minute in which two statements run that deserve advice.
fn busy_minute(world: &World) {
    for _ in 0..12 {
        world.shop.record(Call::new(PAGE, ms(30)).rows(Rows::returned(20)));
        world.pass(5);
    }
    world.shop.record(Call::new(ALL, ms(900)).rows(Rows::affected(40_000)));
}

#[test]
fn a_monitor_gives_advice_in_order_and_remembers_when_it_was_first() {
    let world = library(AdviceSettings::default());
    assert!(world.monitor.recommendations().is_empty());
    busy_minute(&world);
    let first = world.monitor.look_for_advice();
    assert_eq!(said(&first), ["missing-where-write", "deep-offset"]);
    world.pass(300);
    world.monitor.look_for_advice();
    let again = world.monitor.recommendations();
    assert_eq!(again[1].key, first.recommendations[1].key);
    assert_eq!(again[1].first_seen, first.recommendations[1].first_seen);
    assert!(again[1].last_seen > again[1].first_seen);
}

#[test]
fn every_rule_has_an_answer_and_before_the_first_look_there_is_none() {
    let world = library(AdviceSettings::default());
    assert_eq!(world.monitor.advice().at, None);
    let early = world.monitor.look_for_advice();
    assert!(early.answers.len() > 40);
    let early_says = |answer: &RuleAnswer| match answer.rule {
        // Nobody may ask the database, however long one waits.
        "missing-index" => answer.verdict == Verdict::CannotTell,
        _ => answer.verdict == Verdict::TooSoon,
    };
    assert!(early.answers.iter().all(early_says), "{:#?}", early.answers);
    let names: Vec<_> = early.answers.iter().map(|answer| answer.rule).collect();
    assert!(names.is_sorted());
    busy_minute(&world);
    let later = world.monitor.look_for_advice();
    assert_eq!(later, world.monitor.advice());
    assert_eq!(later.answer("n-plus-one").unwrap().verdict, Verdict::CannotTell);
}

#[test]
fn what_is_muted_is_not_given_and_counted() {
    let mute = |word: &str| {
        let world = library(AdviceSettings::default().mute(word));
        busy_minute(&world);
        world.monitor.look_for_advice()
    };
    let advice = mute("missing-where-write");
    assert_eq!((said(&advice), advice.muted), (vec!["deep-offset"], 1));
    let key = advice.recommendations[0].key.clone();
    assert_eq!(said(&mute(&key)), ["missing-where-write"]);
}

#[test]
fn a_key_has_no_number_that_changes() {
    let key = |times: u64| {
        let world = library(AdviceSettings::default());
        (0..times).for_each(|_| busy_minute(&world));
        world
            .monitor
            .look_for_advice()
            .recommendations
            .into_iter()
            .map(|one| one.key)
            .collect::<Vec<_>>()
    };
    assert_eq!(key(1), key(3));
}

#[test]
fn what_is_remembered_has_a_limit_and_a_counter() {
    let mut settings = AdviceSettings::default();
    settings.remembered_max = 1;
    let world = library(settings);
    busy_minute(&world);
    assert_eq!(world.monitor.look_for_advice().forgotten, 1);
    assert_eq!(world.monitor.snapshot().losses.recommendations_forgotten, 1);
}

#[test]
fn settings_that_make_no_sense_are_refused_with_what_would_work() {
    let refused = |settings| {
        let built = Monitor::builder().recommendations(settings).beat_by_hand().build();
        built.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(refused(AdviceSettings::default().every(ms(10))).contains("choose 1s or longer"));
    let mut forgetful = AdviceSettings::default();
    forgetful.remembered_max = 0;
    assert!(refused(forgetful).contains("choose at least 1"));
}

#[test]
fn a_monitor_that_is_off_has_no_advice() {
    assert_eq!(Monitor::off().look_for_advice().at, None);
    assert!(Monitor::off().recommendations().is_empty());
}

#[test]
fn a_pool_is_watched_on_the_beat() {
    let world = library(AdviceSettings::default());
    let pool = world.monitor.pool("loans", world.shop.database().unwrap().clone());
    pool.set_levels(PoolLevels { size: 10, idle: 0, max: Some(10), ..PoolLevels::default() });
    let waiting: Vec<_> = (0..7).map(|_| pool.checkout()).collect();
    for _ in 0..30 {
        pool.record(Call::new("select 1", ms(2)).rows(Rows::returned(1)));
        world.pass(5);
    }
    let advice = world.monitor.look_for_advice();
    assert_eq!(said(&advice), ["pool-too-small"]);
    drop(waiting);
}

#[test]
fn the_report_says_what_was_seen_what_it_means_and_what_to_try() {
    let world = library(AdviceSettings::default());
    busy_minute(&world);
    assert!(!world.monitor.report().contains("advice"));
    world.monitor.look_for_advice();
    let report = world.monitor.report();
    let (_, advice) = report.split_once("\nadvice, most important first\n").unwrap();
    let lines: Vec<_> = advice.lines().collect();
    assert!(
        lines[0].starts_with(
            "missing-where-write (high)  `delete` without `where` on loans: `delete from loans`"
        ),
        "{advice}"
    );
    assert!(lines[1].starts_with("    all rows are locked"), "{advice}");
    assert!(lines[2].starts_with("    try: to empty the table"), "{advice}");
}

#[test]
fn advice_as_json_has_evidence_and_every_rule_and_no_literal() {
    let world = library(AdviceSettings::default());
    busy_minute(&world);
    let advice = world.monitor.look_for_advice();
    let json: serde_json::Value =
        serde_json::from_str(&show::advice_json(&advice).unwrap()).unwrap();
    let one = &json["recommendations"][1];
    assert_eq!(one["rule"], "deep-offset");
    assert_eq!(
        one["evidence"]["statements"][0]["text"],
        "select id from loans order by id limit ? offset ?"
    );
    assert_eq!(json["rules"].as_array().unwrap().len(), advice.answers.len());
    assert!(!json.to_string().contains("41357"));
}

#[test]
fn a_thread_of_the_monitors_own_looks_and_ends_with_it() {
    // Real time here: that a thread looks at all can't be seen otherwise.
    let settings =
        AdviceSettings::default().observe_for(Duration::ZERO).every(Duration::from_secs(1));
    let monitor = Monitor::builder().recommendations(settings).build().unwrap();
    let started = std::time::Instant::now();
    while monitor.advice().at.is_none() {
        assert!(started.elapsed() < Duration::from_secs(60), "nobody looked");
        std::thread::yield_now();
    }
}
