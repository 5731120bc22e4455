//! The same question is asked again and again within one request.
//!
//! **What was seen.** The same `select` with the same parameters, three times or more in one unit of work, with no write to its tables in between: the answer cannot
//! have changed by this request's own doing.
//!
//! **What to do.** Ask once and hand the answer on, or keep it for the length of the request.
//!
//! **When it is wrong.** Where somebody else's change is waited for. Pollers (more than 200 ms between calls, or seconds of hardly anything else), retries after an error, locking reads and
//! functions that give another value each time are left alone.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Rule;
use super::reading::Shape;
use super::repeated::by_statement;
use super::seen::{Say, Seen};
use super::units::{self, Run};
use crate::identify::{Fingerprint, Kind};
use crate::judge::advice::StoryCall;

pub(super) struct DuplicateQuery;

const CALLS_MIN: usize = 3;
/// Time saved below which nobody feels it.
pub(super) const SAVED_MIN: Duration = Duration::from_millis(1);
/// Functions that give another answer each time they are asked.
const VOLATILE: [&str; 16] = [
    "random", "rand", "nextval", "now", "clock_timestamp", "uuid", "uuid_short", "uuid_generate_v1", "uuid_generate_v1mc",
    "uuid_generate_v4", "uuidv4", "uuidv7", "gen_random_uuid", "last_insert_id", "last_insert_rowid", "changes",
];
/// Words that do, without being called.
const VOLATILE_WORDS: [&str; 3] = ["current_timestamp", "current_time", "current_date"];

impl Rule for DuplicateQuery {
    fn name(&self) -> &'static str {
        "duplicate-query"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        if !units::are_known(seen) {
            return say.cannot_tell("", "calls carry no unit of work");
        }
        if seen.story.calls.iter().all(|call| call.parameters.is_none()) {
            return say.cannot_tell("", "parameters are not known");
        }
        let found: Vec<_> = questions(seen)
            .into_iter()
            .filter(|run| run.calls.first().is_some_and(|first| is_duplicate(seen, first, run, say)))
            .collect();
        for repeated in by_statement(&found) {
            let title = format!("the same question was asked {} times in one unit of work", repeated.most());
            repeated.say(seen, say, &title, "nothing it reads was written in between, so the answer was known", vec![
                "ask once and hand the answer on, or keep it for the length of the request".into(),
            ]);
        }
    }
}

/// The same questions of every unit of work.
fn questions<'a>(seen: &Seen<'a>) -> Vec<Run<'a>> {
    let touches = |write, read| {
        let written = seen.statement(write).map(|statement| &statement.tables.written);
        seen.statement(read)
            .zip(written)
            .is_none_or(|(read, written)| read.tables.read.iter().any(|table| written.contains(table)))
    };
    let mut units = BTreeMap::<u64, Vec<&'a StoryCall>>::new();
    for call in &seen.story.calls {
        if let Some(scope) = call.scope {
            units.entry(scope).or_default().push(call);
        }
    }
    units.values().flat_map(|calls| same_questions(calls, &touches)).collect()
}

/// Calls of one unit with the same text and parameters, up to the next write that `touches` what they read.
pub(super) fn same_questions<'a>(
    unit: &[&'a StoryCall],
    touches: &dyn Fn(Fingerprint, Fingerprint) -> bool,
) -> Vec<Run<'a>> {
    let mut open = BTreeMap::<(Fingerprint, u64), Vec<(usize, &'a StoryCall)>>::new();
    let mut done = Vec::new();
    for (place, call) in unit.iter().enumerate() {
        if call.kind.is_write() {
            let touched: Vec<_> = open.keys().filter(|key| touches(call.fingerprint, key.0)).copied().collect();
            done.extend(touched.iter().filter_map(|key| open.remove(key)));
        } else if let (Kind::Select, Some(parameters)) = (call.kind, call.parameters) {
            open.entry((call.fingerprint, parameters)).or_default().push((place, call));
        }
    }
    done.extend(open.into_values());
    let run = |places: Vec<(usize, &'a StoryCall)>| {
        let span = places.first().zip(places.last()).map_or(0, |(first, last)| last.0 - first.0 + 1);
        let calls: Vec<_> = places.into_iter().map(|(_, call)| call).collect();
        Run { between: span.saturating_sub(calls.len()), calls, before: None }
    };
    done.into_iter().map(run).collect()
}

fn is_duplicate(seen: &Seen<'_>, first: &StoryCall, run: &Run<'_>, say: &mut Say<'_>) -> bool {
    if run.len() < 2 {
        return false;
    }
    let why = why_no_duplicate(run, seen.shape(first.fingerprint), SAVED_MIN);
    if let Some(why) = why {
        say.quiet(&*first.text, why);
    }
    why.is_none()
}

/// Whether a normalised text calls what gives another answer each time. A column of such a name, or a type, is not called.
fn is_volatile(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '`');
    let words = text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
    words.into_iter().any(|word| {
        let end = word.as_ptr().addr() - text.as_ptr().addr() + word.len();
        let is_called = text.get(end..).is_some_and(|rest| rest.trim_start().starts_with('('));
        VOLATILE_WORDS.contains(&word) || is_called && VOLATILE.contains(&word)
    })
}

/// Why an answer to a question is of no use for the same question asked a moment later.
pub(super) fn why_not_shared(run: &Run<'_>, shape: Option<&Shape>) -> Option<&'static str> {
    if run.calls.first().is_some_and(|call| is_volatile(&call.text)) {
        Some("it gives another answer each time")
    } else if shape.is_some_and(|shape| shape.locks) {
        Some("it locks what it reads")
    } else {
        None
    }
}

/// Why the same question, asked several times, is nothing to speak of. What saves less than `saved_min` is nothing.
pub(super) fn why_no_duplicate(
    run: &Run<'_>,
    shape: Option<&Shape>,
    saved_min: Duration,
) -> Option<&'static str> {
    let why = if run.len() < CALLS_MIN {
        "asked twice"
    } else if run.has_error() {
        "there were errors in between, as in a retry"
    } else if !run.is_close() {
        "the calls are too far apart: somebody waits for a change"
    } else if run.is_poll() {
        "it goes on for long and does little else: somebody waits for a change"
    } else if let Some(why) = why_not_shared(run, shape) {
        why
    } else if run.saved() < saved_min {
        "it takes so little that nobody feels it"
    } else {
        return None;
    };
    Some(why)
}
