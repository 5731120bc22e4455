//! A statement with placeholders, and the values of the statement it was made of.

use monitor_core::capture::System;

/// SQL with the values of `original` in the places of its placeholders, in their order or in `order`; `None` where there are
/// less of them.
pub(super) fn bound(sql: &str, original: &str, system: System, order: &[usize]) -> Option<String> {
    let values = values(original);
    let sign = if system == System::PostgreSql { '$' } else { '?' };
    let (mut out, mut rest, mut met) = (String::new(), sql, 0);
    loop {
        let list = rest.find("(...)").unwrap_or(rest.len());
        let one = rest.find(sign).unwrap_or(rest.len());
        let at = list.min(one);
        out.push_str(&rest[..at]);
        if at == rest.len() {
            return Some(out);
        }
        met += 1;
        if list < one {
            out.push_str(values.get(met - 1)?);
            rest = &rest[at + "(...)".len()..];
            continue;
        }
        let after = &rest[at + 1..];
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let in_turn = order.get(met - 1).copied().unwrap_or(met);
        let number = if end == 0 { in_turn } else { after[..end].parse().ok()? };
        out.push_str(values.get(number - 1)?);
        rest = &after[end..];
    }
}

/// The values of a statement in their order; one that is a whole list has its parentheses.
fn values(sql: &str) -> Vec<String> {
    let (mut found, mut at) = (Vec::new(), 0);
    let bytes = sql.as_bytes();
    let mut in_list = None;
    while at < bytes.len() {
        let before = at.checked_sub(1).map_or(b' ', |before| bytes[before]);
        let is_word = before.is_ascii_alphanumeric() || matches!(before, b'_' | b'"' | b'.');
        let end = match bytes[at] {
            b'\'' => sql[at + 1..].find('\'').map_or(bytes.len(), |end| at + 2 + end),
            byte if byte.is_ascii_digit() && !is_word => sql[at..]
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .map_or(bytes.len(), |end| at + end),
            b'(' if sql[..at].to_ascii_lowercase().trim_end().ends_with(" in")
                && !sql[at + 1..].trim_start().to_ascii_lowercase().starts_with("select") =>
            {
                in_list = Some(at);
                at += 1;
                continue;
            }
            b')' if in_list.is_some() => {
                found.extend(in_list.take().map(|from| sql[from..=at].to_owned()));
                at += 1;
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        };
        if in_list.is_none() {
            found.push(sql[at..end].to_owned());
        }
        at = end;
    }
    found
}
