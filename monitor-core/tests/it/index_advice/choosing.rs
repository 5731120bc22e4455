//! Which index is advised, and why none is.

use monitor_core::inquire::{AskErrorKind, Writes};
use monitor_core::judge::advice::index::{create_statements, index_name};
use monitor_core::judge::advice::{Confidence, Priority};

use super::{
    Answer, AskError, Duration, Explainable, Fake, Index, IndexAdvice, IndexDraft, KeyPart, Plan,
    PlanNode, Planner, Quiet, Spread, Statement, UsedIndex, Workload, WriteRate, advise, catalogue,
    index, keys, now, one, slow, workload,
};

const BY_CUSTOMER: &str = "select id, total from orders where customer_id = $1";
const HELPS: (&str, &[&str], f64) = ("orders", &["customer_id"], 40.0);

#[test]
fn a_slow_look_up_gets_the_index_its_planner_would_use() {
    let advice = one(slow(BY_CUSTOMER), &mut Fake::new(6_000.0, &[HELPS]));
    assert_eq!(keys(&advice.answers[0]), ["orders(customer_id)"]);
    let [found] = advice.recommendations.as_slice() else { panic!("{:?}", advice.recommendations) };
    assert_eq!(found.rule, "missing-index");
    assert_eq!(found.confidence, Confidence::Verified);
    assert_eq!(found.priority, Priority::High);
    assert_eq!(found.key, "missing-index:public.orders(customer_id)");
    assert_eq!(
        found.remedy[1..],
        [
            "SET lock_timeout = '5s';",
            "CREATE INDEX CONCURRENTLY orders_customer_id_idx ON orders (customer_id);",
        ]
    );
    let saved = found.impact.time_per_hour.unwrap().as_secs_f64();
    assert!((saved - 20.0 * (1.0 - 40.0 / 6_000.0)).abs() < 0.01, "{saved}");
    let evidence = &found.evidence;
    assert_eq!(evidence.statements[0].1, "select id, total from orders where customer_id = ?");
    assert!(evidence.plan_before.is_some() && evidence.plan_after.is_some());
}

fn quiet(advice: &IndexAdvice) -> &Quiet {
    assert!(advice.recommendations.is_empty(), "{:?}", advice.recommendations);
    match &advice.answers[0] {
        Answer::Quiet(why) => why,
        other => panic!("not quiet: {other:?}"),
    }
}

#[test]
fn a_quick_statement_wants_nothing() {
    let statement = Statement { mean: Duration::from_micros(80), ..slow(BY_CUSTOMER) };
    assert_eq!(*quiet(&one(statement, &mut Fake::new(6_000.0, &[HELPS]))), Quiet::Quick);
}

#[test]
fn a_statement_seen_too_rarely_or_too_shortly_is_no_ground_for_advice() {
    let rare = Statement { calls: 2, ..slow(BY_CUSTOMER) };
    assert_eq!(one(rare, &mut Fake::new(6_000.0, &[HELPS])).answers, [Answer::TooSoon]);
    let young = Workload { observed: Duration::from_secs(60), ..workload(vec![slow(BY_CUSTOMER)]) };
    let mut planner = Fake::new(6_000.0, &[HELPS]);
    let advice = advise(&young, &catalogue(), Some(&mut planner), now());
    assert_eq!(advice.answers, [Answer::TooSoon]);
}

#[test]
fn a_small_table_is_read_whole_as_fast() {
    let statement = slow("select id from countries where code = $1");
    let mut planner = Fake::new(6_000.0, &[("countries", &["code"], 1.0)]);
    assert_eq!(*quiet(&one(statement, &mut planner)), Quiet::SmallTables);
}

#[test]
fn an_index_that_exists_is_not_advised_again() {
    let mut catalogue = catalogue();
    catalogue.tables[0].indexes.push(index("by_customer", &["customer_id", "created_at"]));
    let mut planner = Fake::new(6_000.0, &[HELPS]);
    let advice = advise(
        &workload(vec![slow("delete from orders where customer_id = $1")]),
        &catalogue,
        Some(&mut planner),
        now(),
    );
    assert_eq!(*quiet(&advice), Quiet::Covered("by_customer".into()));
}

