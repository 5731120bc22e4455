//! Moments somebody kept, to hold others against them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::reading::Reading;

/// Moments somebody kept, by the name they gave them. In memory only.
#[derive(Default)]
pub(crate) struct Moments {
    kept: Mutex<BTreeMap<String, Arc<Reading>>>,
}

/// Characters of a moment's name.
pub(crate) const NAME_CHARS_MAX: usize = 64;

// === impl Moments ===

impl Moments {
    /// Keeps a moment, instead of one of the same name; false where there are too many already.
    pub(crate) fn keep(&self, name: &str, reading: Arc<Reading>, max: usize) -> bool {
        let mut kept = self.kept();
        if kept.len() >= max && !kept.contains_key(name) {
            return false;
        }
        kept.insert(name.to_owned(), reading);
        true
    }

    /// Forgets one; says whether there was one.
    pub(crate) fn forget(&self, name: &str) -> bool {
        self.kept().remove(name).is_some()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Reading>> {
        self.kept().get(name).cloned()
    }

    /// All moments, oldest first.
    pub(crate) fn all(&self) -> Vec<(String, Arc<Reading>)> {
        let kept = self.kept();
        let mut all: Vec<_> =
            kept.iter().map(|(name, reading)| (name.clone(), reading.clone())).collect();
        all.sort_by_key(|(_, reading)| reading.snapshot.at);
        all
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Reading>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
