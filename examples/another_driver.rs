//! My driver has no adapter. Can I still use the monitor? Yes: hand over each call, or time it.

use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::{Call, Database, ErrorClass, Failure, Origin, Rows, System};
use monitor_examples::Outcome;

fn main() -> Outcome {
    let monitor = Monitor::builder().build()?;
    let shop = monitor.database(Database {
        name: "shop".into(),
        host: "db.internal".into(),
        ..Database::of(System::PostgreSql)
    });

    // A call that has ended, with all that is known of it.
    let origin = Origin { connection: Some(3), user: Some("42"), ..Origin::default() };
    shop.record(
        Call::new("SELECT * FROM users WHERE id = 42", Duration::from_millis(3))
            .rows(Rows::returned(1))
            .origin(origin),
    );

    // A call that is running: the timer measures, and records a cancelled call if it is dropped.
    let timer = shop.call("DELETE FROM sessions WHERE expires_at < now()");
    timer.fail(Failure::new(ErrorClass::Timeout).with_code("57014"));
    drop(shop.call("SELECT pg_sleep(60)"));

    // A pool: the wait, then the hold.
    let pool = monitor.pool("main", Database::of(System::PostgreSql));
    let connection = pool.checkout().taken();
    drop(connection);

    println!("{}", monitor.report());
    Ok(())
}
