//! Health as Spring Boot's actuator answers it.

use serde_json::{Map, Value, json};

use super::{Details, kinds, name};
use crate::judge::{Check, Health, Status};
use crate::show::words::moment;

pub(super) fn actuator(health: &Health, details: Details) -> String {
    let components: Map<String, Value> = match details {
        Details::Word => return json!({ "status": word(health.status) }).to_string(),
        Details::Checks => kinds(health)
            .map(|(kind, status)| (kind.to_string(), json!({ "status": word(status) })))
            .collect(),
        Details::Full => {
            health.checks.iter().map(|check| (name(check), component(check))).collect()
        }
    };
    json!({ "status": word(health.status), "components": components }).to_string()
}

fn component(check: &Check) -> Value {
    let mut details = json!({
        "health": check.status.as_str(),
        "message": check.message,
        "since": moment(check.since),
    });
    if let Some(observed) = check.observed {
        details["value"] = observed.value.into();
        details["threshold"] = observed.threshold.into();
        details["unit"] = observed.unit.as_str().into();
    }
    json!({ "status": word(check.status), "details": details })
}

/// The actuator has no word between up and down; what is degraded is up.
fn word(status: Status) -> &'static str {
    match status {
        Status::Unknown => "UNKNOWN",
        Status::Healthy | Status::Degraded => "UP",
        Status::Unhealthy => "DOWN",
    }
}
