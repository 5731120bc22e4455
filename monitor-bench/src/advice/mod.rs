//! How good advice is: `cargo xtask bench --advice [DIR]`.
//!
//! Every suite has statements of which it is known, by measurement, whether an index helps and how much. The advisor
//! sees what it sees in production: texts with placeholders, how often and how long they ran, and the database's own
//! catalogue. What it advises is then built for real, and the statements' costs with their real values are compared.

mod indexes;
mod score;
mod server;
mod suite;

pub(crate) use indexes::{Asked, run};
