//! What was aimed at, beside what was measured.

use super::{Cell, Report, Table};
use crate::floods;
use crate::observers::{TABLE as OBSERVATION, names as observers};
use crate::parts::calls::{POOL, columns as calls};
use crate::parts::diesel::{TABLE as DIESEL, names as diesel};
use crate::parts::observation::columns as threads;
use crate::parts::sqlx::names as sqlx;
use crate::parts::{exact, first_sight, looking, texts};

/// What the table is called.
pub const NAME: &str = "aims";

/// An aim, and how to see whether it was reached; `None` where what it needs was not measured.
struct Aim {
    what: &'static str,
    limit: Limit,
    found: fn(&Report) -> Option<Cell>,
}

enum Limit {
    AtMost(Cell),
    AtLeast(Cell),
}

/// The aims that can be told from this report.
pub(super) fn table(report: &Report) -> Table {
    let mut table = Table::new(
        NAME,
        "Aims",
        "instructions of a call are counted by `cargo xtask bench --gate`",
        &["aim", "measured", "reached"],
    );
    for aim in aims() {
        let Some(found) = (aim.found)(report) else { continue };
        let (words, is_reached) = aim.limit.judge(&found);
        let reached = Cell::Words(if is_reached { "yes" } else { "no" }.to_owned());
        table.row(aim.what, [Cell::Words(words), found, reached].map(Some));
    }
    table
}

fn aims() -> Vec<Aim> {
    use Cell::{Bytes, Count, Nanos, Share, Times};
    use Limit::{AtLeast, AtMost};
    let aim = |what, limit, found| Aim { what, limit, found };
    vec![
        aim("one call, time-stamp counter", AtMost(Nanos(45.0)), |report| {
            one(report, observers::OURS).map(Nanos)
        }),
        aim("one call, Instant", AtMost(Nanos(70.0)), |report| {
            one(report, observers::OURS_INSTANT).map(Nanos)
        }),
        aim("allocations of a call", AtMost(Count(0.0)), |report| {
            report.cell(OBSERVATION, observers::OURS, threads::ALLOCATIONS).cloned()
        }),
        aim("two threads on one statement, beside one", AtMost(Times(1.25)), |report| {
            Some(Times(two(report, observers::OURS)? / one(report, observers::OURS)?))
        }),
        aim("OpenTelemetry SDK beside ours, without clocks", AtLeast(Times(8.0)), |report| {
            let [theirs, ours] = [observers::OTEL_NO_CLOCK, observers::OURS_NO_CLOCK];
            Some(Times(one(report, theirs)? / one(report, ours)?))
        }),
        aim("the same by two threads", AtLeast(Times(25.0)), |report| {
            let [theirs, ours] = [observers::OTEL_NO_CLOCK, observers::OURS_NO_CLOCK];
            Some(Times(two(report, theirs)? / two(report, ours)?))
        }),
        aim("sqlx pool on SQLite, 5 columns by key", AtMost(Share(0.015)), |report| {
            share(report, POOL, sqlx::OURS, calls::SQLITE_KEY)
        }),
        aim("sqlx pool on PostgreSQL, 5 columns by key", AtMost(Share(0.01)), |report| {
            share(report, POOL, sqlx::OURS, calls::POSTGRES_KEY)
        }),
        aim(
            "diesel's instrumentation on SQLite, beside writing the text once",
            AtMost(Times(1.0)),
            |report| {
                let above = |row| report.cell(DIESEL, row, calls::SQLITE_KEY)?.value();
                Some(Times(above(diesel::WATCHED)? / above(diesel::TEXT)?))
            },
        ),
        aim("diesel's precise mode on SQLite", AtMost(Nanos(90.0)), |report| {
            report.cell(DIESEL, diesel::PRECISE, calls::SQLITE_KEY)?.value().map(Nanos)
        }),
        aim("a new text of a known statement", AtMost(Nanos(250.0)), |report| {
            text(report, floods::LITERALS.name, texts::columns::TIME)
        }),
        aim("its allocations", AtMost(Count(0.0)), |report| {
            text(report, floods::LITERALS.name, texts::columns::ALLOCATIONS)
        }),
        aim("memory after a million of them", AtMost(Bytes(10e6)), |report| {
            text(report, floods::LITERALS.name, texts::columns::MEMORY)
        }),
        aim("a new statement", AtMost(Nanos(450.0)), |report| {
            text(report, floods::STATEMENTS.name, texts::columns::TIME)
        }),
        aim("memory after a million of them, all new", AtMost(Bytes(10e6)), |report| {
            text(report, floods::STATEMENTS.name, texts::columns::MEMORY)
        }),
        aim(
            "calls kept of what is hot, half of all being one-shot",
            AtLeast(Share(1.0)),
            |report| text(report, floods::ONE_SHOT.name, texts::columns::KEPT),
        ),
        aim("first sight of a 1 MB INSERT", AtMost(Nanos(1e6)), |report| {
            report.cell(first_sight::TABLE, first_sight::NORMALISED, first_sight::LONG).cloned()
        }),
        aim("calls lost of ten million by two threads", AtMost(Count(0.0)), |report| {
            report.cell(exact::TABLE, exact::ROW, exact::LOST).cloned()
        }),
        aim("snapshot of 5 000 statements", AtMost(Nanos(5e6)), |report| {
            report.cell(looking::SNAPSHOTS, looking::MANY, looking::MEDIAN).cloned()
        }),
    ]
}

fn one(report: &Report, observer: &str) -> Option<f64> {
    report.cell(OBSERVATION, observer, threads::ONE)?.value()
}

fn two(report: &Report, observer: &str) -> Option<f64> {
    report.cell(OBSERVATION, observer, threads::TWO)?.value()
}

fn text(report: &Report, flood: &str, column: &str) -> Option<Cell> {
    report.cell(texts::TABLE, flood, column).cloned()
}

fn share(report: &Report, table: &str, row: &str, column: &str) -> Option<Cell> {
    match report.cell(table, row, column)? {
        Cell::Above { share, .. } => Some(Cell::Share(*share)),
        _ => None,
    }
}

// === impl Limit ===

impl Limit {
    /// The limit in words, and whether a figure keeps it.
    fn judge(&self, found: &Cell) -> (String, bool) {
        let (words, limit) = match self {
            Self::AtMost(limit) => ("at most", limit),
            Self::AtLeast(limit) => ("at least", limit),
        };
        let is_kept = match (found.value(), limit.value()) {
            (Some(found), Some(limit)) => match self {
                Self::AtMost(_) => found <= limit,
                Self::AtLeast(_) => found >= limit,
            },
            _ => false,
        };
        (format!("{words} {limit}"), is_kept)
    }
}
