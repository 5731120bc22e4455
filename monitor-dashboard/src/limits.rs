//! Every bound on what the dashboard does at a time, by name.

use std::time::Duration;

/// How much is served at a time. What is beyond is refused with 503, and counted (`refused` of `/api/v1/session`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections served at once by [`Dashboard::serve`](crate::Dashboard::serve); further ones wait to be accepted.
    pub connections_max: usize,
    /// Requests answered at once to those who may look, and as many to everybody else: probes, the login form, files. `/livez`
    /// is always answered.
    pub requests_max: usize,
    /// Streams of live updates at once.
    pub streams_max: usize,
    /// How long one answer may take; for those of `serve` also how long a client may take to send a request's head, or
    /// to take a piece of its answer.
    pub time_max: Duration,
    /// Bytes of an uploaded snapshot. One is read at a time.
    pub upload_bytes_max: usize,
    /// Moments kept to compare with. Each is a snapshot: some megabytes where there are thousands of statements.
    pub moments_max: usize,
    /// People logged in at once; whoever came first has to log in again.
    pub sessions_max: usize,
}

impl Limits {
    /// Default of [`connections_max`](Self::connections_max).
    pub const CONNECTIONS_MAX: usize = 256;
    /// Default of [`requests_max`](Self::requests_max).
    pub const REQUESTS_MAX: usize = 64;
    /// Default of [`streams_max`](Self::streams_max).
    pub const STREAMS_MAX: usize = 100;
    /// Default of [`time_max`](Self::time_max).
    pub const TIME_MAX: Duration = Duration::from_secs(10);
    /// Default of [`upload_bytes_max`](Self::upload_bytes_max): five times what two thousand statements take.
    pub const UPLOAD_BYTES_MAX: usize = 32 * 1024 * 1024;
    /// Default of [`moments_max`](Self::moments_max).
    pub const MOMENTS_MAX: usize = 8;
    /// Default of [`sessions_max`](Self::sessions_max).
    pub const SESSIONS_MAX: usize = 100;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: Self::CONNECTIONS_MAX,
            requests_max: Self::REQUESTS_MAX,
            streams_max: Self::STREAMS_MAX,
            time_max: Self::TIME_MAX,
            upload_bytes_max: Self::UPLOAD_BYTES_MAX,
            moments_max: Self::MOMENTS_MAX,
            sessions_max: Self::SESSIONS_MAX,
        }
    }
}
