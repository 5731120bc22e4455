//! Everybody changes the same row, and waits for it.
//!
//! **What was seen.** Half of a statement's updates or more have the same parameters, they run at the same time, and they take five times as long as those of other
//! rows: a queue for one row's lock.
//!
//! **What to do.** Spread the row: a few counter rows of which each call changes one, added up when read. Or append changes, and roll them up
//! now and then. Or gather changes in the service and write them once a second.
//!
//! **When it is wrong.** Where all rows are as slow, the lock is not the reason; then nothing is said. It cannot tell without a hash of parameters.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Rule;
use super::seen::{Found, Say, Seen, percent};
use crate::identify::{Fingerprint, Kind};
use crate::judge::advice::{Category, Confidence, Effort, Evidence, StoryCall};

pub(super) struct HotRow;

const CALLS_MIN: usize = 100;
/// Calls of other rows that are needed to compare with.
const OTHERS_MIN: usize = 20;
const SHARE_MIN: f64 = 0.5;
const SLOWER_MIN: f64 = 5.0;

impl Rule for HotRow {
    fn name(&self) -> &'static str {
        "hot-row"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        let mut statements = BTreeMap::<Fingerprint, Vec<&StoryCall>>::new();
        for call in seen.story.calls.iter().filter(|call| call.kind == Kind::Update) {
            statements.entry(call.fingerprint).or_default().push(call);
        }
        for (fingerprint, calls) in statements {
            let Some(statement) = seen.statement(fingerprint) else { continue };
            if calls.iter().all(|call| call.parameters.is_none()) {
                say.cannot_tell(&*statement.text, "parameters are not known");
            } else if calls.len() < CALLS_MIN {
                say.too_soon(&*statement.text, format!("{} calls are few", calls.len()));
            } else {
                match judge(&calls) {
                    Ok(found) => say.found_in(statement, found),
                    Err(why) => say.quiet(&*statement.text, why),
                }
            }
        }
    }
}

fn judge(calls: &[&StoryCall]) -> Result<Found, String> {
    let mut rows = BTreeMap::<Option<u64>, usize>::new();
    for call in calls {
        *rows.entry(call.parameters).or_default() += 1;
    }
    let hottest = rows.iter().filter(|(key, _)| key.is_some()).max_by_key(|(_, count)| **count);
    let Some((&key, &count)) = hottest else { return Err("parameters are not known".into()) };
    let share = count as f64 / calls.len() as f64;
    if share < SHARE_MIN {
        return Err(format!("no row has more than {} of the updates", percent(share)));
    }
    let (hot, others): (Vec<&StoryCall>, Vec<&StoryCall>) =
        calls.iter().copied().partition(|call| call.parameters == key);
    if others.len() < OTHERS_MIN {
        return Err("there are no other rows to compare with".into());
    }
    let (slow, quick) = (p95(&hot), p95(&others));
    if slow.as_secs_f64() < SLOWER_MIN * quick.as_secs_f64() {
        return Err(format!("it takes {slow:.1?}, other rows {quick:.1?}"));
    }
    let overlapping = hot.windows(2).filter(|pair| pair[1].start < pair[0].end()).count();
    if overlapping * 2 < hot.len() {
        return Err("its updates do not run at the same time".into());
    }
    Ok(Found {
        category: Category::Workload,
        effort: Effort::Large,
        confidence: Confidence::Observed,
        risk: None,
        saves: Some(share * (1.0 - quick.as_secs_f64() / slow.as_secs_f64())),
        title: format!("{} of the updates queue for one row", percent(share)),
        meaning: "one row's lock is held by one call at a time, and all others wait in line".into(),
        remedy: vec![
            "spread it over a few rows of which each call changes one, and add them up when reading".into(),
            "or append changes to a table of their own, and roll them up now and then".into(),
            "or gather changes in the service, and write them once a second".into(),
        ],
        evidence: Evidence::default()
            .fact("p95 of this row", format!("{slow:.1?}"))
            .fact("p95 of other rows", format!("{quick:.1?}")),
    })
}

fn p95(calls: &[&StoryCall]) -> Duration {
    let mut times: Vec<_> = calls.iter().map(|call| call.took).collect();
    times.sort_unstable();
    times.get(times.len() * 95 / 100).copied().unwrap_or_default()
}
