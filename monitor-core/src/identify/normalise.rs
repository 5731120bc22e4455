//! A text without what varies.
//!
//! One pass over the tokens writes the statement out in its own spelling: literals and placeholders are `?`, words are
//! lower case, lists that vary in length are one. The only things remembered are the open parentheses.

use super::{
    comments::may_have_comment,
    dialect::Dialect,
    fingerprint::Fingerprint,
    frames::{Frame, Rows},
    identity::TEXT_BYTES_MAX,
    keyword::Word,
    lexer::Lexer,
    list_size::ListSize,
    lists::Elements,
    marks::Marks,
    names::{Naming, write_name},
    output::Output,
    spacing::{self, Spacing},
    token::TokenKind,
    wording::{Like, Noted, Wording},
};

/// How many parentheses deep lists are still looked for. Deeper ones are written out as they stand.
pub const NESTING_MAX: usize = 128;

/// The most memory a normaliser keeps from one text to the next, in bytes.
const KEPT_BYTES_MAX: usize = 256 * 1024;

/// Turns texts into normalised ones, and keeps the memory it needed for the next.
///
/// It never fails and never panics, takes time in proportion to the text, and allocates only for one longer than all before.
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

impl Normalised<'_> {
    /// Whether `original`, of which this is the normalised form, says no more: it has no literals, no list whose members were
    /// left out, and nothing that may be a comment.
    pub(crate) fn is_all_of(&self, original: &str) -> bool {
        let has_list = !matches!(self.list_size, ListSize::None | ListSize::One);
        !self.wording.has_literals() && !has_list && !may_have_comment(original)
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
    out: Output<'a>,
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
    /// The same as spacing sees it, if there is one.
    last_spacing: Spacing,
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
            out: Output::new(out, text),
            frames,
            elements,
            lexer: Lexer::new(text, dialect),
            dialect,
            frame: Frame::default(),
            too_deep: 0,
            last: None,
            last_spacing: Spacing::Other,
            between_statements: false,
            signs: None,
            naming: Naming::default(),
            len_max: 0,
            noted: Noted::default(),
        }
    }

    /// Writes it all. The length of the longest list, what the literals tell and what the comments say.
    fn write(mut self) -> (usize, Noted, Marks) {
        while let Some(kind) = self.lexer.read(self.frame.among_values) {
            if matches!(kind, TokenKind::Semicolon) {
                self.end_statement();
            } else {
                self.accept(kind);
            }
        }
        self.end_statement();
        self.out.text();
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
                self.elements.end_element(&mut list, &mut self.out);
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
        let mut kind = read;
        if self.naming.is_passing(read) || (self.frame.is_row && read.word() == Some(Word::Default))
        {
            kind = TokenKind::Value;
            self.lexer.take_for_value();
        }
        if self.frame.rows.is_some() {
            self.follow_rows(kind);
        }
        self.noted.token(kind, || self.lexer.token_text());
        match kind {
            TokenKind::Value | TokenKind::Text => self.value(kind),
            TokenKind::Sign => self.sign(kind),
            TokenKind::Open | TokenKind::OpenBracket => self.open(kind),
            TokenKind::Close | TokenKind::CloseBracket => self.close(kind),
            TokenKind::Comma => self.comma(),
            TokenKind::Quoted(quote) => self.quoted(kind, quote),
            TokenKind::Ellipsis => self.ellipsis(kind),
            TokenKind::Keyword(keyword) if keyword.opens() => self.opening(kind, keyword.word),
            _ => self.other(kind),
        }
    }

    fn value(&mut self, kind: TokenKind) {
        let like = self.noted.value(self.lexer.token_text(), self.last, self.dialect);
        let is_apart = self.signs.is_none() && !self.frame.among_values;
        if let Some((at, frame, last)) = self.signs.take() {
            self.out.truncate(at);
            self.frame = frame;
            (self.last, self.last_spacing) = (Some(last), Spacing::of(last));
        }
        // Strings side by side are one string.
        if kind == TokenKind::Text && self.last == Some(TokenKind::Text) {
            return;
        }
        let spaced = self.is_spaced(kind);
        self.out.push("?", spaced);
        self.noted.place(self.out.len() - 1, if is_apart { like } else { Like::Anything });
        self.frame.units += 1;
        self.wrote(kind);
    }

    /// A sign is written, and taken back if a literal follows.
    fn sign(&mut self, kind: TokenKind) {
        let before = self.signs.take().or(self.last.map(|last| (self.out.len(), self.frame, last)));
        self.other(kind);
        self.signs = before;
    }

    /// Whatever goes over as it stands.
    #[inline(always)]
    fn other(&mut self, kind: TokenKind) {
        self.signs = None;
        self.copy(kind);
        self.frame.is_plain = false;
        if self.naming.in_insert() && matches!(kind, TokenKind::Name) && self.is_value_for_rows() {
            self.open_rows();
        }
        self.wrote(kind);
    }

    /// A word with which a query or rows may begin.
    fn opening(&mut self, kind: TokenKind, word: Word) {
        if !self.frame.is_started {
            self.frame.list = None;
            self.frame.among_values = false;
        }
        let is_operand = matches!(self.last, Some(TokenKind::Operator | TokenKind::Sign));
        self.other(kind);
        if word == Word::Values && !is_operand {
            self.open_rows();
        }
    }

    /// Whether the last token is MySQL's `value` behind a table or its columns.
    fn is_value_for_rows(&self) -> bool {
        matches!(self.last, Some(TokenKind::Name | TokenKind::Quoted(_) | TokenKind::Close))
            && self.frames.is_empty()
            && self.dialect.says_value()
            && self.lexer.token_text().eq_ignore_ascii_case("value")
    }

    fn open_rows(&mut self) {
        self.frame.rows = Some(Rows { list: self.elements.open(&self.out), after_row: false });
    }

    fn quoted(&mut self, kind: TokenKind, quote: u8) {
        self.signs = None;
        let (spaced, text) = (self.is_spaced(kind), self.lexer.token_text());
        write_name(&mut self.out, text, quote, self.dialect, spaced);
        self.frame.is_plain = false;
        self.wrote(kind);
    }

    /// The trace of a list: all of an element, or a part of one.
    fn ellipsis(&mut self, kind: TokenKind) {
        self.signs = None;
        self.copy(kind);
        self.frame.units += 1;
        self.frame.is_flat = false;
        self.wrote(kind);
    }

    fn comma(&mut self) {
        self.noted.comma();
        self.signs = None;
        self.frame.commas += 1;
        self.frame.is_plain &= self.frame.units == 1;
        let units = std::mem::take(&mut self.frame.units);
        match (&mut self.frame.rows, &mut self.frame.list) {
            _ if self.too_deep > 0 => self.copy(TokenKind::Comma),
            (Some(rows), _) => {
                rows.after_row = false;
                self.elements.separate(&mut rows.list, &mut self.out);
            }
            (None, Some(list)) => {
                self.elements.end_element(list, &mut self.out);
                if units == 1
                    && self.frame.is_plain
                    && matches!(self.last, Some(TokenKind::Value | TokenKind::Text))
                {
                    let from = self.lexer.position();
                    list.len += self.lexer.skip_values();
                    self.noted.more(self.lexer.since(from));
                }
                self.elements.separate(list, &mut self.out);
            }
            (None, None) => self.copy(TokenKind::Comma),
        }
        self.wrote(TokenKind::Comma);
    }

    fn open(&mut self, kind: TokenKind) {
        self.signs = None;
        let last_word = self.last.and_then(TokenKind::word);
        // A group is an element of a list only where an element starts.
        let is_element =
            matches!(self.last, Some(TokenKind::Open | TokenKind::OpenBracket | TokenKind::Comma));
        self.frame.is_plain &= is_element;
        self.copy(kind);
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
            list: is_list.then(|| self.elements.open(&self.out)),
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
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if let Some(outer) = self.frames.pop() {
            let inner = std::mem::replace(&mut self.frame, outer);
            self.close_frame(inner, kind);
            return;
        }
        self.frame.is_plain = false;
        self.copy(kind);
        self.wrote(kind);
    }

    fn close_frame(&mut self, mut inner: Frame, kind: TokenKind) {
        let is_plain = inner.is_plain && inner.units == 1;
        if let (Some(list), true) = (&mut inner.list, inner.is_started) {
            self.elements.end_element(list, &mut self.out);
            self.elements.close(*list);
            self.len_max = self.len_max.max(list.len);
            if is_plain {
                self.out.truncate(inner.start);
                self.out.push("...", false);
            }
        }
        self.copy(kind);
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
        self.elements.end_element(&mut rows.list, &mut self.out);
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

    /// Writes a token as it stands, in lower case.
    #[inline]
    fn copy(&mut self, kind: TokenKind) {
        let spaced = self.is_spaced(kind);
        self.out.copy(self.lexer.start, self.lexer.pos, spaced);
    }

    /// Whether a space stands before the next token. A new statement has its own written.
    #[inline]
    fn is_spaced(&mut self, next: TokenKind) -> bool {
        if self.last.is_none() {
            if self.between_statements {
                self.out.push(";", false);
            }
            return self.between_statements;
        }
        let (last, next) = (self.last_spacing, Spacing::of(next));
        spacing::between(last, next, self.naming.in_name())
            || (last == Spacing::Dot && next == Spacing::Name && self.is_digit_first())
    }

    /// Whether the token would melt into a number behind a dot.
    fn is_digit_first(&self) -> bool {
        self.lexer.token_text().as_bytes().first().is_some_and(u8::is_ascii_digit)
    }

    #[inline]
    fn wrote(&mut self, kind: TokenKind) {
        self.frame.is_started = true;
        (self.last, self.last_spacing) = (Some(kind), Spacing::of(kind));
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
