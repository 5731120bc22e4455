//! Time, handed in.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The clock every stage reads: monotonic, anchored once to wall time.
///
/// Production uses [`Clock::real`]; a test uses [`Clock::by_hand`] and turns the hands itself, so
/// no test sleeps. Reading it costs about 10 ns where the CPU has an invariant time-stamp counter,
/// and what `std::time::Instant` costs where it has not.
#[derive(Clone, Debug)]
pub struct Clock {
    inner: quanta::Clock,
    /// The counter's reading when the clock was made.
    start: u64,
    anchor: SystemTime,
    is_by_hand: bool,
}

/// The hands of a clock made by [`Clock::by_hand`].
#[derive(Clone, Debug)]
pub struct Hands(Arc<quanta::Mock>);

/// A moment on a [`Clock`]: nanoseconds since that clock was made.
///
/// Ticks of different clocks do not compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(u64);

// === impl Clock ===

impl Clock {
    /// The machine's own clock.
    ///
    /// The first one made in a process measures the time-stamp counter against the operating
    /// system's clock, which may take a few milliseconds; make it at start-up.
    #[must_use]
    pub fn real() -> Self {
        Self::starting(quanta::Clock::new(), SystemTime::now(), false)
    }

    /// A clock that stands still until its hands are moved. Its wall time starts at the Unix epoch.
    #[must_use]
    pub fn by_hand() -> (Self, Hands) {
        let (inner, mock) = quanta::Clock::mock();
        (Self::starting(inner, SystemTime::UNIX_EPOCH, true), Hands(mock))
    }

    fn starting(inner: quanta::Clock, anchor: SystemTime, is_by_hand: bool) -> Self {
        let start = inner.raw();
        Self { inner, start, anchor, is_by_hand }
    }

    /// The same clock, anchored to wall time anew.
    ///
    /// For moments just past that are laid beside those of other clocks, as spans are: a time-stamp
    /// counter and the system's clock drift apart by seconds within weeks.
    #[must_use]
    pub fn anchored_anew(&self) -> Self {
        let mut anew = self.clone();
        if !self.is_by_hand {
            let running = Duration::from_nanos(self.now().0);
            anew.anchor = SystemTime::now().checked_sub(running).unwrap_or(self.anchor);
        }
        anew
    }

    /// The present moment.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Tick {
        Tick(self.inner.delta_as_nanos(self.start, self.inner.raw()))
    }

    /// Wall time of a moment, by the anchor taken when the clock was made.
    ///
    /// A later step of the system's clock (NTP, an operator) is not followed: moments stay in order.
    #[must_use]
    pub fn wall(&self, tick: Tick) -> SystemTime {
        self.anchor + Duration::from_nanos(tick.0)
    }
}

// === impl Hands ===

impl Hands {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.increment(by);
    }
}

// === impl Tick ===

impl Tick {
    /// When the clock was made.
    pub(crate) const START: Self = Self(0);

    /// Later than every reading of a clock.
    pub(crate) const END: Self = Self(u64::MAX);

    /// Time from `earlier` to this moment; zero if `earlier` is later.
    #[inline]
    #[must_use]
    pub fn since(self, earlier: Tick) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment `by` before this one; the clock's start if that is earlier.
    #[must_use]
    pub fn before(self, by: Duration) -> Tick {
        Tick(self.0.saturating_sub(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// The moment `by` after this one; the end of all clocks if that is later.
    #[must_use]
    pub fn after(self, by: Duration) -> Tick {
        Tick(self.0.saturating_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// Nanoseconds from `earlier` to this moment; zero if `earlier` is later.
    #[inline]
    pub(crate) fn nanos_since(self, earlier: Tick) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment so many nanoseconds after the clock was made.
    #[inline]
    pub(crate) fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock was made.
    #[inline]
    #[must_use]
    pub fn as_nanos(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_only_when_the_hands_do() {
        let (clock, hands) = Clock::by_hand();
        let before = clock.now();
        assert_eq!(clock.now(), before);
        hands.advance(Duration::from_millis(5));
        assert_eq!(clock.now().since(before), Duration::from_millis(5));
        assert_eq!(before.since(clock.now()), Duration::ZERO);
        assert_eq!(clock.wall(clock.now()), SystemTime::UNIX_EPOCH + Duration::from_millis(5));
    }
}
