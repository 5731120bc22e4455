//! What a text says of the code that sent it, in the form of sqlcommenter: `/*action='list',route='%2Forders'*/`.
//!
//! The values are labels that developers wrote. But anybody may write a comment, so only known keys are read, each
//! value is bounded, and none of it enters the identity.

/// The longest comment that is read, in bytes.
pub const TAGS_BYTES_MAX: usize = 2048;
/// The longest value that is kept, in bytes; of a longer one, nothing is.
pub const TAG_BYTES_MAX: usize = 128;

/// What the comment of a text says of the code that sent it.
///
/// The keys are those that sqlcommenter names, and no others: a custom key could hold a user's name, which is nothing
/// to show. Values are URL-decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tags {
    /// The application.
    pub application: Option<String>,
    /// The controller, or whatever holds the action.
    pub controller: Option<String>,
    /// The action: a function that answers requests, a job.
    pub action: Option<String>,
    /// The web framework, often with its version.
    pub framework: Option<String>,
    /// The pattern of the route, such as `/orders/{id}`.
    pub route: Option<String>,
    /// The driver or the library that sent the text.
    pub db_driver: Option<String>,
    /// Where in a trace the call was made, as W3C writes it; not checked here.
    pub traceparent: Option<String>,
}

/// The tags of a text, if it begins or ends with a comment that has any.
///
/// Reads no more than the last comment, or the first where the last has none, up to [`TAGS_BYTES_MAX`] of it. A text
/// that neither begins nor ends with a comment costs a few comparisons and no allocation.
#[must_use]
pub fn tags(text: &str) -> Option<Tags> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == ';');
    last_comment(text).and_then(read).or_else(|| first_comment(text).and_then(read))
}

// === impl Tags ===

impl Tags {
    /// The best name of the unit of work that a call belongs to: its route, or else its action.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.route.as_deref().or(self.action.as_deref())
    }

    fn field(&mut self, key: &str) -> Option<&mut Option<String>> {
        Some(match key {
            "application" => &mut self.application,
            "controller" => &mut self.controller,
            "action" => &mut self.action,
            "framework" => &mut self.framework,
            "route" => &mut self.route,
            "db_driver" => &mut self.db_driver,
            "traceparent" => &mut self.traceparent,
            _ => return None,
        })
    }
}

/// What is between the delimiters of the comment that ends a text. No statement ends in `*/` otherwise.
fn last_comment(text: &str) -> Option<&str> {
    let body = text.strip_suffix("*/")?;
    let bytes = body.as_bytes();
    let from = bytes.len().saturating_sub(TAGS_BYTES_MAX);
    let open = bytes[from..].windows(2).rposition(|pair| pair == b"/*")?;
    body.get(from + open + 2..)
}

fn first_comment(text: &str) -> Option<&str> {
    let body = text.strip_prefix("/*")?.as_bytes();
    let end = body.iter().take(TAGS_BYTES_MAX).zip(body.iter().skip(1));
    let end = end.into_iter().position(|pair| pair == (&b'*', &b'/'))?;
    text.get(2..end + 2)
}

/// `key='value'`, with commas between.
fn read(comment: &str) -> Option<Tags> {
    let mut tags = Tags::default();
    let mut rest = comment.trim();
    while let Some((key, after)) = rest.split_once("='") {
        let (value, after) = value(after)?;
        let key = key.trim_start_matches(|c: char| c == ',' || c.is_ascii_whitespace()).trim_end();
        if let Some(field) = tags.field(key) {
            *field = decoded(value).or(field.take());
        }
        rest = after;
    }
    (tags != Tags::default()).then_some(tags)
}

/// A value up to the quote that ends it, and what follows; `\'` does not end it.
fn value(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' if !is_escaped => return Some((text.get(..at)?, text.get(at + 1..)?)),
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}

/// A value as it was before it was encoded; `None` where it is empty, too long, or no text that a line can show.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len().min(TAG_BYTES_MAX));
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |at: usize| after.get(at).and_then(|&digit| char::from(digit).to_digit(16));
        let (byte, used) = match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => (u8::try_from(high * 16 + low).ok()?, 2),
            (b'\\', ..) if after.first() == Some(&b'\'') => (b'\'', 1),
            _ => (*first, 0),
        };
        bytes.push(byte);
        rest = after.get(used..)?;
        if bytes.len() > TAG_BYTES_MAX {
            return None;
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
}
