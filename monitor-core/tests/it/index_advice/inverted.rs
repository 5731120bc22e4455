//! Indexes of what is inside a value: when one is advised, and when nothing is said.

use monitor_core::inquire::Spread;
use monitor_core::judge::advice::Confidence;

use super::{
    Answer, AskError, Catalogue, Column, Explainable, Index, IndexAdvice, IndexDraft, KeyPart,
    Plan, Planner, Quiet, Statement, System, Workload, WriteRate, advise, catalogue, index, keys,
    now, slow, table, workload,
};

const BY_META: &str = "select id, title from documents where meta @> $1";

fn inside(name: &str, type_name: &str, width: f64) -> Column {
    let spread = Spread { width: Some(width), distinct: 1_000.0, ..Spread::default() };
    Column {
        name: name.into(),
        type_name: type_name.into(),
        spread: Some(spread),
        ..Column::default()
    }
}

/// The shop, and its documents.
fn archive() -> Catalogue {
    let mut catalogue = catalogue();
    catalogue.tables.push(table(
        "documents",
        50_000.0,
        vec![
            super::column("id", 50_000.0),
            super::column("org_id", 400.0),
            inside("title", "character varying(80)", 30.0),
            inside("body", "text", 400.0),
            inside("words", "tsvector", 300.0),
            inside("labels", "text[]", 40.0),
            inside("meta", "jsonb", 60.0),
            inside("raw", "json", 60.0),
            inside("valid", "int4range", 14.0),
        ],
    ));
    catalogue
}

/// A planner that reads all rows, knows HypoPG's limits, and helps with no index.
struct Whole;

impl Planner for Whole {
    fn plan(&mut self, _: &Explainable, with: &[IndexDraft]) -> Result<Plan, AskError> {
        assert!(with.iter().all(|draft| draft.method.is_none()), "HypoPG has no GIN: {with:?}");
        // 500 pages, and 50 000 rows at 0.0125.
        Ok(Plan { cost: Some(1_125.0), nodes: Vec::new() })
    }

    fn what_if(&self) -> bool {
        true
    }
}

fn asked(workload: &Workload, catalogue: &Catalogue) -> IndexAdvice {
    advise(workload, catalogue, Some(&mut Whole), now())
}

fn answer(text: &str) -> Answer {
    asked(&workload(vec![slow(text)]), &archive()).answers.swap_remove(0)
}

#[test]
fn what_lies_inside_a_value_gets_an_inverted_index() {
    for (text, key) in [
        (BY_META, "documents(meta jsonb_path_ops)"),
        ("select id from documents where $1 <@ meta", "documents(meta jsonb_path_ops)"),
        ("select id from documents where labels @> array[$1]", "documents(labels)"),
        ("select id from documents where labels && $1", "documents(labels)"),
        (
            "select id from documents where words @@ plainto_tsquery('simple', $1)",
            "documents(words)",
        ),
    ] {
        let answer = answer(text);
        assert_eq!(keys(&answer), [key], "{text}: {answer:?}");
        let Answer::Found { indexes, .. } = answer else { unreachable!() };
        assert_eq!(indexes[0].method, Some("gin"), "{text}");
    }
}

#[test]
fn the_advice_says_that_nothing_tried_it_out() {
    let advice = asked(&workload(vec![slow(BY_META)]), &archive());
    let [found] = advice.recommendations.as_slice() else { panic!("{advice:?}") };
    assert_eq!(found.confidence, Confidence::Modelled);
    assert!(found.meaning.contains("nothing tried this one out"), "{}", found.meaning);
    assert_eq!(
        found.remedy.last().unwrap(),
        "CREATE INDEX CONCURRENTLY documents_meta_jsonb_path_ops_gin_idx ON documents USING gin (meta jsonb_path_ops);"
    );
}

