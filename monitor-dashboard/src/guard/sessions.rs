//! People who have shown the token.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use monitor_core::capture::Tick;

/// People who have shown the token, each known by a secret of 256 random bits.
#[derive(Default)]
pub(crate) struct Sessions {
    /// When each began.
    open: Mutex<BTreeMap<String, Tick>>,
}

/// The cookie that carries a session.
pub(super) const COOKIE: &str = "monitor_session";

// === impl Sessions ===

impl Sessions {
    /// After this somebody has to log in again.
    pub(crate) const LASTS: Duration = Duration::from_secs(12 * 60 * 60);

    /// Begins a session and gives its secret; `None` where the system has no random numbers.
    pub(crate) fn begin(&self, now: Tick, max: usize) -> Option<String> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).ok()?;
        let secret: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut open = self.open();
        open.retain(|_, began| now.since(*began) < Self::LASTS);
        while open.len() >= max.max(1) {
            let first =
                open.iter().min_by_key(|(_, began)| **began).map(|(secret, _)| secret.clone());
            open.remove(&first?);
        }
        open.insert(secret.clone(), now);
        Some(secret)
    }

    /// Whether a session goes on.
    pub(crate) fn has(&self, secret: &str, now: Tick) -> bool {
        // A secret of 256 bits is not found byte by byte: nobody can choose what the map compares it with.
        self.open().get(secret).is_some_and(|began| now.since(*began) < Self::LASTS)
    }

    pub(super) fn end(&self, secret: &str) {
        self.open().remove(secret);
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, Tick>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session a browser sends.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let pairs = cookies.filter_map(|cookies| cookies.to_str().ok()).flat_map(|all| all.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}
