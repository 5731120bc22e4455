//! How often a database is asked whether it is there.

use std::time::Duration;

use super::ProbeEnd;

/// The time between two probes: even while they are answered, longer and longer while they fail.
#[derive(Clone, Debug)]
pub struct ProbePace {
    every: Duration,
    failures: u32,
}

// === impl ProbePace ===

impl ProbePace {
    /// The shortest time between two probes.
    pub const SHORTEST: Duration = Duration::from_millis(100);

    /// The longest time between two probes: half of what health lets their word hold for.
    pub const LONGEST: Duration = Duration::from_secs(60);

    /// A pace of one probe in this time, moved to [`SHORTEST`](Self::SHORTEST) or
    /// [`LONGEST`](Self::LONGEST) where it is outside of them.
    #[must_use]
    pub fn new(every: Duration) -> Self {
        Self { every: every.clamp(Self::SHORTEST, Self::LONGEST), failures: 0 }
    }

    /// The pause after a probe that ended like this: twice as long after every failure in a row.
    pub fn after(&mut self, end: ProbeEnd) -> Duration {
        self.failures = match end {
            ProbeEnd::Failed(_) => self.failures.saturating_add(1),
            ProbeEnd::Answered | ProbeEnd::Busy => 0,
        };
        self.every.saturating_mul(2_u32.saturating_pow(self.failures)).min(Self::LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::ErrorClass;

    #[test]
    fn a_database_in_trouble_is_asked_less_often_and_at_least_once_a_minute() {
        let mut pace = ProbePace::new(Duration::from_secs(10));
        let failed = ProbeEnd::Failed(ErrorClass::Connection);
        let pauses = [failed, failed, failed, failed, ProbeEnd::Busy, failed, ProbeEnd::Answered]
            .map(|end| pace.after(end).as_secs());
        assert_eq!(pauses, [20, 40, 60, 60, 10, 20, 10]);
    }

    #[test]
    fn a_pace_out_of_bounds_is_moved_to_them() {
        for (every, pause) in
            [(Duration::ZERO, ProbePace::SHORTEST), (Duration::MAX, ProbePace::LONGEST)]
        {
            assert_eq!(ProbePace::new(every).after(ProbeEnd::Answered), pause);
        }
    }
}
