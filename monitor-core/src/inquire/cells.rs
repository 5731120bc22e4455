//! A row of an answer, read from left to right.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is left of a row.
pub(super) struct Cells(std::vec::IntoIter<Option<String>>);

// === impl Cells ===

impl Cells {
    pub(super) fn of(row: Vec<Option<String>>) -> Self {
        Self(row.into_iter())
    }

    pub(super) fn optional(&mut self) -> Option<String> {
        self.0.next().flatten()
    }

    pub(super) fn text(&mut self) -> String {
        self.optional().unwrap_or_default()
    }

    pub(super) fn number(&mut self) -> Option<f64> {
        self.optional()?.parse().ok()
    }

    /// Whether a number is not zero.
    pub(super) fn flag(&mut self) -> bool {
        self.number().is_some_and(|number| number != 0.0)
    }

    /// Whether it says `true`.
    pub(super) fn truth(&mut self) -> bool {
        self.text() == "true"
    }

    /// Words with spaces between them.
    pub(super) fn words(&mut self) -> Vec<String> {
        self.text().split_whitespace().map(str::to_owned).collect()
    }

    /// Seconds since 1970.
    pub(super) fn moment(&mut self) -> Option<SystemTime> {
        let seconds = self.number()?;
        UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
    }

    /// A JSON array of texts or numbers.
    pub(super) fn list(&mut self) -> Vec<String> {
        let Some(text) = self.optional() else { return Vec::new() };
        let values: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
        let as_text = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        values.into_iter().map(as_text).collect()
    }
}
