//! Calls that repeat within one unit of work: found while the service runs.

use std::sync::{Arc, Mutex};

use monitor_core::ScopeRule;
use monitor_core::capture::{CallSite, ErrorClass, Failure, Rows};
use monitor_core::judge::advice::Verdict;
use monitor_core::judge::{self, AlertFilter, Finding, FindingKind, Mute};
use monitor_core::snapshot::RepeatKind;

use super::super::{World, ms, world, world_with};
use super::{LIST, ONE};

/// A list and then a look-up for each of its rows.
fn n_plus_one(world: &World, name: &str, rows: u64) {
    world.monitor.scope(name).run(|| {
        world.ask(LIST, 0, 10);
        (0..rows).for_each(|row| world.ask(ONE, row, 5));
    });
}

fn findings(world: &World) -> Vec<Finding> {
    let kinds = [FindingKind::NPlusOne, FindingKind::DuplicateQuery, FindingKind::ScopeBudget];
    let found = judge::findings(&world.monitor.snapshot(), &world.monitor.thresholds());
    found.into_iter().filter(|finding| kinds.contains(&finding.kind)).collect()
}

#[test]
fn a_look_up_for_each_row_is_found_with_both_lines_and_what_a_batch_would_save() {
    let world = world();
    n_plus_one(&world, "GET /books", 12);
    let scope = world.scope("GET /books");
    let [repeated] = &scope.repeats[..] else { panic!("{:#?}", scope.repeats) };
    assert_eq!(repeated.kind, RepeatKind::Loop);
    assert_eq!(
        (repeated.units, repeated.calls_max, repeated.time, repeated.saved),
        (1, 12, ms(60), ms(55))
    );
    assert!(repeated.call_site.as_ref().unwrap().contains("finding.rs"));
    assert!(repeated.behind_call_site.as_ref().unwrap().contains("finding.rs"));
    assert_ne!(repeated.call_site, repeated.behind_call_site);
    let found = findings(&world);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind, FindingKind::NPlusOne);
    assert!(found[0].message.contains("up to 12 times one after another"), "{}", found[0].message);
    assert_eq!(found[0].subject.scope(), Some("GET /books"));
}

#[test]
fn look_ups_sent_at_once_are_told_from_a_loop() {
    let world = world();
    let at = CallSite::here();
    world.monitor.scope("GET /books").run(|| {
        let calls: Vec<_> = (0..9_u64)
            .map(|n| {
                world.shop.call(ONE).called_at(Some(at)).with_parameters(|hasher| {
                    hasher.values(&n.to_le_bytes());
                    true
                })
            })
            .collect();
        world.hands.advance(ms(20));
        calls.into_iter().for_each(monitor_core::CallTimer::complete);
    });
    assert_eq!(world.scope("GET /books").repeats[0].kind, RepeatKind::FanOut);
}

#[test]
fn what_looks_like_a_loop_over_rows_and_is_none_is_left_alone() {
    let at = CallSite::here();
    let few = |world: &World| (0..4).for_each(|n| world.ask(ONE, n, 5));
    let quick = |world: &World| (0..12).for_each(|n| world.ask(ONE, n, 0));
    let pages = |world: &World| {
        let page = "SELECT id FROM books WHERE id > $1 ORDER BY id LIMIT 500";
        (0..12).for_each(|n| world.ask_at(page, n * 500, 5, at, Rows::returned(500)));
    };
    let offsets = |world: &World| {
        let page = "SELECT id FROM books ORDER BY id LIMIT 20 OFFSET $1";
        (0..12).for_each(|n| world.ask_at(page, n * 20, 5, at, Rows::returned(20)));
    };
    let lists = |world: &World| {
        let list = "SELECT name FROM authors WHERE id = ANY($1)";
        (0..12).for_each(|n| world.ask_at(list, n, 5, at, Rows::returned(50)));
    };
    let polling = |world: &World| {
        (0..12).for_each(|n| {
            world.ask_at(ONE, n, 5, at, Rows::returned(1));
            world.hands.advance(ms(1_000));
        });
    };
    let retries = |world: &World| {
        (0..12).for_each(|_| {
            let timer = world.shop.call(ONE).called_at(Some(at));
            world.hands.advance(ms(5));
            timer.fail(Failure { class: ErrorClass::Timeout, code: None });
        });
    };
    let three_look_ups = |world: &World| {
        for text in [ONE, "SELECT * FROM users WHERE id = $1", "SELECT * FROM carts WHERE id = $1"]
        {
            (0..3).for_each(|n| world.ask(text, n, 5));
        }
    };
    let one_each = |world: &World| {
        (0..12).for_each(|n| {
            world.monitor.scope("part").run(|| world.ask_at(ONE, n, 5, at, Rows::returned(1)))
        });
    };
    type Story<'a> = (&'a str, &'a dyn Fn(&World));
    let stories: [Story<'_>; 8] = [
        ("few", &few),
        ("quick", &quick),
        ("pages", &pages),
        ("offsets", &offsets),
        ("lists", &lists),
        ("polling", &polling),
        ("retries", &retries),
        ("three look-ups", &three_look_ups),
    ];
    for (name, story) in stories {
        let world = world();
        world.monitor.scope("GET /books").run(|| story(&world));
        assert_eq!(world.scope("GET /books").repeats, [], "{name}");
    }
    // A look-up in each of many requests is no loop, and in parts of one request it is.
    let apart = world();
    one_each(&apart);
    assert_eq!(apart.scope("part").repeats, []);
    let together = world();
    together.monitor.scope("request").run(|| one_each(&together));
    assert_eq!(together.scope("part").repeats, []);
    assert_eq!(together.scope("request").repeats[0].calls, 12);
}

