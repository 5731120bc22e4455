//! Exactly the calls of a piece of work, for tests.

use std::time::Duration;

use super::Monitor;
use super::scope::Scope;
use crate::judge::advice::{Least, Shapes, repeats};
use crate::testing::Captured;

// === impl Monitor ===

impl Monitor {
    /// Runs a future and gives exactly the calls that ended in it, whoever makes others meanwhile.
    ///
    /// For tests: [`Captured`] has assertions. It sees what the future does itself, the units of work in it, and tasks
    /// and threads that [carry them on](Scope::current); not what a server does in a task of its own, and not what runs
    /// on a thread that knows of no unit. A monitor that is off captures nothing.
    pub async fn capture<F: Future>(&self, work: F) -> (F::Output, Captured) {
        let scope = self.captured(Captured::CALLS_MAX);
        let result = scope.wrap(work).await;
        (result, self.take_captured(&scope))
    }

    /// Runs a closure and gives exactly the calls that ended in it; see [`capture`](Self::capture).
    pub fn capture_sync<T>(&self, work: impl FnOnce() -> T) -> (T, Captured) {
        let scope = self.captured(Captured::CALLS_MAX);
        let result = scope.run(work);
        (result, self.take_captured(&scope))
    }

    fn take_captured(&self, scope: &Scope) -> Captured {
        let seen = self.inner.as_ref().zip(scope.unit());
        let Some((inner, unit)) = seen else { return Captured::nothing() };
        let (calls, missing) = inner.registry.calls_so_far(unit);
        let totals = unit.totals();
        // A test's database is quick: how long it took says nothing.
        let least =
            Least { reads: Captured::REPEATS_MIN, time: Duration::ZERO, ..Least::default() };
        let repeats = repeats(None, &calls, &least, &mut Shapes::default());
        Captured {
            calls,
            missing,
            repeats,
            open_transactions: totals.transactions,
            connections_out: totals.connections,
        }
    }
}
