//! What whoever asks may do.

use serde::Serialize;
use utoipa::ToSchema;

/// What this dashboard is and allows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Session {
    /// The dashboard's version.
    pub version: &'static str,
    /// Whether there is a token, and so something to log out of.
    pub has_token: bool,
    /// Whether alerts and advice can be muted, and moments be kept.
    pub actions: bool,
    /// Moments that may be kept.
    pub moments_max: usize,
    /// Bytes of a snapshot that may be uploaded.
    pub upload_bytes_max: usize,
    /// Requests and streams that limits have refused.
    pub refused: u64,
}