#[test]
fn a_loop_in_a_nested_unit_is_told_there_alone() {
    let world = world();
    world.monitor.scope("request").run(|| n_plus_one(&world, "cart", 12));
    assert_eq!(world.scope("cart").repeats.len(), 1);
    assert_eq!(world.scope("request").repeats, []);
}

#[test]
fn rows_written_one_by_one_are_found_and_a_batch_is_not() {
    let at = CallSite::here();
    let write = |world: &World, text: &str, count: u64| {
        world.monitor.scope("import").run(|| {
            (0..count).for_each(|n| world.ask_at(text, n, 2, at, Rows::affected(1)));
        });
        world.scope("import").repeats
    };
    let row = "INSERT INTO loans (id, book_id) VALUES ($1, $2)";
    assert_eq!(write(&world(), row, 30)[0].kind, RepeatKind::Writes);
    assert_eq!(write(&world(), row, 19), []);
    let batch = "INSERT INTO loans (id, book_id) VALUES ($1, $2), ($3, $4), ($5, $6)";
    assert_eq!(write(&world(), batch, 30), []);
}

#[test]
fn the_same_question_asked_again_is_found_unless_a_write_came_between() {
    let asked = |write: bool| {
        let world = world();
        world.monitor.scope("GET /books").run(|| {
            (0..5).for_each(|_| {
                world.ask(ONE, 7, 5);
                if write {
                    let text = "UPDATE authors SET seen = now() WHERE id = $1";
                    world.ask_at(text, 7, 1, CallSite::here(), Rows::affected(1));
                }
            });
        });
        world
    };
    let world = asked(false);
    assert_eq!(world.scope("GET /books").repeats[0].kind, RepeatKind::Duplicate);
    assert_eq!(findings(&world)[0].kind, FindingKind::DuplicateQuery);
    assert_eq!(asked(true).scope("GET /books").repeats, []);
}

#[test]
fn a_route_may_have_a_budget_of_its_own() {
    let world = world_with(|builder| {
        builder
            .scope_rule("GET /books", ScopeRule::default().calls_max(3))
            .scope_rule("GET /slow", ScopeRule::default().time_max(ms(100)))
    });
    let run = |name: &str, calls: u64, millis: u64| {
        world.monitor.scope(name).run(|| (0..calls).for_each(|_| world.ask(LIST, 0, millis)));
    };
    run("GET /books", 3, 50);
    run("GET /slow", 2, 50);
    run("GET /free", 4, 500);
    assert!(findings(&world).iter().all(|found| found.kind != FindingKind::ScopeBudget));
    run("GET /books", 4, 1);
    run("GET /slow", 1, 101);
    let over: Vec<_> = findings(&world)
        .into_iter()
        .filter(|found| found.kind == FindingKind::ScopeBudget)
        .collect();
    let names: Vec<_> = over.iter().map(|found| found.subject.scope().unwrap()).collect();
    assert_eq!(names, ["GET /books", "GET /slow"]);
    assert_eq!(world.scope("GET /books").over_budget, 1);
    assert_eq!((over[0].value, over[0].threshold), (4.0, 3.0));
    world.pass(65);
    assert!(findings(&world).is_empty());
}

