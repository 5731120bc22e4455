//! Asking the database: who may ask how much, and what becomes of a connection.

mod budget;
mod line;
