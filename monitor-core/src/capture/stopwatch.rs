//! The time of a call, without the time its reader takes.

use std::time::Duration;

use super::Tick;

/// Measures the database's share of a call whose rows are read one by one.
///
/// A slow reader of a stream is not a slow database: between a row handed out and the next poll
/// that has to wait, time is the reader's own. An adapter says [`wait_ends`](Self::wait_ends) when
/// a row arrives after waiting and [`wait_begins`](Self::wait_begins) when the next poll finds
/// nothing ready; rows that are ready at once cost no clock reading.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    /// [`NOT_WAITING`] while the caller is busy.
    waiting_since: Tick,
    waited_nanos: u64,
}

/// No clock reads this in half a millennium.
const NOT_WAITING: Tick = Tick::END;

impl Stopwatch {
    /// Starts: the database is working.
    #[inline]
    #[must_use]
    pub fn start(now: Tick) -> Self {
        Self { waiting_since: now, waited_nanos: 0 }
    }

    /// The database is working again. Does nothing if it already was.
    pub fn wait_begins(&mut self, now: Tick) {
        if !self.is_waiting() {
            self.waiting_since = now;
        }
    }

    /// The database has answered, the caller goes on. Does nothing if it already did.
    pub fn wait_ends(&mut self, now: Tick) {
        self.waited_nanos = self.nanos(now);
        self.waiting_since = NOT_WAITING;
    }

    /// Whether the database is working, as far as is known.
    #[inline]
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waiting_since != NOT_WAITING
    }

    /// Since when the database has been working, if it is.
    #[must_use]
    pub fn waiting_since(&self) -> Option<Tick> {
        Some(self.waiting_since).filter(|_| self.is_waiting())
    }

    /// The database's time so far.
    #[must_use]
    pub fn elapsed(&self, now: Tick) -> Duration {
        Duration::from_nanos(self.nanos(now))
    }

    /// The database's time so far, in nanoseconds.
    #[inline]
    pub(crate) fn nanos(&self, now: Tick) -> u64 {
        // Nothing is later than `NOT_WAITING`, so a watch that does not wait adds nothing.
        self.waited_nanos.saturating_add(now.nanos_since(self.waiting_since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Clock;

    #[test]
    fn the_readers_own_time_is_left_out() {
        let (clock, hands) = Clock::by_hand();
        let mut watch = Stopwatch::start(clock.now());
        hands.advance(Duration::from_millis(3));
        watch.wait_ends(clock.now());
        hands.advance(Duration::from_millis(500));
        watch.wait_begins(clock.now());
        watch.wait_begins(clock.now());
        hands.advance(Duration::from_millis(4));
        assert!(watch.is_waiting());
        assert_eq!(watch.elapsed(clock.now()), Duration::from_millis(7));
        watch.wait_ends(clock.now());
        assert_eq!(watch.elapsed(clock.now()), Duration::from_millis(7));
    }
}
