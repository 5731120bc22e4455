//! Indexes that do the same, indexes nobody uses, foreign keys without one.

use monitor_core::inquire::{ForeignKey, TableKind, Writes};
use monitor_core::judge::advice::index::UNUSED_AFTER;
use monitor_core::judge::advice::{Recommendation, RuleAnswer, Verdict};

use super::{
    Catalogue, Duration, Index, KeyPart, System, SystemTime, Workload, WriteRate, catalogue, index,
    now,
};

fn upkeep(workload: &Workload, catalogue: &Catalogue, now: SystemTime) -> Vec<Recommendation> {
    monitor_core::judge::advice::index::upkeep(workload, catalogue, now).recommendations
}

fn with(indexes: Vec<Index>) -> Catalogue {
    let mut catalogue = catalogue();
    catalogue.tables[0].indexes.extend(indexes);
    catalogue
}

fn keys_of(catalogue: &Catalogue) -> Vec<String> {
    let all = upkeep(&Workload::default(), catalogue, now());
    all.into_iter().map(|one: Recommendation| one.key).collect()
}

#[test]
fn the_beginning_of_another_index_is_redundant() {
    let catalogue =
        with(vec![index("short", &["status"]), index("long", &["status", "created_at"])]);
    assert_eq!(keys_of(&catalogue), ["redundant-index:orders.short"]);
}

#[test]
fn of_two_that_do_the_same_one_stays() {
    let catalogue = with(vec![index("one", &["status"]), index("two", &["status"])]);
    assert_eq!(keys_of(&catalogue), ["redundant-index:orders.two"]);
}

#[test]
fn what_keeps_rows_apart_or_answers_differently_is_not_redundant() {
    for kept in [
        Index { unique: true, ..index("kept", &["status"]) },
        Index { constraint: true, ..index("kept", &["status"]) },
        Index { replica_identity: true, ..index("kept", &["status"]) },
        Index { predicate: Some("total > 0".into()), ..index("kept", &["status"]) },
        Index { method: "gin".into(), ..index("kept", &["status"]) },
        Index { include: vec!["total".into()], ..index("kept", &["status"]) },
        index("kept", &["created_at"]),
    ] {
        let catalogue = with(vec![kept.clone(), index("long", &["status", "created_at"])]);
        assert_eq!(keys_of(&catalogue), Vec::<String>::new(), "{kept:?}");
    }
}

fn idle() -> Index {
    Index {
        scans: Some(0),
        bytes: Some(50_000_000),
        touched: Some(30_000.0),
        ..index("idle", &["total"])
    }
}

/// A database whose table was written to, and which counts for long enough.
fn counted(indexes: Vec<Index>) -> Catalogue {
    let mut catalogue = with(indexes);
    catalogue.counting_since = Some(now() - UNUSED_AFTER);
    let writes = Writes { inserted: 10_000.0, updated: 9_000.0, hot: Some(8_000.0), deleted: 5.0 };
    catalogue.tables[0].writes = Some(writes);
    catalogue
}

fn answer(catalogue: &Catalogue) -> RuleAnswer {
    let upkeep = monitor_core::judge::advice::index::upkeep(&Workload::default(), catalogue, now());
    upkeep.answers.into_iter().find(|one| one.rule == "unused-index").unwrap()
}

#[test]
fn a_large_index_nobody_looked_into_for_more_than_a_month_is_unused() {
    let catalogue = counted(vec![idle()]);
    let all = upkeep(&Workload::default(), &catalogue, now());
    assert_eq!(all.len(), 1, "{:?}", answer(&catalogue));
    assert_eq!(all[0].key, "unused-index:orders.idle");
    assert_eq!(all[0].title, "orders: nobody used idle in 35 days");
    assert_eq!(all[0].remedy.last().unwrap(), "DROP INDEX CONCURRENTLY idle;");
    assert_eq!(answer(&catalogue).verdict, Verdict::Found);
}

#[test]
fn an_index_that_may_still_be_wanted_is_not_called_unused() {
    let cases: [(&str, Index); 6] = [
        ("used", Index { scans: Some(1), ..idle() }),
        ("not told", Index { scans: None, ..idle() }),
        ("small", Index { bytes: Some(8_192), ..idle() }),
        ("unique", Index { unique: true, ..idle() }),
        ("a constraint's", Index { constraint: true, ..idle() }),
        ("of an expression", Index { key: vec![KeyPart::expression("abs(total)")], ..idle() }),
    ];
    for (case, kept) in cases {
        assert_eq!(keys_of(&counted(vec![kept])), Vec::<String>::new(), "{case}");
    }
    let mut referring = counted(vec![idle()]);
    referring.foreign_keys.push(ForeignKey {
        child: ("public".into(), "orders".into()),
        columns: vec!["total".into()],
        parent: ("public".into(), "items".into()),
        ..ForeignKey::default()
    });
    assert_eq!(keys_of(&referring), Vec::<String>::new());
}

