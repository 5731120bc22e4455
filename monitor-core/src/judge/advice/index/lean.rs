//! Many rows or few: which values a plan is asked for with, where several may be meant.

use crate::inquire::Spread;

/// Which of the values that may as well be meant are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Lean {
    /// Those that keep many rows: what is good then is good.
    #[default]
    Many,
    /// Those in between.
    Some,
    /// Those that keep few.
    Few,
}

// === impl Lean ===

impl Lean {
    pub(super) const ALL: [Self; 3] = [Self::Many, Self::Some, Self::Few];

    /// Where among the values in their order one is taken that is as good as others.
    pub(super) fn place(self) -> f64 {
        match self {
            Self::Many => 0.5,
            Self::Some => 0.3,
            Self::Few => 0.7,
        }
    }

    /// A slice of the values, which keeps a share of the rows.
    pub(super) fn around(self, share: f64) -> (f64, f64) {
        let from = (self.place() - share / 2.0).clamp(0.0, (1.0 - share).max(0.0));
        (from, (from + share).min(1.0))
    }

    /// One of a column's common values, which are in order from the most to the least common.
    pub(super) fn common(self, spread: &Spread) -> Option<(String, f64)> {
        let last = spread.common.len().checked_sub(1)?;
        let at = match self {
            Self::Many => 0,
            Self::Some => last.div_ceil(2),
            Self::Few => last,
        };
        spread.common.get(at).cloned()
    }
}
