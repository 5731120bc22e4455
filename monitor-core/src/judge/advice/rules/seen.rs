//! What the rules are asked about, and how they answer.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use sqlparser::ast::Statement;

use super::reading::Shape;
use crate::capture::{Database, System};
use crate::identify::Fingerprint;
use crate::inquire::Catalogue;
use crate::judge::advice::{
    Category, Confidence, Effort, Evidence, Impact, Priority, Recommendation, RuleAnswer, Story,
    Verdict,
};
use crate::snapshot::{Activity, Rollup, Snapshot, SourceActivity, StatementActivity, Window};

/// Everything that was seen.
pub(super) struct Seen<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) story: &'a Story,
    pub(super) catalogue: Option<&'a Catalogue>,
    /// What the trees of the statements say, as far as the parser understands them.
    pub(super) shapes: BTreeMap<Fingerprint, Shape>,
}

/// One statement, for the rules that read it.
pub(super) struct Query<'a> {
    pub(super) tree: &'a Statement,
    pub(super) of: &'a StatementActivity,
    pub(super) catalogue: Option<&'a Catalogue>,
}

/// What a rule makes of one statement.
pub(super) enum Opinion {
    /// It is not of the shape the rule looks for.
    NotMine,
    /// It is, and there is nothing to do, because.
    Quiet(String),
    /// It is, and too little was seen of it.
    TooSoon(String),
    /// It is, and something is not known that would decide.
    CannotTell(String),
    /// It is, and this is to be done.
    Found(Box<Found>),
}

/// Advice before its numbers are looked up.
pub(super) struct Found {
    pub(super) category: Category,
    pub(super) effort: Effort,
    pub(super) confidence: Confidence,
    /// Priority by risk, where it does not follow from the time saved.
    pub(super) risk: Option<Priority>,
    /// The share of the statements' time that following it saves, from 0 to 1, where that can be said.
    pub(super) saves: Option<f64>,
    pub(super) title: String,
    pub(super) meaning: String,
    pub(super) remedy: Vec<String>,
    pub(super) evidence: Evidence,
}

/// What one rule says.
pub(super) struct Say<'a> {
    seen: &'a Seen<'a>,
    pub(super) answer: RuleAnswer,
    pub(super) found: Vec<Recommendation>,
}

// === impl Seen ===

impl<'a> Seen<'a> {
    /// The longest window: what is worth advice is what happened in the last hour.
    pub(super) fn lately(&self) -> &'a Rollup {
        self.snapshot.windows.last().map_or(&self.snapshot.lifetime, |window| &window.rollup)
    }

    /// What happened to a source of late.
    pub(super) fn source_lately(&self, source: &SourceActivity) -> Option<&'a SourceActivity> {
        self.snapshot.windows.last()?.sources.iter().find(|one| one.is_same(source))
    }

    /// The time [`lately`](Self::lately) covers.
    fn covered(&self) -> Duration {
        self.snapshot.windows.last().map_or(self.snapshot.uptime, |window| window.covered)
    }

    /// What a statement did in the last minute, and in the time before it, as far as windows go.
    pub(super) fn recent_and_older(
        &self,
        fingerprint: Fingerprint,
    ) -> Option<(Activity, Activity)> {
        let (first, last) = self.snapshot.windows.first().zip(self.snapshot.windows.last())?;
        let in_window = |window: &'a Window| {
            let mut of = window.rollup.statements.iter();
            of.find(|one| one.fingerprint == Some(fingerprint)).map(|one| &one.activity)
        };
        let recent = in_window(first)?;
        Some((recent.clone(), in_window(last)?.since(recent)))
    }

    pub(super) fn statement(&self, fingerprint: Fingerprint) -> Option<&'a StatementActivity> {
        self.lately().statements.iter().find(|one| one.fingerprint == Some(fingerprint))
    }

    pub(super) fn shape(&self, fingerprint: Fingerprint) -> Option<&Shape> {
        self.shapes.get(&fingerprint)
    }

    /// What the catalogue says of the database of a statement.
    pub(super) fn catalogue_of(&self, statement: &StatementActivity) -> Option<&'a Catalogue> {
        self.catalogue_for(&statement.database)
    }

    /// What the catalogue says of a database, if it is of this one.
    pub(super) fn catalogue_for(&self, database: &Database) -> Option<&'a Catalogue> {
        self.catalogue.filter(|catalogue| {
            is_same_system(catalogue.system, database.system)
                && catalogue.database.as_ref().is_none_or(|asked| asked == database)
        })
    }

    /// Time an hour, of what took `time` lately.
    pub(super) fn per_hour(&self, time: Duration) -> Duration {
        let hours = self.covered().as_secs_f64() / 3600.0;
        if hours <= 0.0 { Duration::ZERO } else { scaled(time, 1.0 / hours) }
    }

    fn share(&self, time: Duration) -> f64 {
        let all = self.lately().total.time.as_secs_f64();
        if all <= 0.0 { 0.0 } else { (time.as_secs_f64() / all).min(1.0) }
    }
}