#[test]
fn an_index_that_cannot_be_used_does_not_count_as_existing() {
    let mut catalogue = catalogue();
    let partial =
        Index { predicate: Some("total > 0".into()), ..index("partial", &["customer_id"]) };
    let broken = Index { valid: false, ..index("broken", &["customer_id"]) };
    catalogue.tables[0].indexes.extend([partial, broken]);
    let mut planner = Fake::new(6_000.0, &[HELPS]);
    let advice = advise(&workload(vec![slow(BY_CUSTOMER)]), &catalogue, Some(&mut planner), now());
    assert_eq!(keys(&advice.answers[0]), ["orders(customer_id)"]);
}

#[test]
fn a_saving_of_a_tenth_is_not_worth_an_index() {
    let mut planner = Fake::new(6_000.0, &[("orders", &["customer_id"], 5_400.0)]);
    let advice = one(slow(BY_CUSTOMER), &mut planner);
    assert!(matches!(quiet(&advice), Quiet::SavesLittle(share) if (share - 0.1).abs() < 0.01));
    assert_eq!(quiet(&advice).to_string(), "the best indexes save only 10 %");
}

#[test]
fn an_index_nobody_would_use_is_not_advised() {
    assert_eq!(*quiet(&one(slow(BY_CUSTOMER), &mut Fake::new(6_000.0, &[]))), Quiet::Unused);
}

#[test]
fn a_table_written_all_the_time_pays_for_each_index() {
    let rare = Statement { calls_per_hour: 0.05, ..slow(BY_CUSTOMER) };
    let written = |inserted| {
        let mut workload = workload(vec![rare.clone()]);
        workload.writes.insert("orders".into(), WriteRate { inserted, ..WriteRate::default() });
        let mut planner = Fake::new(6_000.0, &[HELPS]);
        advise(&workload, &catalogue(), Some(&mut planner), now())
    };
    assert_eq!(*quiet(&written(90_000.0)), Quiet::TooManyWrites);
    assert_eq!(keys(&written(10.0).answers[0]), ["orders(customer_id)"]);
}

#[test]
fn what_others_write_counts_as_much_as_what_was_seen() {
    let rare = Statement { calls_per_hour: 0.05, ..slow(BY_CUSTOMER) };
    let counted = |schema: &str, inserted| {
        let mut workload = workload(vec![rare.clone()]);
        workload
            .writes
            .insert("orders".into(), WriteRate { inserted: 5.0, ..WriteRate::default() });
        let rate = WriteRate { inserted, ..WriteRate::default() };
        workload.counted.insert((schema.into(), "orders".into()), rate);
        let mut planner = Fake::new(6_000.0, &[HELPS]);
        advise(&workload, &catalogue(), Some(&mut planner), now())
    };
    assert_eq!(*quiet(&counted("public", 90_000.0)), Quiet::TooManyWrites);
    assert_eq!(keys(&counted("public", 0.0).answers[0]), ["orders(customer_id)"]);
    assert_eq!(keys(&counted("archive", 90_000.0).answers[0]), ["orders(customer_id)"]);
}

#[test]
fn updates_that_touch_no_index_cost_nothing_where_the_server_tells() {
    let read = Statement { calls_per_hour: 1.0, ..slow(BY_CUSTOMER) };
    let with = |hot: Option<f64>| {
        let mut workload = workload(vec![read.clone()]);
        let rate = WriteRate { updated: 20_000.0, ..WriteRate::default() };
        workload.counted.insert(("public".into(), "orders".into()), rate);
        let mut catalogue = catalogue();
        catalogue.tables[0].writes = Some(Writes { updated: 1e6, hot, ..Writes::default() });
        let mut planner = Fake::new(6_000.0, &[HELPS]);
        advise(&workload, &catalogue, Some(&mut planner), now()).answers.swap_remove(0)
    };
    assert_eq!(with(None), Answer::Quiet(Quiet::TooManyWrites));
    assert_eq!(with(Some(1e5)), Answer::Quiet(Quiet::TooManyWrites));
    assert_eq!(keys(&with(Some(1e6))), ["orders(customer_id)"]);
}

