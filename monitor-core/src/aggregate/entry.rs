//! What every call takes with it from its start into the books: a few words.

use std::num::NonZeroU64;
use std::time::Duration;

use super::event::{EventOrigin, Rest, RowCounts, SeriesRef, UNKNOWN};
use super::sites;
use crate::capture::{CallSite, OutcomeKind, Tick};

/// What every call writes when it ends: five words, as they go through the ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(super) series: SeriesRef,
    pub(super) at: Tick,
    pub(super) nanos: u64,
    details: Details,
}

/// Rows, connection, line and end of a call in two words: gathered in this form while it runs, so that nothing is left to do
/// when it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Details {
    /// Rows returned below, changed above, each [`SMALL_UNKNOWN`] or as many as fit.
    rows: u64,
    /// From below: 32 bits of the connection's number and 16 of the [site's](sites), each 0 where it is not known, 8 of the
    /// outcome, and whether there is a [`Rest`] that says all of this better.
    marks: u64,
}

/// Words of an [`Entry`].
pub(super) const ENTRY_WORDS: usize = 5;

/// In place of a count that nobody knows.
const SMALL_UNKNOWN: u32 = u32::MAX;
/// In place of a count that does not fit, and is told elsewhere.
const SMALL_BEYOND: u32 = u32::MAX - 1;

const AFFECTED_SHIFT: u32 = 32;
const SITE_SHIFT: u32 = 32;
const OUTCOME_SHIFT: u32 = 48;
const HAS_REST: u64 = 1 << 56;
/// It is no call, but tells [where the time of one went](super::parts).
pub(super) const IS_PART: u64 = 1 << 57;
const NOT_PLAIN: u64 = HAS_REST | IS_PART;

// === impl Entry ===

impl Entry {
    #[inline]
    pub(crate) fn new((series, at, nanos): (SeriesRef, Tick, u64), details: Details) -> Self {
        Self { series, at, nanos, details }
    }

    #[inline]
    pub(super) fn to_words(self) -> [u64; ENTRY_WORDS] {
        let Details { rows, marks } = self.details;
        [self.series.word(), self.at.as_nanos(), self.nanos, rows, marks]
    }

    #[inline]
    pub(super) fn from_words([series, at, nanos, rows, marks]: [u64; ENTRY_WORDS]) -> Self {
        let (series, at) = (SeriesRef::from_word(series), Tick::from_nanos(at));
        Self { series, at, nanos, details: Details { rows, marks } }
    }

    /// Whether it is a call, and all there is to it.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.details.marks & NOT_PLAIN == 0
    }

    /// Whether there is a [`Rest`] to it, which says better what is said here.
    #[inline]
    pub(super) fn has_rest(&self) -> bool {
        self.details.marks & HAS_REST != 0
    }

    /// Whether both are of one series.
    #[inline]
    pub(super) fn is_of_series_of(&self, other: &Self) -> bool {
        self.series == other.series
    }

    /// Whether both are calls of one series and [plain](Self::is_plain).
    #[inline]
    pub(super) fn is_plain_like(&self, other: &Self) -> bool {
        self.series == other.series && (self.details.marks | other.details.marks) & NOT_PLAIN == 0
    }

    /// Zero where both have the same rows and this one was completed: what of several calls can be told by adding it up
    /// with `|`. For those that have no [`Rest`].
    #[inline]
    pub(super) fn stands_out_from(&self, other: &Self) -> u64 {
        let outcome = self.details.marks & u64::from(u8::MAX) << OUTCOME_SHIFT;
        self.details.rows ^ other.details.rows | outcome
    }

    /// Whether both have the same rows. For those that have no [`Rest`].
    #[inline]
    pub(super) fn has_rows_of(&self, other: &Self) -> bool {
        self.details.rows == other.details.rows
    }

    #[inline]
    pub(super) fn outcome(&self) -> OutcomeKind {
        match (self.details.marks >> OUTCOME_SHIFT) as u8 {
            0 => OutcomeKind::Completed,
            1 => OutcomeKind::Failed,
            _ => OutcomeKind::Cancelled,
        }
    }

    #[inline]
    pub(super) fn rows(&self, rest: Option<&Rest>) -> RowCounts {
        rest.map_or_else(|| self.details.rows(), |rest| rest.rows)
    }

    /// The same where its [`Rest`] is known by a number, which takes the place of what that says better.
    pub(super) fn with_number(self, number: u64) -> Self {
        let details = Details { rows: number, marks: self.details.marks | HAS_REST };
        Self { details, ..self }
    }

    /// The number of its [`Rest`], for one that was [given](Self::with_number) one.
    pub(super) fn number(&self) -> Option<u64> {
        self.has_rest().then_some(self.details.rows)
    }

    /// Where the call came from, without its labels.
    pub(super) fn origin(&self, rest: Option<&Rest>) -> (Option<NonZeroU64>, Option<CallSite>) {
        let small = || (self.details.connection(), self.details.site());
        rest.map_or_else(small, |rest| (rest.origin.connection, rest.origin.call_site))
    }

    pub(super) fn duration(&self) -> Duration {
        Duration::from_nanos(self.nanos)
    }

    /// What it says of what a [`Rest`] says.
    pub(super) fn as_rest(&self) -> Rest {
        let (connection, call_site) = self.origin(None);
        let origin = EventOrigin { connection, labels: None, call_site };
        Rest { rows: self.rows(None), origin, ..Rest::default() }
    }
}

