//! Values of a call as a hash that only this process can make.

use std::fmt::{self, Write};
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

/// Hashes what is written to it, up to so many bytes.
struct Shown<'a> {
    to: &'a mut DefaultHasher,
    left: usize,
}

static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

// === impl ParameterHasher ===

impl ParameterHasher {
    /// Bytes of values that are shown for [`values_shown`](Self::values_shown); more would be felt.
    pub const SHOWN_BYTES_MAX: usize = 4_096;

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

    /// Adds values as their `Debug` shows them, for drivers that give no bytes; says `false` where that takes more than
    /// [`SHOWN_BYTES_MAX`](Self::SHOWN_BYTES_MAX), and they are then not known. Only for types that show all they hold.
    #[must_use = "values that were not added must not count as known"]
    pub fn values_shown(&mut self, values: &impl fmt::Debug) -> bool {
        let mut shown = Shown { to: &mut self.values, left: Self::SHOWN_BYTES_MAX };
        self.has_values = true;
        write!(shown, "{values:?}").is_ok()
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

impl fmt::Write for Shown<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.left = self.left.checked_sub(part.len()).ok_or(fmt::Error)?;
        self.to.write(part.as_bytes());
        Ok(())
    }
}

fn not_zero(hash: u64) -> NonZeroU64 {
    NonZeroU64::new(hash).unwrap_or(NonZeroU64::MIN)
}
