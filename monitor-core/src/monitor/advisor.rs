//! Looks for advice now and then, on a thread of its own.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use super::Inner;
use crate::capture::{Clock, System};
use crate::inquire::{Asker, Budget, Budgeted, Catalogue, postgres};
use crate::judge::advice::{Advice, AdviceSettings, Ledger, PoolWatch, Question, Story, advise};
use crate::snapshot::Snapshot;

/// What a monitor needs to give advice.
pub(super) struct Advisor {
    settings: AdviceSettings,
    notes: Mutex<Notes>,
    /// Locked for as long as a look lasts: one look at a time.
    asker: Mutex<Option<Budgeted>>,
    /// Goes away with the monitor, which ends the thread.
    alive: OnceLock<Sender<()>>,
}

/// What is remembered from one look to the next.
struct Notes {
    advice: Advice,
    ledger: Ledger,
    pools: PoolWatch,
}

/// Starts the thread that looks for advice as long as the monitor lives.
pub(super) fn start(inner: &Arc<Inner>) -> std::io::Result<()> {
    let (alive, ended) = channel();
    let weak: Weak<Inner> = Arc::downgrade(inner);
    let AdviceSettings { every, observe_for, .. } = inner.advisor.settings;
    std::thread::Builder::new().name("db-monitor-advice".into()).spawn(move || {
        let mut wait = observe_for;
        while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            let Some(inner) = weak.upgrade() else { return };
            inner.guarded(|| {
                inner.look_for_advice();
            });
            wait = every;
        }
    })?;
    // Nobody else sets it: `start` is called once, by `build`.
    let _ = inner.advisor.alive.set(alive);
    Ok(())
}

// === impl Advisor ===

impl Advisor {
    pub(super) fn new(settings: AdviceSettings, asker: Option<Budgeted>) -> Self {
        let ledger = Ledger::new(settings.remembered_max);
        let notes = Notes { advice: Advice::default(), ledger, pools: PoolWatch::default() };
        Self {
            settings,
            notes: Mutex::new(notes),
            asker: Mutex::new(asker),
            alive: OnceLock::new(),
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.settings.on
    }

    /// From now on, asks this one.
    pub(super) fn ask(&self, asker: Box<dyn Asker>, clock: Clock) {
        *lock(&self.asker) = Some(budgeted(asker, clock));
    }

    /// Looks how full pools are.
    pub(super) fn look_at_pools(&self, snapshot: &Snapshot) {
        lock(&self.notes).pools.look(snapshot);
    }

    /// What was advised last.
    pub(super) fn advice(&self) -> Advice {
        lock(&self.notes).advice.clone()
    }

    pub(super) fn forgotten(&self) -> u64 {
        lock(&self.notes).ledger.forgotten()
    }
}

/// An asker that keeps to the default budget.
pub(super) fn budgeted(asker: Box<dyn Asker>, clock: Clock) -> Budgeted {
    Budgeted::new(asker, Budget::default(), clock)
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

// === impl Inner ===

impl Inner {
    /// Looks for advice: takes the numbers, tells the story, asks the database and then the rules.
    pub(super) fn look_for_advice(&self) -> Advice {
        let mut asker = lock(&self.advisor.asker);
        let snapshot = self.snapshot();
        let story = self.story();
        let catalogue = asker.as_mut().and_then(|asker| read_catalogue(asker, &snapshot));
        // Further producers of recommendations join here, and the advice is settled again.
        let mut advice = advise(Question {
            snapshot: &snapshot,
            story: &story,
            catalogue: catalogue.as_ref(),
            settings: &self.advisor.settings,
        });
        drop(asker);
        let mut notes = lock(&self.advisor.notes);
        notes.ledger.enter(&mut advice.recommendations);
        advice.forgotten = notes.ledger.forgotten();
        notes.advice = advice.clone();
        advice
    }

    /// What happened lately, as far as the monitor knows.
    fn story(&self) -> Story {
        let mut story = Story::of_calls(&self.registry.recent_calls(usize::MAX));
        story.surroundings = self.advisor.settings.surroundings;
        lock(&self.advisor.notes).pools.tell(&mut story);
        story
    }
}

/// What the database holds, if it may be asked now and answers.
fn read_catalogue(asker: &mut Budgeted, snapshot: &Snapshot) -> Option<Catalogue> {
    let is_busy = snapshot.pools().any(|(_, pool)| pool.checkouts.waiting > 0);
    if !asker.begin(is_busy) {
        return None;
    }
    let catalogue = match asker.system() {
        System::PostgreSql => postgres::read_catalogue(asker, snapshot.at).ok(),
        _ => None,
    };
    asker.end();
    catalogue
}