// === impl Details ===

impl Details {
    /// Of a call of which nothing is known.
    pub(crate) const NOTHING: Self = Self { rows: u64::MAX, marks: 0 };

    /// Of a call that a [`Rest`] says it of.
    pub(super) const ELSEWHERE: Self = Self { rows: 0, marks: HAS_REST };

    /// What is known; `None` where some of it does not fit.
    #[inline]
    pub(crate) fn of(
        rows: RowCounts,
        connection: Option<NonZeroU64>,
        site: Option<CallSite>,
    ) -> Option<Self> {
        let (returned, affected) = (small(rows.returned)?, small(rows.affected)?);
        let rows = u64::from(returned) | u64::from(affected) << AFFECTED_SHIFT;
        let mut details = Self { rows, marks: 0 };
        let fits = connection.is_none_or(|connection| details.set_connection(connection))
            && site.is_none_or(|site| details.set_site(site));
        fits.then_some(details)
    }

    /// The same of a call that has ended.
    #[inline]
    pub(crate) fn ended(self, outcome: OutcomeKind) -> Self {
        Self { marks: self.marks | (outcome as u64) << OUTCOME_SHIFT, ..self }
    }

    /// More rows were returned. Says whether they fit; where not, nothing has changed.
    #[inline]
    #[must_use]
    pub(crate) fn add_returned(&mut self, rows: u64) -> bool {
        let sum = added(self.rows as u32, rows);
        self.set_rows(sum.map(|sum| self.rows >> AFFECTED_SHIFT << AFFECTED_SHIFT | sum))
    }

    /// More rows were changed. Says whether they fit; where not, nothing has changed.
    #[inline]
    #[must_use]
    pub(crate) fn add_affected(&mut self, rows: u64) -> bool {
        let sum = added((self.rows >> AFFECTED_SHIFT) as u32, rows);
        self.set_rows(sum.map(|sum| self.rows & u64::from(u32::MAX) | sum << AFFECTED_SHIFT))
    }

    #[inline]
    fn set_rows(&mut self, rows: Option<u64>) -> bool {
        rows.inspect(|rows| self.rows = *rows).is_some()
    }

    /// Its rows are told elsewhere from now on: none that are added fit.
    pub(crate) fn leave_rows(&mut self) {
        self.rows = u64::from(SMALL_BEYOND) << AFFECTED_SHIFT | u64::from(SMALL_BEYOND);
    }

    #[inline]
    pub(crate) fn rows(&self) -> RowCounts {
        let (returned, affected) = (self.rows as u32, (self.rows >> AFFECTED_SHIFT) as u32);
        RowCounts { returned: large(returned), affected: large(affected) }
    }

    /// Says which connection it is on, and whether that fits; where not, none is known here any more.
    #[inline]
    #[must_use]
    pub(crate) fn set_connection(&mut self, connection: NonZeroU64) -> bool {
        let number = u32::try_from(connection.get()).ok();
        let others = self.marks & !u64::from(u32::MAX);
        self.marks = others | number.map_or(0, u64::from);
        number.is_some()
    }

    pub(crate) fn connection(&self) -> Option<NonZeroU64> {
        NonZeroU64::new(u64::from(self.marks as u32))
    }

    /// Says which line made it, and whether that fits; where not, none is known here any more.
    #[inline]
    #[must_use]
    pub(crate) fn set_site(&mut self, site: CallSite) -> bool {
        let others = self.marks & !(u64::from(u16::MAX) << SITE_SHIFT);
        let number = sites::number(site);
        self.marks = others | number.map_or(0, u64::from) << SITE_SHIFT;
        number.is_some()
    }

    pub(crate) fn site(&self) -> Option<CallSite> {
        sites::line((self.marks >> SITE_SHIFT) as u16)
    }
}

#[inline]
fn small(count: u64) -> Option<u32> {
    match count {
        UNKNOWN => Some(SMALL_UNKNOWN),
        count => u32::try_from(count).ok().filter(|count| *count < SMALL_BEYOND),
    }
}

#[inline]
fn large(count: u32) -> u64 {
    if count == SMALL_UNKNOWN { UNKNOWN } else { u64::from(count) }
}

/// A count and so many more; `None` where that does not fit.
#[inline]
fn added(count: u32, more: u64) -> Option<u64> {
    let known = if count == SMALL_UNKNOWN { 0 } else { u64::from(count) };
    let sum = known.saturating_add(more);
    (sum < u64::from(SMALL_BEYOND)).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_as_small_as_the_documented_size_of_a_desk_says() {
        assert_eq!(size_of::<Entry>(), ENTRY_WORDS * size_of::<u64>());
    }

    #[test]
    fn rows_add_up_until_they_do_not_fit_and_are_left_as_they_were_then() {
        let mut details = Details::NOTHING;
        assert!(details.rows().is_unknown());
        assert!(details.add_affected(0) && details.add_returned(1) && details.add_returned(6));
        let most = u64::from(SMALL_BEYOND) - 1;
        assert!(details.add_affected(most));
        for more in [1, 2, 3, u64::MAX] {
            assert!(!details.add_affected(more));
            assert_eq!((details.rows().returned, details.rows().affected), (7, most));
        }
        details.leave_rows();
        assert!(!details.add_affected(0) && !details.add_returned(0));
    }
}
