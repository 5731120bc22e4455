//! The short name of a statement, the same everywhere.

use std::{fmt, num::ParseIntError, str::FromStr};

use xxhash_rust::xxh3::xxh3_64;

/// Sixty-four bits that stand for one statement.
///
/// XXH3-64 of the normalised text's bytes, seed zero: nothing of the process, the host, the build or the day enters it,
/// so two services that run the same statement agree on its name and may add up their numbers. The committed golden
/// table of fingerprints keeps it so across versions.
///
/// Two statements of the same name are possible and never seen: among a million statements the odds are one in 37
/// million.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of a text that is normalised already.
    #[must_use]
    pub fn of_normalised(text: &str) -> Self {
        Self(xxh3_64(text.as_bytes()))
    }

    /// The fingerprint with these bits, as read from a store.
    #[must_use]
    pub const fn from_u64(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits, to store or to compare.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // from_str_radix alone would take "+f" and "f" as well.
        let refused =
            |cause| ParseFingerprintError { text: text.chars().take(32).collect(), cause };
        if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refused(None));
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|cause| refused(Some(cause)))
    }
}

/// A text was not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFingerprintError {
    text: String,
    cause: Option<ParseIntError>,
}

impl fmt::Display for ParseFingerprintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a fingerprint; one is 16 hex digits, such as `00f1e2d3c4b5a697`",
            self.text
        )
    }
}

impl std::error::Error for ParseFingerprintError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}
