//! Health in the shapes that probes, balancers and people ask for.

mod actuator;
mod draft;
mod json;
mod kubernetes;
mod text;

pub(super) use json::{CheckView, ContactView};
pub(super) use text::line;

use crate::judge::{Check, CheckKind, Health, Status, Subject};

/// What a web framework needs to answer a question for health.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthAnswer {
    /// The HTTP status: 503 where the shape says "take me out", 200 otherwise.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// The header `Cache-Control`.
    pub cache_control: &'static str,
    /// The body.
    pub body: String,
}

/// The shapes of health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HealthFormat {
    /// Lines for a person.
    Text,
    /// Our own JSON, with units in the names of fields.
    Json,
    /// `application/health+json`, as draft-inadarei-api-health-check-06 has it: `pass`, `warn`,
    /// `fail`. The draft has expired and is still the common shape.
    HealthJson,
    /// What Spring Boot's actuator answers: `UP`, `DOWN`, `UNKNOWN`.
    Actuator,
    /// Kubernetes' `/livez`. Always 200: a process that answers is alive, and restarting it mends no
    /// database. It says nothing of databases, so that a dead one never restarts a fleet.
    Livez,
    /// Kubernetes' `/readyz`: not ready while [unhealthy](Status::Unhealthy). Whether readiness shall
    /// depend on the database is the operator's choice: when all replicas share it, none is left.
    Readyz,
}

/// How much an answer tells. What is open to everybody tells little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Details {
    /// The one word.
    #[default]
    Word,
    /// The word of each kind of check as well; Kubernetes' `?verbose`. Names no pool and no database.
    Checks,
    /// Each check with names, numbers and reasons: for those who may know hosts and pools.
    Full,
}

/// Media type of JSON.
const JSON: &str = "application/json";

/// Media type of plain text.
const TEXT: &str = "text/plain; charset=utf-8";

/// Health in a shape. Contains no SQL and no secret, whatever the details.
///
/// ```
/// use monitor_core::{Monitor, show::{self, Details, HealthFormat}};
///
/// let monitor = Monitor::builder().build()?;
/// let answer = show::health(&monitor.health(), HealthFormat::Readyz, Details::Word);
/// assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
/// # Ok::<(), monitor_core::BuildError>(())
/// ```
#[must_use]
pub fn health(health: &Health, format: HealthFormat, details: Details) -> HealthAnswer {
    let (content_type, body) = match format {
        HealthFormat::Text => (TEXT, text::text(health, details)),
        HealthFormat::Json => (JSON, json::json(health, details)),
        HealthFormat::HealthJson => ("application/health+json", draft::draft(health, details)),
        HealthFormat::Actuator => {
            ("application/vnd.spring-boot.actuator.v3+json", actuator::actuator(health, details))
        }
        HealthFormat::Livez => (TEXT, kubernetes::livez(details)),
        HealthFormat::Readyz => (TEXT, kubernetes::readyz(health, details)),
    };
    let well = health.status < Status::Unhealthy || format == HealthFormat::Livez;
    HealthAnswer {
        status: if well { 200 } else { 503 },
        content_type,
        // The draft asks for a time; judgement moves with the beat, every five seconds.
        cache_control: match format {
            HealthFormat::HealthJson => "max-age=5",
            _ => "no-store",
        },
        body,
    }
}

/// The kinds that were checked, each with the worst of its checks.
fn kinds(health: &Health) -> impl Iterator<Item = (CheckKind, Status)> {
    CheckKind::ALL.into_iter().filter_map(|kind| {
        let of_kind = health.checks.iter().filter(|check| check.kind == kind);
        Some((kind, of_kind.map(|check| check.status).max()?))
    })
}

/// Whose a check is, where its kind has several.
fn source(check: &Check) -> Option<String> {
    match &check.subject {
        Subject::AllCalls | Subject::Monitor => None,
        subject => Some(subject.to_string()),
    }
}

/// A check's name among all: its kind, and whose it is.
fn name(check: &Check) -> String {
    match source(check) {
        Some(source) => format!("{}: {source}", check.kind),
        None => check.kind.to_string(),
    }
}
