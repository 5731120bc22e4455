//! Snapshots written and read back.

use std::sync::LazyLock;

use monitor_core::capture::{Call, ErrorClass, Failure, Outcome, ProbeEnd, Rows, System};
use monitor_core::judge::{self, Health};
use monitor_core::show::{self, LoadError, SAVED_BYTES_MAX};
use monitor_core::snapshot::Snapshot;
use monitor_core::{Monitor, Thresholds};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};

use serde_json::json;

use super::{World, ms, shop, ten, world};

/// As the first version wrote it. What it holds must load for good.
const FIRST: &str = include_str!("fixtures/snapshot-1.json");

fn write(snapshot: &Snapshot) -> String {
    show::json(snapshot, &no_health()).unwrap()
}

/// The same every time, as it says when it was judged.
fn no_health() -> Health {
    static HEALTH: LazyLock<Health> = LazyLock::new(|| Monitor::off().health());
    HEALTH.clone()
}

/// What [`show::load`] leaves behind.
fn without_single_calls(json: &str) -> serde_json::Value {
    let mut value: serde_json::Value = serde_json::from_str(json).unwrap();
    value["slow"] = json!([]);
    value["slow_newest"] = json!([]);
    let windows = value["windows"].as_array().unwrap().len();
    let sources = value["sources"].as_array_mut().unwrap();
    sources.iter_mut().for_each(forget_holders);
    for window in 0..windows {
        let sources = value["windows"][window]["sources"].as_array_mut().unwrap();
        sources.iter_mut().for_each(forget_holders);
    }
    value
}

fn forget_holders(source: &mut serde_json::Value) {
    if source["pool"].is_object() {
        source["pool"]["held"] = json!([]);
        source["pool"]["timeouts"] = json!([]);
    }
}

fn message(text: &str) -> String {
    show::load(text).unwrap_err().to_string()
}

#[test]
fn a_file_of_the_first_version_still_loads() {
    let snapshot = show::load(FIRST).unwrap();
    assert_eq!(snapshot.uptime, ms(122_000));
    assert_eq!(snapshot.at.duration_since(snapshot.started_at).unwrap(), snapshot.uptime);
    assert_eq!(snapshot.build, None);
    let all = &snapshot.lifetime;
    assert_eq!((all.total.calls, all.total.failed, all.total.cancelled), (65, 1, 1));
    assert_eq!(all.total.time, ms(10_277));
    assert_eq!((all.statements.len(), all.kinds.len(), all.tables.len()), (4, 3, 2));
    let orders = all.table("orders").unwrap();
    assert_eq!((orders.reads, orders.activity.calls), (59, 59));
    let lists = all.statements.iter().find(|one| !one.by_list_size.is_empty()).unwrap();
    assert_eq!(lists.by_list_size[0].size.as_str(), "2-10");
    assert_eq!(lists.database.to_string(), "db:5432/shop");
    let insert = all.statements.iter().find(|one| one.summary.starts_with("INSERT")).unwrap();
    assert_eq!(insert.activity.errors[0].class, ErrorClass::UniqueViolation);
    assert_eq!(insert.activity.errors[0].code.as_deref(), Some("23505"));
    assert_eq!(snapshot.windows.len(), 4);
    assert_eq!(snapshot.windows[0].rollup.total.calls, 60);
    let (main, pool) = snapshot.pools().next().unwrap();
    assert_eq!((&*main.name, main.database.system), ("main", System::PostgreSql));
    assert_eq!((pool.levels.unwrap().size, pool.checkouts.taken), (4, 1));
}

#[test]
fn fields_of_tomorrow_are_ignored_and_words_of_tomorrow_are_unknown() {
    let tomorrow = FIRST
        .replacen("{\"version\":1,", "{\"version\":1,\"mood\":{\"is\":[\"good\"]},", 1)
        .replace("\"kind\":\"select\"", "\"kind\":\"pipeline\"")
        .replace("\"class\":\"unique_violation\"", "\"class\":\"boredom\"");
    let snapshot = show::load(&tomorrow).unwrap();
    assert_eq!(snapshot.lifetime.total.calls, 65);
    assert_eq!(snapshot.lifetime.total.errors[0].class, ErrorClass::Other);
}

