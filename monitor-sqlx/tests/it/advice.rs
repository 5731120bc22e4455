//! From calls that take long to an index that helps, on the real databases.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{Call, Clock, Database, Hands, Rows};
use monitor_core::judge::advice::index::Outcome;
use monitor_core::judge::advice::{Confidence, Verdict};
use monitor_sqlx::asker;
use sqlx::{AssertSqlSafe, Executor, MySql, Postgres, Sqlite};

use crate::world::World;

const ROWS: &str = "
    create table orders (id integer primary key, customer_id int not null, note varchar(200) not null);
    create table digits (d int not null);
    insert into digits values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
    insert into orders select n, n % 5000, 'a note that takes some room on its page, so that there are pages'
        from (select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d as n
              from digits a, digits b, digits c, digits e, digits f where f.d < 4) numbers;";

const BY_CUSTOMER: &str = "select id, note from orders where customer_id = ";

/// Watches calls of one length for so many minutes.
fn watch(monitor: &Monitor, hands: &Hands, database: &Database, minutes: u64, took: Duration) {
    let source = monitor.database(database.clone());
    for minute in 0..minutes {
        for call in 0..20 {
            let text = format!("{BY_CUSTOMER}{}", minute * 20 + call);
            source.record(Call::new(&text, took).rows(Rows::returned(8)));
        }
        for _ in 0..12 {
            hands.advance(Duration::from_secs(5));
            monitor.beat();
        }
    }
}

macro_rules! on {
    ($name:ident, $db:ty, $create:literal, $confidence:expr) => {
        #[test]
        fn $name() {
            crate::world::run(|world: World<$db>| async move {
                for statement in ROWS.split(';').filter(|one| !one.trim().is_empty()) {
                    world.pool.inner().execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
                }
                let analyze =
                    if stringify!($db) == "MySql" { "analyze table orders" } else { "analyze" };
                world.pool.inner().execute(analyze).await.unwrap();
                let asked = asker::<$db>(&world.monitor, &world.pool.connect_options());
                let database = monitor_core::inquire::Asker::database(&asked).unwrap();
                let (clock, hands) = Clock::by_hand();
                let monitor = Monitor::builder().clock(clock).beat_by_hand().build().unwrap();
                watch(&monitor, &hands, &database, 60, Duration::from_millis(12));

                let advice = monitor.look_for_advice();
                let unasked = advice.answer("missing-index").unwrap();
                assert_eq!(unasked.verdict, Verdict::CannotTell);
                assert!(unasked.reasons[0].why.contains("ask_database"), "{unasked:?}");

                monitor.ask_database(asked);
                let advice = monitor.look_for_advice();
                let found: Vec<_> = advice.of_rule("missing-index").collect();
                assert_eq!(found.len(), 1, "{:#?}", advice.answer("missing-index"));
                let remedy = found[0].remedy.join("\n").to_lowercase();
                assert!(remedy.contains($create) && remedy.contains("customer_id"), "{remedy}");
                assert_eq!(found[0].confidence, $confidence, "{found:#?}");
                assert!(found[0].impact.share.unwrap() > 0.5, "{:?}", found[0].impact);

                // Asking was not watched, and nothing was left behind.
                assert_eq!(world.monitor.snapshot().lifetime.total.calls, 0);

                let create = "create index orders_customer on orders (customer_id)";
                world.pool.inner().execute(create).await.unwrap();
                watch(&monitor, &hands, &database, 1, Duration::from_millis(12));
                let advice = monitor.look_for_advice();
                assert_eq!(advice.sequels[0].index, "orders_customer");
                assert_eq!(advice.sequels[0].outcome, Outcome::TooSoon);
                watch(&monitor, &hands, &database, 2, Duration::from_millis(1));
                let advice = monitor.look_for_advice();
                let Outcome::Helped(share) = advice.sequels[0].outcome else {
                    panic!("{advice:#?}")
                };
                assert!(share > 0.9, "{share}");
                assert_eq!(advice.of_rule("missing-index").count(), 0, "{advice:#?}");
            });
        }
    };
}

on!(sqlite_gets_an_index_that_its_planner_takes, Sqlite, "create index", Confidence::Verified);
// Without HypoPG, as on most servers.
on!(
    postgres_gets_an_index_by_the_model,
    Postgres,
    "create index concurrently",
    Confidence::Modelled
);
on!(mariadb_gets_an_index_by_the_model, MySql, "add index", Confidence::Modelled);

