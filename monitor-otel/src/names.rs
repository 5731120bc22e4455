//! Every name that leaves here.
//!
//! Those of the semantic conventions 1.44 are stable, except for rows and pools, which are in
//! development there and may be renamed. What the conventions have no name for begins with
//! `db_monitor.`; Prometheus shows it under the same name as the monitor's own exporter does.

/// Time of calls: the database's, as the caller saw it. Stable.
pub const OPERATION_DURATION: &str = "db.client.operation.duration";
/// Rows that calls returned.
pub const RETURNED_ROWS: &str = "db.client.response.returned_rows";
/// Connections of a pool, by state.
pub const CONNECTION_COUNT: &str = "db.client.connection.count";
/// Connections a pool may have.
pub const CONNECTION_MAX: &str = "db.client.connection.max";
/// Connections a pool keeps open.
pub const CONNECTION_IDLE_MIN: &str = "db.client.connection.idle.min";
/// Callers that wait for a connection.
pub const PENDING_REQUESTS: &str = "db.client.connection.pending_requests";
/// Callers that got no connection in time.
pub const CONNECTION_TIMEOUTS: &str = "db.client.connection.timeouts";
/// Time it took to connect.
pub const CREATE_TIME: &str = "db.client.connection.create_time";
/// Time callers waited for a connection.
pub const WAIT_TIME: &str = "db.client.connection.wait_time";
/// Time between taking a connection and giving it back.
pub const USE_TIME: &str = "db.client.connection.use_time";
/// Calls whose caller went away; ours.
pub const CANCELLED_CALLS: &str = "db_monitor.cancelled_calls";
/// Details the monitor's limits made it let go of, by reason; ours.
pub const DROPPED: &str = "db_monitor.dropped";

pub(crate) const SYSTEM: &str = "db.system.name";
pub(crate) const NAMESPACE: &str = "db.namespace";
pub(crate) const QUERY_SUMMARY: &str = "db.query.summary";
pub(crate) const QUERY_TEXT: &str = "db.query.text";
pub(crate) const STATUS_CODE: &str = "db.response.status_code";
pub(crate) const ERROR_TYPE: &str = "error.type";
pub(crate) const SERVER_ADDRESS: &str = "server.address";
pub(crate) const SERVER_PORT: &str = "server.port";
pub(crate) const POOL_NAME: &str = "db.client.connection.pool.name";
pub(crate) const CONNECTION_STATE: &str = "db.client.connection.state";
pub(crate) const CODE_FILE: &str = "code.file.path";
pub(crate) const CODE_LINE: &str = "code.line.number";
/// How a call ended that neither went well nor failed; ours.
pub(crate) const OUTCOME: &str = "db_monitor.outcome";
/// Why something was dropped; ours.
pub(crate) const REASON: &str = "reason";
