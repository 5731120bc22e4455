//! One piece of advice: what was seen, what it means, what to do.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::identify::Fingerprint;

/// Advice, and what it rests on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recommendation {
    /// The rule that speaks, as one stable word: `missing-index`, `n-plus-one`.
    pub rule: &'static str,
    /// What sort of change it asks for.
    pub category: Category,
    /// How much it matters.
    pub priority: Priority,
    /// How much work it is.
    pub effort: Effort,
    /// How sure it is.
    pub confidence: Confidence,
    /// One line: what is the matter, with whom.
    pub title: String,
    /// What it means, in a sentence or two, for somebody who has not heard of the rule.
    pub meaning: String,
    /// What following it saves.
    pub impact: Impact,
    /// What was seen.
    pub evidence: Evidence,
    /// What to do: the exact SQL or code, one step each, in order.
    pub remedy: Vec<String>,
    /// Names this advice in every process and after every restart; mute it by this. Made of the
    /// rule and its subject, and of no number.
    pub key: String,
    /// When it was first given.
    pub first_seen: SystemTime,
    /// When it was last given.
    pub last_seen: SystemTime,
}

/// The sorts of change a recommendation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Category {
    /// Create or drop an index.
    Index,
    /// Write a statement differently, or call it differently.
    Query,
    /// Set a pool differently, or hold its connections differently.
    Pool,
    /// Send work elsewhere, or keep it away from the database.
    Workload,
    /// Store a table differently.
    Table,
    /// Bound transactions differently.
    Transaction,
    /// Set the server differently, or let it gather statistics.
    Configuration,
}

/// How much a recommendation matters, by its share of all database time, or by its risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Less than a hundredth of the time.
    Low,
    /// From a hundredth to a twentieth.
    Medium,
    /// A twentieth or more, or a risk of an outage or of wrong data.
    High,
}

/// How much work a recommendation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effort {
    /// A setting, or one statement of DDL.
    Small,
    /// A change to a statement or to the code around it.
    Medium,
    /// A change of design.
    Large,
}

/// How sure a recommendation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// The text or the sequence of calls has a shape known to be trouble.
    Pattern,
    /// A model of costs says so, from the catalogue's statistics.
    Modelled,
    /// Measured in this process: times, rows, waits.
    Observed,
    /// The database's own planner says so, with the change tried out.
    Verified,
}

/// What following a recommendation saves, from this process's own numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Impact {
    /// Database time an hour that it is expected to save, where that can be said.
    pub time_per_hour: Option<Duration>,
    /// That, as a share of all database time, from 0 to 1.
    pub share: Option<f64>,
}

/// What a recommendation rests on. Holds no literal of any statement.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Evidence {
    /// The statements concerned, the heaviest first.
    pub statements: Vec<(Fingerprint, String)>,
    /// What was seen, each with its name and value, in the order to read them.
    pub facts: Vec<Fact>,
    /// The plan as it is, one node a line, where the database was asked.
    pub plan_before: Option<String>,
    /// The plan with the remedy in place, where it could be tried out.
    pub plan_after: Option<String>,
}

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is: `calls per hour`, `rows in orders`, `existing index`.
    pub name: &'static str,
    /// How much, or which one, with its unit.
    pub value: String,
}

// === impl Evidence ===

impl Evidence {
    /// The same evidence with one more fact.
    #[must_use]
    pub fn fact(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.facts.push(Fact { name, value: value.to_string() });
        self
    }
}

// === impl Priority ===

impl Priority {
    /// Time share from which advice is of high priority.
    pub const HIGH_SHARE: f64 = 0.05;
    /// Time share from which advice is of medium priority.
    pub const MEDIUM_SHARE: f64 = 0.01;

    /// The priority of advice that saves this share of all database time.
    #[must_use]
    pub fn of_share(share: f64) -> Self {
        if share >= Self::HIGH_SHARE {
            Self::High
        } else if share >= Self::MEDIUM_SHARE {
            Self::Medium
        } else {
            Self::Low
        }
    }

    /// The priority as a word: `low`, `medium`, `high`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

// === impl Category ===

impl Category {
    /// The category as a word, such as `index`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Query => "query",
            Self::Pool => "pool",
            Self::Workload => "workload",
            Self::Table => "table",
            Self::Transaction => "transaction",
            Self::Configuration => "configuration",
        }
    }
}

// === impl Effort ===

impl Effort {
    /// The effort as a word: `small`, `medium`, `large`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

// === impl Confidence ===

impl Confidence {
    /// The confidence as a word: `pattern`, `modelled`, `observed`, `verified`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pattern => "pattern",
            Self::Modelled => "modelled",
            Self::Observed => "observed",
            Self::Verified => "verified",
        }
    }
}

macro_rules! display_as_str {
    ($($kind:ty),+) => {$(
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}
display_as_str!(Category, Confidence, Effort, Priority);
