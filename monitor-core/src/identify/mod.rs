//! Stage 2. Which statement it was.
//!
//! Two texts that differ only in their values, comments, spacing or the case of their words are one statement. This
//! module takes a text and says which: [`identify`] gives the normalised text, which *is* the identity, a
//! [`Fingerprint`] of it, what the statement does and what to. It knows only text; it is ignorant of events, time and
//! numbers.
//!
//! # What a normalised text is
//!
//! | written | normalised |
//! |---|---|
//! | comments, spacing, a `;` at the end | gone; [`Marks`] tells what a comment asks of the monitor, [`tags`] who sent it |
//! | `SELECT Id` | `select id` |
//! | `"users"."id"`, `` `users`.`id` `` | `users.id`, where the name means the same without quotes |
//! | `42`, `-1.5e3`, `'x'`, `$$x$$`, `null` as a value | `?` |
//! | `$1`, `?1`, `:name`, `@name` in SQLite | `?` |
//! | `in (1, 2, 3)`, `array[1, 2]` | `in (...)`, `array[...]` |
//! | `values (1, 2), (3, 4)` | `values (?, ?)` |
//! | `savepoint sp_17`, `fetch next from cursor_5` | `savepoint ?`, `fetch next from ?` |
//!
//! Beside it, [`Wording`] notes what literals are like, from which no value can be told.
//!
//! No literal is left in it: what may be a literal in one dialect and a name in another is hidden, and where a string
//! does not end, or may end in two places, all that follows is hidden. It is normal: normalising it again changes
//! nothing.
//!
//! # What it costs
//!
//! One pass over the text, in time proportional to its length, that can't fail or panic on any text. [`identify`] is for
//! the first sight of a text; a text seen before should cost its owner a hash. A [`Normaliser`] that is kept allocates
//! nothing to tell whether a statement is known.

mod bytes;
mod clauses;
mod comments;
mod dialect;
mod fingerprint;
mod frames;
mod identity;
mod keyword;
mod kind;
mod lexer;
mod list_size;
mod lists;
mod literal;
mod marks;
mod names;
mod normalise;
mod operator;
mod outline;
mod output;
mod parse;
mod relations;
mod skim;
mod spacing;
mod summary;
mod tables;
mod tags;
mod token;
mod verb;
mod wording;

pub(crate) use self::parse::{LIST_FROM, numbered, numbered_as_told, parsed};
pub use self::{
    dialect::Dialect,
    fingerprint::{Fingerprint, ParseFingerprintError},
    identity::{Identity, TEXT_BYTES_MAX, identify},
    kind::Kind,
    list_size::ListSize,
    marks::Marks,
    normalise::{NESTING_MAX, Normalised, Normaliser},
    parse::{PARSE_BYTES_MAX, PARSE_OPERATORS_MAX, Refinement, refine},
    summary::SUMMARY_BYTES_MAX,
    tables::{TABLES_MAX, Tables},
    tags::{TAG_BYTES_MAX, TAGS_BYTES_MAX, Tags, tags},
    wording::{DEEP_OFFSET, NOTED_PLACES_MAX, Wording},
};
