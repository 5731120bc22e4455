//! One call, on its way from the thread that saw it to the books.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::entry::{Details, Entry};
use crate::capture::{CallSite, ErrorClass, Failure, Labels, Outcome, Rows, Tick, TraceContext};
use crate::identify::Kind;
use crate::snapshot::{CallParts, SlowVerdict};

/// Which series a call counts for, in one word, so that a look-up is one load.
///
/// A place in the books is given to one series after another. The generation tells them apart; a
/// call whose series has lost its place is counted as "other", for which source and kind are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeriesRef(u64);

/// Places there can be: what fits the bits below.
pub(crate) const PLACES_MAX: usize = 1 << 20;
/// Sources there can be.
pub(crate) const SOURCES_MAX: usize = 1 << 12;

const SOURCE_SHIFT: u32 = 20;
const KIND_SHIFT: u32 = 32;
const GENERATION_SHIFT: u32 = 36;
const GENERATION_MASK: u32 = (1 << (64 - GENERATION_SHIFT)) - 1;

/// One call that has ended: what every call has, and what few have.
#[derive(Debug)]
pub(crate) struct Event {
    pub(super) entry: Entry,
    pub(super) rest: Option<Box<Rest>>,
}

/// What few calls have: those that failed, may be slow or carry labels, and what is too large for an [`Entry`].
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) error: Option<ErrorDetail>,
    pub(super) closer: Closer,
    pub(super) rows: RowCounts,
    pub(super) origin: EventOrigin,
    /// Of a call that turned out to be slow: how, and a number that tells slow calls apart.
    pub(super) slow: Option<(SlowVerdict, u64)>,
}

/// What went wrong.
#[derive(Clone, Debug)]
pub(super) struct ErrorDetail {
    pub(super) class: ErrorClass,
    pub(super) code: Option<Box<str>>,
}

/// What a call that may be slow, or that is observed, tells beside its origin: worth a box only for
/// such a one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closer {
    pub(crate) parts: CallParts,
    pub(crate) trace: Option<TraceContext>,
    /// As it was sent, where texts are kept.
    pub(crate) text: Option<SentText>,
}

/// The beginning of a text as it was sent, literals and all.
#[derive(Clone)]
pub(crate) struct SentText {
    text: Box<str>,
    pub(super) is_cut: bool,
}

/// Where a call came from, as far as the histories tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventOrigin {
    pub(crate) connection: Option<NonZeroU64>,
    pub(crate) labels: Option<Arc<Labels>>,
    pub(crate) call_site: Option<CallSite>,
}

/// [`Rows`] in two words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowCounts {
    pub(super) returned: u64,
    pub(super) affected: u64,
}

/// Stands for a count that nobody knows.
pub(super) const UNKNOWN: u64 = u64::MAX;

impl Default for RowCounts {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

// === impl Event ===

impl Event {
    /// A call that every [detail](Details) says all of.
    #[inline]
    pub(crate) fn plain(ended: (SeriesRef, Tick, u64), details: Details) -> Self {
        Self { entry: Entry::new(ended, details), rest: None }
    }

