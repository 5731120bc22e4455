//! What the books know of a statement besides its numbers.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use crate::identify::{
    self, Dialect, Fingerprint, Kind, Marks, Normalised, PARSE_BYTES_MAX, Refinement, Tables,
};

/// A statement, whoever sends it.
pub(super) struct Statement {
    pub(super) fingerprint: Fingerprint,
    pub(super) text: Arc<str>,
    pub(super) summary: Arc<str>,
    kind: Kind,
    tables: Arc<Tables>,
    dialect: Dialect,
    /// What the parser made of it, once the beat came by. It only names tables and kind better;
    /// the identity never depends on it.
    refined: OnceLock<Option<(Kind, Arc<Tables>)>>,
    muted: AtomicBool,
    /// The text it was first seen in, where such texts are kept.
    pub(super) sample: Option<Arc<str>>,
}

/// Where texts are kept with their literals.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeptLiterals {
    /// That of each statement's slowest call.
    pub(crate) of_slow_calls: bool,
    /// That in which a statement was first seen.
    pub(crate) for_advice: bool,
}

// === impl Statement ===

impl Statement {
    /// What is known of a statement at its first sight; its text with all literals is kept if advice can read one as long.
    pub(super) fn new(normalised: &Normalised<'_>, sample: Option<&str>) -> Self {
        let sample = sample.filter(|text| text.len() <= PARSE_BYTES_MAX).map(Arc::from);
        let outline = normalised.outline();
        Self {
            fingerprint: normalised.fingerprint,
            text: Arc::from(&*normalised.kept()),
            summary: outline.summary.into(),
            kind: outline.kind,
            tables: Arc::new(outline.tables),
            dialect: normalised.dialect,
            refined: OnceLock::new(),
            muted: AtomicBool::new(false),
            sample,
        }
    }

    /// Heeds what the comments of one of its texts ask for. What one asked, no other takes back.
    pub(super) fn heed(&self, marks: Marks) {
        if marks.muted {
            self.muted.store(true, Relaxed);
        }
    }

    pub(super) fn is_muted(&self) -> bool {
        self.muted.load(Relaxed)
    }

    pub(super) fn kind(&self) -> Kind {
        self.refined.get().and_then(Option::as_ref).map_or(self.kind, |(kind, _)| *kind)
    }

    pub(super) fn tables(&self) -> Arc<Tables> {
        let refined = self.refined.get().and_then(Option::as_ref);
        refined.map_or(&self.tables, |(_, tables)| tables).clone()
    }

    /// Parses the statement in full, if that was not done yet; says whether it was needed.
    pub(super) fn refine(&self) -> bool {
        if self.refined.get().is_some() {
            return false;
        }
        self.refined.get_or_init(|| {
            let Refinement { kind, tables, .. } = identify::refine(&self.text, self.dialect)?;
            Some((kind, Arc::new(tables)))
        });
        true
    }
}
