//! Looks for advice now and then, on a thread of its own.

use std::collections::BTreeSet;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use super::builder::{BuildError, Builder, refuse};
use super::survey::{Survey, Unasked};
use super::{Inner, Monitor};
use crate::capture::Clock;
use crate::inquire::{Asker, Budget, Budgeted};
use crate::judge::advice::index::{Follower, WriteMeter};
use crate::judge::advice::{
    Advice, AdviceSettings, Ledger, PoolWatch, Question, Recommendation, Story, advise, index,
};
use crate::snapshot::Snapshot;

/// What a monitor needs to give advice.
pub(super) struct Advisor {
    settings: AdviceSettings,
    notes: Mutex<Notes>,
    /// Locked for as long as a look lasts: one look at a time.
    asker: Mutex<Option<Asked>>,
    /// Goes away with the monitor, which ends the thread.
    alive: OnceLock<Sender<()>>,
}

/// Who is asked, and what it had counted before.
struct Asked {
    asker: Budgeted,
    meter: WriteMeter,
}

/// What is remembered from one look to the next.
struct Notes {
    advice: Advice,
    ledger: Ledger,
    pools: PoolWatch,
    follower: Follower,
    /// Recommendations that nobody wants to see, by their key.
    muted: BTreeSet<String>,
}

/// Recommendations muted at a time; a further one is refused.
const MUTED_MAX: usize = 1_000;

/// The shortest time between two looks.
const EVERY_MIN: Duration = Duration::from_secs(1);

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

// === impl Builder ===

impl Builder {
    /// Whether, how often and about what advice is given; see [`Monitor::recommendations`]. Default: every five minutes.
    pub fn recommendations(mut self, settings: AdviceSettings) -> Self {
        self.advice = settings;
        self
    }

    /// Keeps the text in which each statement is first seen **with its literals**, so that advice on indexes can name
    /// constants that stand in it: `create index .. where status = 'pending'`. Default: no literal is kept, and only NULL and
    /// truths are known.
    ///
    /// A literal that differs from call to call is no constant, and never named. The texts are in
    /// [`StatementActivity::sample`](crate::snapshot::StatementActivity::sample), and what advice makes of them in its
    /// titles, remedies and keys; they are in no JSON. Bind values are never seen. One text a statement, of
    /// [`PARSE_BYTES_MAX`](crate::identify::PARSE_BYTES_MAX) at most, as a longer one is not read.
    pub fn keep_literals_for_advice(mut self) -> Self {
        self.literals.for_advice = true;
        self
    }

    /// Lets advice ask the database what it holds, over a connection of the monitor's own.
    ///
    /// The adapters make askers. What is asked keeps to a [budget](crate::inquire::Budget).
    pub fn ask_database(mut self, asker: impl Asker + 'static) -> Self {
        self.asker = Some(Box::new(asker));
        self
    }
}

/// Refuses settings that make no sense.
pub(super) fn check(settings: &AdviceSettings) -> Result<(), BuildError> {
    if settings.every < EVERY_MIN {
        let every = settings.every;
        return refuse(format!(
            "advice every {every:?} would do little else; choose {EVERY_MIN:?} or longer"
        ));
    }
    if settings.remembered_max == 0 {
        return refuse("remembered_max is 0; choose at least 1");
    }
    Ok(())
}

// === impl Monitor ===

impl Monitor {
    /// What to do about the database, most important first, as of the last look.
    ///
    /// The monitor looks on a thread of its own: once after
    /// [`observe_for`](AdviceSettings::observe_for), then
    /// [`every`](AdviceSettings::every) so often. Empty before the first look; see
    /// [`look_for_advice`](Self::look_for_advice).
    #[must_use]
    pub fn recommendations(&self) -> Vec<Recommendation> {
        self.advice().recommendations
    }

    /// All that the last look for advice came to: also why a rule was silent.
    #[must_use]
    pub fn advice(&self) -> Advice {
        self.inner.as_ref().map(|inner| inner.advisor.advice()).unwrap_or_default()
    }

    /// Looks for advice now, and gives it.
    ///
    /// Takes a snapshot, asks the database if there is somebody to ask, and parses every statement of the last hour
    /// for the rules: on the caller's thread, so not to be called in a request's way. A monitor that is off has
    /// no advice.
    pub fn look_for_advice(&self) -> Advice {
        self.inner.as_ref().map(|inner| inner.look_for_advice()).unwrap_or_default()
    }

