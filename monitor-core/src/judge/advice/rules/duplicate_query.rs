//! The same question is asked again and again within one request.
//!
//! **What was seen.** The same `select` with the same parameters, three times or more in one unit of work, with no write to its tables in between: the answer cannot
//! have changed by this request's own doing.
//!
//! **What to do.** Ask once and hand the answer on, or keep it for the length of the request.
//!
//! **When it is wrong.** Where somebody else's change is waited for. Pollers (more than 200 ms between calls), retries after an error, locking reads and
//! functions that give another value each time are left alone.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Rule;
use super::repeated::by_statement;
use super::seen::{Say, Seen};
use super::units::{self, Run};
use crate::identify::{Fingerprint, Kind};
use crate::judge::advice::StoryCall;

pub(super) struct DuplicateQuery;

const CALLS_MIN: usize = 3;
/// Time saved below which nobody feels it.
const SAVED_MIN: Duration = Duration::from_millis(1);
/// What gives another answer each time it is asked.
const VOLATILE: [&str; 9] = [
    "random(", "rand(", "nextval(", "now(", "clock_timestamp(", "current_timestamp", "uuid",
    "last_insert", "changes(",
];

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
        let same = same_questions(seen);
        let found: Vec<_> = same.into_iter().filter(|run| is_duplicate(seen, run, say)).collect();
        for repeated in by_statement(&found) {
            let title = format!("the same question was asked {} times in one unit of work", repeated.most());
            repeated.say(seen, say, &title, "nothing it reads was written in between, so the answer was known", vec![
                "ask once and hand the answer on, or keep it for the length of the request".into(),
            ]);
        }
    }
}

/// Calls of one unit with the same text and parameters, up to the next write to what they read.
fn same_questions<'a>(seen: &Seen<'a>) -> Vec<Run<'a>> {
    let mut open = BTreeMap::<(u64, Fingerprint, u64), Vec<&'a StoryCall>>::new();
    let mut done = Vec::new();
    for call in &seen.story.calls {
        let Some(scope) = call.scope else { continue };
        if call.kind.is_write() {
            let written = seen.statement(call.fingerprint).map(|statement| statement.tables.written.clone());
            let touched: Vec<_> = open
                .keys()
                .filter(|key| key.0 == scope && reads(seen, key.1, written.as_deref().unwrap_or_default()))
                .copied()
                .collect();
            done.extend(touched.iter().filter_map(|key| open.remove(key)));
        } else if let (Kind::Select, Some(parameters)) = (call.kind, call.parameters) {
            open.entry((scope, call.fingerprint, parameters)).or_default().push(call);
        }
    }
    done.extend(open.into_values());
    done.into_iter().map(|calls| Run { calls, between: 0, before: None }).collect()
}

fn reads(seen: &Seen<'_>, fingerprint: Fingerprint, written: &[String]) -> bool {
    let statement = seen.statement(fingerprint);
    statement.is_none_or(|statement| statement.tables.read.iter().any(|table| written.contains(table)))
}

fn is_duplicate(seen: &Seen<'_>, run: &Run<'_>, say: &mut Say<'_>) -> bool {
    let Some(first) = run.calls.first().filter(|_| run.len() > 1) else { return false };
    let why = if run.len() < CALLS_MIN {
        "asked twice"
    } else if run.has_error() {
        "there were errors in between, as in a retry"
    } else if !run.is_close() {
        "the calls are too far apart: somebody waits for a change"
    } else if VOLATILE.iter().any(|word| first.text.contains(word)) {
        "it gives another answer each time"
    } else if seen.shape(first.fingerprint).is_some_and(|shape| shape.locks) {
        "it locks what it reads"
    } else if run.saved() < SAVED_MIN {
        "it takes so little that nobody feels it"
    } else {
        return true;
    };
    say.quiet(&*first.text, why);
    false
}
