//! Where a space goes.
//!
//! Spacing follows from the tokens alone, never from how a text was written, and the text it makes is cut into the same
//! tokens again: what would melt into another token keeps its distance.

use super::{keyword::Word, token::TokenKind};

/// What spacing knows of a token.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Spacing {
    Keyword,
    /// A keyword with a space before a parenthesis.
    Spaced,
    Array,
    Name,
    Quoted,
    Value,
    Text,
    Variable,
    Sign,
    Operator,
    Star,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    Semicolon,
    Cast,
    Slice,
    Ellipsis,
    Other,
}

/// Whether a space stands between two tokens. `in_name` says that `last` ends the name of a table or the like, so that a
/// parenthesis after it opens a list of columns, not a call.
#[inline]
pub(super) fn between(last: Spacing, next: Spacing, in_name: bool) -> bool {
    let is_column_list = in_name && next == Spacing::Open && last.may_end_name();
    is_column_list || APART[last as usize] >> next as u8 & 1 == 1
}

/// For each token a bit for every other that stands apart from it.
static APART: [u32; Spacing::ALL.len()] = {
    let mut table = [0; Spacing::ALL.len()];
    let mut last = 0;
    while last < table.len() {
        let mut next = 0;
        while next < table.len() {
            table[last] |= (is_apart(Spacing::ALL[last], Spacing::ALL[next]) as u32) << next;
            next += 1;
        }
        last += 1;
    }
    table
};

const fn is_apart(last: Spacing, next: Spacing) -> bool {
    use Spacing::{
        Array, Cast, Close, CloseBracket, Comma, Dot, Keyword, Name, Open, OpenBracket, Other,
        Quoted, Semicolon, Sign, Slice, Spaced, Star, Text, Value, Variable,
    };
    match (last, next) {
        (_, Comma | Semicolon | Close | CloseBracket) | (Open | OpenBracket, _) => false,

        (Dot, Keyword | Spaced | Array | Name | Quoted | Star | Value | Text) => false,
        (Dot | Other | Sign | Slice, Dot) => true,
        (_, Dot) => false,

        (Cast, Keyword | Spaced | Array | Name | Quoted | Value | Text | Open) => false,
        (
            Keyword | Spaced | Array | Name | Quoted | Value | Text | Close | CloseBracket,
            Cast | Slice,
        ) => false,
        (Slice, Keyword | Spaced | Array | Name | Quoted | Value | Text | Open) => false,
        (Sign, Keyword | Spaced | Array | Name | Quoted | Variable | Open) => false,

        (Array | Name | Quoted | Value | Text | Variable | Close | CloseBracket, OpenBracket) => {
            false
        }
        (Keyword | Array | Name | Quoted | CloseBracket, Open) => false,
        _ => true,
    }
}

// === impl Spacing ===

impl Spacing {
    const ALL: [Self; 22] = [
        Self::Keyword,
        Self::Spaced,
        Self::Array,
        Self::Name,
        Self::Quoted,
        Self::Value,
        Self::Text,
        Self::Variable,
        Self::Sign,
        Self::Operator,
        Self::Star,
        Self::Open,
        Self::Close,
        Self::OpenBracket,
        Self::CloseBracket,
        Self::Comma,
        Self::Dot,
        Self::Semicolon,
        Self::Cast,
        Self::Slice,
        Self::Ellipsis,
        Self::Other,
    ];

    #[inline]
    pub(super) const fn of(kind: TokenKind) -> Self {
        match kind {
            TokenKind::Keyword(keyword) if keyword.spaced() => Self::Spaced,
            TokenKind::Keyword(keyword) if matches!(keyword.word, Word::Array) => Self::Array,
            TokenKind::Keyword(_) => Self::Keyword,
            TokenKind::Name => Self::Name,
            TokenKind::Quoted(_) => Self::Quoted,
            TokenKind::Value => Self::Value,
            TokenKind::Text => Self::Text,
            TokenKind::Variable => Self::Variable,
            TokenKind::Sign => Self::Sign,
            TokenKind::Operator => Self::Operator,
            TokenKind::Star => Self::Star,
            TokenKind::Open => Self::Open,
            TokenKind::Close => Self::Close,
            TokenKind::OpenBracket => Self::OpenBracket,
            TokenKind::CloseBracket => Self::CloseBracket,
            TokenKind::Comma => Self::Comma,
            TokenKind::Dot => Self::Dot,
            TokenKind::Semicolon => Self::Semicolon,
            TokenKind::Cast => Self::Cast,
            TokenKind::Slice => Self::Slice,
            TokenKind::Ellipsis => Self::Ellipsis,
            TokenKind::Other => Self::Other,
        }
    }

    const fn may_end_name(self) -> bool {
        matches!(self, Self::Keyword | Self::Spaced | Self::Array | Self::Name | Self::Quoted)
    }
}
