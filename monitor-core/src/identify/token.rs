//! What a text is made of.

use super::keyword::{Keyword, Word};

/// What a token is. Asked many times of each token, so which it is has a byte of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum TokenKind {
    /// A keyword, known by its meaning.
    Keyword(Keyword),
    /// Any other word.
    Name,
    /// A name between quotes, which close with this byte.
    Quoted(u8),
    /// A literal other than a string, or a placeholder.
    Value,
    /// A string.
    Text,
    /// A MySQL variable, `@x` or `@@x`.
    Variable,
    /// A `+` or `-` where a value stands next.
    Sign,
    /// Any operator between two values, or before one.
    Operator,
    /// The `*` of `select *` and `count(*)`.
    Star,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    Comma,
    Dot,
    Semicolon,
    /// `::`
    Cast,
    /// The `:` between the bounds of `a[1:2]`.
    Slice,
    /// `...`, the trace that a collapsed list leaves in a normalised text.
    Ellipsis,
    /// Any other character.
    Other,
}

impl TokenKind {
    pub(super) const fn word(self) -> Option<Word> {
        match self {
            Self::Keyword(keyword) => Some(keyword.word),
            Self::Name => Some(Word::Name),
            _ => None,
        }
    }

    /// Whether a value is complete with this token, so that an operator may follow.
    pub(super) const fn completes_value(self) -> bool {
        match self {
            Self::Keyword(keyword) => !keyword.value_next(),
            Self::Name
            | Self::Quoted(_)
            | Self::Value
            | Self::Text
            | Self::Variable
            | Self::Star
            | Self::Close
            | Self::CloseBracket
            | Self::Ellipsis => true,
            _ => false,
        }
    }
}
