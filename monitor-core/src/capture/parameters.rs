//! Values of a call as a hash that only this process can make.

use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};
use std::num::NonZeroU64;
use std::sync::LazyLock;

/// Hashes the values of one call: equal values give equal hashes, and no hash gives back a value.
///
/// Keyed with a key drawn anew for every process (SipHash, as `std` keys its maps), so hashes say nothing outside of it.
/// An adapter that tells no text tells values only where its texts hold no literals.
#[derive(Clone, Debug)]
pub struct ParameterHasher {
    text: DefaultHasher,
    values: DefaultHasher,
    has_values: bool,
}

/// What tells equal calls of a statement from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Of all that may differ between two calls: the text as it was sent, and the values bound to it.
    pub all: NonZeroU64,
    /// Of the bound values alone; `None` where nothing was bound.
    pub bound: Option<NonZeroU64>,
}

static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

// === impl ParameterHasher ===

impl ParameterHasher {
    /// With nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self { text: KEY.build_hasher(), values: KEY.build_hasher(), has_values: false }
    }

    /// Adds the text as it is sent, which may hold literals.
    pub fn text(&mut self, text: &str) {
        self.text.write(text.as_bytes());
        self.text.write_u8(0xff);
    }

    /// Adds values as they are sent, with what tells one from the next.
    pub fn values(&mut self, encoded: &[u8]) {
        self.has_values |= !encoded.is_empty();
        self.values.write_usize(encoded.len());
        self.values.write(encoded);
    }

    /// The hashes of all that was added.
    #[must_use]
    pub fn finish(&self) -> Parameters {
        let values = self.values.finish();
        let mut all = self.text.clone();
        all.write_u64(values);
        Parameters { all: not_zero(all.finish()), bound: self.has_values.then(|| not_zero(values)) }
    }
}

impl Default for ParameterHasher {
    fn default() -> Self {
        Self::new()
    }
}

fn not_zero(hash: u64) -> NonZeroU64 {
    NonZeroU64::new(hash).unwrap_or(NonZeroU64::MIN)
}
