//! How many rows a SQLite table has, and a few of them: bounded, however large it is.

use crate::inquire::{Answer, AskError, AskErrorKind, Asker, Sample, Table, TableKind, quoted};

/// How many rows a sample has at most. Each is found by one descent of the table's tree.
const SAMPLE_ROWS: u64 = 2_000;
/// Up to so many rows are counted one by one.
const COUNTED_MAX: u64 = 20_000;
/// How many stretches of row ids are looked at to learn how many of them are taken, and how long one is.
const STRETCHES: u64 = 20;
const STRETCH: u64 = 200;
/// Characters of a value that are looked at. Longer values that begin alike count as one.
const VALUE_CHARS: u32 = 64;

/// The first and last row id.
struct Span {
    first: i64,
    last: i64,
}

// === impl Span ===

impl Span {
    fn ids(&self) -> u64 {
        self.last.abs_diff(self.first).saturating_add(1)
    }

    fn step(&self, parts: u64) -> u64 {
        (self.ids() / parts).max(1)
    }
}

/// Rows of a table, and a sample of them.
///
/// Reads at most some 26 000 rows: by their row ids where the table has them, else the first ones.
pub(super) fn rows(
    asker: &mut dyn Asker,
    table: &Table,
    told: Option<f64>,
) -> Result<(Option<f64>, Option<Sample>), AskError> {
    let span = match table.kind {
        TableKind::Ordinary => span(asker, &table.name)?,
        _ => None,
    };
    let counted = match &span {
        Some(span) if span.ids() > COUNTED_MAX => counted_in_stretches(asker, table, span)?,
        _ => counted(asker, table)?,
    };
    let rows = counted.or(told);
    if rows == Some(0.0) {
        return Ok((rows, None));
    }
    let question = match &span {
        Some(span) => by_ids(table, span),
        None => first_rows(table),
    };
    let mut found = asker.ask(&question)?.rows;
    found.dedup_by(|a, b| span.is_some() && a.first() == b.first());
    found.iter_mut().for_each(|row| {
        row.remove(0);
    });
    let columns = table.columns.iter().map(|column| column.name.clone()).collect();
    let of = rows.unwrap_or(found.len() as f64);
    Ok((rows, Some(Sample { columns, rows: found, of })))
}

fn span(asker: &mut dyn Asker, table: &str) -> Result<Option<Span>, AskError> {
    let table = quoted(table);
    let question =
        format!("select (select min(rowid) from {table}), (select max(rowid) from {table})");
    let answer = match asker.ask(&question) {
        // A view, a virtual table: no row ids.
        Err(error) if error.kind == AskErrorKind::Wrong => return Ok(None),
        answer => answer?,
    };
    let cell = |at: usize| answer.rows.first()?.get(at)?.as_ref()?.parse().ok();
    Ok(cell(0).zip(cell(1)).map(|(first, last)| Span { first, last }))
}

/// Counts, up to a bound; `None` where there are more.
fn counted(asker: &mut dyn Asker, table: &Table) -> Result<Option<f64>, AskError> {
    let limit = COUNTED_MAX + 1;
    let name = quoted(&table.name);
    let answer =
        asker.ask(&format!("select count(*) from (select 1 from {name} limit {limit})"))?;
    Ok(number(&answer).filter(|&rows| rows <= COUNTED_MAX as f64))
}

/// Rows by the share of row ids that are taken, from stretches all over the table.
fn counted_in_stretches(
    asker: &mut dyn Asker,
    table: &Table,
    span: &Span,
) -> Result<Option<f64>, AskError> {
    let name = quoted(&table.name);
    let (first, last, step) = (span.first, span.last, span.step(STRETCHES));
    let answer = asker.ask(&format!(
        "with recursive at(id) as (select {first} union all select id + {step} from at \
         where id + {step} <= {last}) select avg((select count(*) from {name} \
         where rowid between at.id and at.id + {STRETCH} - 1)) from at"
    ))?;
    let taken = number(&answer).map(|rows| rows / STRETCH as f64).filter(|&taken| taken > 0.0);
    Ok(taken.map(|taken| taken * span.ids() as f64))
}

fn number(answer: &Answer) -> Option<f64> {
    answer.rows.first()?.first()?.as_ref()?.parse().ok()
}

/// Rows at evenly spread ids, each moved a little and irregularly, so that no pattern of ids falls in with the steps.
fn by_ids(table: &Table, span: &Span) -> String {
    let name = quoted(&table.name);
    let (first, last, step) = (span.first, span.last, span.step(SAMPLE_ROWS));
    format!(
        "with recursive at(n, id) as (select 0, {first} union all select n + 1, id + {step} \
         from at where id + {step} <= {last} limit {SAMPLE_ROWS}) \
         select s.rowid, {} from at join {name} s on s.rowid = (select rowid from {name} \
         where rowid >= at.id + (at.n * (at.n * 31 + 7919)) % {step} order by rowid limit 1)",
        values(table)
    )
}

fn first_rows(table: &Table) -> String {
    format!("select null, {} from {} s limit {SAMPLE_ROWS}", values(table), quoted(&table.name))
}

/// The columns' values as short texts; of what is not text only the size is looked at.
fn values(table: &Table) -> String {
    let value = |name: &str| {
        let name = quoted(name);
        format!(
            "case typeof(s.{name}) when 'blob' then length(s.{name}) \
             else substr(s.{name}, 1, {VALUE_CHARS}) end"
        )
    };
    let all: Vec<String> = table.columns.iter().map(|column| value(&column.name)).collect();
    all.join(", ")
}
