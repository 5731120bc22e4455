//! Where the time of a call went: an entry of its own, beside that of the call.
//!
//! Most calls have nothing to tell here, so what they write when they end has no room for it; those that have
//! write once more. No box, no lock.

use std::time::Duration;

use super::entry::{Entry, IS_PART};
use super::event::{Event, SeriesRef};
use crate::snapshot::PartSums;

/// What one call adds to the sums of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// So many nanoseconds of wait for the connection that was taken for it alone.
    Waited(u64),
    /// Its rows were read one by one: nanoseconds to the first answer, for all that came after, and of the reader's own.
    Read { first: u64, fetch: u64, reader: u64 },
}

/// Tells the second sort from the first.
const IS_READ: u64 = 1;

// === impl Part ===

impl Part {
    /// To be put down for the call's series.
    pub(crate) fn event(self, series: SeriesRef) -> Event {
        Event { entry: self.entry(series), rest: None }
    }

    fn entry(self, series: SeriesRef) -> Entry {
        let series = series.word();
        Entry::from_words(match self {
            Self::Waited(nanos) => [series, nanos, 0, 0, IS_PART],
            Self::Read { first, fetch, reader } => {
                [series, first, fetch, reader, IS_PART | IS_READ]
            }
        })
    }

    /// What an entry tells; `None` where that is a call.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let [_, first, fetch, reader, marks] = entry.to_words();
        match marks {
            IS_PART => Some(Self::Waited(first)),
            marks if marks == IS_PART | IS_READ => Some(Self::Read { first, fetch, reader }),
            _ => None,
        }
    }

    /// Adds it up.
    pub(super) fn add_to(self, sums: &mut PartSums) {
        let add = |sum: &mut Duration, nanos| {
            *sum = sum.saturating_add(Duration::from_nanos(nanos));
        };
        match self {
            Self::Waited(nanos) => {
                sums.on_pool += 1;
                add(&mut sums.pool_wait, nanos);
            }
            Self::Read { first, fetch, reader } => {
                sums.streamed += 1;
                add(&mut sums.first_row, first);
                add(&mut sums.fetch, fetch);
                add(&mut sums.reader, reader);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::entry::Details;
    use crate::capture::{OutcomeKind, Tick};
    use crate::identify::Kind;

    #[test]
    fn a_part_comes_out_as_it_went_in_and_is_no_call() {
        let series = SeriesRef::new(3, 4, 5, Kind::Select);
        let parts = [
            Part::Waited(0),
            Part::Waited(u64::MAX),
            Part::Read { first: 1, fetch: u64::MAX, reader: 0 },
        ];
        for part in parts {
            let entry = Entry::from_words(part.entry(series).to_words());
            assert_eq!((entry.series, Part::of(&entry)), (series, Some(part)));
            assert!(!entry.is_plain() && !entry.has_rest());
        }
        let call = (series, Tick::from_nanos(9), 77);
        let call = Entry::new(call, Details::NOTHING.ended(OutcomeKind::Cancelled));
        assert_eq!(Part::of(&call), None);
        assert!(call.is_plain());
    }
}
