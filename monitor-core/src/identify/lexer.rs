//! Text into tokens.
//!
//! SQL can't be cut into tokens without some memory of what came before: `-` is a sign or a minus, `?` a placeholder or
//! an operator, `null` a value or a part of `is null`. The lexer keeps as much of it as that takes, and no more: it
//! never looks at a byte more than a fixed number of times, and never fails.

use super::{
    bytes::{find, is_blank, is_of_comment, is_word, is_word_start, word_at, word_len},
    dialect::Dialect,
    keyword::{Keyword, Word},
    literal::{Backslash, dollar_quote_end, is_name_with_digit_first, number_end, quote_end},
    marks::Marks,
    operator,
    token::TokenKind,
};

/// Reads tokens one by one, without allocating.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    /// Where the last token starts, and where it ended.
    pub(super) start: usize,
    pub(super) pos: usize,
    pub(super) dialect: Dialect,
    /// The kinds of the last token and the one before.
    last: Option<TokenKind>,
    before_last: Option<TokenKind>,
    /// `between`s that wait for their `and`.
    betweens: u32,
    /// Whether `last` is such an `and`.
    between_and: bool,
    /// What is open, a bit each, the innermost lowest: 1 for a square bracket. Whatever closes, closes the innermost, as it
    /// does for the normaliser, so that a list means the same behind it whether it was collapsed or not.
    opened: u128,
    /// Whether we are in a MySQL comment whose text is executed.
    pub(super) in_executed_comment: bool,
    /// What the comments so far ask of the monitor.
    pub(super) marks: Marks,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            start: 0,
            pos: 0,
            dialect,
            last: None,
            before_last: None,
            betweens: 0,
            between_and: false,
            opened: 0,
            in_executed_comment: false,
            marks: Marks::default(),
        }
    }

    /// The next token, `None` at the end.
    ///
    /// `among_values` says that we are in a list of values, where `"x"` is a string if it may be one.
    pub(super) fn next(&mut self, among_values: bool) -> Option<TokenKind> {
        self.read(among_values)
    }

    /// The same, for the loop that most of the time goes into.
    #[inline(always)]
    pub(super) fn read(&mut self, among_values: bool) -> Option<TokenKind> {
        let bytes = self.bytes();
        // Mostly it is one space, or none.
        self.pos += usize::from(bytes.get(self.pos) == Some(&b' '));
        let may_be_nothing = |&byte: &u8| is_blank(byte) || is_of_comment(byte);
        if bytes.get(self.pos).is_some_and(may_be_nothing) && !self.skip_nothing() {
            let kind = self.hide_rest();
            self.remember(kind);
            return Some(kind);
        }
        let start = self.pos;
        let byte = *bytes.get(start)?;
        self.start = start;
        let kind = if is_word_start(byte) || (byte == b'$' && self.dialect == Dialect::MySql) {
            self.word_or_prefixed_text(start)
        } else if byte.is_ascii_digit() {
            if self.dialect == Dialect::MySql && is_name_with_digit_first(self.bytes(), start) {
                self.word(start)
            } else {
                self.take(TokenKind::Value, number_end(self.bytes(), start))
            }
        } else {
            self.mark(byte, among_values)
        };
        self.remember(kind);
        Some(kind)
    }

    /// Has the last token count as a value in what follows.
    pub(super) fn take_for_value(&mut self) {
        self.last = Some(TokenKind::Value);
    }

    /// The last token as written; of a quoted name, what is between the quotes.
    pub(super) fn token_text(&self) -> &'a str {
        let quotes = usize::from(matches!(self.last, Some(TokenKind::Quoted(_))));
        self.text.get(self.start + quotes..self.pos - quotes).unwrap_or_default()
    }

    /// Where the last token starts.
    pub(super) const fn token_start(&self) -> usize {
        self.start
    }

    /// Where the last token ended.
    pub(super) const fn position(&self) -> usize {
        self.pos
    }

    /// What was read since a position.
    pub(super) fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.pos).unwrap_or_default()
    }

    /// Whether a value is complete, so that an operator may follow.
    fn value_complete(&self) -> bool {
        self.last.is_some_and(TokenKind::completes_value)
    }

    /// Whether a colon may stand between the bounds of a slice.
    const fn in_brackets(&self) -> bool {
        self.opened & 1 == 1
    }

    #[inline]
    fn remember(&mut self, kind: TokenKind) {
        self.between_and = false;
        if let TokenKind::Keyword(keyword) = kind {
            match keyword.word {
                Word::Between => self.betweens = self.betweens.saturating_add(1),
                Word::And if self.betweens > 0 => {
                    self.betweens -= 1;
                    self.between_and = true;
                }
                _ => {}
            }
        }
        self.before_last = self.last.replace(kind);
    }

    /// Goes into a parenthesis or bracket.
    fn enter(&mut self, kind: TokenKind) -> TokenKind {
        self.opened = self.opened << 1 | u128::from(matches!(kind, TokenKind::OpenBracket));
        self.take(kind, self.pos + 1)
    }

    fn leave(&mut self, kind: TokenKind) -> TokenKind {
        self.opened >>= 1;
        self.take(kind, self.pos + 1)
    }

    #[inline]
    fn word_or_prefixed_text(&mut self, start: usize) -> TokenKind {
        let kind = self.word(start);
        let bytes = self.bytes();
        let end = self.pos;
        if matches!(self.last, Some(TokenKind::Dot)) {
            // Behind a dot stands a name, whatever it spells.
            return TokenKind::Name;
        }
        let may_be_prefix = matches!(bytes.get(end), Some(b'\'' | b'"' | b'&'))
            || (self.dialect == Dialect::MySql && bytes[start] == b'_');
        if may_be_prefix { self.prefixed_text(start, kind) } else { kind }
    }

    /// The string that the word just read stands before, or that word.
    fn prefixed_text(&mut self, start: usize, kind: TokenKind) -> TokenKind {
        let bytes = self.bytes();
        let end = self.pos;
        let word = &bytes[start..end];
        let quote = match bytes.get(end) {
            Some(b'\'') => b'\'',
            Some(b'"') if self.dialect == Dialect::MySql => b'"',
            Some(b'&') if matches!(word, b"u" | b"U") && bytes.get(end + 1) == Some(&b'\'') => {
                return self.string(end + 2, b'\'', Backslash::of(self.dialect));
            }
            _ if word[0] == b'_' && self.dialect == Dialect::MySql => return self.introduced(kind),
            _ => return kind,
        };
        match word {
            [b'e' | b'E'] if self.dialect != Dialect::MySql => {
                self.string(end + 1, quote, Backslash::Escapes)
            }
            [b'n' | b'N' | b'b' | b'B' | b'x' | b'X'] | [b'_', ..] => {
                self.string(end + 1, quote, Backslash::of(self.dialect))
            }
            _ => kind,
        }
    }

    /// MySQL lets a character set stand before a string with a space between: `_utf8mb4 'x'`.
    fn introduced(&mut self, kind: TokenKind) -> TokenKind {
        let mut ahead = self.clone();
        ahead.skip_nothing();
        match ahead.bytes().get(ahead.pos) {
            Some(&quote @ (b'\'' | b'"')) => self.string(ahead.pos + 1, quote, Backslash::Escapes),
            _ => kind,
        }
    }

    #[inline]
    fn word(&mut self, start: usize) -> TokenKind {
        let spelled = word_at(self.bytes(), start);
        self.pos = start + spelled.len;
        match Keyword::at(self.bytes(), start, spelled) {
            Some(keyword) if self.is_constant(keyword.word) => TokenKind::Value,
            Some(keyword) => TokenKind::Keyword(keyword),
            None => TokenKind::Name,
        }
    }

    /// Whether `null`, `true` or `false` is a value here, not a part of `is null`, `not null` or `set null`.
    fn is_constant(&self, word: Word) -> bool {
        if !matches!(word, Word::Null | Word::True | Word::False) || self.value_complete() {
            return false;
        }
        let last = self.last.and_then(TokenKind::word);
        let before_last = self.before_last.and_then(TokenKind::word);
        let tested =
            last == Some(Word::Is) || (last == Some(Word::Not) && before_last == Some(Word::Is));
        !(tested || word == Word::Null && matches!(last, Some(Word::Not | Word::Set)))
    }

    /// Whatever starts with neither letter nor digit.
    fn mark(&mut self, byte: u8, among_values: bool) -> TokenKind {
        let bytes = self.bytes();
        let start = self.pos;
        let second = bytes.get(start + 1).copied().unwrap_or(b' ');
        match byte {
            b'\'' => self.string(start + 1, b'\'', Backslash::of(self.dialect)),
            b'"' => self.double_quoted(start, among_values),
            b'`' => self.quoted_name(start, b'`'),
            b'[' if self.dialect == Dialect::Sqlite => self.quoted_name(start, b']'),
            b'$' => match dollar_quote_end(bytes, start) {
                Some(end) if self.dialect != Dialect::Sqlite => self.take(TokenKind::Text, end),
                _ if is_word(second) => self.placeholder(start + 1),
                _ => self.take(TokenKind::Other, start + 1),
            },
            b'?' => self.question_mark(start),
            b':' => self.colon(start, second),
            b'@' => self.at_sign(start, second),
            b'.' if bytes[start..].starts_with(b"...") => self.take(TokenKind::Ellipsis, start + 3),
            b'.' if second.is_ascii_digit() && !self.value_complete() => {
                self.take(TokenKind::Value, number_end(bytes, start))
            }
            b'(' => self.enter(TokenKind::Open),
            b')' => self.leave(TokenKind::Close),
            b'[' => self.enter(TokenKind::OpenBracket),
            b']' => self.leave(TokenKind::CloseBracket),
            b',' => self.take(TokenKind::Comma, start + 1),
            b'.' => self.take(TokenKind::Dot, start + 1),
            b';' => {
                (self.opened, self.betweens) = (0, 0);
                self.take(TokenKind::Semicolon, start + 1)
            }
            b'*' if !self.value_complete() => self.take(TokenKind::Star, start + 1),
            _ => match operator::end(bytes, start, self.dialect) {
                Some(end)
                    if matches!(byte, b'+' | b'-')
                        && end == start + 1
                        && !self.value_complete() =>
                {
                    self.take(TokenKind::Sign, end)
                }
                Some(end) => self.take(TokenKind::Operator, end),
                None => self.take(TokenKind::Other, start + 1),
            },
        }
    }

    fn string(&mut self, from: usize, quote: u8, backslash: Backslash) -> TokenKind {
        match quote_end(self.bytes(), from, quote, backslash) {
            Some(end) => self.take(TokenKind::Text, end),
            None => self.hide_rest(),
        }
    }

    fn quoted_name(&mut self, start: usize, quote: u8) -> TokenKind {
        let end = if quote == b']' {
            find(self.bytes(), start + 1, quote).map(|at| at + 1)
        } else {
            quote_end(self.bytes(), start + 1, quote, Backslash::Plain)
        };
        let Some(end) = end else { return self.hide_rest() };
        self.take(TokenKind::Quoted(quote), end)
    }

    fn double_quoted(&mut self, start: usize, among_values: bool) -> TokenKind {
        let backslash = match self.dialect {
            Dialect::PostgreSql => return self.quoted_name(start, b'"'),
            Dialect::MySql => return self.string(start + 1, b'"', Backslash::Escapes),
            Dialect::Generic | Dialect::Sqlite => Backslash::of(self.dialect),
        };
        let Some(end) = quote_end(self.bytes(), start + 1, b'"', backslash) else {
            return self.hide_rest();
        };
        let content = &self.text[start + 1..end - 1];
        let mut ahead = self.clone();
        ahead.pos = end;
        ahead.skip_nothing();
        let next = ahead.bytes().get(ahead.pos);
        let is_name = match self.last {
            _ if next == Some(&b'.') => true,
            Some(TokenKind::Dot) => true,
            Some(TokenKind::Keyword(Keyword { word, .. })) if names_next(word) => {
                !content.is_empty()
            }
            _ if !operator::is_name_like(content) => false,
            _ if next == Some(&b'(') => true,
            _ if among_values || self.between_and => false,
            Some(TokenKind::Operator | TokenKind::Sign) => false,
            Some(TokenKind::Keyword(keyword)) => !string_next(keyword),
            _ => true,
        };
        if is_name { self.quoted_name(start, b'"') } else { self.take(TokenKind::Text, end) }
    }

    fn question_mark(&mut self, start: usize) -> TokenKind {
        let bytes = self.bytes();
        let may_be_operator = matches!(self.dialect, Dialect::PostgreSql | Dialect::Generic);
        if may_be_operator
            && self.value_complete()
            && !bytes.get(start + 1).is_some_and(u8::is_ascii_digit)
        {
            let end = operator::question_mark_end(bytes, start, self.dialect);
            let mut ahead = self.clone();
            ahead.pos = end;
            if ahead.at_value() {
                return self.take(TokenKind::Operator, end);
            }
        }
        let digits = bytes[start + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.take(TokenKind::Value, start + 1 + digits)
    }

    /// Whether what comes next can be the start of a value.
    fn at_value(&mut self) -> bool {
        self.skip_nothing();
        let bytes = self.bytes();
        match bytes.get(self.pos) {
            // `json ? ?| ?`: an operator behind it makes this one a literal.
            Some(b'?') => {
                operator::question_mark_end(bytes, self.pos, self.dialect) == self.pos + 1
            }
            Some(b'\'' | b'$' | b'(' | b'"' | b'`') => true,
            Some(&byte) if is_word_start(byte) => {
                Keyword::at(bytes, self.pos, word_at(bytes, self.pos))
                    .is_none_or(|keyword| keyword.word == Word::Array)
            }
            _ => false,
        }
    }

    fn colon(&mut self, start: usize, second: u8) -> TokenKind {
        match second {
            b':' => self.take(TokenKind::Cast, start + 2),
            b'=' => self.take(TokenKind::Operator, start + 2),
            _ if self.in_brackets() && self.value_complete() => {
                self.take(TokenKind::Slice, start + 1)
            }
            _ if is_word_start(second) || (second.is_ascii_digit() && !self.in_brackets()) => {
                self.placeholder(start + 1)
            }
            _ => self.take(TokenKind::Other, start + 1),
        }
    }

    fn at_sign(&mut self, start: usize, second: u8) -> TokenKind {
        let bytes = self.bytes();
        let third = bytes.get(start + 2).copied().unwrap_or(b' ');
        match self.dialect {
            Dialect::Sqlite | Dialect::Generic if is_word(second) => self.placeholder(start + 1),
            Dialect::MySql if is_word(second) => self.variable(start + 1),
            Dialect::MySql | Dialect::Generic if second == b'@' && is_word(third) => {
                self.variable(start + 2)
            }
            Dialect::MySql if second == b'`' => {
                match quote_end(bytes, start + 2, b'`', Backslash::Plain) {
                    Some(end) => self.take(TokenKind::Variable, end),
                    None => self.hide_rest(),
                }
            }
            _ => match operator::end(bytes, start, self.dialect) {
                Some(end) => self.take(TokenKind::Operator, end),
                None => self.take(TokenKind::Other, start + 1),
            },
        }
    }

    fn placeholder(&mut self, name: usize) -> TokenKind {
        self.take(TokenKind::Value, self.word_end(name))
    }

    fn variable(&mut self, name: usize) -> TokenKind {
        self.take(TokenKind::Variable, self.word_end(name))
    }

    pub(super) fn word_end(&self, from: usize) -> usize {
        from + word_len(self.bytes(), from)
    }

    const fn take(&mut self, kind: TokenKind, end: usize) -> TokenKind {
        self.pos = end;
        kind
    }

    /// Where it can't be known what is a secret, the rest of the text is one.
    fn hide_rest(&mut self) -> TokenKind {
        self.start = self.pos;
        self.pos = self.text.len();
        self.in_executed_comment = false;
        TokenKind::Text
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }
}

/// Words behind which a name stands, so that `"x"` is one.
const fn names_next(word: Word) -> bool {
    matches!(
        word,
        Word::As
            | Word::From
            | Word::Into
            | Word::Join
            | Word::Update
            | Word::Table
            | Word::References
            | Word::Index
            | Word::View
            | Word::Trigger
            | Word::Column
            | Word::Exists
            | Word::Savepoint
    )
}

/// Words behind which `"x"` may well be a string.
const fn string_next(keyword: Keyword) -> bool {
    if matches!(keyword.word, Word::Reserved) {
        return keyword.value_next();
    }
    matches!(
        keyword.word,
        Word::Like
            | Word::Ilike
            | Word::Glob
            | Word::Match
            | Word::Between
            | Word::Escape
            | Word::Then
            | Word::Else
            | Word::When
            | Word::Is
            | Word::In
            | Word::Default
            | Word::Limit
            | Word::Offset
            | Word::To
    )
}
