//! Findings that last become alerts; alerts end.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::{
    Alert, AlertEvent, AlertFilter, AlertRules, AlertState, Finding, FindingKind, Notice, Severity,
    Subject,
};

/// All alerts of one monitor: those that are open, and the history.
#[derive(Debug)]
pub(crate) struct AlertBook {
    open: Vec<Open>,
    history: VecDeque<Alert>,
    alerts_max: usize,
    forgotten: u64,
}

/// What one look at a snapshot gives.
#[derive(Debug)]
pub(crate) struct Review {
    /// What is beyond its threshold.
    pub(crate) found: Vec<Finding>,
    /// What is beyond its clear threshold, which keeps a firing alert alive.
    pub(crate) lingering: Vec<Finding>,
    /// Subjects with calls enough to judge them. Of the others there is no evidence that anything is over.
    pub(crate) judged: Vec<(FindingKind, Subject)>,
    pub(crate) at: SystemTime,
}

/// Trouble that is pending or firing.
#[derive(Debug)]
struct Open {
    alert: Alert,
    /// The last moment at which the trouble may have been there.
    gone_since: SystemTime,
    told: Option<Told>,
}

/// What was said last.
#[derive(Clone, Copy, Debug)]
struct Told {
    severity: Severity,
    at: SystemTime,
}

/// A firing alert whose kind cannot be judged, for lack of traffic, is resolved after this: the
/// trouble may be there, and nobody is left to meet it.
const UNJUDGED_MAX: Duration = Duration::from_secs(15 * 60);

// === impl AlertBook ===

impl AlertBook {
    pub(crate) fn new(alerts_max: usize) -> Self {
        Self { open: Vec::new(), history: VecDeque::new(), alerts_max, forgotten: 0 }
    }

    /// Takes in what is found now; returns what there is to tell.
    pub(crate) fn review(
        &mut self,
        review: Review,
        rules: &AlertRules,
        muted: &mut dyn FnMut(&Finding) -> bool,
    ) -> Vec<Notice> {
        let now = review.at;
        for finding in self.prepared(review.found, rules, muted) {
            self.note(finding, now, rules);
        }
        for finding in self.prepared(review.lingering, rules, muted) {
            self.keep_alive(&finding, now);
        }
        self.drop_pending_that_went_away(now);
        let mut notices = Vec::new();
        for open in &mut self.open {
            if !is_judged(&open.alert.finding, &review.judged) {
                open.cannot_tell(now);
            }
            open.alert.muted = muted(&open.alert.finding);
            notices.extend(open.advance(now, rules));
        }
        notices.extend(self.resolve(now, rules));
        self.forget(now, rules.retention);
        notices
    }

    /// The findings that become alerts, as their rules want them. What is muted is not folded: it would
    /// be told under another name.
    fn prepared(
        &self,
        findings: Vec<Finding>,
        rules: &AlertRules,
        muted: &mut dyn FnMut(&Finding) -> bool,
    ) -> Vec<Finding> {
        let wanted = findings.into_iter().filter_map(|mut finding| {
            let rule = rules.of(finding.kind);
            finding.severity = rule.severity.unwrap_or(finding.severity);
            rule.on.then_some(finding)
        });
        let (silent, loud): (Vec<_>, Vec<_>) = wanted.partition(|finding| muted(finding));
        let mut prepared = self.folded(loud, rules.fold_after);
        prepared.extend(silent);
        prepared
    }

    /// Many statements in the same trouble are one alert: a database that is slow as a whole is not
    /// a thousand pieces of news.
    fn folded(&self, findings: Vec<Finding>, fold_after: usize) -> Vec<Finding> {
        let mut kept = Vec::new();
        let mut new: Vec<Finding> = Vec::new();
        for finding in findings {
            let of_one = matches!(
                finding.subject,
                Subject::Statement { .. } | Subject::Scope { statement: Some(_), .. }
            );
            match of_one && !self.open.iter().any(|open| open.alert.finding.is_same(&finding)) {
                true => new.push(finding),
                false => kept.push(finding),
            }
        }
        new.sort_by_key(|finding| finding.kind);
        for many in new.chunk_by(|a, b| a.kind == b.kind) {
            let kind = many[0].kind;
            let told = |open: &&Open| open.alert.finding.kind == kind && !open.alert.muted;
            let open = self.open.iter().filter(told);
            let (folded, apart): (Vec<_>, Vec<_>) =
                open.partition(|open| open.alert.finding.subject == Subject::Statements);
            match folded.is_empty() && apart.len() + many.len() <= fold_after {
                true => kept.extend(many.iter().cloned()),
                false => kept.extend(fold(many)),
            }
        }
        kept
    }

