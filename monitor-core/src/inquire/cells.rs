//! A row of an answer, read from left to right.

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
}
