//! Prometheus' Alertmanager.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use monitor_core::deliver::Delivery;
use monitor_core::judge::{Alert, AlertEvent, Notice, Severity};
use monitor_core::show::moment;
use serde_json::{Value, json};

use crate::facts::{Facts, cut};
use crate::{Format, Post, Request, Secret, SetupError};

/// Posts alerts to an Alertmanager (API v2), which groups, silences and routes them.
///
/// Labels: `alertname` (`DatabasePoolUsage`), `severity`, `subject`, and where there are such, `service`, `database`, `pool` and
/// `fingerprint`. What changes while an alert fires is in the annotations: `summary`, `description`, `value`, `threshold`.
///
/// Alertmanager holds an alert to be over when nobody speaks of it for its `resolve_timeout`, five minutes unless
/// configured otherwise; so all that fire are posted again every minute. When the service dies, its alerts end by that.
/// Times are the service's own: its clock should not be minutes away from Alertmanager's.
pub type Alertmanager = Post<AlertmanagerFormat>;

/// The alerts of [`Alertmanager`].
#[derive(Debug, Default)]
pub struct AlertmanagerFormat {
    posted: BTreeMap<String, Posted>,
}

/// As what an alert was posted. As a label, severity is part of an alert's identity: when it goes up, the alert it was
/// before has to end.
#[derive(Debug)]
struct Posted {
    severity: Severity,
    /// What it was before: said to be over again with every notice, for the last time may have failed.
    ended: BTreeSet<Severity>,
    /// It is over, if that was heard.
    is_over: bool,
}

/// How often what fires is posted again: Prometheus' own default for this (`--rules.alert.resend-delay`).
const REFRESH_EVERY: Duration = Duration::from_secs(60);

/// Alerts in one request; more are told in several.
const REQUEST_ALERTS_MAX: usize = 100;

/// Notices told at once.
const BATCH_MAX: usize = REQUEST_ALERTS_MAX;

/// Characters of a label; a subject longer than this is cut.
const LABEL_CHARS_MAX: usize = 250;

// === impl Alertmanager ===

impl Alertmanager {
    /// Posts to the Alertmanager at this address, such as `http://alertmanager:9093`.
    ///
    /// Give each instance of a cluster a sink of its own, as Prometheus does.
    ///
    /// # Errors
    ///
    /// When it is no URL of `http` or `https`.
    pub fn new(address: impl Into<Secret>) -> Result<Self, SetupError> {
        let address = address.into();
        let base = address.reveal().trim().trim_end_matches('/');
        Self::to(format!("{base}/api/v2/alerts"), AlertmanagerFormat::default())
    }
}

// === impl AlertmanagerFormat ===

impl AlertmanagerFormat {
    /// As what to post an alert: as the worst it was since it fired, so that one that gets better before it is over
    /// stays the alert it is.
    fn posted(&mut self, alert: &Alert, event: Option<AlertEvent>) -> &mut Posted {
        let severity = alert.finding.severity;
        let new = || Posted { severity, ended: BTreeSet::new(), is_over: false };
        let posted = self.posted.entry(alert.key()).or_insert_with(new);
        let is_over = event == Some(AlertEvent::Resolved);
        let begins_anew = posted.is_over && !is_over;
        if severity > posted.severity || begins_anew {
            posted.ended.insert(posted.severity);
            posted.ended.remove(&severity);
            posted.severity = severity;
        }
        posted.is_over = is_over;
        posted
    }
}

impl Format for AlertmanagerFormat {
    fn name(&self) -> &str {
        "alertmanager"
    }

    fn delivery(&self) -> Delivery {
        Delivery::default().batch_max(BATCH_MAX).refresh_every(REFRESH_EVERY)
    }

    fn notices(&mut self, notices: &[Notice], service: Option<&str>) -> Vec<Request> {
        // What is over and not told again was heard, or given up.
        let told: BTreeSet<String> = notices.iter().map(|notice| notice.alert.key()).collect();
        self.posted.retain(|key, posted| !posted.is_over || told.contains(key));
        let mut posts = Vec::new();
        for Notice { event, at, alert, .. } in notices {
            let Posted { severity, ended, .. } = self.posted(alert, Some(*event));
            posts.extend(ended.iter().map(|before| post(alert, *before, service, Some(*at))));
            posts.push(post(alert, *severity, service, alert.resolved_at));
        }
        requests(&posts)
    }

    fn firing(&mut self, alerts: &[Alert], service: Option<&str>) -> Vec<Request> {
        // Also what was dropped on its way here is forgotten here.
        let keys: BTreeSet<String> = alerts.iter().map(Alert::key).collect();
        self.posted.retain(|key, _| keys.contains(key));
        let post = |alert| {
            let severity = self.posted(alert, None).severity;
            post(alert, severity, service, None)
        };
        requests(&alerts.iter().map(post).collect::<Vec<_>>())
    }
}

fn requests(posts: &[Value]) -> Vec<Request> {
    posts.chunks(REQUEST_ALERTS_MAX).map(|chunk| Request::new(&json!(chunk))).collect()
}

fn post(
    alert: &Alert,
    severity: Severity,
    service: Option<&str>,
    ends_at: Option<SystemTime>,
) -> Value {
    let facts = Facts::of(alert);
    let mut labels = BTreeMap::from([
        ("alertname", name(facts.kind)),
        ("severity", severity.as_str().to_owned()),
        ("subject", cut(&facts.subject, LABEL_CHARS_MAX)),
    ]);
    let more = [
        ("service", service),
        ("database", facts.database.as_deref()),
        ("pool", facts.pool),
        ("fingerprint", facts.fingerprint.as_deref()),
    ];
    labels.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))));
    let mut post = json!({
        "labels": labels,
        "annotations": {
            "summary": format!("{} of {}", facts.kind, facts.subject),
            "description": facts.message,
            "value": facts.value.to_string(),
            "threshold": facts.threshold.to_string(),
        },
        "startsAt": facts.fired_at,
    });
    // Without an end, Alertmanager sets one by its own clock and settings.
    if let Some(end) = ends_at {
        post["endsAt"] = moment(end).into();
    }
    post
}

/// `pool_usage` as `DatabasePoolUsage`.
fn name(kind: &str) -> String {
    let mut name = String::from("Database");
    for word in kind.split(|c: char| !c.is_alphanumeric()) {
        let mut letters = word.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.extend(letters);
    }
    name
}
