//! What the indexes that exist are good for already.

use crate::inquire::{Index, IndexDraft, KeyOf, KeyPart, Table};

/// The keys that could be used: those of drafts with their places, and whether they are unique.
pub(super) type Key<'k> = (Option<usize>, &'k [KeyPart], bool);

/// The index that serves all a draft would: the draft's key is how its own begins.
pub(super) fn covering<'a>(table: &'a Table, draft: &IndexDraft) -> Option<&'a Index> {
    table.indexes.iter().find(|index| {
        is_whole(index)
            && index.key.len() >= draft.key.len()
            && index.key.iter().zip(&draft.key).all(|(own, wanted)| is_same(own, wanted))
            && draft.include.iter().all(|column| index.include.contains(column))
    })
}

/// The unique index whose whole key a draft begins with: it finds the one row already.
pub(super) fn unique_within<'a>(table: &'a Table, draft: &IndexDraft) -> Option<&'a Index> {
    table.indexes.iter().find(|index| {
        index.unique
            && is_whole(index)
            && !index.key.is_empty()
            && index.key.len() <= draft.key.len()
            && index
                .key
                .iter()
                .all(|own| draft.key.iter().take(index.key.len()).any(|part| is_same(own, part)))
    })
}

/// The index of a few rows that is what a draft would be.
///
/// Systems without costs of their own have it estimated as one of all rows, and then the same seems to be missing still.
pub(super) fn same_partial<'a>(table: &'a Table, draft: &IndexDraft) -> Option<&'a Index> {
    let wanted = squeezed(draft.predicate.as_deref()?);
    table.indexes.iter().find(|index| {
        index.valid
            && index.predicate.as_deref().is_some_and(|own| squeezed(own) == wanted)
            && index.key.len() == draft.key.len()
            && index.key.iter().zip(&draft.key).all(|(own, wanted)| is_same(own, wanted))
            && draft.include.iter().all(|column| index.include.contains(column))
    })
}

/// Whether an index can answer for every row, in order.
pub(super) fn is_whole(index: &Index) -> bool {
    index.valid && index.predicate.is_none() && (index.method.is_empty() || index.method == "btree")
}

/// Whether an index finds for every row what is inside its values.
pub(super) fn is_inverted(index: &Index) -> bool {
    index.valid
        && index.predicate.is_none()
        && matches!(index.method.as_str(), "gin" | "gist" | "rum")
}

/// The keys a table has and would have.
pub(super) fn keys<'k>(
    table: &'k Table,
    drafts: &'k [IndexDraft],
) -> impl Iterator<Item = Key<'k>> {
    let existing = table.indexes.iter().filter(|index| is_whole(index));
    let existing = existing.map(|index| (None, index.key.as_slice(), index.unique));
    let own = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| draft.table == table.name && draft.schema == table.schema);
    existing.chain(own.map(|(at, draft)| (Some(at), draft.key.as_slice(), false)))
}

/// Whether two parts of keys are the same. The direction of a single part does not matter, as an index is read both
/// ways; that of several is left to the planner.
pub(super) fn is_same(own: &KeyPart, wanted: &KeyPart) -> bool {
    let same = match (&own.of, &wanted.of) {
        (KeyOf::Column(own), KeyOf::Column(wanted)) => own.eq_ignore_ascii_case(wanted),
        (KeyOf::Expression(own), KeyOf::Expression(wanted)) => {
            !own.is_empty() && squeezed(own) == squeezed(wanted)
        }
        _ => false,
    };
    same && own.operator_class == wanted.operator_class && own.prefix.is_none()
}

/// An expression without what the server adds when it keeps it: `lower((email)::text)` is `lower(email)`.
fn squeezed(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find("::") {
        out.push_str(&rest[..at]);
        let after = &rest[at + 2..];
        let end = after.find([')', ',']).unwrap_or(after.len());
        rest = &after[end..];
    }
    out.push_str(rest);
    out.to_ascii_lowercase()
        .chars()
        .filter(|c| !c.is_whitespace() && !"()\"".contains(*c))
        .collect()
}