fn is_same_system(a: System, b: System) -> bool {
    let family = |system| if system == System::MariaDb { System::MySql } else { system };
    family(a) == family(b)
}

/// A duration times a factor that is not negative.
pub(super) fn scaled(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor.max(0.0)).unwrap_or(Duration::MAX)
}

// === impl Say ===

impl<'a> Say<'a> {
    pub(super) fn new(rule: &'static str, seen: &'a Seen<'a>) -> Self {
        Self { seen, answer: RuleAnswer::of(rule), found: Vec::new() }
    }

    pub(super) fn quiet(&mut self, subject: impl Into<String>, why: impl Into<String>) {
        self.answer.add(Verdict::Quiet, subject.into(), why.into());
    }

    pub(super) fn too_soon(&mut self, subject: impl Into<String>, why: impl Into<String>) {
        self.answer.add(Verdict::TooSoon, subject.into(), why.into());
    }

    pub(super) fn cannot_tell(&mut self, subject: impl Into<String>, why: impl Into<String>) {
        self.answer.add(Verdict::CannotTell, subject.into(), why.into());
    }

    /// Takes back what it recommends, for a reason.
    pub(super) fn withdraw(&mut self, why: &str) {
        if self.found.is_empty() {
            return;
        }
        self.found.clear();
        self.answer.verdict = Verdict::Quiet;
        self.quiet("", why);
    }

    /// What a rule makes of one statement.
    pub(super) fn opinion(&mut self, statement: &StatementActivity, opinion: Opinion) {
        let subject = || statement.text.to_string();
        match opinion {
            Opinion::NotMine => {}
            Opinion::Quiet(why) => self.quiet(subject(), why),
            Opinion::TooSoon(why) => self.too_soon(subject(), why),
            Opinion::CannotTell(why) => self.cannot_tell(subject(), why),
            Opinion::Found(found) => self.found_in(statement, *found),
        }
    }

    /// Advice on one statement.
    pub(super) fn found_in(&mut self, statement: &StatementActivity, mut found: Found) {
        if statement.muted {
            return self.quiet(&*statement.text, "a comment in its text mutes it");
        }
        let activity = &statement.activity;
        let evidence = std::mem::take(&mut found.evidence);
        let per_hour = self.seen.per_hour(Duration::from_secs(activity.calls)).as_secs();
        let mut all = Evidence::default()
            .fact("calls per hour", per_hour)
            .fact("mean time", format!("{:.2?}", activity.mean()));
        if activity.rows_unknown < activity.calls {
            let calls = (activity.calls - activity.rows_unknown) as f64;
            let rows = (activity.rows_returned + activity.rows_affected) as f64 / calls;
            all = all.fact("rows per call", format!("{rows:.0}"));
        }
        all = all.fact("share of all database time", percent(self.seen.share(activity.time)));
        all.statements = statement
            .fingerprint
            .map(|fingerprint| (fingerprint, statement.text.to_string()))
            .into_iter()
            .chain(evidence.statements)
            .collect();
        all.facts.extend(evidence.facts);
        let subject = self.subject(statement);
        found.evidence = all;
        let saved = found.saves.map(|share| scaled(activity.time, share));
        self.found(&subject, saved, found);
    }

