//! What a statement reads and writes.

/// How many tables of each sort are kept; see [`Tables`].
pub const TABLES_MAX: usize = 16;
/// How many common table expressions are kept apart from tables.
const EXPRESSIONS_MAX: usize = 64;

/// The tables a statement touches, by name.
///
/// In the order in which they first appear, each once, at most [`TABLES_MAX`] of each sort. Names are lower case and
/// without quotes, with their schema where the statement says it: `dbo.orders`. A table that is written is listed as
/// read too where the statement also selects from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Tables that rows come from.
    pub read: Vec<String>,
    /// Tables whose rows or definition change.
    pub written: Vec<String>,
}

impl Tables {
    pub(super) fn add_read(&mut self, name: impl AsRef<str> + Into<String>) {
        add(&mut self.read, name);
    }

    pub(super) fn add_written(&mut self, name: impl AsRef<str> + Into<String>) {
        add(&mut self.written, name);
    }
}

fn add(names: &mut Vec<String>, name: impl AsRef<str> + Into<String>) {
    let new = name.as_ref();
    if names.len() < TABLES_MAX && !new.is_empty() && !names.iter().any(|known| known == new) {
        // Most statements have one table.
        names.reserve_exact(usize::from(names.is_empty()));
        names.push(name.into());
    }
}

/// The names of common table expressions, which are no tables where they can be seen.
#[derive(Default)]
pub(super) struct Expressions(Vec<Expression>);

struct Expression {
    name: String,
    depth: usize,
    is_visible: bool,
}

impl Expressions {
    /// Meets a name at its definition. Its own body can see it only in a recursive `with`.
    pub(super) fn define(&mut self, name: String, depth: usize, is_recursive: bool) {
        if self.0.len() < EXPRESSIONS_MAX {
            self.0.push(Expression { name, depth, is_visible: is_recursive });
        }
    }

    /// The body defined last at this depth is complete.
    pub(super) fn complete(&mut self, depth: usize) {
        if let Some(expression) = self.0.iter_mut().rev().find(|one| one.depth == depth) {
            expression.is_visible = true;
        }
    }

    /// Everything defined deeper than `depth` is out of sight.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.0.last().is_some_and(|last| last.depth > depth) {
            self.0.pop();
        }
    }

    pub(super) fn hides(&self, name: &str) -> bool {
        self.0.iter().any(|one| one.is_visible && one.name == name)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The tables of an `update` or `delete` over several, of which some are written and the others only read.
///
/// `delete a from orders a join old b ..` writes `orders`: what is aimed at goes by the name it has in the statement.
#[derive(Default)]
pub(super) struct Targets {
    named: Vec<Named>,
    aimed: Vec<String>,
}

struct Named {
    table: String,
    alias: Option<String>,
}

impl Targets {
    /// A table that may be written.
    pub(super) fn name(&mut self, table: String) {
        if self.named.len() < TABLES_MAX {
            self.named.push(Named { table, alias: None });
        }
    }

    /// Another name for the last table.
    pub(super) fn alias(&mut self, alias: &str) {
        if let Some(last) = self.named.last_mut() {
            last.alias.get_or_insert_with(|| alias.to_owned());
        }
    }

    /// A table that is written, by the name it has in the statement.
    pub(super) fn aim(&mut self, name: String) {
        if self.aimed.len() < TABLES_MAX {
            self.aimed.push(name);
        }
    }

    pub(super) fn has_aim(&self) -> bool {
        !self.aimed.is_empty()
    }

    /// Sorts all into read and written.
    ///
    /// What was aimed at but not named is a table by its own name. Where nothing was aimed at, the table named first
    /// is the one that is written.
    pub(super) fn settle(&mut self, tables: &mut Tables, expressions: &Expressions) {
        let is_aimed = |named: &Named| self.aimed.iter().any(|aim| named.goes_by(aim));
        for aim in
            self.aimed.iter().filter(|aim| !self.named.iter().any(|named| named.goes_by(aim)))
        {
            tables.add_written(aim);
        }
        for (index, named) in self.named.iter().enumerate() {
            if is_aimed(named) || (index == 0 && self.aimed.is_empty()) {
                tables.add_written(&named.table);
            } else if !expressions.hides(&named.table) {
                tables.add_read(&named.table);
            }
        }
        self.named.clear();
        self.aimed.clear();
    }
}

impl Named {
    fn goes_by(&self, name: &str) -> bool {
        match &self.alias {
            Some(alias) => alias == name,
            None => self.table == name || self.table.rsplit('.').next() == Some(name),
        }
    }
}
