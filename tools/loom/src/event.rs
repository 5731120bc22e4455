//! What lies on desks, as far as those care.

/// Words of an [`Entry`].
pub(crate) const ENTRY_WORDS: usize = 3;

/// A call that ended, and what few calls have.
pub(crate) struct Event {
    pub(crate) entry: Entry,
    pub(crate) rest: Option<Box<Rest>>,
}

/// A number, which every word of it repeats, so that a torn one is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) series: SeriesRef,
    pub(crate) number: u64,
    pub(crate) has_rest: bool,
}

/// The number of the entry it belongs to.
#[derive(Debug)]
pub(crate) struct Rest(pub(crate) u64);

/// A place and its generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeriesRef(u64);

// === impl Event ===

impl Event {
    pub(crate) fn new(entry: Entry) -> Self {
        Self { entry, rest: entry.has_rest.then(|| Box::new(Rest(entry.number))) }
    }
}

// === impl Entry ===

impl Entry {
    pub(crate) fn plain(series: SeriesRef, number: u64) -> Self {
        Self { series, number, has_rest: false }
    }

    pub(crate) fn with_rest(series: SeriesRef, number: u64) -> Self {
        Self { series, number, has_rest: true }
    }

    pub(crate) fn to_words(self) -> [u64; ENTRY_WORDS] {
        [
            self.series.word() << 32 | self.number,
            self.number,
            self.number << 1 | u64::from(self.has_rest),
        ]
    }

    pub(crate) fn from_words([series, number, marks]: [u64; ENTRY_WORDS]) -> Self {
        assert!(series as u32 as u64 == number && marks >> 1 == number, "an entry of two halves");
        Self { series: SeriesRef(series >> 32), number, has_rest: marks & 1 == 1 }
    }

    pub(crate) fn has_rest(&self) -> bool {
        self.has_rest
    }

    pub(crate) fn is_plain(&self) -> bool {
        !self.has_rest
    }
}

// === impl SeriesRef ===

impl SeriesRef {
    pub(crate) fn new(place: u64, generation: u32) -> Self {
        Self(u64::from(generation) << 8 | place)
    }

    pub(crate) fn word(self) -> u64 {
        self.0
    }

    pub(crate) fn from_word(word: u64) -> Self {
        Self(word)
    }

    pub(crate) fn place(self) -> usize {
        (self.0 & 0xff) as usize
    }

    pub(crate) fn generation(self) -> u32 {
        (self.0 >> 8) as u32
    }
}