#[test]
fn an_alert_fires_once_and_is_over_when_it_happens_no_more() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let world = world_with(|builder| {
        builder.on_alert(move |alert| {
            heard.lock().unwrap().push((alert.finding.kind, alert.state));
        })
    });
    for _ in 0..4 {
        n_plus_one(&world, "GET /books", 12);
        world.pass(5);
    }
    world.pass(300);
    let told = told.lock().unwrap().clone();
    let kinds: Vec<_> = told.iter().map(|(kind, state)| (*kind, format!("{state:?}"))).collect();
    assert_eq!(
        kinds,
        [(FindingKind::NPlusOne, "Firing".into()), (FindingKind::NPlusOne, "Resolved".into())]
    );
}

#[test]
fn repeated_calls_are_muted_by_route_by_comment_and_by_statement() {
    let world = world_with(|builder| builder.scope_rule("GET /quiet", ScopeRule::muted()));
    n_plus_one(&world, "GET /quiet", 12);
    world.monitor.scope("GET /comment").run(|| {
        (0..12).for_each(|n| world.ask("SELECT 1 FROM t /* monitor:mute */ WHERE id = $1", n, 5));
    });
    assert!(findings(&world).is_empty());
    assert!(world.scope("GET /quiet").repeats[0].muted);

    let fingerprint = world.scope("GET /quiet").repeats[0].fingerprint;
    world.monitor.mute(Mute::kind(FindingKind::NPlusOne).of_statement(fingerprint));
    world.monitor.mute(Mute::everything().of_scope("GET /muted"));
    n_plus_one(&world, "GET /books", 12);
    world.monitor.scope("GET /muted").run(|| {
        (0..12).for_each(|n| world.ask("SELECT * FROM pens WHERE id = $1", n, 5));
    });
    world.pass(10);
    let alerts = world.monitor.alerts_matching(&AlertFilter::default().muted(false));
    assert!(alerts.is_empty(), "{alerts:#?}");
    assert_eq!(world.monitor.alerts_matching(&AlertFilter::default().muted(true)).len(), 4);
}

#[test]
fn a_route_may_have_thresholds_of_its_own() {
    let world = world_with(|builder| {
        let patient = ScopeRule::default().repeats_min(20);
        builder.scopes(ScopeRule::default().repeats_min(3)).scope_rule("GET /report", patient)
    });
    n_plus_one(&world, "GET /report", 12);
    n_plus_one(&world, "GET /books", 3);
    assert_eq!(world.scope("GET /report").repeats, []);
    assert_eq!(world.scope("GET /books").repeats.len(), 1);
}

#[test]
fn advice_on_repeated_calls_comes_from_the_live_monitor() {
    let world = world();
    for _ in 0..100 {
        n_plus_one(&world, "GET /books", 12);
        world.pass(5);
    }
    let advice = world.monitor.look_for_advice();
    let found = advice.answer("n-plus-one").unwrap();
    assert_eq!(found.verdict, Verdict::Found, "{found:#?}");
    let one = advice.recommendations.iter().find(|one| one.rule == "n-plus-one").unwrap();
    assert!(one.title.contains("12 times"), "{}", one.title);
    assert_eq!(advice.answer("duplicate-query").unwrap().verdict, Verdict::Quiet);
}

#[test]
fn advice_knows_who_waits_for_a_second_connection() {
    let world = world();
    let pool = world.monitor.pool("main", super::super::shop());
    world.pass(300);
    for _ in 0..3 {
        world.monitor.scope("POST /orders").run(|| {
            let first = pool.checkout().taken();
            let wait = pool.checkout();
            world.hands.advance(ms(2_000));
            drop((wait.taken(), first));
        });
    }
    world.pass(10);
    let advice = world.monitor.look_for_advice();
    assert_eq!(advice.answer("nested-acquire").unwrap().verdict, Verdict::Found);
}

#[test]
fn reads_inside_a_transaction_are_known_as_such_to_the_rules() {
    let verdict = |is_inside: bool| {
        let world = world_with(|builder| builder.recent_calls_max(0));
        world.pass(120);
        world.monitor.scope("GET /shelf").run(|| {
            let transaction = is_inside.then(|| world.shop.transaction());
            (0..300).for_each(|n| world.ask(ONE, n % 10, 5));
            transaction.into_iter().for_each(|transaction| transaction.committed());
        });
        world.pass(5);
        world.monitor.look_for_advice().answer("cache-candidate").unwrap().verdict
    };
    // Outside of one, how large the table is would have to be asked.
    assert_eq!((verdict(true), verdict(false)), (Verdict::Quiet, Verdict::CannotTell));
}
