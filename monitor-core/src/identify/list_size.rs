//! How long the longest list was, in five classes.

use std::fmt;

/// The size class of the longest list that was collapsed.
///
/// Lists of any length share one statement, but ten thousand rows take longer than one: an average over both would
/// mislead. The class is not part of the identity; it is there to be counted beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ListSize {
    /// There was no list.
    #[default]
    None,
    /// One value or row.
    One,
    /// Two to ten.
    UpTo10,
    /// Eleven to a hundred.
    UpTo100,
    /// More than a hundred.
    More,
}

impl ListSize {
    /// Every class, smallest first.
    pub const ALL: [Self; 5] = [Self::None, Self::One, Self::UpTo10, Self::UpTo100, Self::More];

    /// The class of a list of `len` values or rows.
    #[must_use]
    pub const fn from_len(len: usize) -> Self {
        match len {
            0 => Self::None,
            1 => Self::One,
            2..=10 => Self::UpTo10,
            11..=100 => Self::UpTo100,
            _ => Self::More,
        }
    }

    /// The range, for labels and pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::One => "1",
            Self::UpTo10 => "2-10",
            Self::UpTo100 => "11-100",
            Self::More => "101+",
        }
    }
}

impl fmt::Display for ListSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
