//! How a name is written, and which names leave.

use super::{
    dialect::Dialect,
    keyword::{Keyword, Word},
    output::Output,
    token::TokenKind,
};

/// Writes what stood between the quotes of a name.
///
/// A name that means the same without its quotes loses them, so that `"users"`, `` `users` `` and `users` are one. Any
/// other keeps them in the one form its dialect can't take for a string.
pub(super) fn write_name(
    out: &mut Output<'_>,
    content: &str,
    quote: u8,
    dialect: Dialect,
    spaced: bool,
) {
    if is_plain(content) {
        return out.push(content, spaced);
    }
    out.push("", spaced);
    let out = out.text();
    let (old, new) = (char::from(quote), char::from(dialect.name_quote()));
    out.push(new);
    let mut chars = content.chars().peekable();
    while let Some(char) = chars.next() {
        if char == old && old != ']' {
            chars.next_if_eq(&old);
        }
        if char == new {
            out.push(new);
        }
        out.push(char);
    }
    out.push(new);
}

/// A name as tables are listed: without quotes, in lower case.
pub(super) fn unquoted(kind: TokenKind, text: &str) -> String {
    let mut name = match kind {
        TokenKind::Quoted(quote @ (b'"' | b'`')) if text.contains(char::from(quote)) => {
            let quote = char::from(quote).to_string();
            text.replace(&quote.repeat(2), &quote)
        }
        _ => text.to_owned(),
    };
    name.make_ascii_lowercase();
    name
}

fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && Keyword::of(name.as_bytes()).is_none()
}

/// Where in a statement a name stands that matters to its spelling.
#[derive(Clone, Copy, Default)]
pub(super) struct Naming {
    passing: Passing,
    is_started: bool,
    is_create: bool,
    is_insert: bool,
    /// Whether the last token ended the name of something that columns may follow.
    in_name: bool,
    was_open: bool,
    last: Option<Word>,
}

/// Names that a program counts up, such as `diesel_savepoint_3`: each would be a statement of its own.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Passing {
    /// There is none to come.
    #[default]
    No,
    /// It comes next.
    Next,
    /// It comes after `to`.
    AfterTo,
    /// Any word that is no direction: `fetch forward 5 from cursor_7`.
    Fetch,
}

impl Naming {
    /// Meets the next token. Whether it is a passing name, and so to be taken for a value.
    #[inline]
    pub(super) fn is_passing(&mut self, kind: TokenKind) -> bool {
        let may_matter = match kind {
            TokenKind::Keyword(keyword) => keyword.is_about_names(),
            _ => false,
        };
        if may_matter || !self.is_started || self.passing != Passing::No {
            return self.follow(kind);
        }
        // Most tokens, and none of them changes what a name is here.
        let keeps_name = matches!(
            kind,
            TokenKind::Name | TokenKind::Quoted(_) | TokenKind::Dot | TokenKind::Open
        );
        self.in_name &= keeps_name && !self.was_open;
        self.was_open = matches!(kind, TokenKind::Open);
        self.last = kind.word();
        false
    }

    fn follow(&mut self, kind: TokenKind) -> bool {
        let is_passing = self.passes(kind);
        if is_passing {
            (self.in_name, self.last) = (false, None);
        }
        is_passing
    }

    fn passes(&mut self, kind: TokenKind) -> bool {
        let word = kind.word();
        let is_name = word.is_some() || matches!(kind, TokenKind::Quoted(_));
        let is_first = !std::mem::replace(&mut self.is_started, true);
        self.follow_name(kind, is_first);
        let before = std::mem::replace(&mut self.last, word);
        if is_first {
            self.passing = Passing::announced_by(word);
            return false;
        }
        match (self.passing, word) {
            (Passing::No, Some(Word::Of)) if before == Some(Word::Current) => {
                self.passing = Passing::Next
            }
            (Passing::No, Some(Word::Prepare)) if before == Some(Word::Drop) => {
                self.passing = Passing::Next
            }
            (Passing::No, _) => {}
            (Passing::Next, Some(Word::Savepoint | Word::Prepare)) => {}
            (Passing::Next, Some(Word::All | Word::Transaction | Word::Immediate)) => {
                self.passing = Passing::No
            }
            (Passing::Next, _) => {
                self.passing = Passing::No;
                return is_name;
            }
            (Passing::AfterTo, Some(Word::To)) => self.passing = Passing::Next,
            (Passing::AfterTo, _) => {}
            (Passing::Fetch, Some(word)) if is_direction(word) => {}
            (Passing::Fetch, _) => return is_name,
        }
        false
    }

    /// Whether a parenthesis now would open the columns of a table, not the arguments of a call.
    pub(super) const fn in_name(&self) -> bool {
        self.in_name
    }

    /// Whether the statement begins as one that adds rows.
    pub(super) const fn in_insert(&self) -> bool {
        self.is_insert
    }

    fn follow_name(&mut self, kind: TokenKind, is_first: bool) {
        self.in_name &= !self.was_open;
        self.is_create |= is_first && kind.word() == Some(Word::Create);
        self.is_insert |= is_first && matches!(kind.word(), Some(Word::Insert | Word::Replace));
        self.in_name = match kind {
            TokenKind::Keyword(keyword) => match keyword.word {
                Word::Into
                | Word::Table
                | Word::References
                | Word::View
                | Word::Exists
                | Word::With
                | Word::Recursive => true,
                Word::Insert | Word::Replace | Word::Copy => is_first,
                Word::On => self.is_create,
                Word::Ignore | Word::Only => self.in_name,
                _ => false,
            },
            TokenKind::Name | TokenKind::Quoted(_) | TokenKind::Dot => self.in_name,
            // Its space is asked for after it was seen.
            TokenKind::Open => self.in_name,
            _ => false,
        };
        self.was_open = kind == TokenKind::Open;
    }
}

impl Passing {
    const fn announced_by(word: Option<Word>) -> Self {
        match word {
            Some(
                Word::Savepoint
                | Word::Release
                | Word::Deallocate
                | Word::Prepare
                | Word::Execute
                | Word::Declare
                | Word::Close,
            ) => Self::Next,
            Some(Word::Rollback) => Self::AfterTo,
            Some(Word::Fetch | Word::Move) => Self::Fetch,
            _ => Self::No,
        }
    }
}

const fn is_direction(word: Word) -> bool {
    matches!(
        word,
        Word::Next
            | Word::Prior
            | Word::First
            | Word::Last
            | Word::Absolute
            | Word::Relative
            | Word::Forward
            | Word::Backward
            | Word::All
            | Word::From
            | Word::In
    )
}