#[test]
fn a_search_in_a_text_needs_its_configuration_in_the_statement() {
    let search = |vector: &str| {
        let text =
            format!("select id from documents where {vector} @@ plainto_tsquery('simple', $1)");
        let sampled = Statement { sample: Some(text.clone()), ..slow(&text) };
        asked(&workload(vec![sampled]), &archive()).answers.swap_remove(0)
    };
    assert_eq!(
        keys(&search("to_tsvector('simple', body)")),
        ["documents(to_tsvector('simple', body))"]
    );
    // Without it the setting of the session counts, and an index cannot hold that.
    assert_eq!(search("to_tsvector(body)"), Answer::Quiet(Quiet::NoCandidate));
    let hidden = "select id from documents where to_tsvector($1, body) @@ plainto_tsquery($2, $3)";
    assert_eq!(answer(hidden), Answer::Quiet(Quiet::NoCandidate));
}

#[test]
fn what_no_inverted_index_serves_gets_none() {
    for text in [
        "select id from documents where raw @> $1",
        "select id from documents where valid @> $1",
        "select id from documents where $1 @> meta",
        "select id from documents where meta ->> 'page' = $1",
        "select id from documents where title @@ $1",
        "select id from documents where meta @> $1 or title = $2",
    ] {
        assert!(!matches!(answer(text), Answer::Found { .. }), "{text}: {:?}", answer(text));
    }
    let mut elsewhere = archive();
    elsewhere.system = System::MariaDb;
    let advice = asked(&workload(vec![slow(BY_META)]), &elsewhere);
    assert!(!matches!(advice.answers[0], Answer::Found { .. }));
}

#[test]
fn rows_that_do_not_tell_and_rows_that_are_many_get_none() {
    assert_eq!(
        answer("select count(*) from documents where meta @> $1"),
        Answer::Quiet(Quiet::RowsUnknown)
    );
    let of =
        |statement: Statement| asked(&workload(vec![statement]), &archive()).answers.swap_remove(0);
    assert_eq!(of(Statement { rows: None, ..slow(BY_META) }), Answer::Quiet(Quiet::RowsUnknown));
    let many = of(Statement { rows: Some(45_000.0), ..slow(BY_META) });
    assert!(matches!(many, Answer::Quiet(Quiet::SavesLittle(_))), "{many:?}");
    // Few rows are returned because of the rest of the condition.
    let narrowed =
        answer("select id from documents where labels && $1 and org_id <> $2 and title = $3");
    assert_eq!(narrowed, Answer::Quiet(Quiet::RowsUnknown));
    assert_eq!(of(Statement { calls: 2, ..slow(BY_META) }), Answer::TooSoon);
}

#[test]
fn an_inverted_index_costs_several_times_as_much_to_keep() {
    let written = |inserted| {
        let read = Statement { calls_per_hour: 20.0, ..slow(BY_META) };
        let mut workload = workload(vec![read]);
        let rate = WriteRate { inserted, ..WriteRate::default() };
        workload.writes.insert("documents".into(), rate);
        asked(&workload, &archive()).answers.swap_remove(0)
    };
    // 20 calls save about 21 500 units, a row written costs 4 of them for each of 5 entries.
    assert_eq!(written(10_000.0), Answer::Quiet(Quiet::TooManyWrites));
    assert_eq!(keys(&written(500.0)), ["documents(meta jsonb_path_ops)"]);
}

#[test]
fn one_that_is_there_already_serves() {
    let gin = |class: Option<&str>| {
        let part = KeyPart { operator_class: class.map(str::to_owned), ..KeyPart::column("meta") };
        Index { method: "gin".into(), key: vec![part], ..index("by_meta", &[]) }
    };
    for (class, expected) in
        [(None, true), (Some("jsonb_path_ops"), true), (Some("other_ops"), false)]
    {
        let mut catalogue = archive();
        catalogue.tables[3].indexes.push(gin(class));
        let advice = asked(&workload(vec![slow(BY_META)]), &catalogue);
        let is_covered = advice.answers[0] == Answer::Quiet(Quiet::Covered("by_meta".into()));
        assert_eq!(is_covered, expected, "{class:?}: {:?}", advice.answers[0]);
    }
}
