//! What the literals of a statement's texts tell, without keeping one.
//!
//! A normalised text says nothing of its literals, and that is the point of it. A little of what they say matters to whoever
//! gives advice: that a pattern starts with a wildcard, that a thousand rows are skipped, that every call brings a
//! text of its own. That much is noted here, at the first sight of a text, as bits from which no value can be told.
//!
//! Of a few places it is noted where they stand in the normalised text: a literal that is a truth, which advice on partial
//! indexes needs, and a pattern with how it begins. A truth is no value of anybody's: there are two of them.

use xxhash_rust::xxh3::xxh3_64;

use super::{dialect::Dialect, keyword::Word, token::TokenKind};

/// An `offset` from which on it counts as deep, in rows.
///
/// Every row skipped is read and thrown away: 250 000 of them took 22 ms by an index on PostgreSQL 15, where a page alone takes
/// 0.05 ms. At a thousand, skipping costs more than the page.
pub const DEEP_OFFSET: u64 = 1_000;

const LEADING_WILDCARD: u8 = 1;
const FIXED_START: u8 = 2;
const DEEP: u8 = 4;
const SHALLOW: u8 = 8;
/// There was a text; without it, what was noted of places is not "nothing" but "not yet".
const SEEN: u8 = 16;

/// Places of a statement of which something is noted; of further ones nothing is, and no advice is given on them.
pub const NOTED_PLACES_MAX: usize = 6;

/// Bits of the sketch of texts.
const SKETCH_BITS: u32 = 256;
/// The longest list whose length is told apart from longer ones.
const LENGTHS: usize = 64;

/// What the literals of all texts of a statement told.
///
/// Two of them add up by [`merge`](Self::merge); adding the same again changes nothing. 80 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    flags: u8,
    places: Places,
    /// One bit for each different set of literals, by its hash.
    sketch: [u64; 4],
    /// One bit for each length of the longest list.
    lengths: u64,
}

/// What the literal in one place is like in all texts of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Like {
    /// Nothing is noted.
    #[default]
    Anything,
    /// `true`.
    True,
    /// `false`.
    False,
    /// SQLite's `1`, which is how it writes a truth.
    One,
    /// SQLite's `0`.
    Zero,
    /// A pattern of `like` that begins with a character of its own.
    Prefix,
    /// A pattern that begins with a wildcard.
    Wildcard,
}

/// What is noted of places, in the order of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Places([Place; NOTED_PLACES_MAX]);

/// Where a `?` stands in the normalised text, in bytes, and what was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    at: u16,
    like: Like,
}

/// The same for one text, while it is read.
#[derive(Clone, Copy, Default)]
pub(super) struct Noted {
    flags: u8,
    places: Places,
    hash: u64,
    literals: bool,
    /// Whether the value met last was a literal.
    was_literal: bool,
    /// A number after `limit`, which is an offset if a comma follows.
    limit: Option<u8>,
    /// Whether the next value begins a pattern: behind `like`, and behind `like upper(`.
    in_pattern: bool,
}

// === impl Wording ===

impl Wording {
    /// Whether a literal pattern of `like` began with `%` or `_`.
    #[must_use]
    pub fn has_leading_wildcard(&self) -> bool {
        self.flags & LEADING_WILDCARD != 0
    }

    /// Whether a literal pattern of `like` began with a character of its own.
    #[must_use]
    pub fn has_fixed_start(&self) -> bool {
        self.flags & FIXED_START != 0
    }

    /// Whether a literal `offset` was [`DEEP_OFFSET`] rows or more.
    #[must_use]
    pub fn has_deep_offset(&self) -> bool {
        self.flags & DEEP != 0
    }

    /// Whether a literal `offset` was less than that.
    #[must_use]
    pub fn has_shallow_offset(&self) -> bool {
        self.flags & SHALLOW != 0
    }

    /// How many different sets of literals the texts had, roughly: within a tenth up to a few
    /// hundred, and never more than about 1 400. Zero where all values were bound.
    #[must_use]
    pub fn literal_variants(&self) -> u64 {
        let set: u32 = self.sketch.iter().map(|word| word.count_ones()).sum();
        // Linear counting (Whang and others, 1990): so many bits are still clear.
        let clear = f64::from((SKETCH_BITS - set).max(1)) / f64::from(SKETCH_BITS);
        (-f64::from(SKETCH_BITS) * clear.ln()).round() as u64
    }

    /// Whether there were literals: values that were not bound.
    pub(crate) fn has_literals(&self) -> bool {
        self.sketch.iter().any(|word| *word != 0)
    }

    /// How many different lengths the longest list of a text had; 64 and more count as one.
    #[must_use]
    pub fn list_lengths(&self) -> u32 {
        self.lengths.count_ones()
    }

    /// What the literal was like whose `?` stands so many bytes into the normalised text, if all texts agree.
    pub(crate) fn at(&self, at: usize) -> Like {
        self.places
            .0
            .iter()
            .find(|place| usize::from(place.at) == at)
            .map_or(Like::Anything, |place| place.like)
    }

    /// Adds what other texts of the statement told.
    pub fn merge(&mut self, other: &Self) {
        match (self.flags & SEEN, other.flags & SEEN) {
            (_, 0) => {}
            (0, _) => self.places = other.places,
            _ => self.places.keep_common(&other.places),
        }
        self.flags |= other.flags;
        self.lengths |= other.lengths;
        for (word, more) in self.sketch.iter_mut().zip(other.sketch) {
            *word |= more;
        }
    }
}