    /// A call of a series that ended so; `told` is what is told of one that may be slow or is observed.
    #[inline]
    pub(crate) fn new(
        (series, at, nanos): (SeriesRef, Tick, u64),
        rows: RowCounts,
        outcome: Outcome<'_>,
        closer: Option<Closer>,
        origin: EventOrigin,
    ) -> Self {
        let may_be_plain =
            closer.is_none() && origin.labels.is_none() && !matches!(outcome, Outcome::Failed(_));
        let details =
            may_be_plain.then(|| Details::of(rows, origin.connection, origin.call_site)).flatten();
        let (details, rest) = match details {
            Some(details) => (details, None),
            None => (Details::ELSEWHERE, Some(Rest::new(outcome, closer, rows, origin))),
        };
        Self { entry: Entry::new((series, at, nanos), details.ended(outcome.kind())), rest }
    }
}

// === impl Rest ===

impl Rest {
    #[cold]
    fn new(
        outcome: Outcome<'_>,
        closer: Option<Closer>,
        rows: RowCounts,
        origin: EventOrigin,
    ) -> Box<Self> {
        let error = match outcome {
            Outcome::Failed(Failure { class, code }) => {
                Some(ErrorDetail { class, code: code.map(cut) })
            }
            Outcome::Completed | Outcome::Cancelled => None,
        };
        Box::new(Self { error, closer: closer.unwrap_or_default(), rows, origin, slow: None })
    }
}

/// A code, cut where it is longer than any database's.
fn cut(code: &str) -> Box<str> {
    const CODE_CHARS_MAX: usize = 32;
    let end = code.char_indices().nth(CODE_CHARS_MAX).map_or(code.len(), |(end, _)| end);
    code[..end].into()
}

/// A duration as nanoseconds; half a millennium at most, and a nanosecond less than what stands for
/// "never".
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).min(u64::MAX - 1)
}

// === impl SentText ===

impl SentText {
    /// So many bytes of a text at most.
    pub(crate) fn of(text: &str, bytes_max: usize) -> Self {
        let end = text.floor_char_boundary(bytes_max);
        Self { text: text[..end].into(), is_cut: end < text.len() }
    }

    pub(super) fn into_text(self) -> Arc<str> {
        self.text.into()
    }
}

/// Never shows what it holds.
impl std::fmt::Debug for SentText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SentText({} bytes)", self.text.len())
    }
}

// === impl RowCounts ===

impl RowCounts {
    pub(crate) const UNKNOWN: Self = Self { returned: UNKNOWN, affected: UNKNOWN };

    /// These rows as they are counted for a kind of statement, whatever the driver says.
    #[inline]
    pub(super) fn counted_for(mut self, kind: Kind) -> Self {
        match kind {
            Kind::Select | Kind::Ddl => {
                // A query's only number is the rows it returned, whatever its driver calls them.
                if self.returned == UNKNOWN && kind == Kind::Select {
                    self.returned = self.affected;
                }
                // Changes nothing, even if the driver's counter still stands where the call before
                // left it.
                self.affected = if self.affected == UNKNOWN { UNKNOWN } else { 0 };
            }
            // Has no rows, whether the driver says so or not.
            Kind::Transaction => self = Self { returned: 0, affected: 0 },
            // RETURNING hands out every row it has changed, and some drivers tell no more than that.
            _ if kind.is_write() && self.affected == UNKNOWN && self.returned != UNKNOWN => {
                self.affected = self.returned;
            }
            _ => {}
        }
        self
    }

    /// Whether the driver told neither number.
    #[inline]
    pub(super) fn is_unknown(self) -> bool {
        self.returned == UNKNOWN && self.affected == UNKNOWN
    }

    /// Rows returned, where the driver tells.
    #[inline]
    pub(super) fn returned(self) -> Option<u64> {
        (self.returned != UNKNOWN).then_some(self.returned)
    }

    /// Rows returned and changed, with nothing for what is not known.
    #[inline]
    pub(super) fn known(self) -> (u64, u64) {
        let known = |count| if count == UNKNOWN { 0 } else { count };
        (known(self.returned), known(self.affected))
    }

    #[inline]
    pub(crate) fn add_returned(&mut self, rows: u64) {
        add(&mut self.returned, rows);
    }

    #[inline]
    pub(crate) fn add_affected(&mut self, rows: u64) {
        add(&mut self.affected, rows);
    }
}

#[inline]
fn add(count: &mut u64, more: u64) {
    let known = if *count == UNKNOWN { 0 } else { *count };
    *count = known.saturating_add(more).min(UNKNOWN - 1);
}

