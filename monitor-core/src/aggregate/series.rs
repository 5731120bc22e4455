//! The numbers of one statement, from one source, with lists of one size class.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};

use super::cell::{Addition, Cells};
use super::limits::ERROR_CODES_MAX;
use super::lock;
use super::sources::Source;
use crate::capture::{Failure, Outcome, OutcomeKind};
use crate::identify::{self, Dialect, Fingerprint, Identity, Kind, ListSize, Refinement, Tables};
use crate::snapshot::{Activity, ErrorCount, ListActivity, StatementActivity};

/// A statement, whoever sends it.
pub(crate) struct Statement {
    pub(super) fingerprint: Fingerprint,
    pub(super) text: Arc<str>,
    summary: Arc<str>,
    kind: Kind,
    tables: Arc<Tables>,
    dialect: Dialect,
    /// What the parser made of it, once the beat came by. It only names tables and kind better;
    /// the identity never depends on it.
    refined: OnceLock<Option<(Kind, Arc<Tables>)>>,
}

/// The numbers of one statement, from one source, with lists of one size class.
pub(crate) struct Series {
    pub(super) statement: Arc<Statement>,
    pub(super) source: Arc<Source>,
    pub(super) list_size: ListSize,
    /// Used again since the eviction hand last came by.
    pub(super) used: AtomicBool,
    /// Gave up its place: whoever looks it up next makes a new one.
    pub(super) retired: AtomicBool,
    /// What the windows have already seen.
    pub(super) seen: Mutex<Activity>,
    cells: [Cells; OutcomeKind::ALL.len()],
    errors: Mutex<Vec<ErrorCount>>,
}

// === impl Statement ===

impl Statement {
    pub(super) fn new(identity: Identity, dialect: Dialect) -> Self {
        Self {
            fingerprint: identity.fingerprint,
            text: identity.text.into(),
            summary: identity.summary.into(),
            kind: identity.kind,
            tables: Arc::new(identity.tables),
            dialect,
            refined: OnceLock::new(),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.refined.get().and_then(Option::as_ref).map_or(self.kind, |(kind, _)| *kind)
    }

    fn tables(&self) -> Arc<Tables> {
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

// === impl Series ===

impl Series {
    pub(super) fn new(statement: Arc<Statement>, source: Arc<Source>, list_size: ListSize) -> Self {
        Self {
            statement,
            source,
            list_size,
            used: AtomicBool::new(false),
            retired: AtomicBool::new(false),
            seen: Mutex::default(),
            cells: Default::default(),
            errors: Mutex::default(),
        }
    }

    /// The statement's normalised text.
    pub(crate) fn text(&self) -> &str {
        &self.statement.text
    }

    /// Counts a call. Says whether its error code had to be left out.
    pub(super) fn add(&self, addition: &Addition, outcome: Outcome<'_>) -> bool {
        self.cells[outcome.kind() as usize].add(addition);
        match outcome {
            Outcome::Failed(failure) => self.add_error(failure),
            Outcome::Completed | Outcome::Cancelled => false,
        }
    }

    fn add_error(&self, Failure { class, code }: Failure<'_>) -> bool {
        let mut errors = lock(&self.errors);
        let known = |error: &ErrorCount, code: Option<&str>| {
            error.class == class && error.code.as_deref() == code
        };
        if let Some(error) = errors.iter_mut().find(|error| known(error, code)) {
            error.count += 1;
            return false;
        }
        let full = errors.len() >= ERROR_CODES_MAX && code.is_some();
        let code = code.filter(|_| !full);
        match errors.iter_mut().find(|error| known(error, code)) {
            Some(error) => error.count += 1,
            None => errors.push(ErrorCount { class, code: code.map(str::to_owned), count: 1 }),
        }
        full
    }

    /// Everything counted so far.
    pub(super) fn read(&self) -> Activity {
        let mut sum = Activity::default();
        for outcome in OutcomeKind::ALL {
            sum.merge(&self.cells[outcome as usize].read().ended(outcome));
        }
        sum.errors.clone_from(&lock(&self.errors));
        sum
    }

    /// An activity of this series as a reading of its statement; a retired one is of "other".
    pub(super) fn reading(&self, activity: Activity) -> StatementActivity {
        if self.retired.load(Relaxed) {
            return other(self.statement.kind(), &self.source, activity);
        }
        let by_list_size = match self.list_size {
            ListSize::None => Vec::new(),
            size => vec![ListActivity { size, activity: activity.clone() }],
        };
        StatementActivity {
            fingerprint: Some(self.statement.fingerprint),
            text: self.statement.text.clone(),
            summary: self.statement.summary.clone(),
            kind: self.statement.kind(),
            tables: self.statement.tables(),
            database: self.source.database.clone(),
            activity,
            by_list_size,
        }
    }
}

/// A reading of the statements of one kind that have no place of their own.
pub(super) fn other(kind: Kind, source: &Source, activity: Activity) -> StatementActivity {
    let text: Arc<str> = format!("(other {kind} statements)").into();
    StatementActivity {
        fingerprint: None,
        summary: text.clone(),
        text,
        kind,
        tables: Arc::default(),
        database: source.database.clone(),
        activity,
        by_list_size: Vec::new(),
    }
}
