//! Whoever is on call, through PagerDuty's Events API v2.

use std::time::Duration;

use monitor_core::deliver::Delivery;
use monitor_core::judge::{AlertEvent, Notice};
use monitor_core::show::moment;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use crate::facts::{Facts, cut};
use crate::{Format, Post, Request, Secret, SetupError};

/// Opens an incident when an alert fires, and resolves it when the alert is over.
///
/// An alert keeps its `dedup_key` over restarts, so that it is one incident however often it is told. Set
/// [`service`](Post::service) where several services share an integration key: it is part of that key.
pub type PagerDuty = Post<PagerDutyFormat>;

/// The events of [`PagerDuty`].
#[derive(Debug)]
pub struct PagerDutyFormat {
    routing_key: Secret,
}

/// Where PagerDuty takes events.
const ADDRESS: &str = "https://events.pagerduty.com/v2/enqueue";

/// Where it takes those of accounts in its European region.
const ADDRESS_EU: &str = "https://events.eu.pagerduty.com/v2/enqueue";

/// Time between two events: half of the 120 a minute that PagerDuty's support names for an integration key, for there may
/// be other instances with the same key.
const SPACING: Duration = Duration::from_secs(1);

/// Bytes of a `dedup_key`, by the API's reference.
const DEDUP_KEY_BYTES_MAX: usize = 255;

/// Characters of a `summary`, by the API's reference.
const SUMMARY_CHARS_MAX: usize = 1_024;

// === impl PagerDuty ===

impl PagerDuty {
    /// Sends events with the integration key of an "Events API v2" integration.
    ///
    /// # Errors
    ///
    /// When the key is empty.
    pub fn new(routing_key: impl Into<Secret>) -> Result<Self, SetupError> {
        Self::at(ADDRESS, routing_key)
    }

    /// The same for an account in PagerDuty's European region.
    ///
    /// # Errors
    ///
    /// When the key is empty.
    pub fn eu(routing_key: impl Into<Secret>) -> Result<Self, SetupError> {
        Self::at(ADDRESS_EU, routing_key)
    }

    /// Sends events to another address that takes them: a gateway, or a test.
    ///
    /// # Errors
    ///
    /// When the key is empty, or the address is no URL of `http` or `https`.
    pub fn at(
        address: impl Into<Secret>,
        routing_key: impl Into<Secret>,
    ) -> Result<Self, SetupError> {
        let routing_key = routing_key.into();
        if routing_key.reveal().trim().is_empty() {
            return Err(SetupError::new("the routing key is empty; copy it from the integration"));
        }
        Self::to(address, PagerDutyFormat { routing_key })
    }
}

// === impl PagerDutyFormat ===

impl PagerDutyFormat {
    fn event(&self, notice: &Notice, service: Option<&str>) -> Value {
        let key = dedup_key(&notice.alert.key(), service);
        let routing_key = self.routing_key.reveal().trim();
        if notice.event == AlertEvent::Resolved {
            return json!({
                "routing_key": routing_key, "event_action": "resolve", "dedup_key": key,
            });
        }
        json!({
            "routing_key": routing_key,
            "event_action": "trigger",
            "dedup_key": key,
            "client": "db-monitor",
            "payload": payload(notice, service),
        })
    }
}

impl Format for PagerDutyFormat {
    fn name(&self) -> &str {
        "pagerduty"
    }

    fn delivery(&self) -> Delivery {
        Delivery::default().spacing(SPACING)
    }

    fn notices(&mut self, notices: &[Notice], service: Option<&str>) -> Vec<Request> {
        notices.iter().map(|notice| Request::new(&self.event(notice, service))).collect()
    }
}

fn payload(notice: &Notice, service: Option<&str>) -> Value {
    let facts = Facts::of(&notice.alert);
    let summary = format!("{} of {}: {}", facts.kind, facts.subject, facts.message);
    json!({
        "summary": cut(&summary, SUMMARY_CHARS_MAX),
        "source": facts.database.as_deref().or(service).unwrap_or("db-monitor"),
        // The four severities are the API's own.
        "severity": facts.severity,
        "timestamp": moment(notice.at),
        "component": facts.pool.or(facts.database.as_deref()),
        "group": service,
        "class": facts.kind,
        "custom_details": facts,
    })
}

/// What makes an alert one incident. Too long a key is cut and keeps apart by its hash.
fn dedup_key(key: &str, service: Option<&str>) -> String {
    let whole = format!("{}{key}", service.map(|name| format!("{name}: ")).unwrap_or_default());
    if whole.len() <= DEDUP_KEY_BYTES_MAX {
        return whole;
    }
    let hash = format!(" {:016x}", xxh3_64(whole.as_bytes()));
    let beginning = &whole[..whole.floor_char_boundary(DEDUP_KEY_BYTES_MAX - hash.len())];
    format!("{beginning}{hash}")
}
