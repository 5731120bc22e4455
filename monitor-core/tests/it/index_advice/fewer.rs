//! Indexes of fewer rows, or that spare a look into the table.

use monitor_core::inquire::{Catalogue, Spread};
use monitor_core::judge::advice::index::index_name;

use super::{
    Answer, AskError, Explainable, Fake, IndexAdvice, IndexDraft, KeyPart, Plan, PlanNode, Planner,
    Statement, UsedIndex, Workload, WriteRate, advise, catalogue, column, now, slow, table,
    workload,
};

/// A queue: few jobs are new, hardly any has a note, most were deleted.
fn jobs() -> Catalogue {
    let mut state = column("state", 3.0);
    state.type_name = "character varying(10)".into();
    state.spread = Some(Spread {
        distinct: 3.0,
        common: vec![("done".into(), 0.97), ("failed".into(), 0.02), ("new".into(), 0.01)],
        ..Spread::default()
    });
    let nulls = |name: &str, nulls: f64| {
        let mut column = column(name, 1_000.0);
        column.nullable = true;
        column.spread.as_mut().unwrap().nulls = nulls;
        column
    };
    let columns = vec![
        column("id", 300_000.0),
        column("owner_id", 50_000.0),
        column("size", 900.0),
        state,
        nulls("note_id", 0.98),
        nulls("deleted_at", 0.4),
        nulls("seen_at", 0.02),
    ];
    let mut jobs = table("jobs", 300_000.0, columns);
    jobs.all_visible = Some(0.99);
    Catalogue { tables: vec![jobs], ..catalogue() }
}

