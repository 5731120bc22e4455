//! One query for a list, and then one more for each of its rows.
//!
//! **What was seen.** Within one request or job, one line asked the same `select` five times or more with different parameters, for a few rows each. Each call
//! waits for its own round trip; or, where they are sent at once, each takes a connection of the pool.
//!
//! **What to do.** Ask for all of them at once: `where id = any($1)` on PostgreSQL, an `in` list elsewhere; in diesel `belonging_to` and `grouped_by`. Or join in
//! the first place.
//!
//! **When it is wrong.** Pages of a large result, pollers and retries look alike, and are told apart by their rows, their pace and their errors. Calls
//! from two lines are not added up. It cannot tell where calls carry no unit of work or no hash of their parameters.

use super::Rule;
use super::repeated::by_statement;
use super::seen::{Say, Seen};
use super::units::{self, Run, runs};
use crate::capture::System;
use crate::identify::Kind;
use std::time::Duration;

pub(super) struct NPlusOne;

/// Calls from one line in one unit of work.
const CALLS_MIN: usize = 5;
/// Different parameters, as a share of the calls.
pub(super) const VARIETY_MIN: f64 = 0.8;
/// Rows of a call from which on it is a page rather than a look-up.
const ROWS_MAX: u64 = 200;
/// Time of the calls together below which nobody feels them.
const TIME_MIN: Duration = Duration::from_millis(10);

impl Rule for NPlusOne {
    fn name(&self) -> &'static str {
        "n-plus-one"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        if !units::are_known(seen) {
            return say.cannot_tell("", "calls carry no unit of work");
        }
        let mut found = Vec::new();
        for run in runs(seen, |call| call.kind == Kind::Select) {
            match judge(seen, &run) {
                Verdict::Yes => found.push(run),
                Verdict::No(why) => say.quiet(subject(&run), why),
                Verdict::Unknown(why) => say.cannot_tell(subject(&run), why),
            }
        }
        for repeated in by_statement(&found) {
            let at_once = repeated.runs.iter().filter(|run| run.overlaps()).count() * 2 > repeated.runs.len();
            let most = repeated.most();
            let (title, meaning) = match at_once {
                false => (
                    format!("the same select ran {most} times one after another in one unit of work"),
                    "each call waits for a round trip of its own",
                ),
                true => (
                    format!("the same select ran {most} times at once in one unit of work"),
                    "each call takes a connection of its own, and the database does the work one by one",
                ),
            };
            repeated.say(seen, say, &title, meaning, remedy(seen, repeated.fingerprint));
        }
    }
}

enum Verdict {
    Yes,
    No(String),
    Unknown(String),
}

fn judge(seen: &Seen<'_>, run: &Run<'_>) -> Verdict {
    let no = |why: &str| Verdict::No(why.to_owned());
    let calls = run.len();
    if calls < CALLS_MIN {
        return Verdict::No(format!("{calls} calls from one line are few"));
    }
    let shape = run.calls.first().and_then(|call| seen.shape(call.fingerprint));
    if run.has_error() {
        return no("there were errors in between, as in a retry");
    }
    if run.calls.iter().any(|call| call.rows.returned.is_some_and(|rows| rows >= ROWS_MAX)) {
        return no("the calls give pages of rows");
    }
    if shape.is_some_and(|shape| shape.listed) {
        return no("it asks for a list at once already");
    }
    if shape.is_some_and(|shape| shape.paged || (shape.limited && !shape.ranges.is_empty())) {
        return no("it goes through the pages of a result");
    }
    if !run.is_close() {
        return no("the calls are too far apart for a loop");
    }
    if run.time() < TIME_MIN {
        return Verdict::No(format!("{:.1?} in all is not felt", run.time()));
    }
    match run.variety() {
        None => Verdict::Unknown("parameters are not known".into()),
        Some(variety) if variety < VARIETY_MIN => no("the parameters repeat"),
        Some(_) => Verdict::Yes,
    }
}

fn subject(run: &Run<'_>) -> String {
    run.calls.first().map(|call| call.text.to_string()).unwrap_or_default()
}

fn remedy(seen: &Seen<'_>, fingerprint: crate::identify::Fingerprint) -> Vec<String> {
    let system = seen.statement(fingerprint).map(|statement| statement.database.system);
    let at_once = match system {
        Some(System::PostgreSql) => "ask for all at once: `where id = any($1)` with an array",
        _ => "ask for all at once: `where id in (?, ?, ...)`",
    };
    vec![
        at_once.into(),
        "or join in the statement that gave the list; in diesel `belonging_to(..)` and `grouped_by(..)`".into(),
    ]
}
