//! From the hash of a text to its series, without a lock.

use super::event::SeriesRef;
use super::lock;
use super::sync::{Acquire, AtomicU64, Mutex, Relaxed, Release, fence};

/// Texts of one set: as many as fit two cache lines.
const WAYS: usize = 7;

/// Remembers which series a text belongs to, by a 64-bit hash of it.
///
/// A look-up reads a few words and writes none, so any number of threads may look at once. Writers
/// take turns; a version that is odd while one writes makes a reader that got in between read
/// nothing (a sequence lock). When a set is full, a text that was not used since the set was last
/// full makes room.
///
/// Nothing is lost when a text is forgotten: the next time it is read again. The hash is keyed anew
/// for every monitor; two texts share one with a probability of 2^-64 per pair.
pub(super) struct Texts {
    sets: Box<[Set]>,
    writing: Mutex<()>,
}

/// What is known of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) series: SeriesRef,
    /// There is neither a literal in it nor a comment, so it says no more than its normalised form does.
    pub(super) is_bare: bool,
}

#[derive(Default)]
#[repr(align(128))]
struct Set {
    version: AtomicU64,
    /// A bit for every way that was used since it was last looked at for room, and one, [`BARE_SHIFT`] above, for every way
    /// whose text is bare.
    flags: AtomicU64,
    /// 0 where there is none.
    hashes: [AtomicU64; WAYS],
    series: [AtomicU64; WAYS],
}

const BARE_SHIFT: usize = 8;

// === impl Texts ===

impl Texts {
    pub(super) fn new(texts_max: usize) -> Self {
        let sets = (texts_max / WAYS).max(1);
        Self { sets: (0..sets).map(|_| Set::default()).collect(), writing: Mutex::new(()) }
    }

    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<Seen> {
        self.set(hash).find(hash.max(1))
    }

    pub(super) fn insert(&self, hash: u64, seen: Seen) {
        let _turn = lock(&self.writing);
        self.set(hash).insert(hash.max(1), seen);
    }

    /// Spreads hashes evenly over any number of sets (Lemire's multiply-and-shift).
    fn set(&self, hash: u64) -> &Set {
        let set = (u128::from(hash) * self.sets.len() as u128) >> 64;
        &self.sets[set as usize]
    }
}

// === impl Set ===

impl Set {
    #[inline]
    fn find(&self, hash: u64) -> Option<Seen> {
        let version = self.version.load(Acquire);
        let way = self.hashes.iter().position(|known| known.load(Relaxed) == hash)?;
        let series = self.series[way].load(Relaxed);
        let flags = self.flags.load(Relaxed);
        fence(Acquire);
        if version & 1 == 1 || self.version.load(Relaxed) != version {
            return None;
        }
        // Read first: a store takes the cache line from everybody else.
        if flags & (1 << way) == 0 {
            self.flags.fetch_or(1 << way, Relaxed);
        }
        let is_bare = flags >> BARE_SHIFT & (1 << way) != 0;
        Some(Seen { series: SeriesRef::from_word(series), is_bare })
    }

    fn insert(&self, hash: u64, Seen { series, is_bare }: Seen) {
        let way = self.room(hash);
        let version = self.version.load(Relaxed);
        self.version.store(version | 1, Relaxed);
        fence(Release);
        self.hashes[way].store(hash, Relaxed);
        self.series[way].store(series.word(), Relaxed);
        let bare = 1 << way << BARE_SHIFT;
        match is_bare {
            true => self.flags.fetch_or(bare, Relaxed),
            false => self.flags.fetch_and(!bare, Relaxed),
        };
        self.version.store((version | 1).wrapping_add(1), Release);
    }

    /// The way of a hash that is there already, an empty one, or one that was not used lately.
    fn room(&self, hash: u64) -> usize {
        let at = |wanted| self.hashes.iter().position(|known| known.load(Relaxed) == wanted);
        if let Some(way) = at(hash).or_else(|| at(0)) {
            return way;
        }
        let used = self.flags.load(Relaxed);
        let way = (0..WAYS).find(|way| used & (1 << way) == 0);
        way.unwrap_or_else(|| {
            self.flags.fetch_and(!((1 << WAYS) - 1), Relaxed);
            (hash >> 32) as usize % WAYS
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::Kind;

    fn seen(place: usize) -> Seen {
        let series = SeriesRef::new(place, 0, 0, Kind::Select);
        Seen { series, is_bare: place % 2 == 1 }
    }

    #[test]
    fn what_is_put_in_is_found_and_what_is_not_is_not() {
        let texts = Texts::new(700);
        for hash in 0..100u64 {
            texts.insert(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15), seen(hash as usize));
        }
        for hash in 1..100u64 {
            let found = texts.find(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            assert_eq!(found, Some(seen(hash as usize)));
        }
        assert_eq!(texts.find(12_345), None);
    }

    #[test]
    fn a_flood_spares_what_is_used() {
        let texts = Texts::new(WAYS);
        texts.insert(1, seen(1));
        for flood in 2..1_000 {
            assert_eq!(texts.find(1), Some(seen(1)), "before {flood}");
            texts.insert(flood, seen(2));
        }
    }

    #[test]
    fn a_text_inserted_again_has_its_new_series() {
        let texts = Texts::new(WAYS);
        texts.insert(5, seen(1));
        texts.insert(5, seen(2));
        assert_eq!(texts.find(5), Some(seen(2)));
    }

    #[test]
    fn readers_never_see_one_texts_series_under_anothers_hash() {
        // One set, and writers that keep changing it: every series found is that of its hash.
        let texts = Texts::new(WAYS);
        std::thread::scope(|scope| {
            for writer in 0..2u64 {
                let texts = &texts;
                scope.spawn(move || {
                    for round in 0..200_000u64 {
                        let hash = 1 + (round * 2 + writer) % 50;
                        texts.insert(hash, seen(hash as usize));
                    }
                });
            }
            for reader in 0..2u64 {
                let texts = &texts;
                scope.spawn(move || {
                    for round in 0..400_000u64 {
                        let hash = 1 + (round + reader) % 50;
                        if let Some(found) = texts.find(hash) {
                            assert_eq!(found, seen(hash as usize));
                        }
                    }
                });
            }
        });
    }
}
