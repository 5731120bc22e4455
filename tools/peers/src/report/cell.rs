//! One figure, with its unit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// A time, in nanoseconds.
    Nanos(f64),
    /// A time beside a plain one: what it is above it, in nanoseconds, and as a share of it.
    Above {
        /// Nanoseconds above the plain call.
        nanos: f64,
        /// The same as a share of the plain call.
        share: f64,
    },
    /// So many times another figure.
    Times(f64),
    /// Things, counted.
    Count(f64),
    /// Memory.
    Bytes(f64),
    /// A part of a whole, 1 being all of it.
    Share(f64),
    /// Words.
    Words(String),
}

// === impl Cell ===

impl Cell {
    /// The figure alone; of two the first, and nothing of words.
    pub fn value(&self) -> Option<f64> {
        match *self {
            Self::Nanos(value)
            | Self::Above { nanos: value, .. }
            | Self::Times(value)
            | Self::Count(value)
            | Self::Bytes(value)
            | Self::Share(value) => Some(value),
            Self::Words(_) => None,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nanos(nanos) => time(f, *nanos),
            Self::Above { nanos, share } => {
                let percent = share * 100.0;
                let digits = usize::from(percent.abs() < 9.95);
                write!(f, "{nanos:+.0} ns ({percent:+.digits$} %)")
            }
            Self::Times(times) => write!(f, "{times:.2} ×"),
            Self::Count(count) if count.fract() == 0.0 => grouped(f, *count),
            Self::Count(count) => write!(f, "{count:.2}"),
            Self::Bytes(bytes) => write!(f, "{:.1} MB", bytes / 1e6),
            Self::Share(share) if *share == 1.0 => f.write_str("100 %"),
            Self::Share(share) => write!(f, "{:.2} %", share * 100.0),
            Self::Words(words) => f.write_str(words),
        }
    }
}

fn time(f: &mut fmt::Formatter<'_>, nanos: f64) -> fmt::Result {
    match nanos.abs() {
        size if size < 99.95 => write!(f, "{nanos:.1} ns"),
        size if size < 9_999.5 => write!(f, "{nanos:.0} ns"),
        size if size < 999_500.0 => write!(f, "{:.1} µs", nanos / 1e3),
        _ => write!(f, "{:.2} ms", nanos / 1e6),
    }
}

/// Thousands apart, so that millions can be read.
fn grouped(f: &mut fmt::Formatter<'_>, count: f64) -> fmt::Result {
    let digits = format!("{:.0}", count.abs());
    if count < 0.0 {
        f.write_str("-")?;
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            f.write_str("\u{202f}")?;
        }
        write!(f, "{digit}")?;
    }
    Ok(())
}
