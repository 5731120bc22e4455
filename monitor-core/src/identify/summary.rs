//! The statement in a few words: `SELECT orders customers`.

/// The longest summary, in bytes; the limit OpenTelemetry sets for `db.query.summary`, which counts characters.
pub const SUMMARY_BYTES_MAX: usize = 255;

/// Room for the summaries of most statements, taken at once.
const USUAL_BYTES: usize = 64;

/// Collects operations and their targets in the order of the text.
///
/// OpenTelemetry keeps the spelling of the query. Ours is the spelling of the statement, operations in upper case and
/// names as normalised, because all spellings of one statement must have one summary: it labels a metric.
#[derive(Default)]
pub(super) struct Summary {
    text: String,
    is_full: bool,
    is_new_statement: bool,
}

impl Summary {
    /// The next operation: `select`, `create table`.
    pub(super) fn operation(&mut self, word: &str) {
        let at = self.text.len();
        self.push(word);
        if let Some(added) = self.text.get_mut(at..) {
            added.make_ascii_uppercase();
        }
    }

    /// A target of the last operation.
    pub(super) fn target(&mut self, name: &str) {
        self.push(name);
    }

    /// What follows belongs to another statement.
    pub(super) fn next_statement(&mut self) {
        self.is_new_statement = !self.text.is_empty();
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Adds an item whole or not at all, and none after one that was left out.
    fn push(&mut self, item: &str) {
        let gap = match (self.text.is_empty(), std::mem::take(&mut self.is_new_statement)) {
            (true, _) => "",
            (false, true) => "; ",
            (false, false) => " ",
        };
        self.is_full |= self.text.len() + gap.len() + item.len() > SUMMARY_BYTES_MAX;
        if !self.is_full {
            if self.text.is_empty() {
                self.text.reserve(USUAL_BYTES);
            }
            self.text.push_str(gap);
            self.text.push_str(item);
        }
    }
}
