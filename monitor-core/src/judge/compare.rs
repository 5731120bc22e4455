//! Two snapshots held against each other: before and after a deploy, or one host and another.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::change::{Answer, Change, ChangeKind, Difference, Side, differences};
use crate::capture::Database;
use crate::identify::{Fingerprint, Kind};
use crate::snapshot::{Activity, Rollup, Snapshot, StatementActivity};

/// What changed from one snapshot to another.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Comparison {
    /// What was held against it.
    pub before: Period,
    /// What was looked at.
    pub after: Period,
    /// Whether both are of one process, so that `after` is what happened since `before`.
    pub is_continuation: bool,
    /// All calls together.
    pub total: Difference,
    /// Every statement of either side: changed ones first, by the time lost or saved per hour.
    pub statements: Vec<StatementComparison>,
}

/// The time one side of a comparison covers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Period {
    /// The build that ran, where it was told.
    pub build: Option<Arc<str>>,
    /// When it ended.
    pub at: SystemTime,
    /// How long it was.
    pub covered: Duration,
}

/// One statement on both sides.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StatementComparison {
    /// Its identity; `None` for statements without a place of their own, added up by kind.
    pub fingerprint: Option<Fingerprint>,
    /// Its normalised text.
    pub text: Arc<str>,
    /// Operations and tables in a few words.
    pub summary: Arc<str>,
    /// Its kind.
    pub kind: Kind,
    /// The database it runs on.
    pub database: Arc<Database>,
    /// Its numbers and what they say.
    pub difference: Difference,
}

/// Holds two snapshots against each other, statement by statement.
///
/// Where both are of one process, `after` is what happened since `before`; otherwise both are taken
/// from their start. Statements are matched by fingerprint and database; databases by their address,
/// or else by name, or else because each side has but one left: two hosts need not call their
/// database the same.
///
/// Calls that took longer or less long are told by the rank-sum test on the two histograms (Mann and
/// Whitney 1947) and, for a change that few calls feel, by the share of calls beyond the common 95th
/// percentile (Fisher's exact test, 1935); failures by Fisher's test; calls per second by the exact
/// test of two Poisson rates (Przyborowski and Wilenski 1940). All of them together give a false
/// alarm at most once in a hundred comparisons ([`COMPARE_LEVEL`](super::COMPARE_LEVEL), Bonferroni's correction), as far as
/// calls are independent of each other; a cold cache or a nightly job is a real difference between
/// two times, if not between two builds. Besides, a difference has to matter; see
/// [`ChangeKind`]. Rows per call are
/// known as a sum only, which no test can judge: they are told when they double.
///
/// Costs some tens of milliseconds for a thousand statements.
#[must_use]
pub fn compare(before: &Snapshot, after: &Snapshot) -> Comparison {
    let is_continuation = before.started_at == after.started_at && before.uptime <= after.uptime;
    let (since, covered) = match is_continuation {
        true => (after.lifetime.since(&before.lifetime), after.uptime - before.uptime),
        false => (after.lifetime.clone(), after.uptime),
    };
    let matched = matched(&before.lifetime, &since);
    let total = (before.lifetime.total.clone(), since.total);
    let statements = matched.iter().map(|both| (both.before.clone(), both.after.clone()));
    let sides = std::iter::once(total).chain(statements);
    let sides = sides.map(|(old, new)| (Side::new(old, before.uptime), Side::new(new, covered)));
    let mut differences = differences(sides.collect()).into_iter();
    let total = differences.next().unwrap_or_default();
    let mut statements: Vec<_> =
        matched.into_iter().zip(differences).map(|(both, found)| both.compared(found)).collect();
    statements.sort_by(|a, b| {
        let time = |of: &StatementComparison| of.difference.seconds_per_hour.abs();
        a.difference.answer.cmp(&b.difference.answer).then(time(b).total_cmp(&time(a)))
    });
    Comparison {
        before: Period::of(before, before.uptime),
        after: Period::of(after, covered),
        is_continuation,
        total,
        statements,
    }
}

/// One statement's numbers on either side; none where it was not called.
struct Match {
    /// As the later side names it, which may know its tables better.
    named: StatementActivity,
    before: Activity,
    after: Activity,
}

