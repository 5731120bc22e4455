//! Rewrites that would give other rows, or take longer, are not advised.

use monitor_core::capture::{Database, System};
use monitor_core::judge::advice::Verdict;

use super::{Library, check, index, ms, said};

/// No rewrite is advised for a statement.
#[track_caller]
fn unsaid(library: &mut Library, rule: &str, sql: &str) {
    let advice = library.calls(sql, 10, ms(2), 3).advice();
    assert_eq!(advice.of_rule(rule).count(), 0, "of {sql}");
}

#[test]
fn arms_of_a_union_overlap_where_they_ask_for_more_than_values_of_the_same_columns() {
    for sql in [
        "select id from books where author_id = $1 and state = 'new' union select id from books where author_id = $2 and isbn > $3",
        "select id from books where author_id = $1 and state = $2 union select id from books where state = $3 union select id from books where author_id = $4",
        "select id from books where state = $1 union select id from books where state = $2 and author_id = $3",
        "select id from books where state = $1 and printed_at > $2 union select id from books where state = $3 and printed_at < $4",
    ] {
        unsaid(&mut Library::open(), "union-distinct", sql);
    }
    let sql = "select id from books where state = $1 and author_id = $2 union select id from books where author_id = $3 and state = $4 \
               union select id from books where author_id = $5 and state = $6";
    let advice = Library::open().calls(sql, 10, ms(2), 3).advice();
    assert_eq!(said(&advice), ["union-distinct"]);
}

#[test]
fn a_common_table_expression_hides_the_table_of_its_name() {
    // The rows of the expression may come twice, whatever the table's key says.
    let with = "with books as (select b.* from books b join loans l on l.book_id = b.id)";
    let union =
        "select id from books where state = 'new' union select id from books where state = 'lost'";
    unsaid(&mut Library::open(), "union-distinct", &format!("{with} {union}"));
    let few = "with loans as (select * from loans where id = $1), books as (select * from books where id = $2)";
    for (rule, sql) in [
        ("cartesian-join", "select b.title from books b, loans l"),
        ("leading-wildcard", "select id from books where title like '%rust%'"),
        (
            "correlated-subquery",
            "select r.id, (select count(*) from loans l where l.book_id = r.id) from readers r where r.card = $3",
        ),
        (
            "distinct-on-latest",
            "select * from loans l where due = (select max(due) from loans x where x.book_id = l.book_id)",
        ),
        (
            "or-across-tables",
            "select b.id from books b join readers r on r.id = b.author_id where b.isbn = $3 or r.card = $4",
        ),
        (
            "not-in-subquery",
            "select r.id from readers r where r.id not in (select id from shelves)",
        ),
    ] {
        let hides_shelves = "with shelves as (select reader_id as id from loans where id = $1)";
        let with = if rule == "not-in-subquery" { hides_shelves } else { few };
        let mut library = Library::open();
        let advice = library.calls(&format!("{with} {sql}"), 10, ms(2), 3).advice();
        let told = advice.of_rule(rule).next();
        // Without knowing what the expression gives it may say that it is fooled by a NULL, and not that it is sure.
        assert!(told.is_none() || rule == "not-in-subquery", "of {sql}");
        let facts = told.iter().flat_map(|told| &told.evidence.facts);
        assert!(facts.into_iter().all(|fact| fact.name != "the subquery's column"), "of {sql}");
    }
}

#[test]
fn a_rewrite_keeps_the_parentheses_of_what_it_moves() {
    let sql = "select b.id, (select count(*) from loans l where l.book_id = b.id and l.id > 5 and (l.due < $1 or l.due > $2)) from books b where b.state = $3";
    let advice = Library::open().calls(sql, 10, ms(2), 3).advice();
    let told = advice.of_rule("correlated-subquery").next().expect("it is told");
    let remedy = told.remedy.join("; ").to_lowercase();
    let arms = remedy
        .split_once("l.id > ")
        .and_then(|(_, rest)| rest.split_once(" and "))
        .expect("both are kept")
        .1;
    assert!(arms.starts_with("(l.due < ") && arms.contains(") group by"), "{remedy}");
}

#[test]
fn what_one_database_holds_says_nothing_of_another_one() {
    let union =
        "select id from books where state = 'new' union select id from books where state = 'lost'";
    let asked = |name: &str| {
        let mut library = Library::open();
        let database = Database { name: name.into(), ..Database::of(System::PostgreSql) };
        if let Some(catalogue) = &mut library.catalogue {
            catalogue.database = Some(database);
            catalogue.tables[1].modified_since_analyze = Some(400_000.0);
        }
        let advice = library
            .calls(union, 10, ms(2), 3)
            .calls("select due from loans where id = $1", 10, ms(1), 1)
            .advice();
        said(&advice)
    };
    assert_eq!(asked("library"), ["union-distinct", "stale-statistics"]);
    assert_eq!(asked("archive"), [""; 0]);
}

#[test]
fn not_exists_without_an_index_is_slower_than_the_list_that_not_in_makes() {
    let sql = |column: &str| {
        format!("select id from readers where id not in (select {column} from loans)")
    };
    let told = |system, column: &str, indexed: bool| {
        let mut library = Library::on(system);
        let loans = &mut library.catalogue.as_mut().unwrap().tables[1];
        loans.indexes.retain(|index| indexed || index.name == "loans_pkey");
        loans.indexes.extend(indexed.then(|| index("loans_book", &["book_id"])));
        let advice = library.calls(&sql(column), 10, ms(2), 3).advice();
        advice.of_rule("not-in-subquery").next().map(|told| told.remedy.clone())
    };
    for system in [System::Sqlite, System::MySql] {
        assert_eq!(told(system, "book_id", false), None);
        assert!(told(system, "book_id", true).is_some());
        // The NULL is worse than the time, which an index saves.
        let remedy = told(system, "reader_id", false).expect("a NULL may fool it");
        assert!(remedy[0].starts_with("index ") && remedy[0].contains("loans"), "{remedy:?}");
        assert!(!told(system, "reader_id", true).unwrap()[0].starts_with("index "));
    }
    assert!(told(System::PostgreSql, "book_id", false).is_some());
    let mut library = Library::on(System::Sqlite);
    library.catalogue = None;
    let advice = library.calls(&sql("book_id"), 10, ms(2), 3).advice();
    check(&advice, "not-in-subquery", Verdict::CannotTell);
}

#[test]
fn exists_without_an_index_is_slower_than_the_join_it_stands_for() {
    let told = |system, indexes: &[&str], sql: &str| {
        let mut library = Library::on(system);
        let loans = &mut library.catalogue.as_mut().unwrap().tables[1];
        loans.indexes.retain(|index| indexes.contains(&index.name.as_str()));
        library.calls(sql, 10, ms(2), 3).advice().of_rule("distinct-join").count() > 0
    };
    let join = "select distinct r.id from readers r join loans l on l.reader_id = r.id";
    let by_key = format!("{join} where l.id = $1");
    for system in [System::Sqlite, System::MySql] {
        assert!(told(system, &["loans_reader"], join));
        assert!(!told(system, &["loans_pkey"], join));
    }
    assert!(told(System::PostgreSql, &["loans_pkey"], join));
    // 9 ms became 350 where the join began with 400 of 500 000 rows.
    let by_book = format!("{join} where l.book_id = $1");
    assert!(told(System::Sqlite, &["loans_reader"], &by_book));
    assert!(!told(System::Sqlite, &["loans_reader", "loans_pkey"], &by_key));
}
