//! A script into statements.
//!
//! An own scanner on purpose: one that shared code with the lexer would share its mistakes.

/// What ends a statement, and what a quote is.
#[derive(Clone, Copy)]
pub(super) struct Manner<'a> {
    /// What stands between two statements.
    pub(super) delimiter: &'a str,
    /// Whether a backslash escapes in every string.
    pub(super) backslash: bool,
    /// Whether strings may stand between `$tag$`s.
    pub(super) dollars: bool,
    /// Whether `#` opens a comment.
    pub(super) hash: bool,
    /// Whether `begin .. end` and parentheses hold statements together.
    pub(super) blocks: bool,
}

/// The position after the statement that starts at `from`, delimiter excluded, and where the next starts.
pub(super) fn end(text: &str, from: usize, manner: Manner<'_>) -> (usize, usize) {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut words) = (from, 0_usize, Words::default());
    while at < bytes.len() {
        if bytes[at..].starts_with(manner.delimiter.as_bytes()) && (depth == 0 || !manner.blocks) && !words.in_block() {
            return (at, at + manner.delimiter.len());
        }
        at = match bytes[at] {
            b'(' => {
                depth += 1;
                at + 1
            }
            b')' => {
                depth = depth.saturating_sub(1);
                at + 1
            }
            quote @ (b'\'' | b'"' | b'`') => {
                let escapes = manner.backslash && quote != b'`'
                    || quote == b'\'' && at > from && matches!(bytes[at - 1], b'e' | b'E');
                past_quote(bytes, at, quote, escapes)
            }
            b'$' if manner.dollars => past_dollars(text, at),
            b'-' if bytes[at..].starts_with(b"--") => past_line(bytes, at),
            b'#' if manner.hash => past_line(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => past_comment(bytes, at, manner.dollars),
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                let len = bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
                if manner.blocks {
                    words.meet(&text[at..at + len]);
                }
                at + len
            }
            _ => at + 1,
        };
    }
    (bytes.len(), bytes.len())
}

/// All statements of a text.
pub(super) fn all(text: &str, manner: Manner<'_>) -> Vec<String> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let (stop, next) = end(text, at, manner);
        found.push(text[at..stop].trim().to_owned());
        at = next;
    }
    found
}

/// How deep in blocks the body of a trigger or procedure is.
#[derive(Default)]
struct Words {
    created: bool,
    has_body: bool,
    depth: usize,
    last: String,
}

impl Words {
    fn meet(&mut self, word: &str) {
        let word = word.to_ascii_lowercase();
        match word.as_str() {
            "create" => self.created = true,
            "trigger" | "function" | "procedure" if self.created => self.has_body = true,
            "begin" if self.has_body => self.depth += 1,
            "case" if self.depth > 0 && self.last != "end" => self.depth += 1,
            "end" if self.depth > 0 => self.depth -= 1,
            _ => {}
        }
        self.last = word;
    }

    fn in_block(&self) -> bool {
        self.depth > 0
    }
}

fn past_quote(bytes: &[u8], from: usize, quote: u8, escapes: bool) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn past_dollars(text: &str, from: usize) -> usize {
    let rest = &text[from + 1..];
    let tag = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    if rest.as_bytes().get(tag) != Some(&b'$') || rest.as_bytes()[0].is_ascii_digit() {
        return from + 1;
    }
    let quote = &text[from..from + tag + 2];
    let body = from + quote.len();
    text[body..].find(quote).map_or(text.len(), |at| body + at + quote.len())
}

fn past_line(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| from + at)
}

fn past_comment(bytes: &[u8], from: usize, nested: bool) -> usize {
    let (mut at, mut depth) = (from + 2, 1);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            b"/*" if nested => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    bytes.len()
}
