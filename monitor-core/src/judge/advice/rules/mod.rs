//! The rules, one a file: each has a reason, a check and words.
//!
//! The sentences that open a rule's file are its manual page, for whoever got its advice: what was seen, why it hurts, what
//! to do, and when it is wrong. `cargo xtask rules` makes `docs/rules.md` of them.

mod idle;
mod live;
mod names;
mod pressure;
mod reading;
mod repeated;
mod rewritten;
mod seen;
mod units;

use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) use self::live::{Shapes, repeats};
pub(crate) use self::units::Least;

use self::reading::Shape;
use self::seen::{Opinion, Query, Say, Seen};
use super::{Advice, AdviceSettings, Story};
use crate::identify;
use crate::inquire::Catalogue;
use crate::snapshot::{Activity, Snapshot, StatementActivity};

/// One rule. It answers one of two questions, and has nothing to say to the other.
trait Rule: Sync {
    /// Its name, as one stable word: `n-plus-one`.
    fn name(&self) -> &'static str;

    /// Rules whose advice is cheaper to follow, and may make this one's needless: while one of them speaks, this one is
    /// silent.
    fn yields_to(&self) -> &'static [&'static str] {
        &[]
    }

    /// What it makes of one statement that ran of late.
    fn read(&self, _: &Query<'_>) -> Opinion {
        Opinion::NotMine
    }

    /// What it makes of all that was seen.
    fn watch(&self, _: &Seen<'_>, _: &mut Say<'_>) {}
}

macro_rules! rules {
    ($($file:ident $rule:ident,)*) => {
        $(mod $file;)*

        /// Every rule, by name.
        const RULES: &[&dyn Rule] = &[$(&$file::$rule,)*];
    };
}

rules! {
    cache_candidate CacheCandidate,
    cartesian_join CartesianJoin,
    connection_churn ConnectionChurn,
    connection_held_idle ConnectionHeldIdle,
    correlated_subquery CorrelatedSubquery,
    count_for_existence CountForExistence,
    count_whole_table CountWholeTable,
    deep_offset DeepOffset,
    distinct_join DistinctJoin,
    distinct_on_latest DistinctOnLatest,
    duplicate_query DuplicateQuery,
    having_as_where HavingAsWhere,
    hot_row HotRow,
    idle_in_transaction IdleInTransaction,
    in_list_variants InListVariants,
    latency_regression LatencyRegression,
    leading_wildcard LeadingWildcard,
    limit_without_order LimitWithoutOrder,
    missing_where_write MissingWhereWrite,
    n_plus_one NPlusOne,
    n_plus_one_write NPlusOneWrite,
    nested_acquire NestedAcquire,
    not_in_subquery NotInSubquery,
    or_across_tables OrAcrossTables,
    order_by_random OrderByRandom,
    partition_candidate PartitionCandidate,
    pool_too_large PoolTooLarge,
    pool_too_small PoolTooSmall,
    read_replica_candidate ReadReplicaCandidate,
    row_by_row_insert RowByRowInsert,
    sargable_arithmetic SargableArithmetic,
    sargable_case SargableCase,
    sargable_cast SargableCast,
    sargable_coalesce SargableCoalesce,
    sargable_function SargableFunction,
    select_star_wide SelectStarWide,
    serialization_retries SerializationRetries,
    slow_query SlowQuery,
    stale_statistics StaleStatistics,
    statement_cache_thrash StatementCacheThrash,
    unbounded_result UnboundedResult,
    union_distinct UnionDistinct,
    use_bind_parameters UseBindParameters,
    use_upsert UseUpsert,
}

/// What advice is taken from.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The numbers.
    pub snapshot: &'a Snapshot,
    /// What happened, as far as it is known.
    pub story: &'a Story,
    /// What the database holds, where it was asked. It says nothing of statements of [another](Catalogue::database).
    pub catalogue: Option<&'a Catalogue>,
    /// How advice is given.
    pub settings: &'a AdviceSettings,
}

