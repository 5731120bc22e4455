//! A text without what varies.
//!
//! One pass over the tokens writes the statement out in its own spelling: literals and placeholders are `?`, words are
//! lower case, lists that vary in length are one. The only things remembered are the open parentheses.

use super::{
    dialect::Dialect,
    fingerprint::Fingerprint,
    identity::TEXT_BYTES_MAX,
    keyword::Word,
    lexer::Lexer,
    list_size::ListSize,
    lists::{Elements, List, opens_rows},
    marks::Marks,
    names::{Naming, write_name},
    spacing,
    token::TokenKind,
    wording::{Like, Noted, Wording},
};

/// How many parentheses deep lists are still looked for. Deeper ones are written out as they stand.
pub const NESTING_MAX: usize = 128;

/// The most memory a normaliser keeps from one text to the next, in bytes.
const KEPT_BYTES_MAX: usize = 256 * 1024;

/// Turns texts into normalised ones, and keeps the memory it needed for the next.
///
/// Normalising never fails and never panics. It takes time in proportion to the text; a warm one allocates only for a
/// statement longer than all before.
#[derive(Default)]
pub struct Normaliser {
    out: String,
    frames: Vec<Frame>,
    elements: Elements,
}

/// A normalised text and what was learnt on the way.
#[derive(Clone, Copy, Debug)]
pub struct Normalised<'a> {
    /// All of it, however long.
    pub text: &'a str,
    /// Stands for all of `text`.
    pub fingerprint: Fingerprint,
    /// The size class of the longest list that was collapsed.
    pub list_size: ListSize,
    /// What its literals tell.
    pub wording: Wording,
    /// Whose SQL it is.
    pub dialect: Dialect,
    /// What the comments of this text ask of the monitor. They belong to the text, not to the statement.
    pub marks: Marks,
}

/// Between a parenthesis or bracket and its end.
#[derive(Clone, Copy, Default)]
struct Frame {
    /// Where the text within starts.
    start: usize,
    /// A list to collapse: what follows `in (` or `array[`.
    list: Option<List>,
    /// A list of rows: what follows `values`.
    rows: Option<Rows>,
    /// Whether this is a row of `values`.
    is_row: bool,
    /// Whether we are, at any depth, in a list of values.
    among_values: bool,
    /// Whether there was anything yet.
    is_started: bool,
    /// Whether it was a list of single literals so far; `units` counts those since the last comma.
    is_plain: bool,
    units: usize,
    /// How many commas there were, and whether no plain list was within.
    commas: usize,
    is_flat: bool,
}

#[derive(Clone, Copy)]
struct Rows {
    list: List,
    /// Whether a row was written, so that a comma or the end comes next.
    after_row: bool,
}

impl Normalised<'_> {
    /// Whether `original`, of which this is the normalised form, says no more: it has no literals, no list whose members were
    /// left out, and nothing that may be a comment.
    pub(crate) fn is_all_of(&self, original: &str) -> bool {
        let has_list = !matches!(self.list_size, ListSize::None | ListSize::One);
        let comments = ["/*", "--", "#"];
        !self.wording.has_literals()
            && !has_list
            && !comments.iter().any(|comment| original.contains(comment))
    }
}

impl Normaliser {
    /// A normaliser with no memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The normalised form of `text`.
    pub fn normalise(&mut self, text: &str, dialect: Dialect) -> Normalised<'_> {
        if self.out.capacity() > KEPT_BYTES_MAX {
            self.out = String::new();
        }
        self.out.clear();
        self.out.reserve(text.len().min(TEXT_BYTES_MAX));
        self.frames.clear();
        self.elements.clear();
        let (len_max, noted, marks) = Writer::new(self, text, dialect).write();
        Normalised {
            text: &self.out,
            fingerprint: Fingerprint::of_normalised(&self.out),
            list_size: ListSize::from_len(len_max),
            wording: noted.wording(len_max),
            dialect,
            marks,
        }
    }
}

