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
    put: Padded<Put>,
    /// Entries ever taken out; only the reader moves it.
    taken: Padded<AtomicUsize>,
    places: [[AtomicU64; ENTRY_WORDS]; RING],
}

/// What the writer alone writes, and mostly reads.
struct Put {
    count: AtomicUsize,
    /// Up to here it puts entries in without asking how many were taken out.
    limit: AtomicUsize,
}

/// Something on cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct Padded<T>(T);

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    There,
    /// Some, and so many entries are in that they should be taken out soon.
    Less,
    None,
}

/// Entries with which the ring is to be emptied.
const ENTRIES_TO_EMPTY: usize = RING / 2;
/// More of them after which that is said again, should nobody have done so.
const ENTRIES_TO_REMIND: usize = if RING < 4 { 1 } else { RING / 4 };

// === impl Ring ===

impl Ring {
    pub(super) fn new() -> Self {
        let places = std::array::from_fn(|_| Default::default());
        let limit = AtomicUsize::new(ENTRIES_TO_EMPTY);
        let put = Padded(Put { count: AtomicUsize::new(0), limit });
        Self { put, taken: Padded::default(), places }
    }

    /// Puts an entry in, unless it is time to [look](Self::look) how much room there is. For its writer.
    #[inline]
    pub(super) fn put(&self, entry: Entry) -> bool {
        let put = self.put.0.count.load(Relaxed);
        let is_sure = put != self.put.0.limit.load(Relaxed);
        if is_sure {
            for (place, word) in self.places[put % RING].iter().zip(entry.to_words()) {
                place.store(word, Relaxed);
            }
            self.put.0.count.store(put.wrapping_add(1), Release);
        }
        is_sure
    }

    /// Looks how much room there is, so that the next one to be put in goes in if there is any. For its writer.
    pub(super) fn look(&self) -> Room {
        let put = self.put.0.count.load(Relaxed);
        // Acquires: what was in the places before has been read.
        let held = put.wrapping_sub(self.taken.0.load(Acquire));
        if held >= RING {
            return Room::None;
        }
        let (more, room) = match ENTRIES_TO_EMPTY.checked_sub(held).filter(|more| *more > 0) {
            Some(more) => (more, Room::There),
            None => (ENTRIES_TO_REMIND.min(RING - held), Room::Less),
        };
        self.put.0.limit.store(put.wrapping_add(more), Relaxed);
        room
    }

    /// Takes out all that is in, and says whether all of it is [plain](Entry::is_plain). For its reader.
    pub(super) fn take(&self, into: &mut Vec<Entry>) -> bool {
        let (taken, put) = (self.taken.0.load(Relaxed), self.put.0.count.load(Acquire));
        let mut are_plain = true;
        let from = taken % RING;
        let end = from + put.wrapping_sub(taken);
        // Up to the end of the ring, and on from its beginning.
        for places in [&self.places[from..end.min(RING)], &self.places[..end.saturating_sub(RING)]]
        {
            into.extend(places.iter().map(|place| {
                let words = place.each_ref().map(|word| word.load(Relaxed));
                let entry = Entry::from_words(words);
                are_plain &= entry.is_plain();
                entry
            }));
        }
        self.taken.0.store(put, Release);
        are_plain
    }
}
