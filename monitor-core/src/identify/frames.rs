//! What the normaliser remembers of an open parenthesis.

use super::lists::List;

/// Between a parenthesis or bracket and its end.
#[derive(Clone, Copy, Default)]
pub(super) struct Frame {
    /// Where the text within starts.
    pub(super) start: usize,
    /// A list to collapse: what follows `in (` or `array[`.
    pub(super) list: Option<List>,
    /// A list of rows: what follows `values`.
    pub(super) rows: Option<Rows>,
    /// Whether this is a row of `values`.
    pub(super) is_row: bool,
    /// Whether we are, at any depth, in a list of values.
    pub(super) among_values: bool,
    /// Whether there was anything yet.
    pub(super) is_started: bool,
    /// Whether it was a list of single literals so far; `units` counts those since the last comma.
    pub(super) is_plain: bool,
    pub(super) units: usize,
    /// How many commas there were, and whether no plain list was within.
    pub(super) commas: usize,
    pub(super) is_flat: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) list: List,
    /// Whether a row was written, so that a comma or the end comes next.
    pub(super) after_row: bool,
}
