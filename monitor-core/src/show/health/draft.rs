//! Health as `application/health+json`, after draft-inadarei-api-health-check-06.

use serde_json::{Map, Value, json};

use super::{Details, kinds, name, source};
use crate::judge::{Check, CheckKind, Health, Status};
use crate::show::words::moment;

pub(super) fn draft(health: &Health, details: Details) -> String {
    let mut document = Map::new();
    document.insert("status".into(), word(health.status).into());
    let checks = match details {
        Details::Word => return Value::from(document).to_string(),
        Details::Checks => in_a_word(health),
        Details::Full => in_full(health),
    };
    document.insert("checks".into(), checks.into());
    // The draft has no word for it, so it passes, with a note.
    let unknown = |check: &&Check| check.status == Status::Unknown;
    if details == Details::Full && health.checks.iter().any(|check| unknown(&check)) {
        let notes = health.checks.iter().filter(unknown);
        let notes: Vec<_> =
            notes.map(|check| format!("{}: {}", name(check), check.message)).collect();
        document.insert("notes".into(), notes.into());
    }
    Value::from(document).to_string()
}

fn in_a_word(health: &Health) -> Map<String, Value> {
    let check = |(kind, status): (CheckKind, Status)| {
        (key(component(kind), kind), json!([{ "status": word(status) }]))
    };
    kinds(health).map(check).collect()
}

fn in_full(health: &Health) -> Map<String, Value> {
    let mut checks = Map::new();
    for check in &health.checks {
        let component = source(check).unwrap_or_else(|| component(check.kind).into());
        let all = checks.entry(key(&component, check.kind)).or_insert_with(|| json!([]));
        if let Value::Array(all) = all {
            all.push(object(check, health));
        }
    }
    checks
}

fn object(check: &Check, health: &Health) -> Value {
    let mut object = json!({
        "componentType": component_type(check.kind),
        "status": word(check.status),
        "time": moment(health.at),
        "since": moment(check.since),
    });
    if let Some(observed) = check.observed {
        object["observedValue"] = observed.value.into();
        object["observedUnit"] = observed.unit.as_str().into();
        object["threshold"] = observed.threshold.into();
    }
    if check.status > Status::Healthy {
        object["output"] = check.message.as_str().into();
    }
    object
}

/// The key of a check: `{component}:{measurement}`. The component may hold colons of a port, the
/// measurement never does.
fn key(component: &str, kind: CheckKind) -> String {
    let measurement = match kind {
        // Two of the draft's own names; for the others it has none.
        CheckKind::Latency => "responseTime",
        CheckKind::Pool => "utilization",
        CheckKind::Connectivity => "connectivity",
        CheckKind::ErrorRate => "errorRate",
        CheckKind::Alerts => "firing",
        CheckKind::Monitor => "pace",
    };
    format!("{component}:{measurement}")
}

fn component(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Alerts => "alerts",
        CheckKind::Monitor => "monitor",
        _ => "database",
    }
}

fn component_type(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Alerts | CheckKind::Monitor => "component",
        _ => "datastore",
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Unknown | Status::Healthy => "pass",
        Status::Degraded => "warn",
        Status::Unhealthy => "fail",
    }
}
