//! The rules on repeated calls, asked about one unit of work that has just ended.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::duplicate_query::{SAVED_MIN, same_questions, why_no_duplicate, why_not_shared};
use super::reading::Shape;
use super::units::{Least, Run, RunVerdict, runs_of};
use crate::identify::{self, Fingerprint, Kind, ListSize};
use crate::judge::advice::StoryCall;
use crate::snapshot::{RepeatKind, RepeatedCalls, ScopedCall, dialect};

/// The shapes of statements that were asked for, so that each is parsed once.
#[derive(Debug, Default)]
pub(crate) struct Shapes(BTreeMap<Fingerprint, Option<Shape>>);

/// One unit of work.
struct Unit<'a> {
    id: Option<u64>,
    calls: &'a [ScopedCall],
    told: &'a [StoryCall],
    by_fingerprint: BTreeMap<Fingerprint, &'a ScopedCall>,
}

/// Shapes remembered; when there are more, all are forgotten.
const SHAPES_MAX: usize = 1_000;

/// Calls that one unit of work makes again and again, though one would do.
///
/// `calls` are in the order in which they started. Where the unit has a number, what one unit nested in it does is left
/// to that one. Where parameters are not known,
/// repeated reads are told all the same: one call could ask for all, or its answer be kept.
pub(crate) fn repeats(
    id: Option<u64>,
    calls: &[ScopedCall],
    least: &Least,
    shapes: &mut Shapes,
) -> Vec<RepeatedCalls> {
    let Some(beginning) = calls.iter().map(|call| call.started).min() else { return Vec::new() };
    let beginning = calls.iter().filter_map(earliest).min().unwrap_or(beginning).min(beginning);
    let told: Vec<_> = calls.iter().map(|call| StoryCall::of_scoped(call, beginning)).collect();
    let by_fingerprint = calls.iter().map(|call| (call.record.fingerprint, call)).collect();
    let unit = Unit { id, calls, told: &told, by_fingerprint };
    let mut found = unit.loops(least, shapes);
    found.extend(unit.duplicates(least, shapes));
    found.extend(unit.at_once(least, shapes));
    found
}

fn earliest(call: &ScopedCall) -> Option<SystemTime> {
    call.record.at.checked_sub(call.record.duration)
}

// === impl Unit ===

impl Unit<'_> {
    fn loops(&self, least: &Least, shapes: &mut Shapes) -> Vec<RepeatedCalls> {
        let told: Vec<_> = self.told.iter().collect();
        let wanted = |call: &StoryCall| call.kind == Kind::Select || call.kind.is_write();
        let mut found = Vec::new();
        for run in runs_of(&told, &wanted) {
            let Some(call) = self.first(&run) else { continue };
            if run.len() < least.reads || self.is_of_nested(&run) {
                continue;
            }
            let shape = shapes.of(call);
            let (verdict, kind) = match call.record.kind {
                Kind::Select if run.overlaps() => {
                    (run.judge_reads(shape, least), RepeatKind::FanOut)
                }
                Kind::Select => (run.judge_reads(shape, least), RepeatKind::Loop),
                Kind::Insert if !inserts_one_row(call, shape) => continue,
                _ => (run.judge_writes(least), RepeatKind::Writes),
            };
            if let RunVerdict::Yes | RunVerdict::Unknown(_) = verdict {
                found.extend(self.found(kind, &run));
            }
        }
        found
    }

    fn duplicates(&self, least: &Least, shapes: &mut Shapes) -> Vec<RepeatedCalls> {
        let told: Vec<_> = self.told.iter().collect();
        let touches = |write, read| {
            let tables = |of| self.by_fingerprint.get(&of).map(|call| &call.record.tables);
            tables(read).zip(tables(write)).is_none_or(|(read, write)| {
                read.read.iter().any(|table| write.written.contains(table))
            })
        };
        let saved_min = SAVED_MIN.min(least.time);
        let mut found = Vec::new();
        for run in same_questions(&told, &touches) {
            let Some(call) = self.first(&run) else { continue };
            if run.len() > 2
                && !self.is_of_nested(&run)
                && why_no_duplicate(&run, shapes.of(call), saved_min).is_none()
            {
                found.extend(self.found(RepeatKind::Duplicate, &run));
            }
        }
        found
    }

    /// Reads that began while the same was being asked, here or elsewhere.
    fn at_once(&self, least: &Least, shapes: &mut Shapes) -> Vec<RepeatedCalls> {
        let mut late = BTreeMap::<_, (Vec<&StoryCall>, u32)>::new();
        for (call, told) in self.calls.iter().zip(self.told) {
            if call.beside > 0 && !call.in_transaction && told.error.is_none() {
                let of_line = late.entry((told.fingerprint, told.caller.clone())).or_default();
                of_line.0.push(told);
                of_line.1 = of_line.1.max(call.beside);
            }
        }
        let mut found = Vec::new();
        for (calls, beside) in late.into_values() {
            let run = Run { calls, between: 0, before: None };
            let Some(call) = self.first(&run) else { continue };
            let is_worth = run.time() >= SAVED_MIN.min(least.time) && !self.is_of_nested(&run);
            if is_worth && why_not_shared(&run, shapes.of(call)).is_none() {
                let one = self.found(RepeatKind::AtOnce, &run);
                let most = u64::from(beside) + 1;
                found.extend(one.map(|one| RepeatedCalls {
                    calls_max: most,
                    saved: one.time,
                    ..one
                }));
            }
        }
        found
    }

    /// Whether one nested unit made all calls of a run.
    fn is_of_nested(&self, run: &Run<'_>) -> bool {
        let first = run.calls.first().and_then(|call| call.scope);
        self.id.is_some() && first != self.id && run.calls.iter().all(|call| call.scope == first)
    }

    fn first(&self, run: &Run<'_>) -> Option<&ScopedCall> {
        self.by_fingerprint.get(&run.calls.first()?.fingerprint).copied()
    }

    fn found(&self, kind: RepeatKind, run: &Run<'_>) -> Option<RepeatedCalls> {
        let (first, call) = (run.calls.first()?, self.first(run)?);
        let last_at = self.calls.iter().map(|call| call.record.at).max()?;
        Some(RepeatedCalls {
            kind,
            fingerprint: first.fingerprint,
            text: first.text.clone(),
            summary: call.summary.clone(),
            database: call.record.database.clone(),
            call_site: first.caller.clone(),
            behind: run.before.map(|before| before.text.clone()),
            behind_call_site: run.before.and_then(|before| before.caller.clone()),
            units: 1,
            calls_max: run.len() as u64,
            calls: run.len() as u64,
            time: run.time(),
            saved: run.saved(),
            last_at,
            muted: call.muted,
        })
    }
}

fn inserts_one_row(call: &ScopedCall, shape: Option<&Shape>) -> bool {
    let is_plain = shape.is_none_or(|shape| shape.plain_insert);
    is_plain && matches!(call.record.list_size, ListSize::One | ListSize::None)
}

// === impl Shapes ===

impl Shapes {
    /// The shape of a call's statement; `None` where the parser does not understand it.
    fn of(&mut self, call: &ScopedCall) -> Option<&Shape> {
        if self.0.len() >= SHAPES_MAX {
            self.0.clear();
        }
        let record = &call.record;
        let shape = self.0.entry(record.fingerprint).or_insert_with(|| {
            let dialect = dialect(record.database.system);
            let numbered = identify::numbered(&record.statement, dialect);
            identify::parsed(&numbered, dialect, |tree| Some(Shape::of(&tree, None)))
        });
        shape.as_ref()
    }
}
