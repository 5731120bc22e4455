//! What a statement asks of each table.

use monitor_core::identify::identify;
use monitor_core::judge::advice::query::{
    Filling, Filter, Reading, Test, read, read_as_told, render,
};
use proptest::{proptest, sample::select};

use super::{Dialect, catalogue};

fn read_normalised(text: &str) -> Option<Reading> {
    let text = identify(text, Dialect::PostgreSql).text;
    read(&text, Dialect::PostgreSql, &catalogue())
}

/// Each filter as `table.what test`, with the arm it stands in.
fn filters(text: &str) -> Vec<String> {
    let reading = read_normalised(text).unwrap();
    let of = |one: &Filter| {
        let arm = one.arm.map(|(_, arm)| format!(" arm {arm}")).unwrap_or_default();
        let part = one.column().map_or_else(|| format!("{:?}", one.of), str::to_owned);
        format!("{}.{part} {:?}{arm}", reading.relations[one.relation].name, one.test)
    };
    reading.filters.iter().map(of).collect()
}

#[test]
fn conditions_are_led_back_to_their_tables() {
    for (text, expected) in [
        (
            "select 1 from orders o where o.status = 'x' and total > 5",
            vec!["orders.status Equal", "orders.total Greater"],
        ),
        ("select 1 from orders where 5 < total", vec!["orders.total Greater"]),
        ("select 1 from orders where id in (1, 2, 3)", vec!["orders.id In"]),
        ("select 1 from orders where id = any($1)", vec!["orders.id In"]),
        ("select 1 from orders where total between 1 and 2", vec!["orders.total Between"]),
        ("select 1 from orders where status is null", vec!["orders.status IsNull"]),
        ("select 1 from orders where (created_at, id) < ($1, $2)", vec!["orders.created_at Less"]),
        (
            "select 1 from orders where status = 1 or total = 2",
            vec!["orders.status Equal arm 0", "orders.total Equal arm 1"],
        ),
        (
            "with x as (select customer_id c from orders) select 1 from x where c = 5",
            vec!["orders.customer_id Equal"],
        ),
        (
            "select 1 from (select total from orders) t where t.total = 5",
            vec!["orders.total Equal"],
        ),
        ("delete from orders where status = 3", vec!["orders.status Equal"]),
        ("update orders set total = 1 where status = 3", vec!["orders.status Equal"]),
        ("insert into items select 1 from orders where status = 3", vec!["orders.status Equal"]),
    ] {
        assert_eq!(filters(text), expected, "{text}");
    }
}

/// What all texts of one statement tell: each filter's test, and its constants.
fn told(texts: &[&str], dialect: Dialect) -> Vec<String> {
    let identities: Vec<_> = texts.iter().map(|text| identify(text, dialect)).collect();
    let first = &identities[0];
    let mut wording = first.wording;
    for other in &identities[1..] {
        assert_eq!(other.text, first.text, "one statement");
        wording.merge(&other.wording);
    }
    let reading = read_as_told(&first.text, dialect, &catalogue(), &wording).unwrap();
    let of = |one: &Filter| {
        let constants = one.operand.constants.clone().unwrap_or_default().join(",");
        format!("{} {:?} {constants}", one.column().unwrap(), one.test).trim_end().to_owned()
    };
    reading.filters.iter().map(of).collect()
}

#[test]
fn truths_and_the_beginnings_of_patterns_are_told_by_their_places() {
    let told = |text: &str| told(&[text], Dialect::PostgreSql);
    assert_eq!(
        told("select 1 from orders where total = TRUE and status like 'ab%' and customer_id = 1"),
        ["total Equal true", "status LikePrefix", "customer_id Equal"],
    );
    assert_eq!(
        told("select 1 from orders where id in (1, 2) and status like '%ab' and total = false"),
        ["id In", "status Like", "total Equal false"],
    );
    assert_eq!(
        told("select 1 from orders where status like 'ab' || $1 and total like $2 and id = 'true'"),
        ["status LikePrefix", "total Like", "id Equal"],
    );
}

