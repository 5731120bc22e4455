//! From the monitor's words to OpenTelemetry's.

use monitor_core::capture::{CallSite, Database, System};
use monitor_core::snapshot::CallRecord;
use opentelemetry::KeyValue;

use crate::names;

/// The database behind a call or a pool.
pub(crate) fn database(database: &Database) -> Vec<KeyValue> {
    let mut attributes = vec![KeyValue::new(names::SYSTEM, database.system.as_str())];
    if !database.name.is_empty() {
        attributes.push(KeyValue::new(names::NAMESPACE, database.name.clone()));
    }
    if !database.host.is_empty() {
        attributes.push(KeyValue::new(names::SERVER_ADDRESS, database.host.clone()));
        if let Some(port) = port(database) {
            attributes.push(KeyValue::new(names::SERVER_PORT, i64::from(port)));
        }
    }
    attributes
}

/// The port, unless it is the one that everybody expects.
pub(crate) fn port(database: &Database) -> Option<u16> {
    let usual = match database.system {
        System::PostgreSql => Some(5432),
        System::MySql | System::MariaDb => Some(3306),
        _ => None,
    };
    database.port.filter(|port| Some(*port) != usual)
}

/// What went wrong, of a call that failed: the database's own code, or else the class of the error.
pub(crate) fn error(call: &CallRecord) -> Vec<KeyValue> {
    let Some(class) = call.error else { return Vec::new() };
    match &call.error_code {
        Some(code) => vec![
            KeyValue::new(names::ERROR_TYPE, code.clone()),
            KeyValue::new(names::STATUS_CODE, code.clone()),
        ],
        None => vec![KeyValue::new(names::ERROR_TYPE, class.as_str())],
    }
}

/// The line that made a call.
pub(crate) fn call_site(site: CallSite) -> [KeyValue; 2] {
    [
        KeyValue::new(names::CODE_FILE, site.file()),
        KeyValue::new(names::CODE_LINE, i64::from(site.line())),
    ]
}
