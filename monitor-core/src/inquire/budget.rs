//! What asking may cost the database: so many questions, so much of its time, and none when it is busy.

use std::fmt;
use std::time::Duration;

use super::{Answer, AskError, AskErrorKind, Asker};
use crate::capture::{Clock, Database, System, Tick};

/// How much may be asked in one refresh of what is known about a database.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Budget {
    /// Questions in one refresh. Default 5 000: a schema of 500 tables and the plans of some hundred statements.
    /// Past it they are refused ([`Asked::over_questions`]).
    pub questions_max: u32,
    /// Database time of one refresh. Default 5 s. Past it questions are refused ([`Asked::over_time`]).
    pub time_max: Duration,
    /// How long an answer takes when all is well. Default 250 ms. One that takes longer counts as trouble
    /// ([`Asked::slow`]).
    pub answer_expected: Duration,
    /// Slow answers, and questions that met a time limit, until the refresh ends. Default 3. What is asked after
    /// it is refused ([`Asked::over_trouble`]).
    pub troubles_max: u32,
    /// The pause after a question, as a multiple of the time its answer took. Default 3: at most a quarter
    /// of the time is spent in the database.
    pub rest_ratio: u32,
    /// How long nothing is asked after a refresh that ended in trouble. Default 1 minute; each further one
    /// in a row doubles it.
    pub pause_min: Duration,
    /// How long nothing is asked at most. Default 1 hour.
    pub pause_max: Duration,
}

/// An [`Asker`] that keeps to a [`Budget`].
///
/// Refuses with [`Spent`](AskErrorKind::Spent). Nothing is asked until [`begin`](Self::begin) was called for a
/// refresh, and [`end`](Self::end) gives the connection back.
pub struct Budgeted {
    asker: Box<dyn Asker>,
    budget: Budget,
    clock: Clock,
    wait: Box<dyn FnMut(Duration) + Send>,
    refresh: Option<Refresh>,
    /// Refreshes in a row that ended in trouble, and when the last one did.
    troubled: u32,
    troubled_at: Tick,
    asked: Asked,
}

/// What asking came to, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked {
    /// Questions that went to the database.
    pub questions: u64,
    /// The time they took there, in all.
    pub time: Duration,
    /// Answers that took longer than [`Budget::answer_expected`], or met a time limit.
    pub slow: u64,
    /// Questions that failed for any other reason.
    pub failed: u64,
    /// Refreshes put off because the application needed the database, or after trouble.
    pub put_off: u64,
    /// Questions refused for [`Budget::questions_max`].
    pub over_questions: u64,
    /// Questions refused for [`Budget::time_max`].
    pub over_time: u64,
    /// Questions refused for [`Budget::troubles_max`].
    pub over_trouble: u64,
}

/// What one refresh has used up.
#[derive(Clone, Copy, Debug, Default)]
struct Refresh {
    questions: u32,
    time: Duration,
    troubles: u32,
}

// === impl Budget ===

impl Default for Budget {
    fn default() -> Self {
        Self {
            questions_max: 5_000,
            time_max: Duration::from_secs(5),
            answer_expected: Duration::from_millis(250),
            troubles_max: 3,
            rest_ratio: 3,
            pause_min: Duration::from_secs(60),
            pause_max: Duration::from_secs(3_600),
        }
    }
}

// === impl Budgeted ===

impl Budgeted {
    /// Keeps an asker to a budget. Rests by letting the thread sleep.
    #[must_use]
    pub fn new(asker: Box<dyn Asker>, budget: Budget, clock: Clock) -> Self {
        Self::resting(asker, budget, clock, std::thread::sleep)
    }

    /// Keeps an asker to a budget, with a way of its own to let time pass.
    #[must_use]
    pub fn resting(
        asker: Box<dyn Asker>,
        budget: Budget,
        clock: Clock,
        wait: impl FnMut(Duration) + Send + 'static,
    ) -> Self {
        let troubled_at = clock.now();
        Self {
            asker,
            budget,
            clock,
            wait: Box::new(wait),
            refresh: None,
            troubled: 0,
            troubled_at,
            asked: Asked::default(),
        }
    }

    /// Begins a refresh; says whether there may be one now.
    ///
    /// `busy` says that the application needs the database itself, as when callers wait for its pools.
    /// Not now means also: the last refreshes ended in trouble, and the pause is not over.
    pub fn begin(&mut self, busy: bool) -> bool {
        let now = self.clock.now();
        if busy || now.since(self.troubled_at) < self.pause() {
            self.asked.put_off += 1;
            return false;
        }
        self.refresh = Some(Refresh::default());
        true
    }

    /// Ends a refresh, and gives the connection back.
    pub fn end(&mut self) {
        self.asker.rest();
        if let Some(refresh) = self.refresh.take() {
            if refresh.troubles >= self.budget.troubles_max {
                self.troubled = self.troubled.saturating_add(1);
                self.troubled_at = self.clock.now();
            } else if refresh.questions > 0 {
                self.troubled = 0;
            }
        }
    }

    /// What asking came to so far.
    #[must_use]
    pub fn asked(&self) -> Asked {
        self.asked
    }

    fn pause(&self) -> Duration {
        match self.troubled {
            0 => Duration::ZERO,
            times => {
                let factor = 1 << (times - 1).min(16);
                self.budget.pause_min.saturating_mul(factor).min(self.budget.pause_max)
            }
        }
    }

    /// Whether one more question may be asked; counts what is refused.
    fn allow(&mut self) -> bool {
        let Some(refresh) = self.refresh else { return false };
        let refused = if refresh.troubles >= self.budget.troubles_max {
            &mut self.asked.over_trouble
        } else if refresh.questions >= self.budget.questions_max {
            &mut self.asked.over_questions
        } else if refresh.time >= self.budget.time_max {
            &mut self.asked.over_time
        } else {
            return true;
        };
        *refused += 1;
        false
    }

    /// Books a question with the time it took.
    fn book(&mut self, took: Duration, failure: Option<AskErrorKind>) {
        let slow = took > self.budget.answer_expected || failure == Some(AskErrorKind::TooSlow);
        self.asked.questions += 1;
        self.asked.time += took;
        self.asked.slow += u64::from(slow);
        self.asked.failed += u64::from(failure.is_some() && !slow);
        if let Some(refresh) = &mut self.refresh {
            refresh.questions += 1;
            refresh.time += took;
            refresh.troubles += u32::from(slow);
        }
    }
}

impl Asker for Budgeted {
    fn system(&self) -> System {
        self.asker.system()
    }

    fn database(&self) -> Option<Database> {
        self.asker.database()
    }

    fn ask(&mut self, question: &str) -> Result<Answer, AskError> {
        if !self.allow() {
            return Err(AskError::new(AskErrorKind::Spent));
        }
        let begun = self.clock.now();
        let answer = self.asker.ask(question);
        let took = self.clock.now().since(begun);
        self.book(took, answer.as_ref().err().map(|error| error.kind));
        (self.wait)(took.saturating_mul(self.budget.rest_ratio));
        answer
    }

    /// The second database costs the first nothing, so it has no budget.
    fn scratch(&mut self) -> Result<Option<Box<dyn Asker>>, AskError> {
        self.asker.scratch()
    }

    fn rest(&mut self) {
        self.asker.rest();
    }
}

impl fmt::Debug for Budgeted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budgeted")
            .field("budget", &self.budget)
            .field("refresh", &self.refresh)
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}
