//! What stands between two tokens: spaces and comments.

use super::{
    bytes::{find_either, is_blank},
    dialect::Dialect,
    lexer::Lexer,
};

impl Lexer<'_> {
    /// Skips spaces and comments. `false` when a comment can't be told from text.
    pub(super) fn skip_nothing(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        loop {
            while self.pos < bytes.len() && is_blank(bytes[self.pos]) {
                self.pos += 1;
            }
            match (bytes.get(self.pos), bytes.get(self.pos + 1)) {
                (Some(b'-'), Some(b'-')) if self.is_dash_comment() => self.skip_line(),
                (Some(b'#'), _) if self.dialect == Dialect::MySql => self.skip_line(),
                (Some(b'*'), Some(b'/')) if self.in_executed_comment => {
                    self.in_executed_comment = false;
                    self.pos += 2;
                }
                (Some(b'/'), Some(b'*')) => {
                    if self.enter_executed_comment() {
                        continue;
                    }
                    if !self.skip_block_comment() {
                        return false;
                    }
                }
                _ => return true,
            }
        }
    }

    /// MySQL wants a space behind two dashes, or they are two signs.
    fn is_dash_comment(&self) -> bool {
        self.dialect != Dialect::MySql
            || self.bytes().get(self.pos + 2).is_none_or(|&byte| is_blank(byte))
    }

    fn skip_line(&mut self) {
        let end = find_either(self.bytes(), self.pos, b'\n', b'\r').unwrap_or(self.text.len());
        self.end_comment(end);
    }

    /// A comment from here to `end`.
    fn end_comment(&mut self, end: usize) {
        self.marks.read(self.text.get(self.pos..end).unwrap_or_default());
        self.pos = end;
    }

    /// Goes past `/*!40101` and `/*M!`, whose text MySQL and MariaDB execute.
    fn enter_executed_comment(&mut self) -> bool {
        let bytes = self.bytes();
        let rest = &bytes[self.pos + 2..];
        let mark = match (self.dialect, rest) {
            (Dialect::MySql, [b'!', ..]) => 1,
            (Dialect::MySql, [b'M', b'!', ..]) => 2,
            _ => return false,
        };
        let version = rest[mark..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
        self.pos += 2 + mark + version;
        self.in_executed_comment = true;
        true
    }

    fn skip_block_comment(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let mut depth = 1_u32;
        let mut at = self.pos + 2;
        while let Some(found) = find_either(bytes, at, b'*', b'/') {
            at = found + 1;
            match (bytes[found], bytes.get(at)) {
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    at += 1;
                    if depth == 0 {
                        self.end_comment(at);
                        return true;
                    }
                }
                (b'/', Some(b'*')) => match self.dialect {
                    Dialect::PostgreSql => {
                        depth = depth.saturating_add(1);
                        at += 1;
                    }
                    Dialect::Generic => return false,
                    Dialect::MySql | Dialect::Sqlite => {}
                },
                _ => {}
            }
        }
        self.end_comment(bytes.len());
        true
    }
}

/// Whether there may be a comment in a text, as far as can be told without reading it.
pub(super) fn may_have_comment(text: &str) -> bool {
    let has_either = |one, other| find_either(text.as_bytes(), 0, one, other).is_some();
    (has_either(b'-', b'#') && (text.contains("--") || text.contains('#')))
        || (has_either(b'/', b'/') && text.contains("/*"))
}