/// Calls of a statement below which nothing is said of how it is written, unless they took
/// [`TIME_MIN`]: who typed a query once does not want to be told how.
const CALLS_MIN: u64 = 5;
/// Time after which a statement is worth a word, however seldom it was called.
const TIME_MIN: Duration = Duration::from_secs(1);

/// A statement, and what each rule makes of it.
type Opinions<'a> = (&'a StatementActivity, Vec<Opinion>);

/// Asks every rule.
///
/// A pure function: the same question has the same answer. Parses each statement of the last hour once, on threads
/// with the stack that takes: some tens of microseconds each.
#[must_use]
pub fn advise(question: Question<'_>) -> Advice {
    let Question { snapshot, story, catalogue, settings } = question;
    let mut seen = Seen { snapshot, story, catalogue, shapes: BTreeMap::new() };
    let is_early = snapshot.uptime < settings.observe_for;
    let opinions = if is_early { Vec::new() } else { read_all(&mut seen) };
    let mut says: Vec<Say<'_>> = RULES.iter().map(|rule| Say::new(rule.name(), &seen)).collect();
    for (statement, opinions) in opinions {
        for (say, opinion) in says.iter_mut().zip(opinions) {
            say.opinion(statement, opinion);
        }
    }
    for (rule, say) in RULES.iter().zip(&mut says) {
        if is_early {
            let (so_far, least) = (snapshot.uptime, settings.observe_for);
            say.too_soon("", format!("watching since {so_far:.0?}, which has to be {least:.0?}"));
        } else {
            rule.watch(&seen, say);
        }
    }
    yield_to_others(&mut says);
    report(snapshot, settings, says)
}

/// Takes back what waits until cheaper advice was followed.
fn yield_to_others(says: &mut [Say<'_>]) {
    let speaking: Vec<_> =
        says.iter().filter(|say| !say.found.is_empty()).map(|say| say.answer.rule).collect();
    for (rule, say) in RULES.iter().zip(says) {
        if let Some(first) = rule.yields_to().iter().find(|first| speaking.contains(first)) {
            say.withdraw(&format!("follow {first} first"));
        }
    }
}

/// What each rule makes of each statement of late. The parser's trees live no longer than that.
fn read_all<'a>(seen: &mut Seen<'a>) -> Vec<Opinions<'a>> {
    let mut all = Vec::new();
    for of in &seen.lately().statements {
        let (Some(fingerprint), catalogue) = (of.fingerprint, seen.catalogue_of(of)) else {
            continue;
        };
        let numbered = identify::numbered(&of.text, of.dialect());
        let read = identify::parsed(&numbered, of.dialect(), |tree| {
            let query = Query { tree: &tree, of, catalogue };
            let opinions: Vec<_> = RULES.iter().map(|rule| rule.read(&query)).collect();
            Some((Shape::of(&tree, catalogue), opinions))
        });
        if let Some((shape, opinions)) = read {
            seen.shapes.insert(fingerprint, shape);
            all.push((of, opinions.into_iter().map(|opinion| seasoned(of, opinion)).collect()));
        }
    }
    all
}

/// An opinion on a statement that was hardly called comes too soon, unless it is about a risk.
fn seasoned(statement: &StatementActivity, opinion: Opinion) -> Opinion {
    let Activity { calls, time, .. } = statement.activity;
    match opinion {
        Opinion::Found(found) if found.risk.is_none() && calls < CALLS_MIN && time < TIME_MIN => {
            Opinion::TooSoon(format!("called {calls} times, which has to be {CALLS_MIN}"))
        }
        other => other,
    }
}

fn report(snapshot: &Snapshot, settings: &AdviceSettings, says: Vec<Say<'_>>) -> Advice {
    let mut advice = Advice { at: Some(snapshot.at), ..Advice::default() };
    for say in says {
        advice.answers.push(say.answer);
        advice.recommendations.extend(say.found);
    }
    advice.settle(settings);
    advice
}