fn asked(statement: Statement, helps: &[&'static str]) -> IndexAdvice {
    all_asked(vec![statement], helps)
}

/// What is advised where a key that begins with these columns helps.
fn all_asked(statements: Vec<Statement>, helps: &[&'static str]) -> IndexAdvice {
    let helps: Vec<_> = helps.to_vec();
    let helps: &'static [&'static str] = Box::leak(helps.into_boxed_slice());
    let mut planner = Fake::new(6_000.0, &[("jobs", helps, 40.0)]);
    advise(&workload(statements), &jobs(), Some(&mut planner), now())
}

/// With the constants that stand in its text.
fn with_constants(text: &str) -> Statement {
    Statement { sample: Some(text.to_owned()), ..slow(text) }
}

fn created(advice: &IndexAdvice) -> Vec<String> {
    let all = advice.recommendations.iter().flat_map(|one| &one.remedy);
    all.filter_map(|step| step.split_once(" ON ").map(|(_, rest)| rest.to_owned())).collect()
}

#[test]
fn a_queue_gets_an_index_of_what_is_in_it() {
    let next = "select id, size from jobs where state = 'new' order by id limit 10";
    let advice = asked(with_constants(next), &["state"]);
    assert_eq!(created(&advice), ["jobs (id) WHERE state = 'new';"]);
    let [found] = advice.recommendations.as_slice() else { panic!("{advice:?}") };
    assert_eq!(found.title, "jobs has no index on (id) where state = 'new'");
    assert_eq!(found.key, "missing-index:public.jobs(id) where state = 'new'");
}

#[test]
fn what_is_bound_is_no_condition_of_an_index() {
    let advice =
        asked(slow("select id from jobs where state = $1 and owner_id = $2"), &["owner_id"]);
    assert_eq!(created(&advice), ["jobs (owner_id);"]);
}

#[test]
fn a_condition_that_most_rows_fulfil_is_left_out() {
    let alive = "select id from jobs where owner_id = $1 and deleted_at is null";
    assert_eq!(created(&asked(slow(alive), &["owner_id"])), ["jobs (owner_id);"]);
    let unseen = "select id from jobs where owner_id = $1 and seen_at is null";
    assert_eq!(
        created(&asked(slow(unseen), &["owner_id"])),
        ["jobs (owner_id) WHERE seen_at IS NULL;"]
    );
}

#[test]
fn an_index_that_somebody_wants_whole_stays_whole() {
    let unseen = "select id from jobs where owner_id = $1 and seen_at is null";
    let all = slow("select id from jobs where owner_id = $1");
    assert_eq!(created(&all_asked(vec![slow(unseen), all], &["owner_id"])), ["jobs (owner_id);"]);
}

#[test]
fn a_column_that_hardly_ever_has_a_value_is_indexed_where_it_has_one() {
    let advice = asked(slow("select id from jobs where note_id = $1"), &["note_id"]);
    assert_eq!(created(&advice), ["jobs (note_id) WHERE note_id IS NOT NULL;"]);
}

#[test]
fn a_truth_written_as_the_planner_does_not_look_for_it_is_no_condition() {
    let mut catalogue = jobs();
    let mut open = column("open", 2.0);
    open.type_name = "boolean".into();
    open.spread = Some(Spread {
        distinct: 2.0,
        common: vec![("f".into(), 0.99), ("t".into(), 0.01)],
        ..Spread::default()
    });
    catalogue.tables[0].columns.push(open);
    let of = |text: &str| {
        let mut planner = Fake::new(6_000.0, &[("jobs", &["owner_id"], 40.0)]);
        created(&advise(&workload(vec![slow(text)]), &catalogue, Some(&mut planner), now()))
    };
    let bare = of("select id from jobs where owner_id = $1 and open");
    assert_eq!(bare, ["jobs (owner_id) WHERE open = true;"]);
    let is = of("select id from jobs where owner_id = $1 and open is true");
    assert_eq!(is, ["jobs (owner_id);"]);
}

/// Costs 2 000 by owner, and next to nothing where the index has all that is selected.
struct Beside;

impl Planner for Beside {
    fn plan(&mut self, _: &Explainable, with: &[IndexDraft]) -> Result<Plan, AskError> {
        let is_by_owner = |draft: &&IndexDraft| {
            draft.key.first().and_then(KeyPart::column_name) == Some("owner_id")
        };
        let cost =
            |draft: &IndexDraft| -> f64 { if draft.include.is_empty() { 2_000.0 } else { 20.0 } };
        let best = with
            .iter()
            .enumerate()
            .filter(|(_, draft)| is_by_owner(draft))
            .map(|(at, draft)| (cost(draft), Some(UsedIndex::Draft(at))))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let (cost, index) = best.unwrap_or((6_000.0, None));
        let node = PlanNode { index, rows: Some(10.0), ..PlanNode::default() };
        Ok(Plan { cost: Some(cost), nodes: vec![node] })
    }

    fn what_if(&self) -> bool {
        true
    }
}

#[test]
fn what_is_selected_stands_beside_a_key_where_that_saves_most_of_the_rest() {
    let sizes = slow("select size from jobs where owner_id = $1");
    let of = |catalogue: &Catalogue, workload: &Workload| {
        created(&advise(workload, catalogue, Some(&mut Beside), now()))
    };
    let quiet = workload(vec![sizes.clone()]);
    assert_eq!(of(&jobs(), &quiet), ["jobs (owner_id) INCLUDE (size);"]);

    // Pages that were written lately have to be looked into all the same.
    let mut busy = jobs();
    busy.tables[0].all_visible = Some(0.5);
    assert_eq!(of(&busy, &quiet), ["jobs (owner_id);"]);

    // Nor beside a key stands what is updated.
    let mut updated = workload(vec![sizes, slow("update jobs set size = $1 where id = $2")]);
    updated.writes.insert("jobs".into(), WriteRate { updated: 10.0, ..WriteRate::default() });
    assert_eq!(of(&jobs(), &updated), ["jobs (owner_id);"]);
}

#[test]
fn indexes_that_differ_have_different_names_however_long_they_are() {
    let long = |last: &str| {
        let columns = ["a_rather_long_name_of_a_column", "another_one_of_the_same_kind", last];
        index_name(&IndexDraft::on("a_table", columns))
    };
    let plain = IndexDraft::on("jobs", ["id"]);
    let of = |predicate: &str| {
        index_name(&IndexDraft { predicate: Some(predicate.into()), ..plain.clone() })
    };
    for (one, other) in [(long("x"), long("y")), (of("state = 'new'"), of("state = 'failed'"))] {
        assert_ne!(one, other);
        assert!(one.len() <= 63 && one.ends_with("_idx"), "{one}");
    }
    assert_eq!(index_name(&plain), "jobs_id_idx");
}

#[test]
fn nothing_is_partial_where_the_system_has_no_such_index() {
    let mut catalogue = jobs();
    catalogue.system = monitor_core::capture::System::MariaDb;
    let text = "select id from jobs where owner_id = ? and seen_at is null";
    let statement = Statement { sample: None, ..slow(text) };
    let mut planner = Fake::new(6_000.0, &[("jobs", &["owner_id"], 40.0)]);
    let advice = advise(&workload(vec![statement]), &catalogue, Some(&mut planner), now());
    let Answer::Found { indexes, .. } = &advice.answers[0] else { panic!("{advice:?}") };
    assert_eq!(indexes[0].predicate, None);
}
