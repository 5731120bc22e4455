//! The texts a thread sent lately, told apart by comparing them: half the work of a hash.

use std::cell::RefCell;

use super::event::SeriesRef;

/// Texts a thread remembers, of all its monitors.
const PLACES: usize = 64;
/// Longer texts are hashed.
const BYTES_MAX: usize = 512;
/// So are shorter ones, which costs as little.
const BYTES_MIN: usize = 16;
/// Other texts that come by in vain before one that is not sent any more makes room.
const PATIENCE: u8 = 8;

/// The texts of one thread, each in the one place it may have.
///
/// Whoever remembers a text sees to it that there is no value in it: it is kept as it was sent. Takes up to 35 KB once there
/// is one.
struct Remembered(Option<Box<[Place; PLACES]>>);

struct Place {
    /// Whose text it is; 0 is nobody.
    owner: Owner,
    text: Box<str>,
    series: SeriesRef,
    patience: u8,
}

/// A source of a monitor of this process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner(u64);

thread_local! {
    static TEXTS: RefCell<Remembered> = const { RefCell::new(Remembered(None)) };
}

/// The series of a text, if this thread remembers it.
#[inline]
pub(super) fn find(owner: Owner, text: &str) -> Option<SeriesRef> {
    with_texts(|texts| texts.find(owner, text)).flatten()
}

/// Remembers a text that holds no value.
#[cold]
pub(super) fn remember(owner: Owner, text: &str, series: SeriesRef) {
    with_texts(|texts| texts.remember(owner, text, series));
}

#[inline]
fn with_texts<T>(work: impl FnOnce(&mut Remembered) -> T) -> Option<T> {
    let done = TEXTS.try_with(|texts| Some(work(&mut *texts.try_borrow_mut().ok()?)));
    // A thread that is ending remembers nothing.
    done.ok().flatten()
}

// === impl Remembered ===

impl Remembered {
    #[inline]
    fn find(&mut self, owner: Owner, text: &str) -> Option<SeriesRef> {
        let place = &mut self.0.as_mut()?[place_of(text)?];
        if place.owner != owner || *place.text != *text {
            return None;
        }
        place.patience = PATIENCE;
        Some(place.series)
    }

    fn remember(&mut self, owner: Owner, text: &str, series: SeriesRef) {
        let Some(number) = place_of(text).filter(|_| text.len() <= BYTES_MAX) else { return };
        let places =
            self.0.get_or_insert_with(|| Box::new(std::array::from_fn(|_| Place::empty())));
        let place = &mut places[number];
        let is_same = place.owner == owner && *place.text == *text;
        match place.patience.checked_sub(1) {
            Some(patience) if !is_same => place.patience = patience,
            _ => *place = Place { owner, text: text.into(), series, patience: PATIENCE },
        }
    }
}

/// By its length, what it ends with and what is in its middle: where statements differ.
#[inline]
fn place_of(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.len() < BYTES_MIN {
        return None;
    }
    let last = u64::from_le_bytes(*bytes.last_chunk()?);
    let middle = u64::from_le_bytes(*bytes.get(bytes.len() / 2..)?.first_chunk()?);
    let mixed = last.rotate_left(29) ^ middle ^ bytes.len() as u64;
    Some((mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize % PLACES)
}

// === impl Place ===

impl Place {
    fn empty() -> Self {
        Self { owner: Owner(0), text: Box::default(), series: SeriesRef::from_word(0), patience: 0 }
    }
}

// === impl Owner ===

impl Owner {
    /// A source by its number, of a monitor by its own, which is not 0.
    #[inline]
    pub(super) fn new(monitor: u64, source: u16) -> Self {
        Self(monitor << u16::BITS | u64::from(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::Kind;

    const ME: Owner = Owner(1 << 16);

    fn series(place: usize) -> SeriesRef {
        SeriesRef::new(place, 0, 0, Kind::Select)
    }

    fn text(number: usize) -> String {
        format!("select a from t{number} where b = ?")
    }

    #[test]
    fn only_the_very_same_text_of_the_same_source_is_found() {
        let mut texts = Remembered(None);
        let sent = "select * from customers where name = $1";
        assert_eq!(texts.find(ME, sent), None);
        texts.remember(ME, sent, series(3));
        // Same length, same middle, same end, and another place in memory.
        let alike = "select a from customers where name = $1";
        assert_eq!(place_of(sent), place_of(alike));
        assert_eq!(texts.find(ME, alike), None);
        assert_eq!(texts.find(Owner::new(1, 1), sent), None);
        assert_eq!(texts.find(Owner::new(2, 0), sent), None);
        assert_eq!(texts.find(ME, &String::from(sent)), Some(series(3)));
        texts.remember(ME, sent, series(4));
        assert_eq!(texts.find(ME, sent), Some(series(4)));
    }

    #[test]
    fn a_text_in_use_keeps_its_place_and_one_that_is_not_gives_it_up() {
        let mut texts = Remembered(None);
        let mine = text(0);
        let other = (1..).map(text).find(|other| place_of(other) == place_of(&mine));
        let other = other.unwrap_or_default();
        texts.remember(ME, &mine, series(1));
        for _ in 0..100 {
            texts.remember(ME, &other, series(2));
            assert_eq!(texts.find(ME, &mine), Some(series(1)));
        }
        for _ in 0..PATIENCE {
            texts.remember(ME, &other, series(2));
            assert_eq!(texts.find(ME, &other), None);
        }
        texts.remember(ME, &other, series(2));
        assert_eq!((texts.find(ME, &mine), texts.find(ME, &other)), (None, Some(series(2))));
    }

    #[test]
    fn texts_that_are_very_short_or_very_long_are_not_remembered() {
        let mut texts = Remembered(None);
        for text in ["", "commit", &"x".repeat(BYTES_MAX + 1)] {
            texts.remember(ME, text, series(1));
            assert_eq!(texts.find(ME, text), None);
        }
    }
}
