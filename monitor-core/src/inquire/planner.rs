//! What the database would do with a statement, and with one index more.

use super::{AskError, KeyOf, KeyPart};

/// Asks a database's own planner.
///
/// Nothing is run: a plan is asked for, never a result. One planner belongs to one database.
pub trait Planner {
    /// The plan of a statement, as if these indexes were there beside the existing ones.
    ///
    /// Where [`Planner::what_if`] is false, the drafts are not considered.
    ///
    /// # Errors
    ///
    /// When the server refuses, is too slow, or is gone. [`Wrong`] means that this statement can't be
    /// explained; others may.
    ///
    /// [`Wrong`]: super::AskErrorKind::Wrong
    fn plan(&mut self, statement: &Explainable, with: &[IndexDraft]) -> Result<Plan, AskError>;

    /// Whether drafts of indexes are considered, so that a plan with them means something.
    fn what_if(&self) -> bool;
}

/// A statement in a form that its system can explain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explainable {
    /// Its text. With [`Explainable::parameters`] the parameters are `$1`, `$2` and so on, or `?` where
    /// the system writes them so; otherwise there are values in their places.
    pub text: String,
    /// How many parameters are left in it. They are to be planned for without knowing a value.
    pub parameters: usize,
    /// How many rows it is expected to meet, for systems whose plans have no numbers.
    pub estimates: Estimates,
}

/// How many rows a statement is expected to meet on its way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimates {
    /// The tables it names: the name each has in the statement, and its own.
    pub relations: Vec<(String, String)>,
    /// What its filters keep.
    pub filters: Vec<FilterEstimate>,
    /// Columns of two relations that have to be equal, each side a relation's place and a column.
    pub joins: Vec<[(usize, String); 2]>,
    /// How many rows are wanted of those there are, where only the first are.
    pub limit: Option<f64>,
}

/// What a filter is expected to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterEstimate {
    /// The relation's place in [`Estimates::relations`].
    pub relation: usize,
    /// What is tested.
    pub of: KeyOf,
    /// The share of rows it keeps, from 0 to 1.
    pub share: f64,
    /// Where it is part of an OR: which OR, and which of its arms.
    pub arm: Option<(usize, usize)>,
}

/// An index that does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexDraft {
    /// The table's schema; empty for the table that is found without one.
    pub schema: String,
    /// The table's name.
    pub table: String,
    /// The key, in order.
    pub key: Vec<KeyPart>,
    /// The condition as SQL, for a partial index.
    pub predicate: Option<String>,
    /// Columns kept in it beside the key.
    pub include: Vec<String>,
    /// How it is built; `None` for the system's ordinary sort, a B-tree.
    pub method: Option<&'static str>,
}

/// What the database would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The cost of the whole in the system's own units; a model's where the system tells none.
    pub cost: Option<f64>,
    /// The steps, each after the one it serves. The first is the whole.
    pub nodes: Vec<PlanNode>,
}

/// One step of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanNode {
    /// How deep it stands; the first has 0.
    pub depth: usize,
    /// What it does, in the system's own words: `Seq Scan`, `Hash Join`. Holds no literal.
    pub what: String,
    /// The table it reads, if it reads one.
    pub table: Option<String>,
    /// The name the table has in the statement.
    pub alias: Option<String>,
    /// How it reads it.
    pub access: Option<Access>,
    /// Which index it reads by.
    pub index: Option<UsedIndex>,
    /// Cost of this step and all it is served by, up to its last row.
    pub cost: Option<f64>,
    /// Cost up to its first row.
    pub startup: Option<f64>,
    /// Rows it gives, as estimated, each time it runs.
    pub rows: Option<f64>,
    /// How often it runs, where the system says.
    pub loops: Option<f64>,
}

/// How a step gets at a table's rows, or what it does with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Reads the whole table.
    Full,
    /// Looks up by an index.
    Index,
    /// Reads only an index, or an index that holds all that is needed.
    IndexOnly,
    /// Sorts.
    Sort,
    /// Builds an index for this one call, because none exists (SQLite's automatic index).
    AutomaticIndex,
}

/// The index a step reads by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UsedIndex {
    /// One that exists, by name.
    Existing(String),
    /// A draft, by its place among those given.
    Draft(usize),
}

// === impl Plan ===

impl Plan {
    /// Which drafts the plan uses, ascending, each once.
    #[must_use]
    pub fn drafts_used(&self) -> Vec<usize> {
        let used = self.nodes.iter().filter_map(|node| match node.index {
            Some(UsedIndex::Draft(at)) => Some(at),
            _ => None,
        });
        let mut used: Vec<usize> = used.collect();
        used.sort_unstable();
        used.dedup();
        used
    }

    /// The plan for a person, one step a line, without values.
    #[must_use]
    pub fn outline(&self, drafts: &[IndexDraft]) -> String {
        let mut out = String::new();
        for node in &self.nodes {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&"  ".repeat(node.depth));
            out.push_str(&node.line(drafts));
        }
        out
    }
}

// === impl PlanNode ===

impl PlanNode {
    fn line(&self, drafts: &[IndexDraft]) -> String {
        let mut line = self.what.clone();
        match &self.index {
            Some(UsedIndex::Existing(name)) => line.push_str(&format!(" by {name}")),
            Some(UsedIndex::Draft(at)) => match drafts.get(*at) {
                Some(draft) => line.push_str(&format!(" by new index ({})", draft.key_sql())),
                None => line.push_str(" by new index"),
            },
            None => {}
        }
        if let Some(table) = &self.table {
            line.push_str(&format!(" on {table}"));
        }
        let cost = self.cost.map(|cost| format!("cost {cost:.0}"));
        let rows = self.rows.map(|rows| format!("rows {rows:.0}"));
        let numbers: Vec<String> = cost.into_iter().chain(rows).collect();
        if !numbers.is_empty() {
            line.push_str(&format!(" ({})", numbers.join(", ")));
        }
        line
    }
}

// === impl IndexDraft ===

impl IndexDraft {
    /// An ordinary index over columns.
    #[must_use]
    pub fn on<C: Into<String>>(
        table: impl Into<String>,
        columns: impl IntoIterator<Item = C>,
    ) -> Self {
        Self {
            table: table.into(),
            key: columns.into_iter().map(KeyPart::column).collect(),
            ..Self::default()
        }
    }

    /// Its key as SQL, without quotes: for people and for names, not for a server.
    #[must_use]
    pub fn key_sql(&self) -> String {
        let parts = self.key.iter().map(|part| {
            let of = match &part.of {
                KeyOf::Column(name) | KeyOf::Expression(name) => name.as_str(),
            };
            let class = part.operator_class.as_deref().map(|class| format!(" {class}"));
            format!(
                "{of}{}{}",
                class.unwrap_or_default(),
                if part.descending { " desc" } else { "" }
            )
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}
