//! Where a literal ends.
//!
//! Everything here takes bytes and a position and gives a position. Whoever gets this wrong shows somebody's secret,
//! so each function says what it does when it is not sure: it goes on to the end.

use super::{
    bytes::{find, find_either, is_word, word_len},
    dialect::Dialect,
};

/// What a backslash before a quote means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Backslash {
    /// Nothing: only a doubled quote stands for a quote.
    Plain,
    /// It takes the meaning from the character after it.
    Escapes,
    /// One or the other; the reader can't know.
    Unsure,
}

impl Backslash {
    /// In a string of this dialect that has no prefix.
    pub(super) const fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::PostgreSql | Dialect::Sqlite => Self::Plain,
            Dialect::MySql => Self::Escapes,
            Dialect::Generic => Self::Unsure,
        }
    }
}

/// The position after the quote that closes what was opened before `from`.
///
/// `None` when it never closes, or when two dialects would close it at different places.
pub(super) fn quote_end(
    bytes: &[u8],
    from: usize,
    quote: u8,
    backslash: Backslash,
) -> Option<usize> {
    let mut at = from;
    loop {
        at = if backslash == Backslash::Plain {
            find(bytes, at, quote)?
        } else {
            find_either(bytes, at, quote, b'\\')?
        };
        if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return Some(at + 1);
            }
            at += 2;
            continue;
        }
        let run = bytes[at..].iter().take_while(|&&byte| byte == b'\\').count();
        at += run;
        // An even number of them escape one another, in either reading.
        if run % 2 == 1 {
            if backslash == Backslash::Unsure && bytes.get(at) == Some(&quote) {
                return None;
            }
            at += usize::from(backslash == Backslash::Escapes);
        }
    }
}

/// The position after a string quoted by `$tag$`, which opens at `from`; `None` when that is no such opening.
///
/// One that never closes ends at the end.
pub(super) fn dollar_quote_end(bytes: &[u8], from: usize) -> Option<usize> {
    let tag =
        bytes.get(from + 1..)?.iter().take_while(|&&byte| is_word(byte) && byte != b'$').count();
    if bytes.get(from + 1).is_some_and(u8::is_ascii_digit)
        || bytes.get(from + 1 + tag) != Some(&b'$')
    {
        return None;
    }
    let tag = &bytes[from..from + tag + 2];
    let mut at = from + tag.len();
    while let Some(dollar) = find(bytes, at, b'$') {
        if bytes[dollar..].starts_with(tag) {
            return Some(dollar + tag.len());
        }
        at = dollar + 1;
    }
    Some(bytes.len())
}

/// The position after the number at `from`, which is a digit, or a dot before one.
///
/// Letters right behind it go with it: hexadecimal digits, exponents, and whatever else is glued to a number.
pub(super) fn number_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from + word_len(bytes, from);
    while bytes.get(at) == Some(&b'.') {
        at += 1 + word_len(bytes, at + 1);
    }
    let exponent =
        matches!(bytes[at - 1], b'e' | b'E') && !matches!(bytes.get(from + 1), Some(b'x' | b'X'));
    if exponent
        && matches!(bytes.get(at), Some(b'+' | b'-'))
        && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    {
        at += 1 + word_len(bytes, at + 1);
    }
    at
}

/// Whether MySQL reads the word at `from`, which starts with a digit, as a name: `2fa_tokens`.
pub(super) fn is_name_with_digit_first(bytes: &[u8], from: usize) -> bool {
    let word = &bytes[from..from + word_len(bytes, from)];
    let digits = word.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
    match &word[digits..] {
        [] => false,
        [b'e' | b'E', rest @ ..] => !rest.iter().all(u8::is_ascii_digit),
        [b'x' | b'X', rest @ ..] if digits == 1 && word[0] == b'0' => {
            !rest.iter().all(u8::is_ascii_hexdigit)
        }
        [b'b' | b'B', rest @ ..] if digits == 1 && word[0] == b'0' => {
            !rest.iter().all(|byte| matches!(byte, b'0' | b'1'))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{Backslash, dollar_quote_end, is_name_with_digit_first, number_end, quote_end};

    #[test]
    fn a_string_ends_where_its_dialect_says() {
        let end = |text: &str, backslash| quote_end(text.as_bytes(), 1, b'\'', backslash);
        assert_eq!(end("'a' ", Backslash::Plain), Some(3));
        assert_eq!(end("'a''b' ", Backslash::Plain), Some(6));
        assert_eq!(end(r"'a\' ", Backslash::Plain), Some(4));
        assert_eq!(end(r"'a\'b' ", Backslash::Escapes), Some(6));
        assert_eq!(end(r"'a\\' ", Backslash::Escapes), Some(5));
        assert_eq!(end(r"'a\\' ", Backslash::Unsure), Some(5));
        assert_eq!(end(r"'a\n' ", Backslash::Unsure), Some(5));
        assert_eq!(end(r"'a\' ", Backslash::Unsure), None);
        assert_eq!(end("'a", Backslash::Plain), None);
    }

    #[test]
    fn a_dollar_string_ends_at_its_own_tag() {
        assert_eq!(dollar_quote_end(b"$$a$$ ", 0), Some(5));
        assert_eq!(dollar_quote_end(b"$a$ $$ $b$ $a$ ", 0), Some(14));
        assert_eq!(dollar_quote_end(b"$a$ never", 0), Some(9));
        assert_eq!(dollar_quote_end(b"$1", 0), None);
        assert_eq!(dollar_quote_end(b"$a b$", 0), None);
    }

    #[test]
    fn a_number_takes_along_what_is_glued_to_it() {
        for number in
            ["0", "12", "1.5", ".5", "1e5", "1.5E-7", "0xFF", "0b01", "1_000", "12abc", "1."]
        {
            assert_eq!(number_end(format!("{number} x").as_bytes(), 0), number.len(), "{number}");
        }
        assert_eq!(number_end(b"0xe-1", 0), 3);
        assert_eq!(number_end(b"1-1", 0), 1);
    }

    #[test]
    fn mysql_names_may_start_with_a_digit() {
        for (word, expected) in
            [("2fa_tokens", true), ("12", false), ("0xAF", false), ("1e5", false), ("1_000", false)]
        {
            assert_eq!(is_name_with_digit_first(word.as_bytes(), 0), expected, "{word}");
        }
    }
}
