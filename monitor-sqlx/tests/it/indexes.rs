//! Indexes that only some statements can use, found from calls that this adapter saw, made as advised, and used.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{Clock, Hands};
use monitor_core::judge::advice::index::Outcome;
use monitor_core::judge::advice::{Advice, Confidence, Recommendation, Verdict};
use monitor_sqlx::{MonitoredDatabase, MonitoredPool, asker};
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{
    AssertSqlSafe, Connection, Executor, IntoArguments, PgConnection, Pool, Postgres, Row, Sqlite,
};

use crate::world::{World, poll_once, run, server};

/// 40 000 parcels: one in a hundred not sent yet, one in fifty mislaid, forty depots with a thousand each.
const PARCELS: &str = "
    create table parcels (id int primary key, depot int not null, weight int not null, is_sent BOOL not null,
        state varchar(10) not null, code varchar(20) not null, note varchar(200) not null);
    create table digits (d int not null);
    insert into digits values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
    insert into parcels select n, n * 7919 % 40, n % 97, n % 100 <> 3,
            case when n % 50 = 7 then 'mislaid' else 'fine' end, 'k' || (100000 + n),
            'a note that takes some room on its page, so that there are pages enough to read'
        from (select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d as n
              from digits a, digits b, digits c, digits e, digits f where f.d < 4) numbers;";

/// What a call takes that reads a table, and what one takes that finds its rows by an index.
const LONG: Duration = Duration::from_millis(12);
const SHORT: Duration = Duration::from_millis(1);

/// A service with a database of its own, and its monitor.
struct Service<DB: MonitoredDatabase> {
    monitor: Monitor,
    hands: Hands,
    pool: MonitoredPool<DB>,
}

impl<DB: MonitoredDatabase> Service<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    for<'q> <DB as sqlx::Database>::Arguments: IntoArguments<DB>,
{
    async fn new(pool: Pool<DB>, keeps_literals: bool) -> Self {
        for statement in PARCELS.split(';').filter(|one| !one.trim().is_empty()) {
            // SQLite's truths are numbers.
            let kept = if DB::NAME == "SQLite" { "int" } else { "boolean" };
            pool.execute(AssertSqlSafe(statement.replace("BOOL", kept))).await.unwrap();
        }
        if DB::NAME == "SQLite" {
            pool.execute("analyze").await.unwrap();
        }
        let (clock, hands) = Clock::by_hand();
        let mut builder = Monitor::builder().clock(clock).beat_by_hand();
        if keeps_literals {
            builder = builder.keep_literals_for_advice();
        }
        let monitor = builder.build().unwrap();
        let pool = MonitoredPool::new(pool, &monitor);
        monitor.ask_database(asker::<DB>(&monitor, &pool.connect_options()));
        Self { monitor, hands, pool }
    }

    /// Runs statements through the adapter, twenty times a minute each, and lets each take so long.
    async fn serves(&self, statements: &[String], minutes: u64, took: Duration) {
        let mut connection = self.pool.acquire().await.unwrap();
        for minute in 0..minutes {
            for sql in statements {
                for call in 0..20 {
                    let sql = sql.replace("{n}", &(minute * 20 + call).to_string());
                    let query = sqlx::query(AssertSqlSafe(sql));
                    let mut call = Box::pin(query.fetch_all(&mut *connection));
                    if poll_once(&mut call).await.is_pending() {
                        self.hands.advance(took);
                        call.await.unwrap();
                    }
                }
            }
            for _ in 0..12 {
                self.hands.advance(Duration::from_secs(5));
                self.monitor.beat();
            }
        }
    }

    /// Does what a recommendation says.
    async fn follow(&self, advice: &Recommendation) {
        let mut connection = self.pool.inner().acquire().await.unwrap().detach();
        for step in advice.remedy.iter().filter(|step| !step.starts_with("--")) {
            connection.execute(AssertSqlSafe(step.clone())).await.unwrap();
        }
        connection.close().await.unwrap();
    }

    /// The one index that is missing, which has to be made by these words.
    #[track_caller]
    fn missing(&self, words: &[&str]) -> Recommendation {
        let advice = self.monitor.look_for_advice();
        let found: Vec<_> = advice.of_rule("missing-index").cloned().collect();
        let [only] = found.as_slice() else {
            panic!("{found:#?} {:#?}", advice.answer("missing-index"))
        };
        let remedy = only.remedy.join("\n").to_lowercase();
        for word in words {
            assert!(remedy.contains(word), "{word} is not in {remedy}");
        }
        only.clone()
    }

