//! Are migrations at start-up watched as well? Yes, on a watched connection and on a wrapped one.

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use monitor_core::Monitor;
use monitor_diesel::MonitoredConnection;
use monitor_examples::Outcome;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

fn main() -> Outcome {
    let monitor = Monitor::builder().build()?;
    monitor_diesel::install(&monitor)?;

    let mut connection = MonitoredConnection::<SqliteConnection>::establish(":memory:")?;
    let applied =
        connection.run_pending_migrations(MIGRATIONS).map_err(|error| error.to_string())?;
    println!("{} migrations applied", applied.len());

    println!("{}", monitor.report());
    Ok(())
}
