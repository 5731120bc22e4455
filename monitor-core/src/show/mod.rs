//! In what words: turns snapshots and judgements into characters.
//!
//! Pure functions of plain data. Knows formats; does not know sockets, nor where numbers come from.

mod json;
mod text;
mod words;

pub use json::{JSON_VERSION, json};
pub use text::text;
