//! In what words: turns snapshots and judgements into characters.
//!
//! Pure functions of plain data. Knows formats; does not know sockets, nor where numbers come from.

mod advice;
mod comparison;
mod health;
mod json;
mod json_calls;
mod parts;
mod saved;
mod saved_contact;
mod saved_source;
mod scopes;
mod sinks;
mod source_json;
mod table;
mod text;
mod timeouts;
mod trends;
mod words;

pub use advice::{advice_json, recommendations};
pub use comparison::{comparison, comparison_json};
pub use health::{Details, HealthAnswer, HealthFormat, health};
pub use json::{JSON_VERSION, json};
pub use saved::{LoadError, SAVED_BYTES_MAX, load};
pub use text::text;
pub use timeouts::timeouts;
pub use trends::{trends, trends_json};
pub use words::{duration, moment};