#[test]
fn what_differs_from_text_to_text_is_not_told() {
    let text = |truth, pattern| {
        format!("select 1 from orders where total = {truth} and status like {pattern}")
    };
    let check = |one: String, other: String, expected: [&str; 2]| {
        assert_eq!(told(&[&one, &other], Dialect::PostgreSql), expected, "{one} {other}");
        assert_eq!(told(&[&other, &one], Dialect::PostgreSql), expected, "{other} {one}");
    };
    check(text("true", "'a%'"), text("true", "'b%'"), ["total Equal true", "status LikePrefix"]);
    check(text("true", "'a%'"), text("false", "'%b'"), ["total Equal", "status Like"]);
    check(text("true", "'a%'"), text("$1", "$2"), ["total Equal", "status Like"]);
}

#[test]
fn a_number_is_a_truth_to_sqlite_only_and_a_sign_makes_it_none() {
    let told = |text: &str, dialect| told(&[text], dialect);
    assert_eq!(told("select 1 from orders where total = 0", Dialect::Sqlite), ["total Equal 0"]);
    assert_eq!(told("select 1 from orders where total = -1", Dialect::Sqlite), ["total Equal"]);
    assert_eq!(told("select 1 from orders where total = 7", Dialect::Sqlite), ["total Equal"]);
    assert_eq!(told("select 1 from orders where total = 0", Dialect::PostgreSql), ["total Equal"]);
}

#[test]
fn joins_are_found_wherever_they_are_written() {
    for text in [
        "select 1 from orders o join items i on i.order_id = o.id",
        "select 1 from orders o, items i where i.order_id = o.id",
        "select 1 from orders o where exists (select * from items i where i.order_id = o.id)",
        "select 1 from orders o where id in (select order_id from items)",
        "select 1 from orders o, items i where (i.order_id = o.id and total = 1) or (i.order_id = o.id and total = 2)",
    ] {
        let reading = read_normalised(text).unwrap();
        let item = reading.relations.iter().position(|one| one.name == "items").unwrap();
        assert_eq!(reading.join_columns(item), ["order_id"], "{text}");
        assert_eq!(reading.join_columns(1 - item), ["id"], "{text}");
    }
}

#[test]
fn what_an_exists_selects_is_not_used() {
    let text =
        "select 1 from orders o where exists (select * from items i where i.order_id = o.id)";
    let reading = read_normalised(text).unwrap();
    assert!(reading.relations.iter().all(|one| !one.all_used), "{:?}", reading.relations);
}

#[test]
fn an_update_is_the_select_of_the_rows_it_changes() {
    let reading = read_normalised("update orders set total = 1, status = 2 where id = 3").unwrap();
    assert_eq!(reading.question, "SELECT * FROM orders WHERE id = $3");
    let set: Vec<&str> = reading.sets.iter().map(|one| one.column.as_str()).collect();
    assert_eq!(set, ["total", "status"]);
}

#[test]
fn what_is_not_understood_is_left_unread() {
    for text in [
        "insert into orders values (1, 2)",
        "select 1",
        "select 1 from nowhere where id = 1",
        "create index on orders (id)",
        "begin",
        "this is no sql",
        "select 1 from orders; select 2 from orders",
    ] {
        assert_eq!(read_normalised(text), None, "{text}");
    }
}

#[test]
fn values_come_back_to_their_places() {
    let text = "select id from orders where status in (1, 2) and total = 5 order by id limit 10";
    let reading = read_normalised(text).unwrap();
    let list = reading.filters[0].operand.sql[0].clone();
    let filling =
        Filling { values: [(list, vec!["7".to_owned(), "8".to_owned()])].into(), rest: Some("1") };
    let asked = render(&reading, &filling).unwrap();
    assert_eq!(
        asked.text,
        "SELECT id FROM orders WHERE status IN (7, 8) AND total = 1 ORDER BY id LIMIT 1"
    );
    assert_eq!(asked.parameters, 0);
    let kept = render(&reading, &Filling::default()).unwrap();
    assert_eq!(kept.parameters, 3, "{}", kept.text);
    assert!(kept.text.contains("total = $2"), "{}", kept.text);
}

