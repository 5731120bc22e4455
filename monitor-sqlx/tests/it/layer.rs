//! The tracing layer, alone and beside wrapped pools.
//!
//! The process has one subscriber, so all tests share its layer and its monitor; each test tells
//! its statements by a name of their own.

use std::sync::{Mutex, Once, OnceLock};

use futures_util::{StreamExt, TryStreamExt};
use monitor_core::Monitor;
use monitor_core::capture::{Database, System};
use monitor_core::snapshot::Activity;
use monitor_sqlx::{check_layer, layer, layer_for};
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, Database as _, Executor, Statement};
use tracing::{Event, Instrument, Subscriber, info_span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::world::{TestDb, poll_once, until};

/// What another layer of the application sees: sqlx's events, the spans around them, spans closed.
struct Neighbour;

static SEEN: Mutex<Vec<(String, Vec<&'static str>)>> = Mutex::new(Vec::new());
static CLOSED: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Neighbour {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let scope = context.event_scope(event).into_iter().flatten();
            let scope = scope.map(|span| span.name()).collect();
            SEEN.lock().unwrap().push((format!("{event:?}"), scope));
        }
    }

    fn on_close(&self, id: tracing::span::Id, context: Context<'_, S>) {
        CLOSED.lock().unwrap().push(context.span(&id).unwrap().name());
    }
}

/// The monitor behind the process's layer.
pub(crate) fn layered() -> &'static Monitor {
    static MONITOR: OnceLock<Monitor> = OnceLock::new();
    static INSTALL: Once = Once::new();
    let monitor = MONITOR.get_or_init(|| Monitor::builder().beat_by_hand().build().unwrap());
    INSTALL.call_once(|| {
        let spans = Targets::new().with_target("sqlx::query", tracing::Level::DEBUG);
        let spans = spans.with_target("it", tracing::Level::INFO);
        tracing_subscriber::registry()
            .with(layer(monitor))
            .with(Neighbour.with_filter(spans))
            .init();
        check_layer().unwrap();
    });
    monitor
}

/// What the layer has counted of statements with this word in them.
pub(crate) fn heard(word: &str) -> Activity {
    let snapshot = layered().snapshot();
    let mut found = snapshot.lifetime.statements.iter().filter(|one| one.text.contains(word));
    let activity = found.next().map(|one| one.activity.clone()).unwrap_or_default();
    assert!(found.next().is_none(), "several statements with {word}");
    activity
}

/// The spans in which the neighbour saw the statement with this word.
fn scopes(word: &str) -> Vec<Vec<&'static str>> {
    let seen = SEEN.lock().unwrap();
    seen.iter().filter(|(event, _)| event.contains(word)).map(|(_, scope)| scope.clone()).collect()
}

/// A query on `people` that can be told from all others.
fn people(word: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("SELECT id, name FROM people AS {word} ORDER BY id"))
}

/// A word that no other test uses.
pub(crate) fn word<DB: TestDb>(test: &str) -> String {
    format!("{test}_on_{}", DB::NAME.to_lowercase())
}