    fn note(&mut self, finding: Finding, now: SystemTime, rules: &AlertRules) {
        if let Some(open) = self.open.iter_mut().find(|open| open.alert.finding.is_same(&finding)) {
            open.alert.finding = finding;
            open.seen(now);
            open.alert.times_seen += 1;
            return;
        }
        if self.open.len() >= self.alerts_max && !self.make_room(&finding) {
            self.forgotten += 1;
            return;
        }
        let known = self.taken_back(&finding, now, rules);
        let times_seen = known.as_ref().map_or(0, |alert| alert.times_seen) + 1;
        let alert = Alert {
            finding,
            state: AlertState::Pending,
            since: known.as_ref().map_or(now, |alert| alert.since),
            fired_at: now,
            last_seen: now,
            resolved_at: None,
            times_seen,
            times_fired: known.map_or(0, |alert| alert.times_fired),
            muted: false,
        };
        self.open.push(Open { alert, gone_since: now, told: None });
    }

    /// The least severe of the open alerts makes room for one that is worse. As many may be open as the
    /// history holds: a thousand slow statements are not news, and must not keep an outage out.
    fn make_room(&mut self, finding: &Finding) -> bool {
        let rank = |open: &Open| (open.alert.finding.severity, open.alert.state);
        let least = self.open.iter().enumerate().min_by_key(|(_, open)| rank(open));
        match least {
            Some((place, open)) if open.alert.finding.severity < finding.severity => {
                self.open.remove(place);
                self.forgotten += 1;
                true
            }
            _ => false,
        }
    }

    /// An alert of the same trouble that was over a short while ago.
    fn taken_back(
        &mut self,
        finding: &Finding,
        now: SystemTime,
        rules: &AlertRules,
    ) -> Option<Alert> {
        let cool_down = rules.of(finding.kind).cool_down;
        let recent = |alert: &Alert| {
            alert.finding.is_same(finding)
                && alert.resolved_at.is_some_and(|over| elapsed(over, now) < cool_down)
        };
        let place = self.history.iter().rposition(recent)?;
        self.history.remove(place)
    }

    fn keep_alive(&mut self, finding: &Finding, now: SystemTime) {
        let firing = |open: &&mut Open| {
            open.alert.state == AlertState::Firing && open.alert.finding.is_same(finding)
        };
        if let Some(open) = self.open.iter_mut().find(firing) {
            open.seen(now);
        }
    }

    /// Held means found at every review since: trouble that went away before was never an alert.
    fn drop_pending_that_went_away(&mut self, now: SystemTime) {
        let gone = |open: &mut Open| {
            open.alert.state == AlertState::Pending && open.alert.last_seen != now
        };
        let gone: Vec<Open> = self.open.extract_if(.., gone).collect();
        for Open { mut alert, .. } in gone {
            // It came back, and not for long enough: it is over as it was before.
            if alert.times_fired > 0 {
                alert.state = AlertState::Resolved;
                alert.resolved_at = Some(alert.last_seen);
                self.remember(alert);
            }
        }
    }

    fn resolve(&mut self, now: SystemTime, rules: &AlertRules) -> Vec<Notice> {
        let over = |open: &mut Open| {
            let Alert { finding, state, times_fired, .. } = &open.alert;
            let clear_for = rules.clear_for(finding.kind, *times_fired);
            *state == AlertState::Firing && elapsed(open.gone_since, now) >= clear_for
        };
        let over: Vec<Open> = self.open.extract_if(.., over).collect();
        let mut notices = Vec::new();
        for Open { mut alert, told, .. } in over {
            alert.state = AlertState::Resolved;
            alert.resolved_at = Some(now);
            if told.is_some() {
                let event = AlertEvent::Resolved;
                notices.push(Notice { event, at: now, alert: alert.clone() });
            }
            self.remember(alert);
        }
        notices
    }