#[test]
fn what_others_write_to_a_table_is_counted_from_one_look_to_the_next() {
    crate::world::run(|world: World<Postgres>| async move {
        let run = async |sql: &str| {
            world.pool.inner().execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        };
        for statement in ROWS.split(';').filter(|one| !one.trim().is_empty()) {
            run(statement).await;
        }
        run("analyze").await;
        let asked = asker::<Postgres>(&world.monitor, &world.pool.connect_options());
        let database = monitor_core::inquire::Asker::database(&asked).unwrap();
        let (clock, hands) = Clock::by_hand();
        let monitor =
            Monitor::builder().clock(clock).beat_by_hand().ask_database(asked).build().unwrap();
        let source = monitor.database(database);
        // One call a minute saves little, but more than nobody's writing costs.
        let watch = |minutes: u64| {
            for minute in 0..minutes {
                let text = format!("{BY_CUSTOMER}{minute}");
                source.record(Call::new(&text, Duration::from_millis(12)).rows(Rows::returned(8)));
                for _ in 0..12 {
                    hands.advance(Duration::from_secs(5));
                    monitor.beat();
                }
            }
        };
        let verdict = || {
            let advice = monitor.look_for_advice();
            let answer = advice.answer("missing-index").unwrap();
            (answer.verdict, answer.reasons.first().map(|one| one.why.clone()).unwrap_or_default())
        };
        watch(60);
        assert_eq!(verdict().0, Verdict::Found);
        watch(11);
        assert_eq!(verdict().0, Verdict::Found, "nobody wrote");

        run("insert into orders select n, n, 'of another service' from generate_series(50000, 80000) n").await;
        run("analyze orders").await;
        // A connection tells what it counted when it goes.
        world.pool.inner().close().await;
        watch(11);
        let (verdict, why) = verdict();
        assert!(verdict == Verdict::Quiet && why.contains("writes"), "{verdict} {why}");
    });
}

#[test]
fn an_inverted_index_that_is_advised_is_used_once_it_is_there() {
    crate::world::run(|world: World<Postgres>| async move {
        let run = async |sql: &str| {
            world.pool.inner().execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        };
        run("create table notes (id int primary key, tags text[] not null, body text not null)")
            .await;
        run("insert into notes select n, array['common', 'tag ' || n % 4000], repeat('a note ', 20) \
             from generate_series(1, 40000) n")
            .await;
        run("vacuum analyze notes").await;
        let asked = asker::<Postgres>(&world.monitor, &world.pool.connect_options());
        let database = monitor_core::inquire::Asker::database(&asked).unwrap();
        let (clock, hands) = Clock::by_hand();
        let monitor =
            Monitor::builder().clock(clock).beat_by_hand().ask_database(asked).build().unwrap();
        let source = monitor.database(database);
        for _ in 0..60 * 12 {
            for tags in ["tags @> array['tag 7']", "tags && '{tag 8}'"] {
                let text = format!("select id, body from notes where {tags}");
                source.record(Call::new(&text, Duration::from_millis(12)).rows(Rows::returned(10)));
            }
            hands.advance(Duration::from_secs(5));
            monitor.beat();
        }
        let advice = monitor.look_for_advice();
        let found: Vec<_> = advice.of_rule("missing-index").collect();
        assert_eq!(
            found.len(),
            1,
            "both statements want one: {:#?}",
            advice.answer("missing-index")
        );
        assert_eq!(found[0].confidence, Confidence::Modelled);
        assert_eq!(found[0].evidence.statements.len(), 2);
        let create = found[0].remedy.last().unwrap();
        assert!(create.ends_with("USING gin (tags);"), "{create}");

        run(create).await;
        let plan = "explain select id, body from notes where tags @> array['tag 7']";
        let lines: Vec<String> =
            sqlx::query_scalar(plan).fetch_all(world.pool.inner()).await.unwrap();
        assert!(lines.iter().any(|line| line.contains("notes_tags_gin_idx")), "{lines:#?}");
        let again = monitor.look_for_advice();
        assert_eq!(again.of_rule("missing-index").count(), 0, "{again:#?}");
    });
}