/// Statements of both sides, by identity and by the number of their database's pair.
fn matched(before: &Rollup, after: &Rollup) -> Vec<Match> {
    let pairs = pairs(&databases(before), &databases(after));
    let key = |statement: &StatementActivity, place: fn(&Pair) -> &Option<Arc<Database>>| {
        let is_mine = |pair: &Pair| place(pair).as_ref() == Some(&statement.database);
        let (fingerprint, kind, _) = statement.key();
        (fingerprint, kind, pairs.iter().position(is_mine))
    };
    let mut all = BTreeMap::<_, Match>::new();
    for statement in &before.statements {
        let (named, before) = (statement.clone(), statement.activity.clone());
        let new = Match { named, before, after: Activity::default() };
        all.insert(key(statement, |(before, _)| before), new);
    }
    for statement in &after.statements {
        let (named, after) = (statement.clone(), statement.activity.clone());
        let key = key(statement, |(_, after)| after);
        let before = all.remove(&key).map_or_else(Activity::default, |old| old.before);
        all.insert(key, Match { named, before, after });
    }
    all.into_values().collect()
}

type Pair = (Option<Arc<Database>>, Option<Arc<Database>>);

fn databases(rollup: &Rollup) -> Vec<Arc<Database>> {
    let all: std::collections::BTreeSet<_> =
        rollup.statements.iter().map(|statement| statement.database.clone()).collect();
    all.into_iter().collect()
}

/// Which database of one side is which of the other: by address, by name, or as the only ones left.
fn pairs(before: &[Arc<Database>], after: &[Arc<Database>]) -> Vec<Pair> {
    let (mut old, mut new) = (before.to_vec(), after.to_vec());
    let mut pairs = Vec::new();
    // An address is compared as it is written: older files know no more of a database.
    let by_address = |a: &Database, b: &Database| a.to_string() == b.to_string();
    let by_name = |a: &Database, b: &Database| (a.system, &a.name) == (b.system, &b.name);
    take_pairs(&mut old, &mut new, &mut pairs, by_address);
    take_pairs(&mut old, &mut new, &mut pairs, by_name);
    if let ([a], [b]) = (&old[..], &new[..]) {
        pairs.push((Some(a.clone()), Some(b.clone())));
        return pairs;
    }
    pairs.extend(old.into_iter().map(|database| (Some(database), None)));
    pairs.extend(new.into_iter().map(|database| (None, Some(database))));
    pairs
}

fn take_pairs(
    old: &mut Vec<Arc<Database>>,
    new: &mut Vec<Arc<Database>>,
    pairs: &mut Vec<Pair>,
    are_same: impl Fn(&Database, &Database) -> bool,
) {
    old.retain(|database| match new.iter().position(|other| are_same(database, other)) {
        Some(place) => {
            pairs.push((Some(database.clone()), Some(new.remove(place))));
            false
        }
        None => true,
    });
}

// === impl Comparison ===

impl Comparison {
    /// Statements that changed, by the time lost or saved per hour.
    pub fn changed(&self) -> impl Iterator<Item = &StatementComparison> {
        self.of(Answer::Changed)
    }

    /// Statements of which this is the answer.
    pub fn of(&self, answer: Answer) -> impl Iterator<Item = &StatementComparison> {
        self.statements.iter().filter(move |statement| statement.difference.answer == answer)
    }
}

// === impl Period ===

impl Period {
    fn of(snapshot: &Snapshot, covered: Duration) -> Self {
        Self { build: snapshot.build.clone(), at: snapshot.at, covered }
    }
}

/// The build, or that it is not known.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.build {
            Some(build) => write!(f, "build {build}"),
            None => f.write_str("build not told"),
        }
    }
}

// === impl StatementComparison ===

impl StatementComparison {
    /// Its change of a kind, if it changed that way.
    #[must_use]
    pub fn change(&self, kind: ChangeKind) -> Option<&Change> {
        self.difference.changes.iter().find(|change| change.kind == kind)
    }
}

// === impl Match ===

impl Match {
    fn compared(self, difference: Difference) -> StatementComparison {
        StatementComparison {
            fingerprint: self.named.fingerprint,
            text: self.named.text,
            summary: self.named.summary,
            kind: self.named.kind,
            database: self.named.database,
            difference,
        }
    }
}
