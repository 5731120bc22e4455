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
use super::units::{self, Least, Run, RunVerdict, runs};
use crate::capture::System;
use crate::identify::Kind;

pub(super) struct NPlusOne;

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
            let shape = run.calls.first().and_then(|call| seen.shape(call.fingerprint));
            match run.judge_reads(shape, &Least::default()) {
                RunVerdict::Yes => found.push(run),
                RunVerdict::No(why) => say.quiet(subject(&run), why),
                RunVerdict::Unknown(why) => say.cannot_tell(subject(&run), why),
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