#[test]
fn a_plan_asks_for_no_lock() {
    let reading = read_normalised("select id from orders where id = 1 for update").unwrap();
    let asked = render(&reading, &Filling::default()).unwrap();
    assert!(!asked.text.to_lowercase().contains("for update"), "{}", asked.text);
}

#[test]
fn constants_of_a_text_that_was_given_are_kept() {
    let text = "select id from orders where status = 'open' and total > $1";
    let reading = read(text, Dialect::PostgreSql, &catalogue()).unwrap();
    assert_eq!(reading.filters[0].operand.constants, Some(vec!["'open'".to_owned()]));
    assert_eq!(reading.filters[1].operand.constants, None);
    assert_eq!(reading.filters[1].test, Test::Greater);
}

proptest! {
    #[test]
    fn any_text_is_read_or_left_but_never_a_panic(text in ".{0,200}") {
        let _ = read(&text, Dialect::PostgreSql, &catalogue());
        let _ = read(&text, Dialect::MySql, &catalogue());
    }

    #[test]
    fn any_mix_of_sql_is_read_or_left(
        words in proptest::collection::vec(select(vec![
            "select", "from", "orders", "items", "where", "(", ")", "id", "=", "?", "and", "or",
            "in", "exists", "join", "on", "limit", "order by", "total", ",", "*", "o", "with",
            "as", "update", "set", "delete", "between", "not", "case", "when", "then", "end",
        ]), 0..40)
    ) {
        let _ = read(&words.join(" "), Dialect::PostgreSql, &catalogue());
    }
}

#[test]
fn a_text_nested_a_thousand_deep_is_left_unread() {
    let text =
        format!("select 1 from orders where {}id = 1{}", "(".repeat(5_000), ")".repeat(5_000));
    assert_eq!(read_normalised(&text), None);
}

#[test]
fn a_condition_of_an_outer_join_filters_only_the_side_that_may_be_missing() {
    for (text, expected) in [
        (
            "select 1 from orders o left join items i on i.order_id = o.id and o.status = 1 and i.product_id = 2",
            vec!["items.product_id Equal"],
        ),
        (
            "select 1 from items i right join orders o on i.order_id = o.id and o.status = 1 and i.product_id = 2",
            vec!["items.product_id Equal"],
        ),
        ("select 1 from orders o full join items i on i.order_id = o.id and o.status = 1", vec![]),
        (
            "select 1 from orders o left join items i on i.order_id = o.id where i.id is null and o.status = 1",
            vec!["orders.status Equal"],
        ),
        (
            "select 1 from orders o join items i on i.order_id = o.id and o.status = 1 where i.id is null",
            vec!["orders.status Equal", "items.id IsNull"],
        ),
    ] {
        assert_eq!(filters(text), expected, "{text}");
    }
}

#[test]
fn an_update_or_delete_of_the_first_rows_asks_for_the_first_rows() {
    for text in [
        "delete from orders where status = 1 order by created_at limit 10",
        "update orders set total = 1 where status = 1 order by created_at limit 10",
    ] {
        let text = identify(text, Dialect::MySql).text;
        let reading = read(&text, Dialect::MySql, &catalogue()).unwrap();
        assert!(!reading.rows_tell, "{text}");
        assert!(reading.question.contains(" ORDER BY created_at LIMIT "), "{}", reading.question);
        assert!(reading.sorts[0].limited && reading.sorts[0].columns[0].0.column == "created_at");
    }
}

#[test]
fn a_literal_with_a_backslash_is_not_read_on_mysql() {
    let text = r"select 1 from orders where status = 'a\\'";
    assert!(read(text, Dialect::MySql, &catalogue()).is_none());
    assert!(read(text, Dialect::PostgreSql, &catalogue()).is_some());
}

#[test]
fn stars_over_stars_do_not_double_without_end() {
    let mut text = "with a0 as (select * from orders)".to_owned();
    for n in 1..24 {
        text += &format!(", a{n} as (select * from a{} x, a{} y)", n - 1, n - 1);
    }
    assert!(
        read(&format!("{text} select 1 from a23"), Dialect::PostgreSql, &catalogue()).is_some()
    );
}
