//! How good advice is: `cargo xtask bench --advice [DIR]`.
//!
//! Every suite has statements of which it is known, by measurement, whether an index helps and how much. The advisor
//! sees what it sees in production: texts with placeholders, how often and how long they ran, and the database's own
//! catalogue. What it advises is then built for real, and the statements' costs with their real values are compared.

mod indexes;
mod mariadb;
mod score;
mod server;
mod sqlite;
mod suite;

pub(crate) use indexes::{Asked, run};
pub(crate) use mariadb::run as run_mariadb;
pub(crate) use sqlite::run as run_sqlite;