everywhere! {
    async fn a_pool_nobody_wrapped_is_counted_by_the_layer(world) {
        layered();
        let word = word::<Db>("bare");
        let bare = world.pool.inner();
        for _ in 0..3 {
            sqlx::query(people(&word)).fetch_all(bare).await.unwrap();
        }
        until("the events are there", || heard(&word).calls == 3).await;
        let seen = heard(&word);
        assert_eq!((seen.completed(), seen.rows_returned, seen.rows_affected), (3, 30, 0));
        assert_eq!(world.total().calls, 0);
    }

    async fn rows_changed_are_believed_for_writes_only(world) {
        layered();
        let word = word::<Db>("changed");
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        let bare = pool.inner();
        bare.execute(AssertSqlSafe(format!("CREATE TABLE {word} (id BIGINT)"))).await.unwrap();
        let insert = format!("INSERT INTO {word} SELECT id FROM people");
        sqlx::query(AssertSqlSafe(insert)).execute(bare).await.unwrap();
        let read = format!("{word}_read");
        sqlx::query(people(&read)).fetch_all(bare).await.unwrap();
        let inserted = format!("insert into {word}");
        until("the events are there", || heard(&read).calls == 1).await;
        assert_eq!(heard(&inserted).rows_affected, 10);
        assert_eq!(heard(&read).rows_affected, 0);
        assert_eq!(heard(&format!("create table {word}")).rows_affected, 0);
    }

    async fn a_wrapped_pool_is_never_counted_twice(world) {
        layered();
        let word = word::<Db>("wrapped");
        let sql = || people(&word);
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        macro_rules! all_ways {
            ($on:expr) => {{
                sqlx::query(sql()).execute($on).await.unwrap();
                sqlx::query(sql()).fetch_all($on).await.unwrap();
                sqlx::query(sql()).fetch_one($on).await.unwrap();
                sqlx::query(sql()).persistent(false).fetch_optional($on).await.unwrap();
                sqlx::raw_sql(sql()).execute($on).await.unwrap();
                sqlx::query(sql()).fetch($on).try_collect::<Vec<_>>().await.unwrap();
                sqlx::query(sql()).fetch($on).next().await.unwrap().unwrap();
                let statement = $on.prepare(sqlx::SqlSafeStr::into_sql_str(sql())).await.unwrap();
                statement.query().fetch_all($on).await.unwrap();
            }};
        }
        all_ways!(&pool);
        let mut connection = pool.acquire().await.unwrap();
        all_ways!(&mut connection);
        let mut tx = connection.begin().await.unwrap();
        all_ways!(&mut *tx);
        let mut inner = tx.begin().await.unwrap();
        all_ways!(&mut inner);
        inner.commit().await.unwrap();
        tx.rollback().await.unwrap();
        drop(connection.begin().await.unwrap());
        drop(connection);

        // The last thing the one connection does; what came before has been reported.
        let fence = format!("fence_of_{word}");
        sqlx::query(people(&fence)).fetch_all(pool.inner()).await.unwrap();
        until("the fence is counted", || heard(&fence).calls == 1).await;
        assert_eq!(heard(&format!("as {word}")).calls, 0);
        assert_eq!(world.calls_of(&format!("select id, name from people as {word}")), 32);
        assert_eq!(world.calls_of("prepare"), 4);
        let neighbour = scopes(&word).len();
        assert!(neighbour >= 32, "the application's own logs stay as they were: {neighbour}");
    }

    async fn a_cancelled_call_on_a_wrapped_pool_is_not_counted_when_its_event_comes_late(world) {
        layered();
        let word = word::<Db>("late");
        // On SQLite the worker reports the call long after its caller has gone.
        let endless = Db::ENDLESS.replacen("SELECT", &format!("/* {word} */ SELECT"), 1);
        let endless = format!("{endless} ").replace("60)", "0.2)").replace("count(*)", "count(*) AS late");
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        let mut connection = pool.acquire().await.unwrap();
        let mut call = connection.execute(AssertSqlSafe(endless));
        assert!(poll_once(&mut call).await.is_pending());
        drop(call);
        drop(connection);
        assert_eq!(world.total().cancelled, 1);

        let fence = format!("fence_of_{word}");
        sqlx::query(people(&fence)).fetch_all(pool.inner()).await.unwrap();
        until("the fence is counted", || heard(&fence).calls == 1).await;
        assert_eq!(scopes(&format!("/* {word} */")).len(), 1, "it was reported");
        assert!(layered().snapshot().lifetime.statements.iter().all(|one| {
            !one.text.contains("sleep") && !one.text.contains("as late")
        }));
    }

    async fn other_layers_see_the_spans_they_always_saw(world) {
        layered();
        let word = word::<Db>("scope");
        let pool = world.another(PoolOptions::new().max_connections(1)).await;
        let sql = |kind: &str| people(&format!("{word}_{kind}"));
        let name = match Db::NAME {
            "PostgreSQL" => "postgres request",
            "MySQL" => "mysql request",
            _ => "sqlite request",
        };
        let request = match Db::NAME {
            "PostgreSQL" => info_span!(target: "it", "postgres request"),
            "MySQL" => info_span!(target: "it", "mysql request"),
            _ => info_span!(target: "it", "sqlite request"),
        };
        async {
            sqlx::query(sql("wrapped")).fetch_all(&pool).await.unwrap();
            sqlx::query(sql("streamed")).fetch(&pool).next().await.unwrap().unwrap();
            sqlx::query(sql("bare")).fetch_all(pool.inner()).await.unwrap();
        }
        .instrument(request)
        .await;
        sqlx::query(sql("outside")).fetch_all(&pool).await.unwrap();
        let seen = |kind: &str| scopes(&format!("{word}_{kind}"));
        until("the events are there", || !seen("outside").is_empty()).await;
        for kind in ["wrapped", "streamed", "bare"] {
            assert_eq!(seen(kind), [[name]], "{kind}");
        }
        assert_eq!(seen("outside"), [[""; 0]]);
        until("nothing holds the span", || CLOSED.lock().unwrap().contains(&name)).await;
    }

    async fn a_call_carries_the_name_of_the_span_it_was_made_in(world) {
        layered();
        let word = word::<Db>("spanned");
        let sql = |kind: &str| people(&format!("{word}_{kind}"));
        let bare = world.pool.inner();
        let request = info_span!(target: "it", "place order", user = "hunter2");
        sqlx::query(sql("inside")).fetch_all(bare).instrument(request).await.unwrap();
        sqlx::query(sql("outside")).fetch_all(bare).await.unwrap();
        until("the events are there", || heard(&format!("{word}_outside")).calls == 1).await;
        let recent = layered().recent_calls(10_000);
        let tag = |kind: &str| {
            let named = format!("{word}_{kind}");
            recent.iter().find(|call| call.statement.contains(&named)).unwrap().tag.clone()
        };
        assert_eq!(tag("inside").as_deref(), Some("place order"));
        assert_eq!(tag("outside"), None);
        assert!(!format!("{recent:?}").contains("hunter2"));
    }
}