#[test]
fn a_count_that_is_young_or_an_index_that_is_younger_is_too_soon() {
    let mut week = counted(vec![idle()]);
    week.counting_since = Some(now() - Duration::from_secs(7 * 86_400));
    let made = now() - Duration::from_secs(86_400);
    for (case, catalogue) in [
        ("statistics were reset a week ago", week),
        (
            "written less often than its table",
            counted(vec![Index { touched: Some(900.0), ..idle() }]),
        ),
        ("made yesterday", counted(vec![Index { since: Some(made), ..idle() }])),
    ] {
        assert_eq!(keys_of(&catalogue), Vec::<String>::new(), "{case}");
        assert_eq!(answer(&catalogue).verdict, Verdict::TooSoon, "{case}");
    }
}

#[test]
fn where_others_may_use_it_or_nothing_counts_nobody_can_tell() {
    let quiet = counted(vec![idle()]);
    let unwritten = |mut catalogue: Catalogue| {
        catalogue.tables[0].writes = Some(Writes::default());
        catalogue
    };
    for (case, catalogue) in [
        ("a replica follows", Catalogue { replicas: Some(1), ..quiet.clone() }),
        ("it is a replica", Catalogue { is_replica: true, ..quiet.clone() }),
        ("no moment", Catalogue { counting_since: None, ..quiet.clone() }),
        ("its table is never written", unwritten(quiet)),
        ("no use is counted", Catalogue { system: System::Sqlite, ..catalogue() }),
    ] {
        assert_eq!(keys_of(&catalogue), Vec::<String>::new(), "{case}");
        assert_eq!(answer(&catalogue).verdict, Verdict::CannotTell, "{case}");
    }
}

fn referring() -> Catalogue {
    let mut catalogue = catalogue();
    catalogue.foreign_keys.push(ForeignKey {
        name: "items_order_id_fkey".into(),
        child: ("public".into(), "items".into()),
        columns: vec!["order_id".into()],
        parent: ("public".into(), "orders".into()),
        parent_columns: vec!["id".into()],
    });
    catalogue
}

fn deleting(deleted: f64) -> Workload {
    let rate = WriteRate { deleted, ..WriteRate::default() };
    Workload { writes: [("orders".to_owned(), rate)].into(), ..Workload::default() }
}

#[test]
fn rows_deleted_from_a_parent_want_an_index_on_the_child() {
    let all = upkeep(&deleting(5.0), &referring(), now());
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0].key, "foreign-key-without-index:items(order_id)");
}

#[test]
fn a_foreign_key_whose_parent_loses_no_row_or_that_has_an_index_is_left_alone() {
    assert!(upkeep(&deleting(0.0), &referring(), now()).is_empty());
    let mut served = referring();
    served.tables[1].indexes.push(index("by_order", &["order_id", "product_id"]));
    assert!(upkeep(&deleting(5.0), &served, now()).is_empty());
    let mut small = referring();
    small.tables[1].rows = Some(100.0);
    assert!(upkeep(&deleting(5.0), &small, now()).is_empty());
}

#[test]
fn parts_of_keys_that_are_not_known_or_order_nulls_otherwise_are_not_the_same() {
    let by = |part: KeyPart, name: &str| Index { key: vec![part], ..index(name, &[]) };
    for (one, other) in [
        (KeyPart::expression(""), KeyPart::expression("")),
        (KeyPart::column("status"), KeyPart { nulls_swapped: true, ..KeyPart::column("status") }),
    ] {
        let catalogue = with(vec![by(one.clone(), "one"), by(other, "other")]);
        assert_eq!(keys_of(&catalogue), Vec::<String>::new(), "{one:?}");
    }
    let same = KeyPart::expression("lower(status)");
    let catalogue = with(vec![by(same.clone(), "one"), by(same, "other")]);
    assert_eq!(keys_of(&catalogue), ["redundant-index:orders.other"]);
}

#[test]
fn where_an_index_ends_with_the_primary_key_a_longer_one_does_not_stand_in_for_it() {
    for (system, expected) in
        [(System::MySql, 0), (System::MariaDb, 0), (System::Sqlite, 0), (System::PostgreSql, 1)]
    {
        let mut catalogue =
            with(vec![index("short", &["status"]), index("long", &["status", "created_at"])]);
        catalogue.system = system;
        assert_eq!(keys_of(&catalogue).len(), expected, "{system:?}");
    }
}

#[test]
fn an_index_that_leaves_out_only_what_refers_to_nothing_serves_a_foreign_key() {
    for (predicate, expected) in [("(order_id IS NOT NULL)", 0), ("(product_id > 3)", 1)] {
        let mut catalogue = referring();
        let by_order = index("by_order", &["order_id"]);
        let partial = Index { predicate: Some(predicate.into()), ..by_order };
        catalogue.tables[1].indexes.push(partial);
        assert_eq!(upkeep(&deleting(5.0), &catalogue, now()).len(), expected, "{predicate}");
    }
    let unknown = Catalogue { system: System::Sqlite, ..referring() };
    assert!(upkeep(&deleting(5.0), &unknown, now()).is_empty());
}

#[test]
fn a_remedy_names_the_schema_that_is_not_first_and_builds_on_partitions_as_it_can() {
    let mut catalogue = referring();
    catalogue.search_path = vec!["other".into(), "public".into()];
    catalogue.tables[1].kind = TableKind::Partitioned;
    let all = upkeep(&deleting(5.0), &catalogue, now());
    let made = all[0].remedy.last().unwrap();
    assert_eq!(made, "CREATE INDEX items_order_id_idx ON public.items (order_id);");
}
