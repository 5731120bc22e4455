//! Advice on a real PostgreSQL: its catalogue is read, and every statement of the shop finds a form it explains.

use std::time::{Duration, SystemTime};

use monitor_core::Monitor;
use monitor_core::identify::Dialect;
use monitor_core::inquire::Catalogue;
use monitor_core::inquire::postgres::{PostgresPlanner, read_catalogue};
use monitor_core::judge::advice::index::{Answer, Quiet, Statement, Workload, advise};
use monitor_tests::shop as fixture;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor};

use crate::{databases, shop};

async fn loaded() -> PgConnectOptions {
    let url = databases::postgres().await;
    shop::load_postgres(&url).await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute("vacuum analyze").await.unwrap();
    url.parse().unwrap()
}

/// Asks on a thread of its own, as a service would.
async fn asked<R: Send + 'static>(
    options: PgConnectOptions,
    ask: impl FnOnce(&mut monitor_sqlx::SqlxAsker<sqlx::Postgres>) -> R + Send + 'static,
) -> R {
    let ask = move || {
        let monitor = Monitor::builder().beat_by_hand().build().unwrap();
        ask(&mut monitor_sqlx::asker::<sqlx::Postgres>(&monitor, &options))
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}

#[tokio::test]
async fn the_catalogue_says_what_there_is() {
    let options = loaded().await;
    let catalogue: Catalogue =
        asked(options, |asker| read_catalogue(asker, SystemTime::UNIX_EPOCH).unwrap()).await;
    let orders = catalogue.table("orders").unwrap();
    assert_eq!(orders.rows, Some(3_000.0));
    assert!(orders.primary_key().is_some_and(|key| key.unique && key.constraint));
    let status = orders.column("status").unwrap();
    assert_eq!(status.type_name, "character varying(12)");
    assert_eq!(status.spread.as_ref().unwrap().common[0].0, "delivered");
    let audit = catalogue.table("public.audit_log").unwrap();
    let columns: Vec<&str> = audit.indexes.iter().flat_map(|one| one.leading_columns()).collect();
    assert_eq!(columns, ["id", "entity_type", "entity_id", "created_at"]);
    let keys: Vec<&str> =
        catalogue.foreign_keys_of(orders).map(|key| key.parent.1.as_str()).collect();
    assert_eq!(keys, ["customers"]);
}

#[tokio::test]
async fn every_statement_that_names_large_tables_is_read_and_explained() {
    let options = loaded().await;
    let answers = asked(options, |asker| {
        let catalogue = read_catalogue(asker, SystemTime::UNIX_EPOCH).unwrap();
        let statements = fixture::workload().into_iter().map(|query| Statement {
            calls: 1_000,
            calls_per_hour: 1_000.0,
            mean: Duration::from_millis(20),
            ..Statement::of_text(&query.sql, Dialect::PostgreSql)
        });
        let workload = Workload {
            statements: statements.collect(),
            observed: Duration::from_secs(3_600),
            ..Workload::default()
        };
        let mut planner = PostgresPlanner::new(asker, &catalogue);
        advise(&workload, &catalogue, Some(&mut planner), SystemTime::UNIX_EPOCH).answers
    })
    .await;
    let failed = fixture::workload().into_iter().zip(answers).filter_map(|(query, answer)| {
        let failed = matches!(
            answer,
            Answer::Quiet(Quiet::NotRead | Quiet::NotExplained)
                | Answer::NotAsked(_)
                | Answer::TooSoon
        );
        failed.then_some((query.id, answer))
    });
    // A plain insert asks for no rows.
    let failed: Vec<_> = failed.collect();
    assert_eq!(failed, [("s48".to_owned(), Answer::Quiet(Quiet::NotRead))]);
}
