//! PostgreSQL's planner, with HypoPG's indexes where that extension is there.

use super::plan;
use crate::inquire::{
    Answer, AskError, AskErrorKind, Asker, Catalogue, Explainable, IndexDraft, KeyOf, Plan,
    Planner, quoted,
};

/// The name a statement is prepared under while it is asked about.
const PREPARED: &str = "monitor_advice";

/// Asks PostgreSQL for plans, over an [`Asker`].
///
/// With HypoPG in the database (`create extension hypopg`) drafts are considered; they live in this
/// one session and touch no table.
pub struct PostgresPlanner<'a> {
    asker: &'a mut dyn Asker,
    has_hypopg: bool,
    /// Whether a statement can be explained with its parameters: from version 16.
    has_generic: bool,
    /// The drafts the session has, and the names they got.
    drafts: Vec<IndexDraft>,
    names: Vec<String>,
}

impl<'a> PostgresPlanner<'a> {
    /// A planner of the database that the catalogue was read from.
    #[must_use]
    pub fn new(asker: &'a mut dyn Asker, catalogue: &Catalogue) -> Self {
        Self {
            asker,
            has_hypopg: catalogue.has_extension("hypopg"),
            has_generic: catalogue.version.0 >= 16,
            drafts: Vec::new(),
            names: Vec::new(),
        }
    }

    /// The same without HypoPG, as on a server that has none.
    #[must_use]
    pub fn without_what_if(self) -> Self {
        Self { has_hypopg: false, ..self }
    }

    /// Makes the drafts the session's hypothetical indexes, and no others.
    fn propose(&mut self, drafts: &[IndexDraft]) -> Result<(), AskError> {
        if !self.has_hypopg || self.drafts == drafts {
            return Ok(());
        }
        self.asker.ask("select hypopg_reset()")?;
        self.drafts.clear();
        self.names.clear();
        for draft in drafts {
            let definition = definition(draft).replace('\'', "''");
            let made = self
                .asker
                .ask(&format!("select indexname from hypopg_create_index('{definition}')"))?;
            self.names.push(first_cell(made).unwrap_or_default());
            self.drafts.push(draft.clone());
        }
        Ok(())
    }

    fn explain(&mut self, statement: &Explainable) -> Result<Answer, AskError> {
        if statement.parameters == 0 {
            return self.asker.ask(&format!("explain (format json) {}", statement.text));
        }
        if self.has_generic {
            return self
                .asker
                .ask(&format!("explain (generic_plan, format json) {}", statement.text));
        }
        self.explain_prepared(statement)
    }

    /// Before version 16 only a prepared statement can be planned for without its values. It keeps the plan it got
    /// first, so it is prepared anew each time; the setting ends with the transaction.
    fn explain_prepared(&mut self, statement: &Explainable) -> Result<Answer, AskError> {
        self.asker.ask("begin")?;
        let answer = self.explain_within(statement);
        let ended = self.asker.ask("rollback");
        if answer.is_ok() {
            self.asker.ask(&format!("deallocate {PREPARED}"))?;
        } else {
            // Whether it was prepared before the trouble is not known.
            let _absent = self.asker.ask(&format!("deallocate {PREPARED}"));
        }
        ended?;
        answer
    }

    fn explain_within(&mut self, statement: &Explainable) -> Result<Answer, AskError> {
        self.asker.ask("set local plan_cache_mode = force_generic_plan")?;
        self.asker.ask(&format!("prepare {PREPARED} as {}", statement.text))?;
        let nulls = vec!["null"; statement.parameters].join(", ");
        self.asker.ask(&format!("explain (format json) execute {PREPARED}({nulls})"))
    }
}

impl Planner for PostgresPlanner<'_> {
    fn plan(&mut self, statement: &Explainable, with: &[IndexDraft]) -> Result<Plan, AskError> {
        self.propose(with)?;
        let answer = self.explain(statement)?;
        let lines: Vec<String> =
            answer.rows.into_iter().flatten().map(Option::unwrap_or_default).collect();
        plan::plan(&lines.join("\n"), &self.names).ok_or(AskError::new(AskErrorKind::Wrong))
    }

    fn what_if(&self) -> bool {
        self.has_hypopg
    }
}

/// The definition HypoPG gets: never partial, as its partial indexes are ignored for most tables of a join, and the
/// whole one says as much.
fn definition(draft: &IndexDraft) -> String {
    let schema = match draft.schema.as_str() {
        "" => String::new(),
        schema => format!("{}.", quoted(schema)),
    };
    let parts = draft.key.iter().map(|part| {
        let of = match &part.of {
            KeyOf::Column(name) => quoted(name),
            KeyOf::Expression(sql) => format!("({sql})"),
        };
        let class = part.operator_class.as_ref().map(|class| format!(" {class}"));
        format!("{of}{}{}", class.unwrap_or_default(), if part.descending { " desc" } else { "" })
    });
    let parts: Vec<String> = parts.collect();
    let include = match draft.include.as_slice() {
        [] => String::new(),
        columns => {
            let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
            format!(" include ({})", columns.join(", "))
        }
    };
    format!("create index on {schema}{} ({}){include}", quoted(&draft.table), parts.join(", "))
}

fn first_cell(answer: Answer) -> Option<String> {
    answer.rows.into_iter().next()?.into_iter().next()?
}
