//! Lists of plain values, which are most of a long text, at the speed of looking for the next quote.

use super::{
    bytes::is_blank,
    dialect::Dialect,
    lexer::Lexer,
    literal::{Backslash, quote_end},
};

/// What is skipped here the rest of the lexer would take for the same: whatever needs a second look ends it.
impl Lexer<'_> {
    /// Skips rows of `arity` plain values each, `, (1, 'a')`, as many as follow. How many.
    pub(super) fn skip_rows(&mut self, arity: usize) -> usize {
        let mut rows = 0;
        while let Some(end) = self.row_end(arity) {
            self.pos = end;
            rows += 1;
        }
        rows
    }

    /// Skips groups of `arity` plain values each that are an element of a list, as many as follow. How many.
    ///
    /// One that something other than a comma or the end of the list follows is only where an element starts:
    /// `in ((1), (2) + 1)`.
    pub(super) fn skip_groups(&mut self, arity: usize) -> usize {
        let mut groups = 0;
        while let Some(end) = self.row_end(arity) {
            let next = skip_blanks(self.text.as_bytes(), end);
            if !matches!(self.text.as_bytes().get(next), Some(b',' | b')')) {
                break;
            }
            self.pos = end;
            groups += 1;
        }
        groups
    }

    /// Skips plain values with a comma behind each, as many as follow. How many.
    pub(super) fn skip_values(&mut self) -> usize {
        let mut values = 0;
        while let Some((end, b',')) = self.plain_value_end(self.pos) {
            self.pos = end;
            values += 1;
        }
        values
    }

    fn row_end(&self, arity: usize) -> Option<usize> {
        let mut at = self.expect(self.expect(self.pos, b',')?, b'(')?;
        for left in (0..arity).rev() {
            let (end, mark) = self.plain_value_end(at)?;
            if mark != if left == 0 { b')' } else { b',' } {
                return None;
            }
            at = end;
        }
        Some(at)
    }

    /// A value that any dialect reads alike: the position after the mark behind it, and the mark.
    fn plain_value_end(&self, from: usize) -> Option<(usize, u8)> {
        let bytes = self.text.as_bytes();
        let start = skip_blanks(bytes, from);
        let end = match bytes.get(start)? {
            b'\'' => quote_end(bytes, start + 1, b'\'', Backslash::of(self.dialect))?,
            b'0'..=b'9' => plain_number_end(bytes, start),
            b'-' if bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => {
                plain_number_end(bytes, start + 1)
            }
            b'?' => start + 1,
            b'$' if bytes.get(start + 1).is_some_and(u8::is_ascii_digit)
                && self.dialect != Dialect::MySql =>
            {
                start
                    + 1
                    + bytes[start + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count()
            }
            b'n' | b'N' | b't' | b'T' | b'f' | b'F' => {
                let end = self.word_end(start);
                let word = &bytes[start..end];
                let constant = [&b"null"[..], b"true", b"false"]
                    .iter()
                    .any(|known| word.eq_ignore_ascii_case(known));
                constant.then_some(end)?
            }
            _ => return None,
        };
        let mark = skip_blanks(bytes, end);
        bytes.get(mark).map(|&byte| (mark + 1, byte))
    }

    /// The position after `wanted`, if nothing but spaces is before it.
    fn expect(&self, from: usize, wanted: u8) -> Option<usize> {
        let at = skip_blanks(self.text.as_bytes(), from);
        (self.text.as_bytes().get(at) == Some(&wanted)).then_some(at + 1)
    }
}

fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < bytes.len() && is_blank(bytes[at]) {
        at += 1;
    }
    at
}

fn plain_number_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b'.') {
        at += 1;
    }
    at
}