impl From<Rows> for RowCounts {
    #[inline]
    fn from(Rows { returned, affected }: Rows) -> Self {
        let word = |count: Option<u64>| count.map_or(UNKNOWN, |count| count.min(UNKNOWN - 1));
        Self { returned: word(returned), affected: word(affected) }
    }
}

impl From<RowCounts> for Rows {
    fn from(RowCounts { returned, affected }: RowCounts) -> Self {
        let count = |word: u64| (word != UNKNOWN).then_some(word);
        Self { returned: count(returned), affected: count(affected) }
    }
}

// === impl SeriesRef ===

impl SeriesRef {
    pub(super) fn new(place: usize, generation: u32, source: u16, kind: Kind) -> Self {
        let generation = generation & GENERATION_MASK;
        Self(
            place as u64
                | u64::from(source) << SOURCE_SHIFT
                | (kind as u64) << KIND_SHIFT
                | u64::from(generation) << GENERATION_SHIFT,
        )
    }

    #[inline]
    pub(super) fn from_word(word: u64) -> Self {
        Self(word)
    }

    #[inline]
    pub(crate) fn word(self) -> u64 {
        self.0
    }

    #[inline]
    pub(super) fn place(self) -> usize {
        (self.0 & (PLACES_MAX as u64 - 1)) as usize
    }

    #[inline]
    pub(super) fn generation(self) -> u32 {
        (self.0 >> GENERATION_SHIFT) as u32
    }

    #[inline]
    pub(super) fn source(self) -> u16 {
        (self.0 >> SOURCE_SHIFT) as u16 & (SOURCES_MAX as u16 - 1)
    }

    /// The kind as tokens told it.
    #[inline]
    pub(crate) fn kind(self) -> Kind {
        Kind::ALL.get((self.0 >> KIND_SHIFT) as usize & 15).copied().unwrap_or(Kind::Unknown)
    }

    /// The generation after this one.
    pub(super) fn next_generation(generation: u32) -> u32 {
        generation.wrapping_add(1) & GENERATION_MASK
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::OutcomeKind;

    #[test]
    fn an_event_comes_out_as_it_went_in_however_large_its_numbers() {
        let site = CallSite::here();
        let counts = [None, Some(0), Some(7), Some(u64::from(u32::MAX)), Some(1 << 40)];
        for (returned, affected) in counts.iter().flat_map(|a| counts.map(|b| (*a, b))) {
            for connection in [None, Some(1), Some(u64::from(u32::MAX)), Some(u64::MAX)] {
                let origin = EventOrigin {
                    connection: connection.and_then(NonZeroU64::new),
                    labels: None,
                    call_site: Some(site),
                };
                let rows = RowCounts::from(Rows { returned, affected });
                let series = SeriesRef::new(3, 4, 5, Kind::Select);
                let ended = (series, Tick::from_nanos(9), 77);
                let event = Event::new(ended, rows, Outcome::Cancelled, None, origin);
                let entry = Entry::from_words(event.entry.to_words());
                assert_eq!((entry.series, entry.at, entry.nanos), ended);
                assert_eq!(
                    (entry.outcome(), entry.has_rest()),
                    (OutcomeKind::Cancelled, event.rest.is_some())
                );
                assert_eq!(
                    Rows::from(entry.rows(event.rest.as_deref())),
                    Rows { returned, affected }
                );
                let (known, line) = entry.origin(event.rest.as_deref());
                assert_eq!((known.map(NonZeroU64::get), line), (connection, Some(site)));
            }
        }
    }

    #[test]
    fn a_series_fits_in_a_word_and_comes_out_whole() {
        for kind in Kind::ALL {
            let series = SeriesRef::new(PLACES_MAX - 1, 77, 4_095, kind);
            let back = SeriesRef::from_word(series.word());
            assert_eq!(back.place(), PLACES_MAX - 1);
            assert_eq!((back.generation(), back.source(), back.kind()), (77, 4_095, kind));
        }
        assert_eq!(SeriesRef::next_generation(GENERATION_MASK), 0);
    }
}
