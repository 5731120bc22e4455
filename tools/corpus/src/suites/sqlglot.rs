//! sqlglot's fixtures, which are SQL, and its tests, whose strings are.

use super::split::{self, Manner};

const MANNER: Manner<'_> =
    Manner { delimiter: ";", backslash: false, dollars: false, hash: false, blocks: false };

/// Words that statements begin with.
const FIRST: &[&str] = &[
    "ALTER", "ANALYZE", "BEGIN", "CALL", "COMMENT", "COMMIT", "COPY", "CREATE", "DELETE", "DESCRIBE", "DROP", "EXPLAIN",
    "GRANT", "INSERT", "LOCK", "MERGE", "PRAGMA", "REPLACE", "REVOKE", "ROLLBACK", "SELECT", "SET", "SHOW", "TRUNCATE",
    "UPDATE", "USE", "VACUUM", "VALUES", "WITH",
];

/// The statements of a fixture: one a line where no line ends with a semicolon.
pub(super) fn fixtures(text: &str) -> Vec<String> {
    if text.lines().any(|line| line.ends_with(';')) {
        return split::all(text, MANNER);
    }
    text.lines().map(str::to_owned).collect()
}

/// The strings of a test that begin as a statement does.
pub(super) fn tests(text: &str) -> Vec<String> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(open) = text[at..].find(['"', '#']).map(|open| at + open) {
        if text[open..].starts_with('#') {
            at = text[open..].find('\n').map_or(text.len(), |end| open + end);
            continue;
        }
        let triple = text[open..].starts_with("\"\"\"");
        let (quote, is_raw) = (if triple { "\"\"\"" } else { "\"" }, text[..open].ends_with('r'));
        let (content, end) = string(text, open + quote.len(), quote, is_raw);
        if content.split(|c: char| !c.is_ascii_alphabetic()).next().is_some_and(|word| FIRST.contains(&word)) {
            found.push(content);
        }
        at = end;
    }
    found
}

/// A Python string from behind its opening quote, and where it ends.
fn string(text: &str, from: usize, quote: &str, is_raw: bool) -> (String, usize) {
    let mut content = String::new();
    let mut rest = text[from..].char_indices();
    while let Some((at, char)) = rest.next() {
        if text[from + at..].starts_with(quote) {
            return (content, from + at + quote.len());
        }
        match char {
            '\\' if !is_raw => match rest.next() {
                Some((_, 'n')) => content.push('\n'),
                Some((_, 't')) => content.push('\t'),
                Some((_, '\n')) | None => {}
                Some((_, other)) => content.push(other),
            },
            _ => content.push(char),
        }
    }
    (content, text.len())
}