/// One text on its way through the normaliser.
struct Writer<'a> {
    out: &'a mut String,
    frames: &'a mut Vec<Frame>,
    elements: &'a mut Elements,
    lexer: Lexer<'a>,
    dialect: Dialect,
    /// The innermost frame. The others wait in `frames`.
    frame: Frame,
    /// Parentheses open beyond [`NESTING_MAX`].
    too_deep: usize,
    /// The last token written, `None` at the start of a statement.
    last: Option<TokenKind>,
    /// Whether a statement is complete and another would need a `;` before it.
    between_statements: bool,
    /// Where a run of signs starts, and how things were before it.
    signs: Option<(usize, Frame, TokenKind)>,
    naming: Naming,
    len_max: usize,
    noted: Noted,
}

impl<'a> Writer<'a> {
    fn new(normaliser: &'a mut Normaliser, text: &'a str, dialect: Dialect) -> Self {
        let Normaliser { out, frames, elements } = normaliser;
        Self {
            out,
            frames,
            elements,
            lexer: Lexer::new(text, dialect),
            dialect,
            frame: Frame::default(),
            too_deep: 0,
            last: None,
            between_statements: false,
            signs: None,
            naming: Naming::default(),
            len_max: 0,
            noted: Noted::default(),
        }
    }

    /// Writes it all. The length of the longest list, what the literals tell and what the comments say.
    fn write(mut self) -> (usize, Noted, Marks) {
        while let Some(kind) = self.lexer.next(self.frame.among_values) {
            if kind == TokenKind::Semicolon {
                self.end_statement();
            } else {
                self.accept(kind);
            }
        }
        self.end_statement();
        (self.len_max, self.noted, self.lexer.marks)
    }

    /// Lists that were never closed are treated as if they ended here.
    fn end_statement(&mut self) {
        if self.last.is_none() {
            return;
        }
        loop {
            self.end_rows();
            if let Some(mut list) = self.frame.list {
                self.elements.end_element(&mut list, self.out);
                self.len_max = self.len_max.max(list.len);
            }
            match self.frames.pop() {
                Some(outer) => self.frame = outer,
                None => break,
            }
        }
        self.elements.clear();
        self.frame = Frame::default();
        self.too_deep = 0;
        self.last = None;
        self.signs = None;
        self.between_statements = true;
        self.naming = Naming::default();
    }

    fn accept(&mut self, read: TokenKind) {
        let kind = self.naming.anonymise(read);
        let is_default = self.frame.is_row && kind.word() == Some(Word::Default);
        let kind = if is_default { TokenKind::Value } else { kind };
        if kind != read {
            self.lexer.take_for_value();
        }
        if self.frame.rows.is_some() {
            self.follow_rows(kind);
        }
        self.noted.token(kind, self.lexer.token_text());
        match kind {
            TokenKind::Value | TokenKind::Text => self.value(kind),
            TokenKind::Sign => self.sign(kind),
            TokenKind::Open | TokenKind::OpenBracket => self.open(kind),
            TokenKind::Close | TokenKind::CloseBracket => self.close(kind),
            TokenKind::Comma => self.comma(),
            _ => self.other(kind),
        }
    }

    fn value(&mut self, kind: TokenKind) {
        let mut like = self.noted.value(self.lexer.token_text(), self.last, self.dialect);
        if let Some((at, frame, last)) = self.signs.take() {
            like = Like::Anything;
            self.out.truncate(at);
            self.frame = frame;
            self.last = Some(last);
        }
        // Strings side by side are one string.
        if kind == TokenKind::Text && self.last == Some(TokenKind::Text) {
            return;
        }
        self.space_before(kind, "");
        let is_member = self.frame.among_values;
        self.noted.place(self.out.len(), if is_member { Like::Anything } else { like });
        self.out.push('?');
        self.frame.units += 1;
        self.wrote(kind);
    }

    /// A sign is written, and taken back if a literal follows.
    fn sign(&mut self, kind: TokenKind) {
        let before = self.signs.take().or(self.last.map(|last| (self.out.len(), self.frame, last)));
        self.other(kind);
        self.signs = before;
    }

