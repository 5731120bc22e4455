//! In what words: turns snapshots and judgements into characters.
//!
//! Pure functions of plain data. Knows formats; does not know sockets, nor where numbers come from.

mod advice;
mod json;
mod text;
mod words;

pub use advice::{advice_json, recommendations};
pub use json::{JSON_VERSION, json};
pub use text::text;
