//! What a word does to a statement.

use super::{keyword::Word, kind::Kind};

/// What a pair of parentheses, or a whole statement, is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Verb {
    /// No query: columns, arguments, a command.
    #[default]
    None,
    Select,
    Insert,
    Update,
    Delete,
    Merge,
    Copy,
    /// Something that exists: a table, an index.
    Object,
    /// Who may do what with something.
    Rights,
    /// Care for a table, such as `analyze`, that changes none of its rows.
    Upkeep,
    /// The parentheses of `from (a join b)`.
    Tables,
}

/// What the next name is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// A table that is read.
    Read,
    /// A table that is written.
    Written,
    /// A table of an `update` or `delete` over several: read or written, the rest of the statement tells.
    Named,
    /// What such a `delete` removes rows from, maybe by its alias.
    Aimed,
    /// The table of `copy`, either way.
    Copied,
    /// The table of an index or trigger: written, but not what the statement is about.
    Beside,
    /// A table that another is made like, or is a part of: read, but not what the statement is about.
    Model,
    /// What rights are given on: written, but not what the statement is about.
    Granted,
    /// What is looked after: read, unless the word is an option.
    Kept,
    /// A common table expression.
    Expression,
    /// No table, but what the statement is about: a procedure, an index.
    Shown,
}

/// The kind of a statement that begins with this word.
pub(super) const fn kind_of(word: Word) -> Option<Kind> {
    Some(match word {
        Word::Select | Word::Values | Word::Table => Kind::Select,
        Word::Insert | Word::Replace => Kind::Insert,
        Word::Update => Kind::Update,
        Word::Delete => Kind::Delete,
        Word::Merge => Kind::Merge,
        Word::Create
        | Word::Alter
        | Word::Drop
        | Word::Truncate
        | Word::Rename
        | Word::Comment
        | Word::Grant
        | Word::Revoke
        | Word::Reassign
        | Word::Security => Kind::Ddl,
        Word::Begin
        | Word::Start
        | Word::Commit
        | Word::End
        | Word::Rollback
        | Word::Abort
        | Word::Savepoint
        | Word::Release
        | Word::Xa => Kind::Transaction,
        Word::Analyze
        | Word::Attach
        | Word::Call
        | Word::Checkpoint
        | Word::Close
        | Word::Cluster
        | Word::Copy
        | Word::Deallocate
        | Word::Declare
        | Word::Desc
        | Word::Describe
        | Word::Detach
        | Word::Discard
        | Word::Do
        | Word::Execute
        | Word::Explain
        | Word::Fetch
        | Word::Flush
        | Word::Kill
        | Word::Listen
        | Word::Load
        | Word::Lock
        | Word::Move
        | Word::Notify
        | Word::Optimize
        | Word::Pragma
        | Word::Prepare
        | Word::Refresh
        | Word::Reindex
        | Word::Repair
        | Word::Reset
        | Word::Set
        | Word::Show
        | Word::Unlisten
        | Word::Unlock
        | Word::Use
        | Word::Vacuum => Kind::Utility,
        _ => return None,
    })
}

/// Whether this may stand between a verb of upkeep and its table: `vacuum freeze t`, `optimize local table t`.
pub(super) fn is_option_of_upkeep(name: &str) -> bool {
    matches!(name, "freeze" | "local" | "no_write_to_binlog" | "format" | "extended")
}

/// Whether this may stand between `into` and the table that a query makes.
pub(super) fn is_sort_of_table(name: &str) -> bool {
    matches!(name, "temp" | "temporary" | "unlogged" | "local" | "global")
}

/// Whether a query may begin with this word in the middle of a statement.
pub(super) const fn is_query(word: Word) -> bool {
    matches!(
        word,
        Word::Select
            | Word::Values
            | Word::Table
            | Word::Insert
            | Word::Update
            | Word::Delete
            | Word::Merge
    )
}

/// Whether this is a sort of thing that can be created.
pub(super) const fn is_object(word: Word) -> bool {
    matches!(
        word,
        Word::Table
            | Word::Tables
            | Word::View
            | Word::Index
            | Word::Trigger
            | Word::Function
            | Word::Procedure
            | Word::Event
            | Word::Type
            | Word::Schema
            | Word::Database
            | Word::Sequence
            | Word::Extension
            | Word::Policy
            | Word::User
            | Word::Role
            | Word::Column
    )
}

/// Whether the list of tables of a query ends here.
pub(super) const fn ends_tables(word: Word) -> bool {
    matches!(
        word,
        Word::Where
            | Word::Group
            | Word::Having
            | Word::Order
            | Word::Limit
            | Word::Offset
            | Word::Fetch
            | Word::For
            | Word::Window
            | Word::Returning
            | Word::Union
            | Word::Except
            | Word::Intersect
            | Word::Set
            | Word::Values
    )
}

/// Whether this word may stand between a verb and the name of its table.
pub(super) const fn is_modifier(word: Word) -> bool {
    matches!(
        word,
        Word::Into
            | Word::Only
            | Word::Lateral
            | Word::Or
            | Word::Ignore
            | Word::Replace
            | Word::Rollback
            | Word::Abort
            | Word::Fail
            | Word::LowPriority
            | Word::HighPriority
            | Word::Delayed
            | Word::Quick
            | Word::If
            | Word::Not
            | Word::Exists
            | Word::Concurrently
            | Word::Table
            | Word::Recursive
    )
}