    /// What names a statement, and its database where it runs on several.
    fn subject(&self, statement: &StatementActivity) -> String {
        let alike = |one: &&StatementActivity| one.fingerprint == statement.fingerprint;
        let id = statement.fingerprint.map(|id| id.to_string()).unwrap_or_default();
        match self.seen.lately().statements.iter().filter(alike).count() {
            2.. => format!("{id}@{}", statement.database.name),
            _ => id,
        }
    }

    /// Advice on any subject, that saves so much of the database's time of late.
    pub(super) fn found(&mut self, subject: &str, saved: Option<Duration>, found: Found) {
        let share = saved.map(|time| self.seen.share(time));
        let priority = found.risk.unwrap_or_else(|| Priority::of_share(share.unwrap_or(0.0)));
        self.answer.verdict = Verdict::Found;
        self.found.push(Recommendation {
            rule: self.answer.rule,
            category: found.category,
            priority,
            effort: found.effort,
            confidence: found.confidence,
            title: found.title,
            meaning: found.meaning,
            impact: Impact { time_per_hour: saved.map(|time| self.seen.per_hour(time)), share },
            evidence: found.evidence,
            remedy: found.remedy,
            key: format!("{}:{subject}", self.answer.rule),
            first_seen: self.at(),
            last_seen: self.at(),
        });
    }

    fn at(&self) -> SystemTime {
        self.seen.snapshot.at
    }
}

// === impl Query ===

impl<'a> Query<'a> {
    /// The system it runs on.
    pub(super) fn system(&self) -> System {
        self.of.database.system
    }

    /// Advice to write this statement differently.
    pub(super) fn rewrite(&self, saves: f64, title: &str, meaning: &str, remedy: &str) -> Found {
        Found {
            category: Category::Query,
            effort: Effort::Medium,
            confidence: if self.catalogue.is_some() {
                Confidence::Modelled
            } else {
                Confidence::Pattern
            },
            risk: None,
            saves: Some(saves),
            title: title.to_owned(),
            meaning: meaning.to_owned(),
            remedy: vec![remedy.to_owned()],
            evidence: Evidence::default(),
        }
    }
}

// === impl Found ===

impl Found {
    /// The same, as a matter of risk rather than of time.
    pub(super) fn at_risk(mut self, priority: Priority) -> Self {
        self.risk = Some(priority);
        self.saves = None;
        self
    }

    /// The same with one more fact.
    pub(super) fn fact(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.evidence = self.evidence.fact(name, value);
        self
    }

    /// The same with one more step to take.
    pub(super) fn step(mut self, step: impl Into<String>) -> Self {
        self.remedy.push(step.into());
        self
    }

    /// The same with a step to take before all others.
    pub(super) fn step_first(mut self, step: impl Into<String>) -> Self {
        self.remedy.insert(0, step.into());
        self
    }

    /// The same with finished SQL in the place of the sentence that says how to get there, if there is some.
    pub(super) fn by(mut self, steps: Option<Vec<String>>) -> Self {
        if let (Some(steps), false) = (steps, self.remedy.is_empty()) {
            self.remedy.splice(..1, steps);
        }
        self
    }

    pub(super) fn sure(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }
}

impl From<Found> for Opinion {
    fn from(found: Found) -> Self {
        Self::Found(Box::new(found))
    }
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Why a rule that needs the catalogue cannot tell without it.
pub(super) fn no_catalogue(what: &str) -> Opinion {
    Opinion::CannotTell(format!("{what} is not known: let the monitor ask the database"))
}
