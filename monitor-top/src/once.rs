//! One answer as plain text, for scripts.

use crate::pages::Answer;
use crate::question::Question;

/// The page as plain text: no colours, no control characters but the end of each line.
///
/// No line is wider than `width` columns.
pub fn plain(answer: &Answer, question: &Question, width: usize) -> String {
    let sheet = answer.sheet(question, width);
    let mut plain = String::new();
    for line in sheet.head.iter().chain(&sheet.body) {
        let line: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
        plain.push_str(line.trim_end());
        plain.push('\n');
    }
    plain
}
