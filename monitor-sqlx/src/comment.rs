//! Words of the application behind every text, as sqlcommenter writes them.

use std::fmt::Write;
use std::sync::Arc;

/// A comment of these words, in the order of their keys; `None` where there are none.
///
/// Keys and values are percent-encoded, so no value can end the comment or the quotes around it.
pub(crate) fn of(mut words: Vec<(String, String)>) -> Option<Arc<str>> {
    words.sort();
    let mut comment = String::new();
    for (key, value) in &words {
        comment.push_str(if comment.is_empty() { " /*" } else { "," });
        encode(key, &mut comment);
        comment.push_str("='");
        encode(value, &mut comment);
        comment.push('\'');
    }
    (!comment.is_empty()).then(|| (comment + "*/").into())
}

fn encode(word: &str, into: &mut String) {
    for byte in word.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                into.push(byte.into());
            }
            // Writing to a string cannot fail.
            _ => drop(write!(into, "%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_sorted_and_cannot_end_the_comment() {
        let words = [("route", "/orders/{id}"), ("application", "it's */ -- ?")];
        let words = words.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(
            of(words.into()).as_deref(),
            Some(" /*application='it%27s%20%2A%2F%20--%20%3F',route='%2Forders%2F%7Bid%7D'*/")
        );
        assert_eq!(of(Vec::new()), None);
    }
}
