//! Checkouts that timed out, with who held the connections then.

use std::time::{Duration, SystemTime};

use super::HeldConnection;
use crate::capture::{CallSite, PoolLevels};

/// One checkout that got no connection within the pool's time limit, and how the pool stood then.
///
/// [`judge::explain`](crate::judge::explain) says what the reason was.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckoutTimeout {
    /// When it gave up.
    pub at: SystemTime,
    /// How long it had waited.
    pub waited: Duration,
    /// The line that waited, where known.
    pub call_site: Option<CallSite>,
    /// Callers that still waited.
    pub waiting: u64,
    /// Connections that were out.
    pub out: u64,
    /// Who held them, longest first; at most [`HOLDERS_MAX`](Self::HOLDERS_MAX) of them.
    pub held: Vec<HeldConnection>,
    /// Connections that were busy with calls whose callers had gone; see
    /// [`CheckoutActivity::draining`](super::CheckoutActivity::draining).
    pub draining: u64,
    /// What the pool said of itself.
    pub levels: Option<PoolLevels>,
    /// Whether an attempt to connect failed while it waited.
    pub connect_failed: bool,
}

impl CheckoutTimeout {
    /// Time-outs kept of each pool, the newest; how many there were is
    /// [`CheckoutActivity::timed_out`](super::CheckoutActivity::timed_out).
    pub const KEPT_MAX: usize = 8;
    /// Holders kept of each time-out, those that held longest; how many there were is
    /// [`out`](Self::out).
    pub const HOLDERS_MAX: usize = 64;
}
