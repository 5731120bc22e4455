//! Looks at units of work that have ended, and finds what they do again and again.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::Inner;
use crate::aggregate::ScopeRule;
use crate::judge::advice::{Least, Shapes, Wait, repeats};
use crate::snapshot::ScopedCall;

/// What is remembered from one look to the next.
#[derive(Default)]
pub(super) struct ScopeWatch {
    shapes: Mutex<Shapes>,
}

/// Writes take so many times as many calls to be worth a word as reads do: a batch of them is more work to write.
const WRITES_FACTOR: usize = 4;

// === impl Inner ===

impl Inner {
    /// Looks at the units that nobody has looked at yet: on the beat, and before a snapshot is taken.
    pub(super) fn watch_scopes(&self) {
        let scopes = &self.registry.scopes;
        for unit in scopes.take_suspects() {
            let rule = scopes.rule(&unit.name);
            let calls = self.registry.scoped_calls(&unit);
            let mut found = {
                let mut shapes =
                    self.scope_watch.shapes.lock().unwrap_or_else(PoisonError::into_inner);
                repeats(Some(unit.id), &calls, &least(rule), &mut shapes)
            };
            found.iter_mut().for_each(|found| found.muted |= rule.muted);
            scopes.note(&unit, found);
        }
    }

    /// Calls of units whose calls are kept, each once, and how long those units waited for connections.
    pub(super) fn kept_of_scopes(&self) -> (Vec<ScopedCall>, Vec<Wait>) {
        let kept = self.registry.scopes.kept();
        let ids: HashSet<u64> = kept.iter().map(|unit| unit.id).collect();
        let (mut calls, mut waits) = (Vec::new(), Vec::new());
        for unit in &kept {
            let of_unit = self.registry.scoped_calls(unit).into_iter();
            // What a nested unit made is told there, if that one is kept.
            calls
                .extend(of_unit.filter(|call| call.scope == unit.id || !ids.contains(&call.scope)));
            waits.extend(unit.waits.iter().map(|wait| Wait {
                waited: wait.waited,
                holds: Some(wait.holds),
                scope: Some(unit.id),
            }));
        }
        (calls, waits)
    }
}

fn least(rule: ScopeRule) -> Least {
    Least {
        reads: rule.repeats_min,
        writes: rule.repeats_min.saturating_mul(WRITES_FACTOR),
        time: rule.repeats_time_min,
    }
}
