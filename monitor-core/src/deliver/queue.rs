//! What waits for one sink: of each alert the newest, and never more than fits.

use std::collections::VecDeque;

use crate::capture::Tick;
use crate::judge::{AlertEvent, Notice};

/// Notices that wait, oldest first; at most one of each alert.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    max: usize,
}

/// A notice that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) key: String,
    pub(super) notice: Notice,
    /// Since when it is news.
    pub(super) since: Tick,
}

/// What a queue let go of to take something in.
#[derive(Debug, Default)]
pub(super) struct LetGo {
    pub(super) folded: u64,
    /// The alert whose notice did not fit.
    pub(super) dropped: Option<String>,
}

// === impl Queue ===

impl Queue {
    pub(super) fn new(max: usize) -> Self {
        Self { waiting: VecDeque::new(), max }
    }

    /// Takes a notice in. It takes the place of an older one of its alert, so that nobody is woken for what is
    /// over by the time it can be said.
    pub(super) fn offer(&mut self, notice: Notice, since: Tick) -> LetGo {
        let key = notice.alert.key();
        if let Some(older) = self.waiting.iter_mut().find(|waiting| waiting.key == key) {
            let event = told_together(older.notice.event, notice.event);
            *older = Waiting { key, notice: Notice { event, ..notice }, since };
            return LetGo { folded: 1, dropped: None };
        }
        self.waiting.push_back(Waiting { key, notice, since });
        LetGo { folded: 0, dropped: self.make_fit().map(|waiting| waiting.key) }
    }

    /// The next notices in turn.
    pub(super) fn take(&mut self, most: usize) -> Vec<Waiting> {
        self.waiting.drain(..most.min(self.waiting.len())).collect()
    }

    /// Takes back, in front, what could not be told, unless something newer waits meanwhile.
    pub(super) fn put_back(&mut self, untold: Vec<Waiting>) -> Vec<LetGo> {
        let mut let_go = Vec::new();
        for older in untold.into_iter().rev() {
            match self.waiting.iter_mut().find(|waiting| waiting.key == older.key) {
                Some(newer) => {
                    newer.notice.event = told_together(older.notice.event, newer.notice.event);
                    let_go.push(LetGo { folded: 1, dropped: None });
                }
                None => self.waiting.push_front(older),
            }
        }
        while let Some(dropped) = self.make_fit() {
            let_go.push(LetGo { folded: 0, dropped: Some(dropped.key) });
        }
        let_go
    }

    /// Removes what `is_too_old` says, and returns the alerts.
    pub(super) fn give_up(&mut self, is_too_old: impl Fn(&Waiting) -> bool) -> Vec<String> {
        let (old, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(is_too_old);
        self.waiting = waiting;
        let old: VecDeque<Waiting> = old;
        old.into_iter().map(|waiting| waiting.key).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.waiting.iter().map(|waiting| &waiting.key)
    }

    /// Lets the oldest go while there are too many. "It is over" goes last: whoever was woken has to hear it.
    fn make_fit(&mut self) -> Option<Waiting> {
        if self.waiting.len() <= self.max {
            return None;
        }
        let is_news = |waiting: &Waiting| waiting.notice.event != AlertEvent::Resolved;
        let oldest = self.waiting.iter().position(is_news).unwrap_or(0);
        self.waiting.remove(oldest)
    }
}

/// What to say of an alert to somebody who was told neither of two events.
fn told_together(older: AlertEvent, newer: AlertEvent) -> AlertEvent {
    match (older, newer) {
        (AlertEvent::Fired, AlertEvent::Worsened | AlertEvent::Reminded) => AlertEvent::Fired,
        (AlertEvent::Worsened, AlertEvent::Reminded) => AlertEvent::Worsened,
        _ => newer,
    }
}
