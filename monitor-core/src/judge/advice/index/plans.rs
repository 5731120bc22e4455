//! What a database would do with a statement whose values nobody knows.

use super::subject::Subject;
use super::{Answer, Statement};
use crate::inquire::{Catalogue, Plan, Planner};

/// The plans of a statement, with values that it may have: several where nobody can tell which are meant. None where it
/// wants some rows of a table, whichever: it stops once it has them.
///
/// # Errors
///
/// The answer that the advisor would give in their place.
pub(crate) fn plans(
    statement: &Statement,
    catalogue: &Catalogue,
    planner: &mut dyn Planner,
) -> Result<Vec<Plan>, Answer> {
    let subject = Subject::of(0, statement, catalogue, Some(planner))?;
    let reading = &subject.reading;
    let is_open =
        reading.filters.is_empty() && reading.sorts.is_empty() && reading.groups.is_empty();
    if is_open && subject.limit().is_some() {
        return Ok(Vec::new());
    }
    Ok(subject.cases.into_iter().filter_map(|case| Some(case.asked?.1)).collect())
}
