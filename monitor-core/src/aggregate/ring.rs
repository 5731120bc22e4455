//! A ring of entries that one thread fills and whoever keeps the books empties.

use super::entry::{ENTRY_WORDS, Entry};
use super::sync::{Acquire, AtomicU64, AtomicUsize, Relaxed, Release, sized};

/// Entries a ring holds.
pub(super) const RING: usize = sized(256);

/// A ring with one writer and one reader at a time, in words that anybody may load: no lock, and no store that two threads
/// share but for one word when it is emptied.
///
/// Who writes is the desk's thread. Who reads holds the lock of the books.
pub(super) struct Ring {
    /// Entries ever put in; only the writer moves it.
    put: Padded,
    /// Entries ever taken out; only the reader moves it.
    taken: Padded,
    places: Box<[[AtomicU64; ENTRY_WORDS]; RING]>,
}

/// A count on cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct Padded(AtomicUsize);

// === impl Ring ===

impl Ring {
    pub(super) fn new() -> Self {
        let places = Box::new(std::array::from_fn(|_| Default::default()));
        Self { put: Padded::default(), taken: Padded::default(), places }
    }

    /// Puts an entry in and says how many were put in until now; `None` where the ring is full. For its writer.
    #[inline]
    pub(super) fn put(&self, entry: Entry) -> Option<usize> {
        let put = self.put.0.load(Relaxed);
        // Acquires: what was in the place before has been read.
        if put.wrapping_sub(self.taken.0.load(Acquire)) >= RING {
            return None;
        }
        for (place, word) in self.places[put % RING].iter().zip(entry.to_words()) {
            place.store(word, Relaxed);
        }
        let put = put.wrapping_add(1);
        self.put.0.store(put, Release);
        Some(put)
    }

    /// Takes out all that is in. For its reader.
    pub(super) fn take(&self, into: &mut Vec<Entry>) {
        let (taken, put) = (self.taken.0.load(Relaxed), self.put.0.load(Acquire));
        let from = taken % RING;
        let end = from + put.wrapping_sub(taken);
        // Up to the end of the ring, and on from its beginning.
        for places in [&self.places[from..end.min(RING)], &self.places[..end.saturating_sub(RING)]]
        {
            let words = places.iter().map(|place| place.each_ref().map(|word| word.load(Relaxed)));
            into.extend(words.map(Entry::from_words));
        }
        self.taken.0.store(put, Release);
    }
}
