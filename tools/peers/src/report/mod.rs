//! What was measured, as plain data: tables that name their rows and columns.

mod aims;
mod cell;
mod machine;
mod page;
mod plot;

use serde::{Deserialize, Serialize};

pub use aims::NAME as AIMS;
pub use cell::Cell;
pub use machine::Machine;
pub use page::{MARKS, markdown, terminal, written_between};
pub use plot::{Theme, draw};

/// All that a run has found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// Where it was measured.
    pub machine: Machine,
    /// In the order they are read.
    pub tables: Vec<Table>,
}

/// Figures that are compared with each other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Table {
    /// How aims and pictures find it.
    pub name: String,
    /// What is compared.
    pub title: String,
    /// How it was measured, and what to mind.
    pub note: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Its rows, each with a name of its own.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// By column; `None` where there is nothing to tell.
    pub cells: Vec<Option<Cell>>,
}

// === impl Report ===

impl Report {
    /// A report of nothing yet, on this machine.
    pub fn here() -> Self {
        Self { machine: Machine::here(), tables: Vec::new() }
    }

    /// Adds a table, or what it knows beyond the one of its name: the same ways may be measured by several processes.
    pub fn add(&mut self, table: Table) {
        match self.tables.iter_mut().find(|own| own.name == table.name) {
            Some(own) => own.join(table),
            None => self.tables.push(table),
        }
    }

    /// The aims that what was measured can be held against come last.
    pub fn with_aims(mut self) -> Self {
        self.tables.retain(|table| table.name != AIMS);
        let aims = aims::table(&self);
        if !aims.rows.is_empty() {
            self.tables.push(aims);
        }
        self
    }

    /// A figure, by the names of its table, row and column.
    pub fn cell(&self, table: &str, row: &str, column: &str) -> Option<&Cell> {
        self.table(table)?.cell(row, column)
    }

    /// A table, by its name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

// === impl Table ===

impl Table {
    /// An empty table with these columns.
    pub fn new(name: &str, title: &str, note: &str, columns: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            note: note.to_owned(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. What its cells lack to the columns there are is not told.
    pub fn row(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = Option<Cell>>) {
        let mut cells: Vec<_> = cells.into_iter().collect();
        cells.resize(self.columns.len(), None);
        self.rows.push(Row { name: name.into(), cells });
    }

    /// Sets one cell; its row and column are added where they are new.
    pub fn set(&mut self, row: &str, column: &str, cell: Cell) {
        let at = self.columns.iter().position(|name| name == column).unwrap_or_else(|| {
            self.columns.push(column.to_owned());
            self.rows.iter_mut().for_each(|row| row.cells.push(None));
            self.columns.len() - 1
        });
        if !self.rows.iter().any(|own| own.name == row) {
            self.row(row, []);
        }
        if let Some(own) = self.rows.iter_mut().find(|own| own.name == row) {
            own.cells[at] = Some(cell);
        }
    }

    fn cell(&self, row: &str, column: &str) -> Option<&Cell> {
        let at = self.columns.iter().position(|name| name == column)?;
        self.rows.iter().find(|own| own.name == row)?.cells.get(at)?.as_ref()
    }

    fn join(&mut self, other: Self) {
        for row in other.rows {
            for (column, cell) in other.columns.iter().zip(row.cells) {
                if let Some(cell) = cell {
                    self.set(&row.name, column, cell);
                }
            }
        }
    }
}