#[test]
fn what_is_no_snapshot_says_what_is_wrong() {
    assert!(message("").starts_with("no saved snapshot: EOF"), "{}", message(""));
    assert!(message("[1, 2]").contains("no saved snapshot"));
    assert!(message("{}").contains("missing field `version`"));
    let other = message("{\"version\": 7}");
    assert_eq!(
        other,
        "the snapshot is of version 7, and this monitor reads 1; read it with the monitor that wrote it"
    );
    let half = &FIRST[..FIRST.len() / 2];
    assert!(message(half).contains("EOF while parsing"), "{}", message(half));
    let statement = "/lifetime/statements/0";
    for (place, value, said) in [
        ("/uptime_seconds".into(), json!(-1), "-1 seconds are no length of time"),
        ("/uptime_seconds".into(), json!(1e300), "no length of time"),
        ("/at".into(), json!("yesterday"), "`yesterday` is no moment by RFC 3339"),
        (format!("{statement}/fingerprint"), json!("797e"), "`797e` is not a fingerprint"),
        (format!("{statement}/buckets"), json!([[99, 2]]), "an index from -192 to 65"),
        (format!("{statement}/buckets"), json!([[9, 0]]), "a count above 0"),
        (format!("{statement}/buckets"), json!([[9, 1], [8, 1]]), "ascending pairs"),
        (format!("{statement}/calls"), json!("many"), "invalid type: string \"many\""),
    ] {
        let mut broken: serde_json::Value = serde_json::from_str(FIRST).unwrap();
        *broken.pointer_mut(&place).unwrap() = value;
        let said_was = message(&broken.to_string());
        assert!(said_was.contains(said), "{place}: {said_was}");
    }
    let large = " ".repeat(SAVED_BYTES_MAX + 1);
    assert!(matches!(show::load(&large), Err(LoadError::TooLarge { .. })));
}

#[test]
fn numbers_beyond_all_reason_do_no_harm() {
    let most = u64::MAX.to_string();
    let mad = FIRST
        .replace("\"calls\":1,", &format!("\"calls\":{most},"))
        .replace("\"failed\":1,", &format!("\"failed\":{most},"))
        .replace(",1]", &format!(",{most}]"))
        .replace("\"time_seconds\":7.0", "\"time_seconds\":1e19");
    assert_ne!(mad, FIRST);
    let (mad, sane) = (show::load(&mad).unwrap(), show::load(FIRST).unwrap());
    for (before, after) in [(&mad, &sane), (&sane, &mad), (&mad, &mad)] {
        let found = judge::compare(before, after);
        assert!(!show::comparison(&found).is_empty());
        show::comparison_json(&found).unwrap();
    }
    let health = judge::health(&mad, &Thresholds::default(), &[]);
    assert!(!show::text(&mad, &health).is_empty());
}

fn story(steps: &[(u8, u64, u8, bool)]) -> World {
    let world = world();
    let pool = world.monitor.pool("main", shop());
    pool.set_levels(ten(3));
    let texts = [
        "select a from t where id in (1, 2, 3)",
        "insert into \"Weird\\\"\u{1f980}\" values ('secret')",
        "update t set a = 'secret'",
        "call secret_business('secret')",
    ];
    for (text, nanos, what, through_pool) in steps {
        let source = if *through_pool { &pool } else { &world.shop };
        let call = Call::new(texts[usize::from(text % 4)], std::time::Duration::from_nanos(*nanos));
        let failure = Failure::new(ErrorClass::ALL[usize::from(what % 16)]).with_code("23505");
        source.record(match what % 4 {
            0 => call.rows(Rows::returned(nanos % 100)),
            1 => call.outcome(Outcome::Failed(failure)),
            2 => call.outcome(Outcome::Cancelled),
            _ => call,
        });
        let waiting = pool.checkout();
        world.hands.advance(ms(nanos % 7_000));
        match what % 3 {
            0 => drop(waiting.taken()),
            1 => waiting.timed_out(),
            _ => std::mem::forget(waiting.taken()),
        }
        pool.connection_failed();
        pool.probe().end(ProbeEnd::Failed(ErrorClass::Connection));
        world.monitor.beat();
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn what_is_saved_loaded_and_saved_again_is_the_same_text(
        steps in vec((any::<u8>(), 0..400_000_000_000u64, any::<u8>(), any::<bool>()), 0..24),
    ) {
        let snapshot = story(&steps).monitor.snapshot();
        let first = write(&snapshot);
        prop_assert!(!first.contains("secret'"));
        let loaded = show::load(&first).unwrap();
        let second = write(&loaded);
        prop_assert_eq!(without_single_calls(&first), serde_json::from_str::<serde_json::Value>(&second).unwrap());
        prop_assert_eq!(write(&show::load(&second).unwrap()), second);
    }

    #[test]
    fn a_file_that_was_cut_or_scribbled_on_never_panics(
        scribbles in vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = FIRST.as_bytes().to_vec();
        for (place, byte) in scribbles {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let text = String::from_utf8_lossy(&bytes);
        match show::load(&text) {
            Ok(snapshot) => {
                let found = judge::compare(&snapshot, &show::load(FIRST).unwrap());
                prop_assert!(!show::comparison(&found).is_empty());
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
