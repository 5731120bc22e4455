//! MariaDB's and MySQL's planner, which knows only the indexes there are.

use super::catalogue::Survey;
use super::plan;
use crate::inquire::cost::Model;
use crate::inquire::{AskError, AskErrorKind, Asker, Explainable, IndexDraft, Plan, Planner};

/// Asks MariaDB or MySQL for plans.
///
/// A statement is explained with values in place of its parameters, and never with NULL: for that the server answers
/// `Impossible WHERE`, which looks like a perfect plan. MariaDB tells no costs before version 11, and MySQL's have units
/// of their own; so they come from the same model that SQLite's do.
pub struct MysqlPlanner<'a> {
    asker: &'a mut dyn Asker,
    survey: &'a Survey,
}

// === impl MysqlPlanner ===

impl<'a> MysqlPlanner<'a> {
    /// A planner of the database that was surveyed.
    #[must_use]
    pub fn new(asker: &'a mut dyn Asker, survey: &'a Survey) -> Self {
        Self { asker, survey }
    }
}

impl Planner for MysqlPlanner<'_> {
    /// Drafts are not considered.
    fn plan(&mut self, statement: &Explainable, _: &[IndexDraft]) -> Result<Plan, AskError> {
        let wrong = AskError::new(AskErrorKind::Wrong);
        if statement.parameters > 0 {
            return Err(wrong);
        }
        let answer = self.asker.ask(&format!("explain format=json {}", statement.text))?;
        let json: Vec<String> = answer.rows.into_iter().flatten().flatten().collect();
        let steps = plan::steps(&json.concat()).ok_or(wrong)?;
        let model = Model {
            catalogue: &self.survey.catalogue,
            samples: &self.survey.samples,
            estimates: &statement.estimates,
            drafts: &[],
        };
        Ok(model.plan(&steps))
    }

    fn what_if(&self) -> bool {
        false
    }
}