    fn remember(&mut self, alert: Alert) {
        if self.history.len() >= self.alerts_max {
            self.history.pop_front();
            self.forgotten += 1;
        }
        self.history.push_back(alert);
    }

    fn forget(&mut self, now: SystemTime, retention: Duration) {
        let old =
            |alert: &Alert| alert.resolved_at.is_some_and(|over| elapsed(over, now) >= retention);
        self.history.retain(|alert| !old(alert));
    }

    /// Alerts that match, those still open first, each part newest first.
    pub(crate) fn alerts(&self, filter: &AlertFilter) -> Vec<Alert> {
        let open = self.open.iter().rev().map(|open| &open.alert);
        let all = open.chain(self.history.iter().rev());
        all.filter(|alert| filter.matches(alert)).take(self.alerts_max).cloned().collect()
    }

    /// What fires and was told of, newest first: whoever was told hears of it until it is over, also when it is muted
    /// meanwhile. Were it left out, a receiver that forgets what nobody speaks of would say that it is over.
    pub(crate) fn told_firing(&self) -> Vec<Alert> {
        let told = |open: &&Open| open.alert.state == AlertState::Firing && open.told.is_some();
        self.open.iter().rev().filter(told).map(|open| open.alert.clone()).collect()
    }

    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

// === impl Open ===

impl Open {
    fn seen(&mut self, now: SystemTime) {
        self.alert.last_seen = now;
        self.gone_since = now;
    }

    fn cannot_tell(&mut self, now: SystemTime) {
        if elapsed(self.alert.last_seen, now) < UNJUDGED_MAX {
            self.gone_since = now;
        }
    }

    /// Fires what has lasted; says what there is to say about what fires.
    fn advance(&mut self, now: SystemTime, rules: &AlertRules) -> Option<Notice> {
        let kind = self.alert.finding.kind;
        let pending_since = self.alert.fired_at;
        if self.alert.state == AlertState::Pending {
            if elapsed(pending_since, now) < rules.held_for(kind) {
                return None;
            }
            self.alert.state = AlertState::Firing;
            self.alert.fired_at = now;
            self.alert.times_fired += 1;
        }
        if self.alert.muted {
            return None;
        }
        let severity = self.alert.finding.severity;
        let remind = rules.of(kind).remind_after;
        let event = match self.told {
            None => AlertEvent::Fired,
            Some(told) if severity > told.severity => AlertEvent::Worsened,
            Some(told) if remind.is_some_and(|after| elapsed(told.at, now) >= after) => {
                AlertEvent::Reminded
            }
            Some(_) => return None,
        };
        // The worst that was said counts: going up and down between two is no news.
        let severity = self.told.map_or(severity, |told| told.severity.max(severity));
        self.told = Some(Told { severity, at: now });
        Some(Notice { event, at: now, alert: self.alert.clone() })
    }
}

/// Whether what was found could be found now, if it were still there.
fn is_judged(finding: &Finding, judged: &[(FindingKind, Subject)]) -> bool {
    !finding.kind.needs_calls()
        || judged.iter().any(|(kind, subject)| *kind == finding.kind && *subject == finding.subject)
}

/// Several findings of one kind as one.
fn fold(many: &[Finding]) -> Option<Finding> {
    let worst = many.iter().max_by(|a, b| {
        (a.severity, a.value)
            .partial_cmp(&(b.severity, b.value))
            .unwrap_or(std::cmp::Ordering::Equal)
    })?;
    let message = match many.len() {
        1 => worst.message.clone(),
        count => format!("{count} further statements, the worst: {}", worst.message),
    };
    Some(Finding { subject: Subject::Statements, message, ..worst.clone() })
}

fn elapsed(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}