// === impl Noted ===

impl Noted {
    /// Meets a token of any kind. A pattern may stand in functions that leave alone how it begins.
    #[inline]
    pub(super) fn token<'a>(&mut self, kind: TokenKind, text: impl FnOnce() -> &'a str) {
        self.in_pattern = match kind {
            TokenKind::Keyword(keyword) => matches!(keyword.word, Word::Like | Word::Ilike),
            _ => self.in_pattern && keeps_pattern(kind, text()),
        };
    }

    /// Meets a value or a placeholder as written, behind the token `last`; what it is like.
    pub(super) fn value(&mut self, text: &str, last: Option<TokenKind>, dialect: Dialect) -> Like {
        self.limit = None;
        let begins_pattern = std::mem::take(&mut self.in_pattern);
        self.was_literal = !is_placeholder(text);
        if !self.was_literal {
            return Like::Anything;
        }
        self.take(text);
        match last.and_then(TokenKind::word) {
            _ if begins_pattern => {
                let (flag, like) = start_of_pattern(text).unwrap_or_default();
                self.flags |= flag;
                return like;
            }
            Some(Word::Offset) => self.flags |= depth(text).unwrap_or(0),
            Some(Word::Limit) => self.limit = depth(text),
            _ => return truth(text, dialect),
        }
        Like::Anything
    }

    /// A `?` is written so many bytes into the normalised text, for a value that is like this.
    pub(super) fn place(&mut self, at: usize, like: Like) {
        let Ok(at) = u16::try_from(at) else { return };
        // What stood here or behind was taken back.
        let kept = self
            .places
            .0
            .iter()
            .take_while(|place| place.like != Like::Anything && place.at < at)
            .count();
        if let Some(behind) = self.places.0.get_mut(kept..) {
            behind.fill(Place::default());
            if let (Some(place), true) = (behind.first_mut(), like != Like::Anything) {
                *place = Place { at, like };
            }
        }
    }

    /// Meets a comma: `limit 40, 20` skips forty rows.
    pub(super) fn comma(&mut self) {
        self.flags |= self.limit.take().unwrap_or(0);
    }

    /// Meets values like the last one, which nobody reads one by one.
    pub(super) fn more(&mut self, text: &str) {
        if self.was_literal && !text.is_empty() {
            self.take(text);
        }
    }

    fn take(&mut self, text: &str) {
        self.literals = true;
        self.hash = self.hash.rotate_left(7) ^ xxh3_64(text.as_bytes());
    }

    /// All of it, with the length of the longest list.
    pub(super) fn wording(self, len_max: usize) -> Wording {
        let flags = self.flags | SEEN;
        let mut wording = Wording { flags, places: self.places, ..Wording::default() };
        if self.literals {
            let bit = xxh3_64(&self.hash.to_le_bytes()) % u64::from(SKETCH_BITS);
            wording.sketch[(bit / 64) as usize] = 1 << (bit % 64);
        }
        if len_max > 0 {
            wording.lengths = 1 << (len_max.min(LENGTHS) - 1);
        }
        wording
    }
}

/// Whether a pattern may still begin behind this token.
fn keeps_pattern(kind: TokenKind, text: &str) -> bool {
    const KEEPING: [&str; 4] = ["concat", "lower", "unaccent", "upper"];
    match kind {
        TokenKind::Value | TokenKind::Text | TokenKind::Open => true,
        TokenKind::Name => KEEPING.iter().any(|name| name.eq_ignore_ascii_case(text)),
        _ => false,
    }
}

fn is_placeholder(text: &str) -> bool {
    match text.as_bytes() {
        [b'?' | b':' | b'@', ..] => true,
        // Not a string behind `$tag$`, whether it ends or not.
        [b'$', rest @ ..] => !rest.contains(&b'$'),
        _ => false,
    }
}

/// What a pattern begins with, behind its quote.
fn start_of_pattern(text: &str) -> Option<(u8, Like)> {
    let quote = text.find(['\'', '"'])?;
    match text.as_bytes().get(quote + 1)? {
        b'%' | b'_' => Some((LEADING_WILDCARD, Like::Wildcard)),
        _ => Some((FIXED_START, Like::Prefix)),
    }
}

/// Which truth a literal is, if it is one.
fn truth(text: &str, dialect: Dialect) -> Like {
    match text {
        "1" if dialect == Dialect::Sqlite => Like::One,
        "0" if dialect == Dialect::Sqlite => Like::Zero,
        _ if text.eq_ignore_ascii_case("true") => Like::True,
        _ if text.eq_ignore_ascii_case("false") => Like::False,
        _ => Like::Anything,
    }
}

// === impl Places ===

impl Places {
    fn keep_common(&mut self, others: &Self) {
        let mut kept = Self::default();
        let common =
            self.0.iter().filter(|place| place.like != Like::Anything && others.0.contains(place));
        kept.0.iter_mut().zip(common).for_each(|(to, place)| *to = *place);
        *self = kept;
    }
}

// === impl Like ===

impl Like {
    /// The truth as SQL.
    pub(super) fn truth(self) -> Option<&'static str> {
        match self {
            Self::True => Some("true"),
            Self::False => Some("false"),
            Self::One => Some("1"),
            Self::Zero => Some("0"),
            Self::Anything | Self::Prefix | Self::Wildcard => None,
        }
    }
}

fn depth(text: &str) -> Option<u8> {
    let rows: u64 = text.parse().ok()?;
    Some(if rows >= DEEP_OFFSET { DEEP } else { SHALLOW })
}