    /// From now on, does not give a recommendation, by its [key](Recommendation::key), until it is
    /// [unmuted](Self::unmute_recommendation) or the process ends: see [`AdviceSettings::mute`] for longer. It is still
    /// found, and kept in [`Advice::set_aside`].
    ///
    /// False where 1 000 are muted already, or the monitor is off.
    pub fn mute_recommendation(&self, key: &str) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.advisor.mute(key))
    }

    /// Takes such a mute back; false where there was none.
    pub fn unmute_recommendation(&self, key: &str) -> bool {
        self.inner.as_ref().is_some_and(|inner| lock(&inner.advisor.notes).muted.remove(key))
    }

    /// From now on, advice may ask the database: what it holds makes many rules surer, and some need it.
    ///
    /// Replaces whoever was asked before; see [`Builder::ask_database`].
    pub fn ask_database(&self, asker: impl Asker + 'static) {
        if let Some(inner) = &self.inner {
            inner.advisor.ask(Box::new(asker), inner.registry.clock.clone());
        }
    }
}

// === impl Asked ===

impl Asked {
    fn of(asker: Budgeted) -> Self {
        Self { asker, meter: WriteMeter::default() }
    }
}

// === impl Advisor ===

impl Advisor {
    pub(super) fn new(settings: AdviceSettings, asker: Option<Budgeted>) -> Self {
        let ledger = Ledger::new(settings.remembered_max);
        let (advice, pools, follower, muted) = Default::default();
        let notes = Notes { advice, ledger, pools, follower, muted };
        Self {
            settings,
            notes: Mutex::new(notes),
            asker: Mutex::new(asker.map(Asked::of)),
            alive: OnceLock::new(),
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.settings.on
    }

    /// From now on, asks this one.
    pub(super) fn ask(&self, asker: Box<dyn Asker>, clock: Clock) {
        *lock(&self.asker) = Some(Asked::of(budgeted(asker, clock)));
    }

    fn mute(&self, key: &str) -> bool {
        let muted = &mut lock(&self.notes).muted;
        let has_room = muted.len() < MUTED_MAX || muted.contains(key);
        if has_room {
            muted.insert(key.to_owned());
        }
        has_room
    }

    /// Looks how full pools are.
    pub(super) fn look_at_pools(&self, snapshot: &Snapshot) {
        lock(&self.notes).pools.look(snapshot);
    }

    /// What was advised last.
    pub(super) fn advice(&self) -> Advice {
        let notes = lock(&self.notes);
        notes.advice.clone().without(&notes.muted)
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
        let survey =
            asker.as_mut().map(|asked| Survey::take(&mut asked.asker, &mut asked.meter, &snapshot));
        drop(asker);
        let catalogue = survey.as_ref().and_then(|survey| survey.as_ref().ok());
        let mut advice = advise(Question {
            snapshot: &snapshot,
            story: &story,
            catalogue: catalogue.map(|survey| &survey.catalogue),
            settings: &self.advisor.settings,
        });
        self.advise_on_indexes(&mut advice, &snapshot, survey);
        let mut notes = lock(&self.advisor.notes);
        notes.ledger.enter(&mut advice.recommendations);
        advice.forgotten = notes.ledger.forgotten();
        notes.advice = advice.clone();
        advice.without(&notes.muted)
    }

    /// Adds what the index advisor says, or why it says nothing.
    fn advise_on_indexes(
        &self,
        advice: &mut Advice,
        snapshot: &Snapshot,
        survey: Option<Result<Survey, Unasked>>,
    ) {
        let settings = &self.advisor.settings;
        let unasked = |why: String| [index::unasked(why)];
        match survey {
            None => {
                let why = "nobody may ask the database: see `Builder::ask_database`".into();
                advice.join(unasked(why), Vec::new(), settings);
            }
            Some(Err(error)) => advice.join(unasked(error.why()), Vec::new(), settings),
            Some(Ok(Survey { mut catalogue, workload, indexes })) => {
                catalogue.replicas = catalogue.replicas.max(settings.surroundings.replicas);
                let upkeep = index::upkeep(&workload, &catalogue, snapshot.at);
                let mut notes = lock(&self.advisor.notes);
                let seen = (&indexes, &workload);
                advice.sequels =
                    notes.follower.look(seen, &catalogue, &snapshot.lifetime, snapshot.at);
                advice.unfollowed = notes.follower.unfollowed();
                drop(notes);
                advice.join([indexes.answer(&workload)], indexes.recommendations, settings);
                advice.join(upkeep.answers, upkeep.recommendations, settings);
            }
        }
    }

    /// What happened lately, as far as the monitor knows.
    fn story(&self) -> Story {
        let (scoped, waits) = self.kept_of_scopes();
        let mut story = Story::told(&self.registry.recent_calls(usize::MAX), &scoped);
        story.waits = waits;
        story.surroundings = self.advisor.settings.surroundings;
        lock(&self.advisor.notes).pools.tell(&mut story);
        story
    }
}
