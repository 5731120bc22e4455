//! Where an operator ends.

use super::{
    bytes::{is_operator, is_word, is_word_start},
    dialect::Dialect,
};

/// Operators of more than one character outside PostgreSQL, longest first.
const LONG: &[&[u8]] = &[
    b"->>", b"<=>", b"#>>", b"!~*", b"->", b"<>", b"<=", b"<<", b">=", b">>", b"!=", b"==", b"||",
    b"&&", b"#>", b"#-", b"@>", b"<@", b"!~", b"~*", b"@@", b"@?",
];
/// Operators of PostgreSQL in which a question mark is no placeholder.
const WITH_QUESTION_MARK: &[&[u8]] = &[b"?||", b"?-|", b"?|", b"?&", b"?-", b"?#", b"@?", b"?"];

/// The position after the operator that starts at `start`, if one does.
#[inline]
pub(super) fn end(bytes: &[u8], start: usize, dialect: Dialect) -> Option<usize> {
    if !is_operator(bytes[start]) {
        return None;
    }
    if !bytes.get(start + 1).is_some_and(|&byte| is_operator(byte)) {
        return Some(start + 1);
    }
    if dialect == Dialect::PostgreSql {
        return Some(postgres_end(bytes, start));
    }
    Some(long_end(bytes, start))
}

fn long_end(bytes: &[u8], start: usize) -> usize {
    let long = LONG.iter().find(|long| bytes[start..].starts_with(long));
    start + long.map_or(1, |long| long.len())
}

/// The position after the operator that starts with the question mark at `start`.
pub(super) fn question_mark_end(bytes: &[u8], start: usize, dialect: Dialect) -> usize {
    let known = |operator: &&&[u8]| bytes[start..].starts_with(operator);
    let len = match dialect {
        Dialect::PostgreSql => {
            WITH_QUESTION_MARK.iter().find(known).map_or(1, |operator| operator.len())
        }
        // `?||` is a placeholder and a concatenation to everyone else.
        _ if bytes[start..].starts_with(b"?||") => 1,
        _ => [&b"?|"[..], b"?&"]
            .iter()
            .find(|operator| bytes[start..].starts_with(operator))
            .map_or(1, |_| 2),
    };
    start + len
}

/// PostgreSQL takes the longest run of operator characters, and lets a sign go that can't end one.
fn postgres_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while end < bytes.len() && is_operator(bytes[end]) {
        let comment = matches!(&bytes[end..], [b'-', b'-', ..] | [b'/', b'*', ..]);
        // A question mark glued to another operator is a placeholder, as in `id=?`.
        let placeholder = bytes[end] == b'?' && !WITH_QUESTION_MARK.contains(&&bytes[start..=end]);
        if end > start && (comment || placeholder) {
            break;
        }
        end += 1;
    }
    let may_end_in_sign = bytes[start..end].iter().any(|byte| b"~!@#%^&|`?".contains(byte));
    while end > start + 1 && matches!(bytes[end - 1], b'+' | b'-') && !may_end_in_sign {
        end -= 1;
    }
    end
}

/// Whether a text looks like a name, not like somebody's words.
pub(super) fn is_name_like(text: &str) -> bool {
    text.as_bytes().first().is_some_and(|&byte| is_word_start(byte)) && text.bytes().all(is_word)
}
