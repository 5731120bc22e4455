//! A normalised text as it grows.

/// The text that is written, and what of the original goes over next.
///
/// Most of a text goes over as it stands, but for the case of its letters. Tokens that do are copied together, for as long as
/// the spaces between them are the ones that are wanted.
pub(super) struct Output<'a> {
    written: &'a mut String,
    original: &'a str,
    /// What of the original belongs behind what is written.
    from: usize,
    to: usize,
}

impl<'a> Output<'a> {
    pub(super) fn new(written: &'a mut String, original: &'a str) -> Self {
        Self { written, original, from: 0, to: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.written.len() + (self.to - self.from)
    }

    /// Adds a token of the original in lower case, behind a space or not.
    #[inline]
    pub(super) fn copy(&mut self, start: usize, end: usize, spaced: bool) {
        let before = start.wrapping_sub(1);
        let has_space = spaced && self.original.as_bytes().get(before) == Some(&b' ');
        let begin = if has_space { before } else { start };
        if begin != self.to || self.from == self.to || has_space != spaced {
            let text = self.text();
            if spaced && !has_space {
                text.push(' ');
            }
            self.from = begin;
        }
        self.to = end;
    }

    /// Adds this, behind a space or not.
    pub(super) fn push(&mut self, more: &str, spaced: bool) {
        let text = self.text();
        if spaced {
            text.push(' ');
        }
        text.push_str(more);
    }

    /// Takes back what is behind a position.
    pub(super) fn truncate(&mut self, len: usize) {
        self.text().truncate(len);
    }

    /// All of it so far.
    pub(super) fn text(&mut self) -> &mut String {
        if self.from != self.to {
            let start = self.written.len();
            self.written.push_str(self.original.get(self.from..self.to).unwrap_or_default());
            if let Some(copied) = self.written.get_mut(start..) {
                copied.make_ascii_lowercase();
            }
            self.from = self.to;
        }
        self.written
    }
}
