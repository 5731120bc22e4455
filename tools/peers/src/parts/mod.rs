//! What can be measured, part by part, each in processes of its own.
//!
//! A process of its own because many things are there once in a process: the recorder of `metrics`, the subscriber of
//! `tracing`, OpenTelemetry's providers; and because memory that somebody left behind would be counted as another's.

pub(crate) mod calls;
pub(crate) mod diesel;
pub(crate) mod exact;
pub(crate) mod first_sight;
pub(crate) mod looking;
pub(crate) mod observation;
mod options;
mod scopes;
pub(crate) mod sqlx;
pub(crate) mod sqlx_0_8;
pub(crate) mod texts;

use anyhow::{Context, Result, bail};

use crate::report::Table;

/// The variable that carries the PostgreSQL server's address.
pub const POSTGRES_URL: &str = "MONITOR_TEST_POSTGRES_URL";

/// Something to measure, by the name that `--only` takes.
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// What it tells.
    pub about: &'static str,
    /// The processes it takes.
    pub processes: &'static [Process],
}

/// A process that prints the tables it has filled.
pub struct Process {
    /// How it is asked for.
    pub name: &'static str,
    /// Runs on the processor that the server has too: where two threads of one call lie decides otherwise how long it takes.
    pub is_pinned: bool,
    run: Run,
}

/// Does something, and tells how many allocations that took.
pub type Count = fn(&mut dyn FnMut()) -> u64;

enum Run {
    Timing(fn() -> Result<Vec<Table>>),
    /// Needs an allocator that counts, and so another program: times would suffer from it.
    Counting(fn(Count) -> Result<Vec<Table>>),
}

/// All parts, in the order they are read.
pub const PARTS: [Part; 9] = [
    Part {
        name: "observation",
        about: "one observed call, beside others' instruments",
        processes: &[
            Process::new("observation", observation::run),
            Process::counting("allocations", observation::allocations),
        ],
    },
    Part {
        name: "options",
        about: "one observed call, as the monitor is set up",
        processes: &[Process::new("options", options::run)],
    },
    Part {
        name: "scopes",
        about: "calls in units of work",
        processes: &[Process::new("scopes", scopes::run)],
    },
    Part {
        name: "first-sight",
        about: "a text that was never seen",
        processes: &[Process::new("first-sight", first_sight::run)],
    },
    Part {
        name: "texts",
        about: "a million texts, and a million statements",
        processes: &[
            Process::new("literals", texts::literals),
            Process::new("statements", texts::statements),
            Process::new("one-shot", texts::one_shot),
            Process::counting("text-allocations", texts::allocations),
        ],
    },
    Part {
        name: "exact",
        about: "ten million calls of two threads, none lost",
        processes: &[Process::new("exact", exact::run)],
    },
    Part {
        name: "looking",
        about: "snapshots and scrapes, and what they cost those who record",
        processes: &[Process::new("looking", looking::run)],
    },
    Part {
        name: "sqlx",
        about: "whole calls through sqlx, beside sqlx-otel and sqlx-tracing",
        processes: &[
            Process::pinned("sqlx", sqlx::plainly),
            Process::pinned("sqlx-layer", sqlx::with_layer),
            Process::pinned("sqlx-otel-sdk", sqlx::with_sdk),
            Process::pinned("sqlx-0.8", sqlx_0_8::run),
        ],
    },
    Part {
        name: "diesel",
        about: "whole calls through diesel, beside diesel-tracing",
        processes: &[Process::pinned("diesel", diesel::run)],
    },
];

/// Runs what a process of this name measures.
///
/// # Errors
///
/// When there is none, or what it measures cannot be set up.
pub fn run(name: &str, count: Option<Count>) -> Result<Vec<Table>> {
    let mut processes = PARTS.iter().flat_map(|part| part.processes);
    let process = processes.find(|process| process.name == name);
    match (&process.with_context(|| format!("no process is called `{name}`"))?.run, count) {
        (Run::Timing(run), None) => run(),
        (Run::Counting(run), Some(count)) => run(count),
        _ => bail!("`{name}` is not for this program"),
    }
}

/// The server's address; without one, what needs a server is left out.
fn postgres_url() -> Option<String> {
    std::env::var(POSTGRES_URL).ok()
}

// === impl Process ===

impl Process {
    const fn new(name: &'static str, run: fn() -> Result<Vec<Table>>) -> Self {
        Self { name, is_pinned: false, run: Run::Timing(run) }
    }

    const fn pinned(name: &'static str, run: fn() -> Result<Vec<Table>>) -> Self {
        Self { name, is_pinned: true, run: Run::Timing(run) }
    }

    const fn counting(name: &'static str, run: fn(Count) -> Result<Vec<Table>>) -> Self {
        Self { name, is_pinned: false, run: Run::Counting(run) }
    }

    /// Whether it is for the program whose allocator counts.
    pub fn counts_allocations(&self) -> bool {
        matches!(self.run, Run::Counting(_))
    }
}
