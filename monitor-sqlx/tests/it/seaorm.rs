//! SeaORM on top: it makes its own pool of sqlx's, so the tracing layer watches it.

use monitor_sqlx::MonitoredPool;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement, TransactionTrait};

use crate::layer::{heard, layered};
use crate::world::until;

#[tokio::test]
async fn seaorm_is_counted_by_the_layer_beside_a_wrapped_pool_that_is_not_counted_twice() {
    let monitor = layered();
    let orm = Database::connect("sqlite::memory:").await.unwrap();
    orm.execute_unprepared("CREATE TABLE seaorm_cakes (id BIGINT PRIMARY KEY, name TEXT)")
        .await
        .unwrap();
    let insert = Statement::from_sql_and_values(
        DbBackend::Sqlite,
        "INSERT INTO seaorm_cakes (id, name) VALUES (?, ?), (?, ?)",
        [1_i64.into(), "plum".into(), 2_i64.into(), "hunter2".into()],
    );
    orm.execute_raw(insert).await.unwrap();
    let select = || Statement::from_string(DbBackend::Sqlite, "SELECT id, name FROM seaorm_cakes");
    for _ in 0..3 {
        assert_eq!(orm.query_all_raw(select()).await.unwrap().len(), 2);
    }
    let tx = orm.begin().await.unwrap();
    tx.query_one_raw(select()).await.unwrap().unwrap();
    tx.commit().await.unwrap();

    // The same pool, wrapped: what goes by the wrapper is the wrapper's.
    let own = monitor_core::Monitor::builder().beat_by_hand().build().unwrap();
    let pool = MonitoredPool::new(orm.get_sqlite_connection_pool().clone(), &own);
    sqlx::query("SELECT id, name FROM seaorm_cakes").fetch_all(&pool).await.unwrap();
    let fence = "SELECT count(*) FROM seaorm_cakes AS seaorm_fence";
    sqlx::query(fence).fetch_one(pool.inner()).await.unwrap();
    until("the fence is counted", || heard("seaorm_fence").calls == 1).await;

    let read = heard("select id, name from seaorm_cakes");
    assert_eq!((read.calls, read.rows_returned), (4, 7));
    assert_eq!(heard("insert into seaorm_cakes").rows_affected, 2);
    assert_eq!(own.snapshot().lifetime.total.calls, 1);
    let snapshot = monitor.snapshot();
    assert!(!format!("{snapshot:?}").contains("hunter2"));
    let source = snapshot.sources.iter().find(|source| source.activity.calls > 0).unwrap();
    assert!(!source.sees_ends, "errors are unknown, not none");
}
