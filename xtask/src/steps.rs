//! What happened and how long it took, one line a step, on stderr.

use std::fmt::Display;
use std::time::Instant;

/// A step under way; tell how it ended with [`Step::done`].
pub(crate) struct Step {
    name: &'static str,
    since: Instant,
}

impl Step {
    /// Starts the clock of a step.
    pub(crate) fn begin(name: &'static str) -> Self {
        Self { name, since: Instant::now() }
    }

    /// Says how the step ended and how long it took.
    pub(crate) fn done(self, outcome: impl Display) {
        let seconds = self.since.elapsed().as_secs_f64();
        eprintln!("xtask: {:<9} {outcome} ({seconds:.1} s)", self.name);
    }
}
