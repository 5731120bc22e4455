//! The dashboard, asked from outside.

mod access;
mod answers;
mod hostile;
mod moments;
mod mounted;
mod schema;
mod serving;
mod world;
