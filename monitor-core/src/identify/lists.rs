//! Lists that count as one, however long they are.
//!
//! The elements of an `in` list, the rows of `values` and the members of `array[]` are compared as they are written out,
//! and one that equals an earlier one is taken back. So memory holds the different elements, not all of them.

use xxhash_rust::xxh3::xxh3_64;

use super::output::Output;

/// How many different elements of a list a new one is compared with. Later ones stay, even if they repeat.
pub(super) const DISTINCT_MAX: usize = 16;
/// An element longer than this, written out, is not compared, which keeps lists within lists linear.
pub(super) const ELEMENT_BYTES_MAX: usize = 16 * 1024;

/// One list being written out.
#[derive(Clone, Copy, Default)]
pub(super) struct List {
    /// Where its elements start in [`Elements`].
    base: usize,
    /// Where the current element starts, separator included, and excluded.
    separator_at: usize,
    element_at: usize,
    /// How many elements there were.
    pub(super) len: usize,
}

/// The different elements of all open lists, the innermost list last.
#[derive(Default)]
pub(super) struct Elements(Vec<Element>);

struct Element {
    start: usize,
    end: usize,
    hash: u64,
}

impl Elements {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// A list whose first element starts at the end of `out`.
    pub(super) fn open(&self, out: &Output<'_>) -> List {
        List { base: self.0.len(), separator_at: out.len(), element_at: out.len(), len: 0 }
    }

    /// Ends the current element: takes it back if it repeats an earlier one.
    pub(super) fn end_element(&mut self, list: &mut List, out: &mut Output<'_>) {
        list.len += 1;
        let out = out.text();
        let start =
            list.element_at + usize::from(out.as_bytes().get(list.element_at) == Some(&b' '));
        let Some(written) = out.get(start..).filter(|written| written.len() <= ELEMENT_BYTES_MAX)
        else {
            return;
        };
        let hash = xxh3_64(written.as_bytes());
        let known = self.0.get(list.base..).unwrap_or_default();
        if known.iter().any(|one| one.hash == hash && out.get(one.start..one.end) == Some(written))
        {
            out.truncate(list.separator_at);
        } else if known.len() < DISTINCT_MAX {
            self.0.push(Element { start, end: out.len(), hash });
        }
    }

    /// Writes the comma before the next element.
    pub(super) fn separate(&self, list: &mut List, out: &mut Output<'_>) {
        list.separator_at = out.len();
        out.push(",", false);
        list.element_at = out.len();
    }

    /// Forgets the elements of `list` and of the lists within it.
    pub(super) fn close(&mut self, list: List) {
        self.0.truncate(list.base);
    }
}