    fn other(&mut self, kind: TokenKind) {
        self.signs = None;
        let text = self.lexer.token_text();
        if !self.frame.is_started
            && matches!(kind.word(), Some(Word::Select | Word::With | Word::Values | Word::Table))
        {
            self.frame.list = None;
            self.frame.among_values = false;
        }
        self.space_before(kind, text);
        match kind {
            TokenKind::Quoted(quote) => write_name(self.out, text, quote, self.dialect),
            TokenKind::Ellipsis => {
                self.out.push_str("...");
                self.frame.units += 1;
                self.frame.is_flat = false;
            }
            TokenKind::Keyword(_) | TokenKind::Name | TokenKind::Variable => {
                let start = self.out.len();
                self.out.push_str(text);
                if let Some(written) = self.out.get_mut(start..) {
                    written.make_ascii_lowercase();
                }
            }
            _ => self.out.push_str(text),
        }
        if kind != TokenKind::Ellipsis {
            self.frame.is_plain = false;
        }
        let may_be_value = self.naming.in_insert() && self.frames.is_empty();
        if opens_rows(kind, text, self.last, may_be_value && self.dialect.says_value()) {
            self.frame.rows = Some(Rows { list: self.elements.open(self.out), after_row: false });
        }
        self.wrote(kind);
    }

    fn comma(&mut self) {
        self.noted.comma();
        self.signs = None;
        self.space_before(TokenKind::Comma, ",");
        self.frame.commas += 1;
        self.frame.is_plain &= self.frame.units == 1;
        let units = std::mem::take(&mut self.frame.units);
        match (&mut self.frame.rows, &mut self.frame.list) {
            _ if self.too_deep > 0 => self.out.push(','),
            (Some(rows), _) => {
                rows.after_row = false;
                self.elements.separate(&mut rows.list, self.out);
            }
            (None, Some(list)) => {
                self.elements.end_element(list, self.out);
                if units == 1
                    && self.frame.is_plain
                    && matches!(self.last, Some(TokenKind::Value | TokenKind::Text))
                {
                    let from = self.lexer.position();
                    list.len += self.lexer.skip_values();
                    self.noted.more(self.lexer.since(from));
                }
                self.elements.separate(list, self.out);
            }
            (None, None) => self.out.push(','),
        }
        self.wrote(TokenKind::Comma);
    }

    fn open(&mut self, kind: TokenKind) {
        self.signs = None;
        let text = self.lexer.token_text();
        let last_word = self.last.and_then(TokenKind::word);
        // A group is an element of a list only where an element starts.
        let is_element =
            matches!(self.last, Some(TokenKind::Open | TokenKind::OpenBracket | TokenKind::Comma));
        self.frame.is_plain &= is_element;
        self.space_before(kind, text);
        self.out.push_str(text);
        if self.frames.len() >= NESTING_MAX || self.too_deep > 0 {
            self.end_rows();
            self.too_deep += 1;
            self.frame.is_plain = false;
            self.wrote(kind);
            return;
        }
        let is_row = self.frame.rows.is_some();
        let is_list = match last_word {
            Some(Word::In) => kind == TokenKind::Open,
            Some(Word::Array) => kind == TokenKind::OpenBracket,
            _ => false,
        };
        let inner = Frame {
            start: self.out.len(),
            list: is_list.then(|| self.elements.open(self.out)),
            rows: None,
            is_row,
            among_values: is_row || is_list || self.frame.among_values,
            is_started: false,
            is_plain: true,
            units: 0,
            commas: 0,
            is_flat: true,
        };
        self.wrote(kind);
        self.frames.push(std::mem::replace(&mut self.frame, inner));
    }

    fn close(&mut self, kind: TokenKind) {
        self.signs = None;
        let text = self.lexer.token_text();
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if let Some(outer) = self.frames.pop() {
            let inner = std::mem::replace(&mut self.frame, outer);
            self.close_frame(inner, text, kind);
            return;
        }
        self.frame.is_plain = false;
        self.space_before(kind, text);
        self.out.push_str(text);
        self.wrote(kind);
    }

