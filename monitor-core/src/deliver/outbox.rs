//! What one sink has to be told next, and what came of it: the rules, without threads.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::queue::{LetGo, Queue, Waiting};
use super::{Delivery, SendError, backoff};
use crate::capture::{Clock, Tick};
use crate::judge::{Alert, Notice};
use crate::snapshot::{SinkActivity, SinkFailure};

/// What one sink has to be told, and how that went so far.
#[derive(Debug)]
pub(super) struct Outbox {
    delivery: Delivery,
    queue: Queue,
    /// All alerts that fire, kept for sinks that want to hear of them again.
    firing: Arc<[Alert]>,
    /// The sink's rate limit, or its rest after a failure.
    not_before: Tick,
    refresh_at: Tick,
    /// The alerts being told at this moment, since when.
    busy: Option<(Vec<String>, Tick)>,
    untold: VecDeque<String>,
    /// The counters; the lists are filled in when somebody asks.
    tally: SinkActivity,
}

/// What to do now.
#[derive(Debug)]
pub(super) enum Due {
    /// Nothing, until something is offered.
    Nothing,
    /// Nothing before this moment.
    At(Tick),
    /// This.
    Now(Job),
}

/// Something to tell.
#[derive(Debug)]
pub(super) enum Job {
    Notices(Vec<Waiting>),
    Refresh(Arc<[Alert]>),
}

/// What came of a job.
pub(super) enum Ending {
    Told,
    Failed(SendError),
    Panicked,
}

// === impl Outbox ===

impl Outbox {
    pub(super) fn new(name: Arc<str>, delivery: Delivery) -> Self {
        Self {
            delivery,
            queue: Queue::new(delivery.queue_max),
            firing: Arc::from([]),
            not_before: Tick::default(),
            refresh_at: Tick::default(),
            busy: None,
            untold: VecDeque::new(),
            tally: SinkActivity { name, ..SinkActivity::default() },
        }
    }

    pub(super) fn offer(&mut self, notice: Notice, now: Tick) {
        let key = notice.alert.key();
        self.untold.retain(|untold| *untold != key);
        let let_go = self.queue.offer(notice, now);
        self.count(let_go);
    }

    /// Says which alerts fire now, for the next refresh.
    pub(super) fn firing(&mut self, firing: &Arc<[Alert]>, now: Tick) {
        let Some(every) = self.delivery.refresh_every else { return };
        if self.firing.is_empty() {
            // What starts to fire is told as a notice; the refresh comes after it.
            self.refresh_at = now.after(every);
        }
        self.firing = firing.clone();
    }

    /// Something has to be told, now or later.
    pub(super) fn has_work(&self) -> bool {
        !self.queue.is_empty() || !self.firing.is_empty()
    }

    /// Nothing waits and nothing is being told.
    pub(super) fn is_done(&self) -> bool {
        self.queue.is_empty() && self.busy.is_none()
    }

    /// The next job, which is then being done until [`settle`](Self::settle).
    pub(super) fn due(&mut self, now: Tick) -> Due {
        if self.busy.is_some() {
            // One thing at a time, also where a callback asks for the next.
            return Due::Nothing;
        }
        let at = match (self.queue.is_empty(), self.firing.is_empty()) {
            (false, _) => self.not_before,
            (true, false) => self.not_before.max(self.refresh_at),
            (true, true) => return Due::Nothing,
        };
        if at > now {
            return Due::At(at);
        }
        if self.queue.is_empty() {
            self.busy = Some((Vec::new(), now));
            return Due::Now(Job::Refresh(self.firing.clone()));
        }
        let notices = self.queue.take(self.delivery.batch_max);
        let keys = notices.iter().map(|waiting| waiting.key.clone()).collect();
        self.busy = Some((keys, now));
        Due::Now(Job::Notices(notices))
    }

    /// Takes in what came of a job.
    pub(super) fn settle(&mut self, job: Job, ending: Ending, clock: &Clock, random: u64) {
        self.busy = None;
        let now = clock.now();
        self.not_before = now.after(self.delivery.spacing);
        match ending {
            Ending::Told => self.told(job, clock, now),
            Ending::Failed(error) => {
                self.failed(error.to_string(), clock, now);
                match error.least_wait() {
                    Some(asked) => self.again(job, asked, now, random),
                    None => self.never(job, now),
                }
            }
            Ending::Panicked => {
                self.tally.panicked += 1;
                self.failed("panicked".into(), clock, now);
                self.never(job, now);
            }
        }
    }

    fn told(&mut self, job: Job, clock: &Clock, now: Tick) {
        self.tally.failures_in_a_row = 0;
        self.tally.last_success = Some(clock.wall(now));
        match job {
            Job::Notices(told) => self.tally.delivered += told.len() as u64,
            Job::Refresh(_) => self.put_refresh_off(now),
        }
    }

    /// Notes a failure that is not about a job.
    pub(super) fn failed(&mut self, class: String, clock: &Clock, now: Tick) {
        self.tally.failures_in_a_row = self.tally.failures_in_a_row.saturating_add(1);
        self.tally.last_failure = Some(SinkFailure::new(clock.wall(now), class));
    }

    fn again(&mut self, job: Job, asked: Duration, now: Tick, random: u64) {
        let wait = backoff::wait(&self.delivery, self.tally.failures_in_a_row, asked, random);
        self.not_before = now.after(wait.max(self.delivery.spacing));
        self.tally.retried += 1;
        let Job::Notices(notices) = job else { return };
        for let_go in self.queue.put_back(notices) {
            self.count(let_go);
        }
        let age_max = self.delivery.give_up_after;
        for key in self.queue.give_up(|waiting| now.since(waiting.since) >= age_max) {
            self.lost(key);
            self.tally.given_up += 1;
        }
    }

    fn never(&mut self, job: Job, now: Tick) {
        match job {
            Job::Refresh(_) => self.put_refresh_off(now),
            Job::Notices(refused) => {
                self.tally.given_up += refused.len() as u64;
                for waiting in refused {
                    // Something newer may be on its way; then nothing is lost.
                    if !self.queue.keys().any(|key| *key == waiting.key) {
                        self.lost(waiting.key);
                    }
                }
            }
        }
    }

    fn put_refresh_off(&mut self, now: Tick) {
        self.refresh_at = now.after(self.delivery.refresh_every.unwrap_or_default());
    }

    fn count(&mut self, let_go: LetGo) {
        self.tally.folded += let_go.folded;
        if let Some(key) = let_go.dropped {
            self.tally.dropped += 1;
            self.lost(key);
        }
    }

    fn lost(&mut self, key: String) {
        if self.untold.len() >= self.delivery.queue_max {
            self.untold.pop_front();
        }
        self.untold.push_back(key);
    }

    pub(super) fn activity(&self, clock: &Clock) -> SinkActivity {
        let (telling, since) =
            self.busy.as_ref().map(|(keys, since)| (keys.iter(), *since)).unzip();
        SinkActivity {
            waiting: telling.into_iter().flatten().chain(self.queue.keys()).cloned().collect(),
            untold: self.untold.iter().cloned().collect(),
            busy_since: since.map(|since| clock.wall(since)),
            ..self.tally.clone()
        }
    }
}