#[test]
fn an_update_of_the_column_itself_costs_more_than_one_of_another() {
    let read = Statement { calls_per_hour: 2.0, ..slow(BY_CUSTOMER) };
    let with = |update: &str| {
        let mut workload = workload(vec![read.clone(), slow(update)]);
        let rate = WriteRate { updated: 5_000.0, ..WriteRate::default() };
        workload.writes.insert("orders".into(), rate);
        let mut planner = Fake::new(6_000.0, &[HELPS]);
        advise(&workload, &catalogue(), Some(&mut planner), now()).answers.swap_remove(0)
    };
    let other = with("update orders set total = $1 where id = $2");
    assert_eq!(keys(&other), ["orders(customer_id)"]);
    let own = with("update orders set customer_id = $1 where id = $2");
    assert_eq!(own, Answer::Quiet(Quiet::TooManyWrites));
}

#[test]
fn the_shorter_index_goes_where_a_longer_one_begins_with_it() {
    let by_day = slow("select id from orders where customer_id = $1 and created_at = $2");
    let mut planner = TwoStatements;
    let workload = workload(vec![slow(BY_CUSTOMER), by_day]);
    let advice = advise(&workload, &catalogue(), Some(&mut planner), now());
    assert_eq!(advice.recommendations.len(), 1, "{:?}", advice.recommendations);
    assert_eq!(keys(&advice.answers[0]), keys(&advice.answers[1]));
    assert_eq!(keys(&advice.answers[0]), ["orders(customer_id, created_at)"]);
    assert_eq!(advice.recommendations[0].evidence.statements.len(), 2);
}

/// By customer any index on it will do; by customer and day only one on both.
struct TwoStatements;

impl Planner for TwoStatements {
    fn plan(&mut self, statement: &Explainable, with: &[IndexDraft]) -> Result<Plan, AskError> {
        let both = statement.text.contains("created_at");
        let columns: &[&str] = if both { &["customer_id", "created_at"] } else { &["customer_id"] };
        let at = with.iter().position(|draft| {
            draft
                .key
                .iter()
                .filter_map(KeyPart::column_name)
                .take(columns.len())
                .eq(columns.iter().copied())
        });
        let cost = if at.is_some() { 10.0 } else { 6_000.0 };
        let node = PlanNode { index: at.map(UsedIndex::Draft), ..PlanNode::default() };
        Ok(Plan { cost: Some(cost), nodes: vec![node] })
    }

    fn what_if(&self) -> bool {
        true
    }
}

#[test]
fn where_nothing_can_be_tried_out_a_model_speaks_and_says_so() {
    let advice = advise(&workload(vec![slow(BY_CUSTOMER)]), &catalogue(), None, now());
    assert_eq!(keys(&advice.answers[0]), ["orders(customer_id)"]);
    assert_eq!(advice.recommendations[0].confidence, Confidence::Modelled);
}

#[test]
fn the_model_leaves_alone_what_most_rows_fulfil_and_what_it_cannot_know() {
    for text in [
        "select id from orders where status = $1",
        "select count(*) from orders where created_at >= $1",
        "select count(*) from orders",
    ] {
        let advice = advise(&workload(vec![slow(text)]), &catalogue(), None, now());
        assert!(advice.recommendations.is_empty(), "{text}: {:?}", advice.answers);
    }
}