#[test]
fn the_question_which_server_it_is_is_nobodys_call_beside_the_layer_either() {
    crate::world::run(|world: crate::world::World<sqlx::MySql>| async move {
        let before = heard("version");
        let options = (*world.pool.connect_options()).clone();
        let pool = monitor_sqlx::MonitoredPoolOptions::<sqlx::MySql>::new().name("asked");
        let pool = pool.connect_with(&world.monitor, options).await.unwrap();
        let detected = monitor_sqlx::MonitoredPool::builder(pool.inner().clone());
        let _ = detected.detect().await.unwrap();
        assert_eq!(heard("version").calls, before.calls);
        pool.inner().execute("SELECT VERSION()").await.unwrap();
        assert_eq!(heard("version").calls, before.calls + 1, "the layer does listen");
    });
}

#[test]
fn a_filter_for_all_layers_that_hides_the_events_is_found_out() {
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let hidden = tracing_subscriber::registry().with(EnvFilter::new("info")).with(layer(&monitor));
    tracing::subscriber::with_default(hidden, || {
        let unheard = check_layer().unwrap_err();
        assert!(unheard.to_string().contains("sqlx::query=debug"), "{unheard}");
    });

    let named = EnvFilter::new("info,sqlx::query=debug");
    let open = tracing_subscriber::registry().with(named).with(layer(&monitor));
    tracing::subscriber::with_default(open, || check_layer().unwrap());

    let per_layer = tracing_subscriber::fmt::layer().with_filter(EnvFilter::new("info"));
    let open = tracing_subscriber::registry().with(per_layer).with(layer(&monitor));
    tracing::subscriber::with_default(open, || check_layer().unwrap());
}

#[test]
fn a_layer_told_its_database_counts_for_it() {
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let shop = Database { name: "shop".into(), ..Database::of(System::PostgreSql) };
    let told = tracing_subscriber::registry().with(layer_for(&monitor, shop.clone()));
    tracing::subscriber::with_default(told, || {
        tracing::debug!(
            target: "sqlx::query",
            summary = "SELECT a FROM t …",
            db.statement = "\n\nSELECT a FROM t WHERE b = 'secret'\n",
            rows_affected = 3_u64,
            rows_returned = 3_u64,
            elapsed_secs = 0.25_f64,
        );
        tracing::debug!(target: "sqlx::query", "not a report of sqlx");
        tracing::debug!(target: "sqlx::query::other", elapsed_secs = 1.0_f64);
    });
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.lifetime.total.calls, 1);
    let statement = &snapshot.lifetime.statements[0];
    assert_eq!(&*statement.text, "select a from t where b = ?");
    assert_eq!(*statement.database, shop);
    assert_eq!(statement.activity.time, std::time::Duration::from_millis(250));
    assert_eq!((statement.activity.rows_returned, statement.activity.rows_affected), (3, 0));
}

#[test]
fn waits_that_sqlx_reports_are_told_and_not_those_of_a_wrapped_pool() {
    let monitor = Monitor::builder().beat_by_hand().build().unwrap();
    let told = tracing_subscriber::registry().with(layer(&monitor));
    // One thread: the subscriber is this thread's, and sqlx reports from the thread that waits.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(told, || {
        runtime.block_on(async {
            let options = PoolOptions::<sqlx::Sqlite>::new().max_connections(1);
            let options = options.acquire_slow_threshold(std::time::Duration::ZERO);
            let pool = options.connect("sqlite::memory:").await.unwrap();
            let before = monitor.snapshot().sources[0].reported_waits.clone();
            drop(pool.acquire().await.unwrap());
            let other = Monitor::builder().beat_by_hand().build().unwrap();
            let wrapped = monitor_sqlx::MonitoredPool::new(pool, &other);
            drop(wrapped.acquire().await.unwrap());
            wrapped.execute("SELECT 1").await.unwrap();
            let source = &monitor.snapshot().sources[0];
            assert_eq!(source.reported_waits.reported, before.reported + 1);
            assert_eq!(source.reported_waits.slow, before.slow + 1);
            assert!(source.pool.is_none() && !source.sees_ends, "what it cannot know is not zero");
        });
    });
}