    fn close_frame(&mut self, mut inner: Frame, text: &str, kind: TokenKind) {
        let is_plain = inner.is_plain && inner.units == 1;
        if let (Some(list), true) = (&mut inner.list, inner.is_started) {
            self.elements.end_element(list, self.out);
            self.elements.close(*list);
            self.len_max = self.len_max.max(list.len);
            if is_plain {
                self.out.truncate(inner.start);
                self.out.push_str("...");
            }
        }
        self.space_before(kind, text);
        self.out.push_str(text);
        self.wrote(kind);
        if is_plain {
            self.frame.units += 1;
            self.frame.is_flat = false;
        } else {
            self.frame.is_plain = false;
        }
        if inner.is_row {
            self.end_row(inner, is_plain);
        } else if let (Some(list), true) =
            (&mut self.frame.list, is_plain && inner.is_flat && self.frame.is_plain)
        {
            // A list of pairs: the pairs that look like this one need no writing.
            if self.frame.units == 1 {
                let from = self.lexer.position();
                list.len += self.lexer.skip_groups(inner.commas + 1);
                self.noted.more(self.lexer.since(from));
            }
        }
    }

    fn end_row(&mut self, row: Frame, is_plain: bool) {
        let Some(rows) = &mut self.frame.rows else { return };
        self.elements.end_element(&mut rows.list, self.out);
        rows.after_row = true;
        if is_plain && row.is_flat {
            let from = self.lexer.position();
            rows.list.len += self.lexer.skip_rows(row.commas + 1);
            self.noted.more(self.lexer.since(from));
        }
    }

    /// Ends the rows of `values` when something comes that can't be one of them.
    fn follow_rows(&mut self, next: TokenKind) {
        let Some(rows) = self.frame.rows else { return };
        let goes_on = match next {
            TokenKind::Comma => rows.after_row,
            TokenKind::Open => !rows.after_row,
            // MySQL: `values row(1, 2), row(3, 4)`.
            _ => !rows.after_row && next.word() == Some(Word::Row),
        };
        if !goes_on && self.too_deep == 0 {
            self.end_rows();
        }
    }

    fn end_rows(&mut self) {
        if let Some(rows) = self.frame.rows.take() {
            self.len_max = self.len_max.max(rows.list.len);
            self.elements.close(rows.list);
        }
    }

    fn space_before(&mut self, next: TokenKind, text: &str) {
        match self.last {
            Some(last) if spacing::between(last, next, text, self.naming.in_name()) => {
                self.out.push(' ')
            }
            None if self.between_statements => self.out.push_str("; "),
            _ => {}
        }
    }

    fn wrote(&mut self, kind: TokenKind) {
        self.frame.is_started = true;
        self.last = Some(kind);
    }
}

impl std::fmt::Debug for Normaliser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Normaliser").field("capacity", &self.out.capacity()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_a_value_or_a_comment_says_more_than_its_normalised_form() {
        let is_all = |text, dialect| Normaliser::new().normalise(text, dialect).is_all_of(text);
        for text in [
            "select a from t where b = $1 limit $2",
            "select a from t where b = ?",
            "insert into t (a, b) values ($1, $2)",
            "SELECT \"A\" FROM t WHERE b = :name",
        ] {
            assert!(is_all(text, Dialect::PostgreSql), "{text}");
        }
        for text in [
            "select a from t where b = 'x'",
            "select a from t where b = $1 limit 10",
            "select a from t where b = -1",
            "select a from t where b in ($1, 7, 8)",
            "insert into t (a) values ($1), (7)",
            "select a from t where b = $1 /* x */",
            "/* x */ select a from t where b = $1",
            "select a from t where b = $1 -- x",
            "select a from t where b = E'x'",
            "select a from t where b = $$x$$",
            "select a from t where b = $$x",
            "select a from t where b = $tag$x",
        ] {
            assert!(!is_all(text, Dialect::PostgreSql), "{text}");
        }
        assert!(!is_all("select a from t where b = \"x\"", Dialect::MySql));
        assert!(!is_all("select a from t where b = ? # x", Dialect::MySql));
    }
}