#[test]
fn the_model_joins_and_ends_early_where_rows_come_in_order() {
    for (text, expected) in [
        (
            "select i.id from orders o join items i on i.order_id = o.id where o.customer_id = $1",
            &["items(order_id)", "orders(customer_id)"][..],
        ),
        ("select id from orders order by total desc limit 10", &["orders(total)"]),
        (
            "select id from orders where customer_id = $1 or total = $2",
            &["orders(customer_id)", "orders(total)"],
        ),
    ] {
        let advice = advise(&workload(vec![slow(text)]), &catalogue(), None, now());
        let mut found = keys(&advice.answers[0]);
        found.sort();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn the_model_says_nothing_where_the_database_finds_it_much_dearer_or_cheaper() {
    for (before, is_found) in [(6_700.0, true), (60_000.0, false), (600.0, false)] {
        let mut planner = Fake { what_if: false, ..Fake::new(before, &[]) };
        let advice = one(slow(BY_CUSTOMER), &mut planner);
        assert_eq!(!advice.recommendations.is_empty(), is_found, "{before}: {:?}", advice.answers);
    }
}

/// Says that an index on the state helps where few rows have it, and one on the customer always.
struct Skewed;

impl Planner for Skewed {
    fn plan(&mut self, asked: &Explainable, with: &[IndexDraft]) -> Result<Plan, AskError> {
        let starts =
            |name: &str| with.iter().position(|draft| draft.key[0].column_name() == Some(name));
        let is_rare = asked.text.contains("'lost'");
        let (cost, used) = match (starts("status"), starts("customer_id")) {
            (Some(at), _) if is_rare => (20.0, Some(at)),
            (_, Some(at)) => (90.0, Some(at)),
            _ => (6_000.0, None),
        };
        let index = used.map(UsedIndex::Draft);
        let node = PlanNode { index, rows: Some(1.0), ..PlanNode::default() };
        Ok(Plan { cost: Some(cost), nodes: vec![node] })
    }

    fn what_if(&self) -> bool {
        true
    }
}

#[test]
fn an_index_has_to_serve_rare_values_and_common_ones_where_nobody_knows_which_are_meant() {
    let mut catalogue = catalogue();
    let status = catalogue.tables[0].columns.iter_mut().find(|column| column.name == "status");
    let status = status.unwrap();
    let common = vec![("done".to_owned(), 0.98), ("lost".to_owned(), 0.02)];
    status.type_name = "character varying(10)".into();
    status.spread = Some(Spread { distinct: 2.0, common, ..Spread::default() });
    let advised = |text: &str| {
        let workload = workload(vec![slow(text)]);
        advise(&workload, &catalogue, Some(&mut Skewed), now())
    };
    let advice = advised("select count(*) from orders where status = $1");
    assert!(advice.recommendations.is_empty(), "{:?}", advice.answers);
    let advice = advised("select count(*) from orders where status = $1 and customer_id = $2");
    assert_eq!(keys(&advice.answers[0]), ["orders(customer_id)"]);
}

#[test]
fn a_pattern_whose_beginning_nobody_knows_gets_no_index() {
    let statement = slow("select id from orders where total like $1");
    let mut planner = Fake::new(6_000.0, &[("orders", &["total"], 10.0)]);
    assert_eq!(*quiet(&one(statement, &mut planner)), Quiet::NoCandidate);
}

#[test]
fn a_database_that_gives_no_answer_is_told_from_one_that_needs_nothing() {
    let error = AskError::new(AskErrorKind::TooSlow);
    let mut planner = Fake { error: Some(error.clone()), ..Fake::new(6_000.0, &[HELPS]) };
    assert_eq!(one(slow(BY_CUSTOMER), &mut planner).answers, [Answer::NotAsked(error)]);
    let wrong = AskError::new(AskErrorKind::Wrong);
    let mut planner = Fake { error: Some(wrong), ..Fake::new(6_000.0, &[HELPS]) };
    assert_eq!(*quiet(&one(slow(BY_CUSTOMER), &mut planner)), Quiet::NotExplained);
}

#[test]
fn an_expression_needs_statistics_of_its_own() {
    let draft = IndexDraft {
        key: vec![KeyPart::expression("lower(email)")],
        ..IndexDraft::on("customers", Vec::<String>::new())
    };
    let steps = create_statements(&draft, &catalogue());
    assert_eq!(
        steps[2],
        "CREATE INDEX CONCURRENTLY customers_lower_email_idx ON customers ((lower(email)));"
    );
    assert_eq!(steps[3], "ANALYZE customers;");
}

#[test]
fn a_name_is_the_same_every_time_and_never_too_long_for_the_server() {
    let draft = IndexDraft::on("ä".repeat(40), ["a", "b"]);
    let name = index_name(&draft);
    assert!(name.len() <= 63 && name.ends_with("_idx"), "{name}");
    assert_eq!(name, index_name(&draft));
}
