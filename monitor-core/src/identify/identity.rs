//! All there is to know of a statement from its text.

use std::borrow::Cow;

use super::{
    dialect::Dialect,
    fingerprint::Fingerprint,
    kind::Kind,
    list_size::ListSize,
    normalise::{Normalised, Normaliser},
    outline::{Outline, outline},
    tables::Tables,
    wording::Wording,
};

/// How much of a normalised text is kept, in bytes. What is cut off is still in the fingerprint.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Stands at the end of a text that was cut.
const CUT: &str = " …";

/// Which statement a text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The normalised text, at most [`TEXT_BYTES_MAX`] of it, cut between two tokens.
    pub text: String,
    /// Stands for all of the normalised text.
    pub fingerprint: Fingerprint,
    /// What it does.
    pub kind: Kind,
    /// What it does that to.
    pub tables: Tables,
    /// The same in a few words, `SELECT orders customers`: OpenTelemetry's `db.query.summary`.
    ///
    /// Operations are in upper case and names as in the normalised text, whatever the case of the query, because every
    /// spelling of a statement must have the same. Empty when nothing is known. At most [`SUMMARY_BYTES_MAX`] long.
    ///
    /// [`SUMMARY_BYTES_MAX`]: super::SUMMARY_BYTES_MAX
    pub summary: String,
    /// The size class of the longest list that was collapsed. It belongs to the call, not to the statement.
    pub list_size: ListSize,
    /// What the literals of this text tell.
    pub wording: Wording,
    /// Whether the text was cut.
    pub truncated: bool,
}

/// Which statement `text` is.
///
/// Takes any text, a normalised one as well: then it gives the same text and fingerprint again.
///
/// ```
/// use monitor_core::identify::{Dialect, identify};
///
/// let one = identify("SELECT * FROM orders WHERE id IN (1, 2, 3)", Dialect::PostgreSql);
/// let other = identify("select * from orders where id in ($1)", Dialect::PostgreSql);
/// assert_eq!(one.text, "select * from orders where id in (...)");
/// assert_eq!(one.fingerprint, other.fingerprint);
/// assert_eq!(one.summary, "SELECT orders");
/// ```
#[must_use]
pub fn identify(text: &str, dialect: Dialect) -> Identity {
    Normaliser::new().normalise(text, dialect).identify()
}

impl Normalised<'_> {
    /// Everything else about the statement, for its first sight. Allocates.
    #[must_use]
    pub fn identify(&self) -> Identity {
        let outline = self.outline();
        let text = self.kept();
        Identity {
            truncated: text != self.text,
            text: text.into_owned(),
            fingerprint: self.fingerprint,
            kind: outline.kind,
            tables: outline.tables,
            summary: outline.summary,
            list_size: self.list_size,
            wording: self.wording,
        }
    }

    /// What the statement does, and what to.
    pub(crate) fn outline(&self) -> Outline {
        outline(self.text, self.dialect)
    }

    /// As much of the text as is kept.
    pub(crate) fn kept(&self) -> Cow<'_, str> {
        match self.text.len() <= TEXT_BYTES_MAX {
            true => Cow::Borrowed(self.text),
            false => Cow::Owned(cut(self.text, self.dialect)),
        }
    }
}

/// The beginning of a text that is too long.
fn cut(text: &str, dialect: Dialect) -> String {
    let room = TEXT_BYTES_MAX - CUT.len();
    let kept = &text.as_bytes()[..=room];
    // Every space is between two tokens, except within quotes; an odd number of quotes means within.
    let quote = dialect.name_quote();
    let is_quoted = kept.iter().filter(|&&byte| byte == quote).count() % 2 == 1;
    let kept = match kept.iter().rposition(|&byte| byte == quote) {
        Some(open) if is_quoted => &kept[..open],
        _ => kept,
    };
    let end = kept.iter().rposition(|&byte| byte == b' ').unwrap_or(0);
    let mut cut = text.get(..end).unwrap_or_default().to_owned();
    cut.push_str(CUT);
    cut
}