    /// Makes the index that is missing and goes on, quicker: the monitor has to tell.
    async fn helped(&self, statement: &str, words: &[&str]) -> Recommendation {
        let statements = [statement.to_owned()];
        self.serves(&statements, 15, LONG).await;
        let advice = self.missing(words);
        self.follow(&advice).await;
        let made = self.monitor.look_for_advice();
        assert_eq!(made.sequels[0].outcome, Outcome::TooSoon);
        self.serves(&statements, 2, SHORT).await;
        let after = self.monitor.look_for_advice();
        let [sequel] = after.sequels.as_slice() else { panic!("{after:#?}") };
        assert!(matches!(sequel.outcome, Outcome::Helped(share) if share > 0.5), "{sequel:?}");
        let more: Vec<_> = after.of_rule("missing-index").collect();
        assert!(more.is_empty(), "{more:#?}");
        advice
    }
}

/// What SQLite makes of a statement.
async fn plan_of(service: &Service<Sqlite>, sql: &str) -> String {
    let sql = AssertSqlSafe(format!("explain query plan {sql}"));
    let rows = sqlx::query(sql).fetch_all(service.pool.inner()).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(3)).collect::<Vec<_>>().join("\n")
}

/// The cost that PostgreSQL expects of a statement, and its plan.
async fn cost_of(service: &Service<Postgres>, sql: &str) -> (f64, String) {
    let sql = AssertSqlSafe(format!("explain {sql}"));
    let rows = sqlx::query(sql).fetch_all(service.pool.inner()).await.unwrap();
    let plan = rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n");
    let cost = plan.split("..").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    (cost, plan)
}

/// A test on a PostgreSQL database of its own, as an extension is there for all of one.
fn on_postgres<F>(
    name: &'static str,
    keeps_literals: bool,
    test: impl FnOnce(Service<Postgres>, bool) -> F + Send + 'static,
) where
    F: Future<Output = ()> + Send,
{
    run(move |_: World<Postgres>| async move {
        let url = server("MONITOR_TEST_POSTGRES_URL");
        let database = format!("monitor_indexes_{name}_{}", std::process::id());
        let mut first = PgConnection::connect(&url).await.unwrap();
        for sql in
            [format!("drop database if exists {database}"), format!("create database {database}")]
        {
            first.execute(AssertSqlSafe(sql)).await.unwrap();
        }
        let options: PgConnectOptions = url.parse().unwrap();
        let pool = PoolOptions::<Postgres>::new()
            .max_connections(2)
            .connect_with(options.database(&database))
            .await
            .unwrap();
        let has_hypopg = pool.execute("create extension hypopg").await.is_ok();
        let service = Service::new(pool.clone(), keeps_literals).await;
        let mut visible = false;
        // Whoever still looks at old rows, autovacuum among them, keeps pages from being known to be visible.
        while !visible {
            pool.execute("vacuum (freeze, analyze) parcels").await.unwrap();
            let row = "select relallvisible > 0 from pg_class where relname = 'parcels'";
            visible = sqlx::query_scalar(row).fetch_one(&pool).await.unwrap();
        }
        test(service, has_hypopg).await;
        pool.close().await;
        let drop = format!("drop database {database} with (force)");
        first.execute(AssertSqlSafe(drop)).await.unwrap();
    });
}

#[test]
fn postgres_gets_a_partial_index_on_a_truth_without_any_literal_being_kept() {
    on_postgres("truth", false, |service, has_hypopg| async move {
        let statement = "select id, note from parcels where is_sent = false";
        let before = cost_of(&service, statement).await.0;
        let advice = service
            .helped(statement, &["create index concurrently", "where is_sent = false"])
            .await;
        let confidence = if has_hypopg { Confidence::Verified } else { Confidence::Modelled };
        assert_eq!(advice.confidence, confidence);
        let (after, plan) = cost_of(&service, statement).await;
        assert!(plan.contains("_partial_") && after < before / 2.0, "{before} {plan}");
    });
}

#[test]
fn postgres_gets_a_partial_index_on_a_constant_where_texts_are_kept_for_advice() {
    on_postgres("constant", true, |service, _| async move {
        let statement = "select id, note from parcels where state = 'mislaid'";
        let before = cost_of(&service, statement).await.0;
        service.helped(statement, &["where state = 'mislaid'"]).await;
        let (after, plan) = cost_of(&service, statement).await;
        assert!(plan.contains("_partial_") && after < before / 2.0, "{before} {plan}");
    });
}

