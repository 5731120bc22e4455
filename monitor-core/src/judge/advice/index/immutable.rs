//! Expressions an index can be built on.

use crate::identify::Dialect;

/// Functions of text that give the same for the same text for ever, and that people compare by.
///
/// Functions of dates are left out on purpose: a range of the column itself does better than an index of its own.
const FUNCTIONS: [&str; 8] =
    ["lower", "upper", "trim", "btrim", "ltrim", "rtrim", "md5", "reverse"];

/// Whether an index can be built on an expression, and is the right answer to a filter on it.
pub(super) fn is_immutable(sql: &str, dialect: Dialect) -> bool {
    // MySQL needs a generated column or version 8's functional key, so nothing is advised there.
    if dialect == Dialect::MySql || sql.contains(['$', '?', '\'']) {
        return false;
    }
    let mut words = sql
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '"'))
        .filter(|word| !word.is_empty());
    let is_calls_only = sql.chars().all(|c| c.is_alphanumeric() || "_\"() ".contains(c));
    let count = sql.matches('(').count();
    is_calls_only
        && count > 0
        && words.by_ref().take(count).all(|word| {
            let word = word.to_ascii_lowercase();
            FUNCTIONS.contains(&word.as_str())
        })
        && words.count() == 1
}
