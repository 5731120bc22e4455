//! Indexes that do the same, indexes nobody uses, foreign keys without one.

use monitor_core::inquire::{ForeignKey, TableKind};
use monitor_core::judge::advice::Recommendation;
use monitor_core::judge::advice::index::{UNUSED_AFTER, upkeep};

use super::{
    Catalogue, Duration, Index, KeyPart, System, Workload, WriteRate, catalogue, index, now,
};

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
    Index { scans: Some(0), bytes: Some(50_000_000), ..index("idle", &["total"]) }
}

#[test]
fn a_large_index_nobody_looked_into_for_a_week_is_unused() {
    let mut catalogue = with(vec![idle()]);
    catalogue.counting_since = Some(now() - UNUSED_AFTER);
    let all = upkeep(&Workload::default(), &catalogue, now());
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].key, "unused-index:orders.idle");
    assert_eq!(all[0].remedy.last().unwrap(), "DROP INDEX CONCURRENTLY idle;");
}

#[test]
fn an_index_that_may_still_be_wanted_is_not_called_unused() {
    let since = Some(now() - UNUSED_AFTER);
    for (kept, since) in [
        (idle(), None),
        (idle(), Some(now() - Duration::from_secs(3600))),
        (Index { scans: Some(1), ..idle() }, since),
        (Index { scans: None, ..idle() }, since),
        (Index { bytes: Some(8_192), ..idle() }, since),
        (Index { unique: true, ..idle() }, since),
    ] {
        let mut catalogue = with(vec![kept.clone()]);
        catalogue.counting_since = since;
        assert_eq!(keys_of(&catalogue), Vec::<String>::new(), "{kept:?} {since:?}");
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