#[test]
fn a_constant_is_in_no_advice_where_texts_are_not_kept() {
    on_postgres("secret", false, |service, _| async move {
        let statement = "select id, note from parcels where state = 'mislaid'".to_owned();
        service.serves(&[statement], 15, LONG).await;
        let advice = service.monitor.look_for_advice();
        assert!(!format!("{advice:?} {:?}", service.monitor.snapshot()).contains("mislaid"));
    });
}

#[test]
fn a_literal_that_differs_from_call_to_call_is_no_constant() {
    on_postgres("differs", true, |service, _| async move {
        let statement = "select id, note from parcels where code = 'k10{n}'".to_owned();
        service.serves(&[statement], 15, LONG).await;
        let advice = service.missing(&["(code)"]);
        assert!(!advice.remedy.join(" ").contains("WHERE"), "{advice:#?}");
    });
}

#[test]
fn postgres_gets_a_covering_index_where_its_planner_can_try_it() {
    on_postgres("covering", false, |service, has_hypopg| async move {
        if !has_hypopg {
            eprintln!("no HypoPG here: a covering index is never advised without");
            return;
        }
        let statement = "select sum(weight), max(id), count(is_sent) from parcels where depot = 7";
        let before = cost_of(&service, statement).await.0;
        let advice = service.helped(statement, &["(depot) include ("]).await;
        assert!(advice.title.contains("(depot) include ("), "{}", advice.title);
        let (after, plan) = cost_of(&service, statement).await;
        assert!(plan.contains("Index Only Scan") && after < before / 2.0, "{before} {plan}");
    });
}

#[test]
fn postgres_is_told_how_patterns_begin_that_nobody_kept() {
    on_postgres("patterns", false, |service, _| async move {
        let statements = ["like 'k12{n}%'", "like '%{n}'"];
        let statements =
            statements.map(|how| format!("select id, note from parcels where code {how}"));
        service.serves(&statements[..1], 15, LONG).await;
        service.missing(&["(code"]);
        let said = |advice: &Advice| advice.answer("leading-wildcard").unwrap().verdict;
        assert_eq!(said(&service.monitor.advice()), Verdict::Quiet);
    });
    on_postgres("wildcard", false, |service, _| async move {
        let statement = "select id, note from parcels where code like '%{n}'".to_owned();
        service.serves(&[statement], 15, LONG).await;
        let advice = service.monitor.look_for_advice();
        assert_eq!(advice.of_rule("missing-index").count(), 0, "{advice:#?}");
        let found = advice.of_rule("leading-wildcard").next().unwrap();
        for step in found.remedy.iter().filter(|step| step.to_lowercase().starts_with("create")) {
            assert!(step.contains("pg_trgm") || step.contains("gin_trgm_ops"), "{found:#?}");
        }
    });
}

#[test]
fn sqlite_gets_a_partial_index_on_a_truth_without_any_literal_being_kept() {
    run(|world: World<Sqlite>| async move {
        let service = Service::new(world.pool.inner().clone(), false).await;
        let statement = "select id, note from parcels where is_sent = 0";
        let advice = service.helped(statement, &["where is_sent = 0"]).await;
        assert_eq!(advice.confidence, Confidence::Verified);
        let plan = plan_of(&service, statement).await;
        assert!(plan.contains("_partial_"), "{plan}");
    });
}

#[test]
fn sqlite_gets_a_partial_index_on_a_constant_where_texts_are_kept_for_advice() {
    run(|world: World<Sqlite>| async move {
        let service = Service::new(world.pool.inner().clone(), true).await;
        let statement = "select id, note from parcels where state = 'mislaid'";
        service.helped(statement, &["= 'mislaid'"]).await;
        let plan = plan_of(&service, statement).await;
        assert!(plan.contains("_partial_"), "{plan}");
    });
}

#[test]
fn a_number_that_is_no_truth_is_in_no_advice() {
    run(|world: World<Sqlite>| async move {
        let service = Service::new(world.pool.inner().clone(), false).await;
        let statement = "select id, note from parcels where depot = 1".to_owned();
        service.serves(&[statement], 15, LONG).await;
        let advice = service.missing(&["depot"]);
        assert!(!advice.remedy.join(" ").contains("WHERE"), "{advice:#?}");
    });
}
