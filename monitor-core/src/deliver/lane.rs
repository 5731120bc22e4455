//! One sink with its outbox, and the thread that tends it.

use std::hash::BuildHasher;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Sink;
use super::outbox::{Due, Ending, Job, Outbox};
use crate::capture::Clock;
use crate::judge::{Alert, Notice};
use crate::snapshot::SinkActivity;

/// One sink with its outbox.
///
/// The sink's own lock is held while it is told, for as long as that takes; the outbox' lock only for moments. The
/// first is never waited for while the second is held.
pub(super) struct Lane {
    clock: Clock,
    sink: Mutex<Box<dyn Sink>>,
    post: Mutex<Post>,
    /// Rings when something is offered, when a job is done and when the monitor ends.
    bell: Condvar,
}

struct Post {
    outbox: Outbox,
    has_thread: bool,
    ended: bool,
}

// === impl Lane ===

impl Lane {
    pub(super) fn new(name: Arc<str>, sink: Box<dyn Sink>, clock: Clock) -> Self {
        let outbox = Outbox::new(name, sink.delivery());
        let post = Post { outbox, has_thread: false, ended: false };
        Self { clock, sink: Mutex::new(sink), post: Mutex::new(post), bell: Condvar::new() }
    }

    /// Leaves notices, and what fires now. Waits for no sink.
    pub(super) fn offer(&self, notices: &[Notice], firing: &Arc<[Alert]>) {
        let now = self.clock.now();
        let mut post = self.post();
        for notice in notices {
            post.outbox.offer(notice.clone(), now);
        }
        post.outbox.firing(firing, now);
        self.bell.notify_all();
    }

    /// Starts the thread, if there is work for it and none runs yet.
    pub(super) fn start(self: &Arc<Self>) {
        let now = self.clock.now();
        let mut post = self.post();
        if post.has_thread || !post.outbox.has_work() {
            return;
        }
        match self.clone().spawn() {
            Ok(()) => post.has_thread = true,
            // The next notice, or the next refresh, tries again.
            Err(_) => post.outbox.failed("no thread to be had".into(), &self.clock, now),
        }
    }

    fn spawn(self: Arc<Self>) -> io::Result<()> {
        let tend = move || {
            while let Some(job) = self.wait_for_job() {
                self.work(job);
            }
        };
        std::thread::Builder::new().name("db-monitor-sink".into()).spawn(tend).map(drop)
    }

    /// The next job when it is due; `None` when the monitor has ended.
    fn wait_for_job(&self) -> Option<Job> {
        let mut post = self.post();
        loop {
            if post.ended {
                return None;
            }
            let now = self.clock.now();
            post = match post.outbox.due(now) {
                Due::Now(job) => return Some(job),
                Due::At(moment) => {
                    let waited = self.bell.wait_timeout(post, moment.since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                Due::Nothing => self.bell.wait(post).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Does all that is due, on the caller's thread.
    pub(super) fn work_off(&self) {
        loop {
            let due = self.post().outbox.due(self.clock.now());
            let Due::Now(job) = due else { return };
            self.work(job);
        }
    }

    fn work(&self, job: Job) {
        let ending = {
            let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
            tell(sink.as_mut(), &job)
        };
        let random = std::hash::RandomState::new().hash_one(());
        self.post().outbox.settle(job, ending, &self.clock, random);
        self.bell.notify_all();
    }

    /// Waits until nothing is left to tell; whether that was so in time.
    pub(super) fn done_within(&self, limit: Duration) -> bool {
        let is_left = |post: &mut Post| !post.outbox.is_done();
        let waited = self.bell.wait_timeout_while(self.post(), limit, is_left);
        waited.unwrap_or_else(PoisonError::into_inner).0.outbox.is_done()
    }

    /// Ends the thread after what it is doing.
    pub(super) fn end(&self) {
        self.post().ended = true;
        self.bell.notify_all();
    }

    pub(super) fn activity(&self) -> SinkActivity {
        self.post().outbox.activity(&self.clock)
    }

    fn post(&self) -> MutexGuard<'_, Post> {
        self.post.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(sink: &mut dyn Sink, job: &Job) -> Ending {
    let told = catch_unwind(AssertUnwindSafe(|| match job {
        Job::Notices(waiting) => {
            let notices: Vec<Notice> = waiting.iter().map(|one| one.notice.clone()).collect();
            sink.send(&notices)
        }
        Job::Refresh(firing) => sink.refresh(firing),
    }));
    match told {
        Ok(Ok(())) => Ending::Told,
        Ok(Err(error)) => Ending::Failed(error),
        Err(_) => Ending::Panicked,
    }
}
