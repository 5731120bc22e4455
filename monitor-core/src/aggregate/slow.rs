//! The slow log.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crossbeam_queue::ArrayQueue;

use super::kept::Kept;
use super::lock;
use crate::capture::Clock;
use crate::identify::Fingerprint;
use crate::snapshot::CallRecord;

/// The slowest call of each statement that crossed the threshold, and the newest slow calls.
///
/// Keeping one call per statement, rather than the newest calls only, means a noisy statement
/// cannot push the others out. A slow call costs the caller a place in a queue; the log itself is
/// put in order on the beat, or when somebody looks.
pub(super) struct SlowLog {
    queue: ArrayQueue<Kept>,
    dropped: AtomicU64,
    pages: Mutex<Pages>,
    statements_max: usize,
}

#[derive(Default)]
struct Pages {
    worst: HashMap<(u16, Fingerprint), Kept>,
    newest: VecDeque<Kept>,
}

// === impl SlowLog ===

impl SlowLog {
    pub(super) fn new(statements_max: usize, queue_max: usize) -> Self {
        Self {
            queue: ArrayQueue::new(queue_max),
            dropped: AtomicU64::new(0),
            pages: Mutex::default(),
            statements_max,
        }
    }

    pub(super) fn offer(&self, call: Kept) {
        if self.queue.push(call).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Takes in what was offered.
    pub(super) fn digest(&self) {
        let mut pages = lock(&self.pages);
        // Only what is there now: callers may offer faster than this loop digests.
        for _ in 0..self.queue.len() {
            let Some(call) = self.queue.pop() else { break };
            pages.enter(call, self.statements_max);
        }
    }

    /// The slowest call of each statement, slowest first, and the newest slow calls, newest first.
    pub(super) fn read(&self, clock: &Clock) -> (Vec<CallRecord>, Vec<CallRecord>) {
        self.digest();
        let pages = lock(&self.pages);
        let mut worst: Vec<_> = pages.worst.values().collect();
        worst.sort_by_key(|call| std::cmp::Reverse((call.duration, call.at)));
        (
            worst.into_iter().map(|call| call.record(clock)).collect(),
            pages.newest.iter().rev().map(|call| call.record(clock)).collect(),
        )
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }
}

// === impl Pages ===

impl Pages {
    fn enter(&mut self, call: Kept, statements_max: usize) {
        if self.newest.len() >= statements_max {
            self.newest.pop_front();
        }
        self.newest.push_back(call.clone());
        let key = (call.source.id, call.statement.fingerprint);
        match self.worst.get_mut(&key) {
            Some(worst) if worst.duration >= call.duration => {}
            Some(worst) => *worst = call,
            None => {
                self.worst.insert(key, call);
                self.make_room(statements_max);
            }
        }
    }

    fn make_room(&mut self, statements_max: usize) {
        if self.worst.len() <= statements_max {
            return;
        }
        let fastest = self.worst.iter().min_by_key(|(_, call)| (call.duration, call.at));
        if let Some(key) = fastest.map(|(key, _)| *key) {
            self.worst.remove(&key);
        }
    }
}
