//! Where a space goes.
//!
//! Spacing follows from the tokens alone, never from how a text was written, and the text it makes is cut into the same
//! tokens again: what would melt into another token keeps its distance.

use super::{keyword::Word, token::TokenKind};

/// Whether a space stands between two tokens. `naming` says that `last` ends the name of a table or the like, so that a
/// parenthesis after it opens a list of columns, not a call.
pub(super) fn between(last: TokenKind, next: TokenKind, next_text: &str, naming: bool) -> bool {
    use TokenKind::{
        Cast, Close, CloseBracket, Comma, Dot, Ellipsis, Keyword, Name, Open, OpenBracket,
        Operator, Other, Quoted, Semicolon, Sign, Slice, Star, Text, Value, Variable,
    };
    match (last, next) {
        (_, Comma | Semicolon | Close | CloseBracket) | (Open | OpenBracket, _) => false,

        (Dot, Name) => next_text.starts_with(|first: char| first.is_ascii_digit()),
        (Dot, Keyword(_) | Quoted(_) | Star | Value | Text) => false,
        (Dot | Other | Sign | Slice, Dot) => true,
        (_, Dot) => false,

        (Cast, Keyword(_) | Name | Quoted(_) | Value | Text | Open) => false,
        (Keyword(_) | Name | Quoted(_) | Value | Text | Close | CloseBracket, Cast) => false,
        (Keyword(_) | Name | Quoted(_) | Value | Text | Close | CloseBracket, Slice) => false,
        (Slice, Keyword(_) | Name | Quoted(_) | Value | Text | Open) => false,
        (Sign, Keyword(_) | Name | Quoted(_) | Variable | Open) => false,

        (Name | Quoted(_) | Value | Text | Variable | Close | CloseBracket, OpenBracket) => false,
        (Keyword(keyword), OpenBracket) => !matches!(keyword.word, Word::Array),

        (Keyword(keyword), Open) => keyword.spaced() || naming,
        (Name | Quoted(_), Open) => naming,
        (CloseBracket, Open) => false,
        (Comma | Star | Operator | Semicolon | Cast | Slice | Ellipsis, _) => true,
        _ => true,
    }
}
