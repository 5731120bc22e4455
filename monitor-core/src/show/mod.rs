//! In what words: turns snapshots and judgements into characters.
//!
//! Pure functions of plain data. Knows formats; does not know sockets, nor where numbers come from.

mod advice;
mod comparison;
mod json;
mod json_calls;
mod saved;
mod saved_source;
mod source_json;
mod table;
mod text;
mod trends;
mod words;

pub use advice::{advice_json, recommendations};
pub use comparison::{comparison, comparison_json};
pub use json::{JSON_VERSION, json};
pub use saved::{LoadError, SAVED_BYTES_MAX, load};
pub use text::text;
pub use trends::{trends, trends_json};
