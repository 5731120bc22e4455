//! What happens to pools, connections and transactions.

use super::ErrorClass;

/// How the wait for a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutEnd {
    /// A connection was handed out.
    Taken,
    /// The pool gave none within its time limit.
    TimedOut,
    /// The pool could not give one: a connect failed, the pool was closed.
    Failed,
    /// Whoever waited went away.
    Cancelled,
}

/// How a probe ended: the short question whether a database is there, asked beside all calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeEnd {
    /// The database answered.
    Answered,
    /// It could not be reached, or gave no answer in time.
    Failed(ErrorClass),
    /// Every connection of the pool was out, so nobody asked. Says nothing about the database.
    Busy,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionEnd {
    /// COMMIT was acknowledged.
    Committed,
    /// ROLLBACK was asked for, or COMMIT failed.
    RolledBack,
    /// It was dropped while open, which rolls it back as soon as the connection is next used.
    Dropped,
}

/// What a pool says of itself at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolLevels {
    /// Connections that exist.
    pub size: u32,
    /// Connections that exist and are not lent out.
    pub idle: u32,
    /// Connections the pool may have; `None` where it has no limit or does not say.
    pub max: Option<u32>,
    /// Connections the pool keeps at least.
    pub min: Option<u32>,
    /// Connections beyond the regular size that are open now, for pools that may overflow.
    pub overflow: u32,
}

// === impl ProbeEnd ===

impl ProbeEnd {
    /// The end as a word: `answered`, `failed`, `busy`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed(_) => "failed",
            Self::Busy => "busy",
        }
    }
}

// === impl PoolLevels ===

impl PoolLevels {
    /// Connections lent out.
    #[must_use]
    pub fn in_use(&self) -> u32 {
        self.size.saturating_sub(self.idle)
    }

    /// Two pools that count as one, together; the most they may have where both tell.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let both = |a: Option<u32>, b: Option<u32>| Some(a?.saturating_add(b?));
        Self {
            size: self.size.saturating_add(other.size),
            idle: self.idle.saturating_add(other.idle),
            max: both(self.max, other.max),
            min: both(self.min, other.min),
            overflow: self.overflow.saturating_add(other.overflow),
        }
    }
}
