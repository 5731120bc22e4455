//! A statement, read.

use crate::identify::Dialect;
use crate::inquire::KeyOf;

/// What a statement asks of each table.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The statement as a question: an update or delete is the select of the same rows. Values to come are numbered
    /// placeholders; see [`render`](super::render).
    pub question: String,
    /// Whose SQL it is.
    pub dialect: Dialect,
    /// Every table it names, once for each time it names it, subqueries included.
    pub relations: Vec<Relation>,
    /// What it asks of a single relation's rows.
    pub filters: Vec<Filter>,
    /// Where columns of two relations have to be equal; a correlated subquery's too.
    pub joins: Vec<Join>,
    /// Orders that are asked for, one for each select.
    pub sorts: Vec<Sort>,
    /// Groupings, one for each select.
    pub groups: Vec<Group>,
    /// Columns an update sets.
    pub sets: Vec<ColumnRef>,
    /// Whether the rows given say how many the filters let through: no limit, group, aggregate or distinct around.
    pub rows_tell: bool,
    /// Values that are compared with no row, and what they are for.
    pub values: Vec<(String, ValueUse)>,
    /// Values that are compared with a column where that decides about no row, as in a CASE.
    pub compared: Vec<(String, ColumnRef)>,
}

/// What a value that belongs to no column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueUse {
    /// How many rows to give.
    Limit,
    /// How many rows to skip.
    Offset,
    /// A number: it is added, multiplied or summed.
    Number,
    /// The configuration of a text search.
    TextSearch,
    /// Which column of the select list rows are ordered or grouped by, counted from 1, as far as can be told.
    Position(usize),
}

/// A table in a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// The table's place in the catalogue.
    pub table: usize,
    /// The table's name there.
    pub name: String,
    /// The name it has in the statement.
    pub alias: String,
    /// Which select it belongs to, counted from 0.
    pub scope: usize,
    /// Columns that are mentioned, in their true case.
    pub used: Vec<String>,
    /// Whether all columns are asked for.
    pub all_used: bool,
    /// Whether its rows are written.
    pub written: bool,
    /// Whether an outer join may leave all of its columns NULL.
    pub nullable: bool,
}

/// A column of a relation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnRef {
    /// The relation's place in [`Reading::relations`].
    pub relation: usize,
    /// The column's name, in its true case.
    pub column: String,
}

/// What is asked of the rows of one relation.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The relation's place in [`Reading::relations`].
    pub relation: usize,
    /// What is tested: a column, or an expression over columns of this relation.
    pub of: KeyOf,
    /// The columns that are part of it.
    pub columns: Vec<String>,
    /// How it is tested.
    pub test: Test,
    /// What it is tested against.
    pub operand: Operand,
    /// Where it is part of an OR: which OR, and which of its arms. `None` where it always has to hold.
    pub arm: Option<(usize, usize)>,
}

/// How a column is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Test {
    /// `=`.
    Equal,
    /// `in (..)` or `= any (..)`.
    In,
    /// `is null`.
    IsNull,
    /// `is not null`.
    NotNull,
    /// `<>`, `not in`.
    NotEqual,
    /// `<` or `<=`.
    Less,
    /// `>` or `>=`.
    Greater,
    /// `between`.
    Between,
    /// `like` with a pattern that starts with text.
    LikePrefix,
    /// `like` with a pattern that starts with a wildcard, or with one that is not known.
    Like,
    /// `@>`: it holds all of a value, of `jsonb` or of an array (PostgreSQL).
    Contains,
    /// `&&`: it has something in common with an array.
    Overlaps,
    /// `?`, `?|`, `?&`: it has a key (`jsonb`).
    HasKey,
    /// `@@`: a text fits a search.
    Matches,
    /// Any other operator that a B-tree has no use for.
    Other,
}

/// What a column is tested against.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operand {
    /// The expressions, as they stand in the question. Empty where there is none.
    pub sql: Vec<String>,
    /// Whether a value is to come in them.
    pub is_open: bool,
    /// Whether one of them stands for a list.
    pub is_list: bool,
    /// The constants in the text, where all are constants.
    pub constants: Option<Vec<String>>,
    /// Whether it is known only when the statement runs: a subquery.
    pub is_computed: bool,
}

/// Two columns that have to be equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// One side.
    pub left: ColumnRef,
    /// The other.
    pub right: ColumnRef,
}

/// An order that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The select, as in [`Relation::scope`].
    pub scope: usize,
    /// The columns, each with whether it descends. Empty where the order is by something else first.
    pub columns: Vec<(ColumnRef, bool)>,
    /// Whether only the first rows are wanted.
    pub limited: bool,
}

/// A grouping, or a `distinct` over columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The select, as in [`Relation::scope`].
    pub scope: usize,
    /// The columns.
    pub columns: Vec<ColumnRef>,
}

// === impl Reading ===

impl Reading {
    /// The filters of a relation that always have to hold.
    pub fn filters_of(&self, relation: usize) -> impl Iterator<Item = &Filter> {
        self.filters.iter().filter(move |one| one.relation == relation && one.arm.is_none())
    }

    /// The columns of a relation that have to equal another relation's, each once.
    #[must_use]
    pub fn join_columns(&self, relation: usize) -> Vec<&str> {
        let mut columns = Vec::new();
        for side in self.joins.iter().flat_map(|join| [&join.left, &join.right]) {
            if side.relation == relation && !columns.contains(&side.column.as_str()) {
                columns.push(side.column.as_str());
            }
        }
        columns
    }
}

// === impl Test ===

impl Test {
    /// Whether it holds for one value or a few of them, so that a key may go on behind it.
    #[must_use]
    pub fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::In | Self::IsNull)
    }

    /// Whether it holds for neighbours in the order of values.
    #[must_use]
    pub fn is_range(self) -> bool {
        matches!(
            self,
            Self::Less | Self::Greater | Self::Between | Self::LikePrefix | Self::NotNull
        )
    }

    /// Whether it asks for what is inside a value: for an inverted index.
    #[must_use]
    pub fn is_inside(self) -> bool {
        matches!(self, Self::Contains | Self::Overlaps | Self::HasKey | Self::Matches)
    }

    /// The test with its sides exchanged.
    #[must_use]
    pub fn flipped(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::Greater => Self::Less,
            other => other,
        }
    }
}

// === impl Filter ===

impl Filter {
    /// The column, where it is a column as it is.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match &self.of {
            KeyOf::Column(name) => Some(name),
            KeyOf::Expression(_) => None,
        }
    }
}
