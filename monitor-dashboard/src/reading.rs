//! One look at the monitor, taken once and shown to everybody who asks meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use monitor_core::Monitor;
use monitor_core::capture::{Database, Tick};
use monitor_core::identify::Fingerprint;
use monitor_core::judge::advice::Advice;
use monitor_core::judge::{self, Alert, AlertFilter, AlertState, Health, Subject, Trend, Trends};
use monitor_core::snapshot::{CallRecord, Minute, Snapshot, StatementMinute};

use crate::view::{Live, Window};

/// The numbers at a moment, and what they mean.
pub(crate) struct Reading {
    taken: Tick,
    pub(crate) snapshot: Snapshot,
    pub(crate) health: Health,
    /// All alerts, pending ones first, then those that fire, then those that are over.
    pub(crate) alerts: Vec<Alert>,
    pub(crate) advice: Advice,
    /// The newest calls, newest first.
    pub(crate) recent: Vec<CallRecord>,
    pub(crate) courses: Arc<Courses>,
    live: OnceLock<String>,
}

/// What only changes when a minute is over.
pub(crate) struct Courses {
    started_at: SystemTime,
    /// The last hour, oldest first.
    pub(crate) minutes: Vec<Arc<Minute>>,
    pub(crate) trends: Trends,
    /// Where a statement is in those minutes: the minute's place, and the statement's in the minute.
    statements: HashMap<StatementName, Vec<(usize, usize)>>,
}

/// What a page calls a statement by.
type StatementName = (Fingerprint, Arc<Database>);

/// Keeps the newest reading for as long as it is fresh.
///
/// However many ask at once, one of them takes the snapshot and the others wait for it; whoever goes away
/// meanwhile leaves it to the others.
#[derive(Clone)]
pub(crate) struct Readings {
    monitor: Monitor,
    /// Held by whoever takes a snapshot, for as long as that lasts.
    taking: Arc<tokio::sync::Mutex<()>>,
    newest: Arc<Mutex<Option<Arc<Reading>>>>,
}

// === impl Readings ===

impl Readings {
    /// For how long a reading is shown.
    const FRESH: Duration = Duration::from_secs(1);

    pub(crate) fn new(monitor: &Monitor) -> Self {
        Self { monitor: monitor.clone(), taking: Arc::default(), newest: Arc::default() }
    }

    /// A reading that is at most [`FRESH`](Self::FRESH) old.
    ///
    /// # Errors
    ///
    /// When the runtime ends meanwhile.
    pub(crate) async fn now(&self) -> Result<Arc<Reading>, tokio::task::JoinError> {
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        let turn = self.taking.clone().lock_owned().await;
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        let readings = self.clone();
        // The turn goes along: it lasts as long as the work, even where nobody waits for it any more.
        tokio::task::spawn_blocking(move || {
            let reading = readings.take();
            drop(turn);
            reading
        })
        .await
    }

    /// The same, with the lists of a window and those since the start put together. That takes milliseconds where there are
    /// thousands of statements, so it is done off the runtime's threads, which run the application.
    ///
    /// # Errors
    ///
    /// When the runtime ends meanwhile.
    pub(crate) async fn listed(
        &self,
        window: Window,
    ) -> Result<Arc<Reading>, tokio::task::JoinError> {
        let reading = self.now().await?;
        tokio::task::spawn_blocking(move || {
            window.of(&reading.snapshot).rollup.put_together();
            reading.snapshot.lifetime.put_together();
            reading
        })
        .await
    }

    fn fresh(&self) -> Option<Arc<Reading>> {
        let now = self.monitor.clock().now();
        let is_fresh = |reading: &&Arc<Reading>| now.since(reading.taken) < Self::FRESH;
        self.newest().as_ref().filter(is_fresh).cloned()
    }

    fn take(&self) -> Arc<Reading> {
        let former = self.newest().clone();
        let reading = Arc::new(Reading::take(&self.monitor, former.as_deref()));
        *self.newest() = Some(reading.clone());
        reading
    }

    fn newest(&self) -> MutexGuard<'_, Option<Arc<Reading>>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Reading ===

impl Reading {
    fn take(monitor: &Monitor, former: Option<&Self>) -> Self {
        let taken = monitor.clock().now();
        let snapshot = monitor.snapshot();
        let health = monitor.health_of(&snapshot);
        let mut alerts =
            monitor.alerts_matching(&AlertFilter::default().state(AlertState::Pending));
        alerts.extend(monitor.alerts());
        let courses = match former {
            Some(former) if former.courses.are_of(&snapshot) => former.courses.clone(),
            _ => Arc::new(Courses::of(&snapshot)),
        };
        Self {
            taken,
            health,
            alerts,
            advice: monitor.advice(),
            recent: monitor.recent_calls(usize::MAX),
            courses,
            live: OnceLock::new(),
            snapshot,
        }
    }

    /// What is told to everybody who listens, as JSON; written once.
    pub(crate) fn live(&self) -> &str {
        self.live.get_or_init(|| serde_json::to_string(&Live::new(self)).unwrap_or_default())
    }
}

// === impl Courses ===

impl Courses {
    fn of(snapshot: &Snapshot) -> Self {
        let mut statements = HashMap::<StatementName, Vec<_>>::new();
        for (place, minute) in snapshot.minutes.iter().enumerate() {
            for (row, statement) in minute.statements.iter().enumerate() {
                let Some(fingerprint) = statement.fingerprint else { continue };
                let name = (fingerprint, statement.database.clone());
                statements.entry(name).or_default().push((place, row));
            }
        }
        Self {
            started_at: snapshot.started_at,
            minutes: snapshot.minutes.clone(),
            trends: judge::trends(snapshot),
            statements,
        }
    }

    fn are_of(&self, snapshot: &Snapshot) -> bool {
        let ends = |minutes: &[Arc<Minute>]| {
            (minutes.first().map(|first| first.ended), minutes.last().map(|last| last.ended))
        };
        ends(&self.minutes) == ends(&snapshot.minutes) && self.started_at == snapshot.started_at
    }

    /// A statement's minutes, one for each of [`minutes`](Self::minutes): `None` where it was not called, or not
    /// listed.
    pub(crate) fn statement(
        &self,
        fingerprint: Fingerprint,
        database: &Arc<Database>,
    ) -> Vec<Option<&StatementMinute>> {
        let mut course = vec![None; self.minutes.len()];
        for (place, row) in
            self.statements.get(&(fingerprint, database.clone())).into_iter().flatten()
        {
            course[*place] = self.minutes[*place].statements.get(*row);
        }
        course
    }

    /// The moment a minute ended.
    pub(crate) fn ended_at(&self, minute: &Minute) -> SystemTime {
        self.started_at + minute.ended
    }

    /// What moves, of one statement.
    pub(crate) fn trends_of(
        &self,
        fingerprint: Fingerprint,
        database: &Database,
    ) -> impl Iterator<Item = &Trend> {
        self.trends.all.iter().filter(move |trend| {
            matches!(&trend.subject, Subject::Statement { fingerprint: Some(id), database: on, .. }
                if *id == fingerprint && **on == *database)
        })
    }
}
