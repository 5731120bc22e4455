//! SQLite's planner, asked on an empty copy of the schema in memory that has the real one's statistics.

use super::catalogue::Survey;
use super::plan;
use crate::inquire::cost::{Model, ROW_ID};
use crate::inquire::{
    AskError, AskErrorKind, Asker, Explainable, IndexDraft, KeyOf, Plan, Planner, Sample, quoted,
};

/// What the names of drafts begin with.
const DRAFT: &str = "monitor_draft_";
/// Rows a value of an expression has where nothing is known; SQLite's own default.
const UNKNOWN_ROWS_PER_KEY: f64 = 10.0;

/// Asks SQLite for plans without touching the database: on a copy of its schema.
///
/// Drafts are really made there, on tables without rows, with the numbers that ANALYZE would find for them in a sample.
/// So is what an application that never ran ANALYZE would gain by it: its tables' numbers come from the sample too, as
/// the advice is to run it.
///
/// SQLite tells no costs. They come from a model of the plan; see the `cost` of [`Plan`].
pub struct SqlitePlanner<'a> {
    scratch: Box<dyn Asker>,
    survey: &'a Survey,
    drafts: Vec<IndexDraft>,
}

// === impl SqlitePlanner ===

impl<'a> SqlitePlanner<'a> {
    /// Copies a schema into the asker's second database. Costs one statement for each table, index and view.
    ///
    /// # Errors
    ///
    /// When there is no second database, or it takes no schema.
    pub fn new(asker: &mut dyn Asker, survey: &'a Survey) -> Result<Self, AskError> {
        let mut scratch = asker.scratch()?.ok_or(AskError::new(AskErrorKind::Gone))?;
        for sql in &survey.schema {
            // A table of a module that is not here, or a view of such a table: statements that name it get no plan.
            match scratch.ask(sql) {
                Err(error) if error.kind != AskErrorKind::Wrong => return Err(error),
                _ => {}
            }
        }
        let mut planner = Self { scratch, survey, drafts: Vec::new() };
        planner.copy_statistics()?;
        Ok(planner)
    }

    fn copy_statistics(&mut self) -> Result<(), AskError> {
        self.scratch.ask("analyze")?;
        self.scratch.ask("delete from sqlite_stat1")?;
        for (table, index, numbers) in &self.survey.stat1 {
            self.insert_statistics(table, index.as_deref(), numbers)?;
        }
        for table in &self.survey.catalogue.tables {
            if self.survey.stat1.iter().any(|(name, ..)| *name == table.name) {
                continue;
            }
            let Some(rows) = table.rows else { continue };
            self.insert_statistics(&table.name, None, &format!("{rows:.0}"))?;
            for index in table.indexes.iter().filter(|one| one.name != ROW_ID) {
                let key: Vec<&KeyOf> = index.key.iter().map(|part| &part.of).collect();
                let numbers = self.numbers(&table.name, &key);
                self.insert_statistics(&table.name, Some(&index.name), &numbers)?;
            }
        }
        self.reload()
    }

    fn insert_statistics(
        &mut self,
        table: &str,
        index: Option<&str>,
        numbers: &str,
    ) -> Result<(), AskError> {
        let index = index.map_or("null".to_owned(), literal);
        let (table, numbers) = (literal(table), literal(numbers));
        let sql = format!("insert into sqlite_stat1 values ({table}, {index}, {numbers})");
        self.scratch.ask(&sql).map(|_| ())
    }

    /// Makes the planner read `sqlite_stat1` again.
    fn reload(&mut self) -> Result<(), AskError> {
        self.scratch.ask("analyze sqlite_master").map(|_| ())
    }

    /// What ANALYZE would find for a key: all rows, then rows for each value of its first part, of its first two ...
    fn numbers(&self, table: &str, key: &[&KeyOf]) -> String {
        let sample = self.survey.samples.get(table);
        let rows = self.survey.catalogue.table(table).and_then(|table| table.rows);
        let rows = rows.unwrap_or(0.0).max(1.0);
        let mut numbers = vec![format!("{rows:.0}")];
        let mut columns = Vec::new();
        let mut last = rows;
        for part in key {
            columns.push(column_of(part, sample));
            let known: Vec<&str> = columns.iter().flatten().copied().collect();
            let distinct = sample.filter(|_| known.len() == columns.len());
            let distinct = distinct.and_then(|sample| sample.distinct(&known));
            let each = distinct.map_or(UNKNOWN_ROWS_PER_KEY, |distinct| rows / distinct.max(1.0));
            last = each.clamp(1.0, last);
            numbers.push(format!("{:.0}", last.ceil()));
        }
        numbers.join(" ")
    }

    /// Makes the drafts, and no others, indexes of the copy.
    fn propose(&mut self, drafts: &[IndexDraft]) -> Result<(), AskError> {
        if self.drafts == drafts {
            return Ok(());
        }
        for at in 0..self.drafts.len() {
            self.scratch.ask(&format!("drop index if exists {DRAFT}{at}"))?;
        }
        self.drafts.clear();
        for (at, draft) in drafts.iter().enumerate() {
            let name = format!("{DRAFT}{at}");
            self.scratch.ask(&format!(
                "create index {name} on {} ({})",
                quoted(&draft.table),
                key(draft)
            ))?;
            self.drafts.push(draft.clone());
            let beside: Vec<KeyOf> = draft.include.iter().cloned().map(KeyOf::Column).collect();
            let parts: Vec<&KeyOf> = draft.key.iter().map(|part| &part.of).chain(&beside).collect();
            let numbers = self.numbers(&draft.table, &parts);
            self.insert_statistics(&draft.table, Some(&name), &numbers)?;
        }
        self.reload()
    }
}

impl Planner for SqlitePlanner<'_> {
    fn plan(&mut self, statement: &Explainable, with: &[IndexDraft]) -> Result<Plan, AskError> {
        self.propose(with)?;
        let answer = self.scratch.ask(&format!("explain query plan {}", statement.text))?;
        let names: Vec<String> = (0..with.len()).map(|at| format!("{DRAFT}{at}")).collect();
        let model = Model {
            catalogue: &self.survey.catalogue,
            samples: &self.survey.samples,
            estimates: &statement.estimates,
            drafts: &names,
        };
        Ok(model.plan(&plan::steps(answer)))
    }

    fn what_if(&self) -> bool {
        true
    }
}

/// The key as SQL. What only saves a look into the table stands at its end: SQLite has no `include`. Never partial, as
/// the whole index says as much.
fn key(draft: &IndexDraft) -> String {
    let parts = draft.key.iter().map(|part| {
        let of = match &part.of {
            KeyOf::Column(name) => quoted(name),
            KeyOf::Expression(sql) => sql.clone(),
        };
        format!("{of}{}", if part.descending { " desc" } else { "" })
    });
    let beside = draft.include.iter().map(|column| quoted(column));
    parts.chain(beside).collect::<Vec<_>>().join(", ")
}

/// The column whose values a part of a key has, or nearly: an expression over one column has about as many.
fn column_of<'p>(part: &'p KeyOf, sample: Option<&'p Sample>) -> Option<&'p str> {
    match part {
        KeyOf::Column(name) => Some(name),
        KeyOf::Expression(sql) => {
            let mut words = sql.split(|c: char| !c.is_alphanumeric() && c != '_');
            let columns = &sample?.columns;
            let found = words
                .find_map(|word| columns.iter().find(|column| column.eq_ignore_ascii_case(word)));
            found.map(String::as_str)
        }
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
