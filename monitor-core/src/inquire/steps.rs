//! The steps of a plan that has no costs: SQLite's, MariaDB's.

/// A step of a plan, and those below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Step {
    pub(super) what: What,
    /// The step in the system's own words.
    pub(super) line: String,
    pub(super) below: Vec<Step>,
}

/// What a step does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum What {
    /// A table or subquery is read, once for each row of those before it.
    Read(Read),
    /// Several indexes are searched for the same table.
    IndexOr,
    /// One of those.
    IndexArm,
    /// Rows are sorted; only those that are equal in all but the last terms, if `partly`.
    Sort { partly: bool, order: bool },
    /// A subquery's rows are kept, under a name.
    Keep(String),
    /// A subquery is run once for each row so far.
    Correlated,
    /// Anything that only holds what is below it.
    #[default]
    Other,
}

/// How something is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Read {
    /// The name it has in the statement.
    pub(super) alias: String,
    /// The index; SQLite's row id under the name EXPLAIN gives it.
    pub(super) index: Option<String>,
    /// Columns of the index that are looked up.
    pub(super) by: Vec<String>,
    /// Whether the index holds all that is needed.
    pub(super) covering: bool,
    /// Whether the index is built for this one call.
    pub(super) automatic: bool,
    /// Whether it is looked into; else read from one end to the other.
    pub(super) search: bool,
}
