//! Reads of units of work that run now, so that the same one asked twice at once is seen.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;

use super::event::SeriesRef;
use super::lock;
use crate::capture::Parameters;
use crate::identify::Kind;

/// Reads that run now, counted by what they ask, of all units of one monitor.
///
/// A read joins when its parameters are known and leaves when it ends; both take one of several locks for a
/// look-up. Only calls of units of work have parameters, so others pay nothing.
pub(crate) struct Flights([Mutex<Shard>; SHARDS]);

#[derive(Default)]
struct Shard {
    running: HashMap<Question, u32>,
    unfollowed: u64,
}

/// A statement and all that may differ between two calls of it.
type Question = (u64, u64);

/// A read that runs, and how many of the same ran already when it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flight {
    question: Question,
    pub(crate) beside: u32,
}

/// Locks that reads are spread over.
const SHARDS: usize = 16;
/// Different questions of one shard that are followed at once; all shards together follow 4 096.
const QUESTIONS_MAX: usize = 256;

// === impl Flights ===

impl Flights {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }

    /// A call begins; `None` where it is no read, or too many different ones run.
    pub(crate) fn join(&self, series: SeriesRef, parameters: Parameters) -> Option<Flight> {
        if series.kind() != Kind::Select {
            return None;
        }
        let question = (series.word(), parameters.all.get());
        let mut shard = lock(self.shard(question));
        let is_full = shard.running.len() >= QUESTIONS_MAX;
        match shard.running.entry(question) {
            Entry::Occupied(mut running) => {
                let beside = *running.get();
                *running.get_mut() += 1;
                Some(Flight { question, beside })
            }
            Entry::Vacant(_) if is_full => {
                shard.unfollowed += 1;
                None
            }
            Entry::Vacant(nobody) => {
                nobody.insert(1);
                Some(Flight { question, beside: 0 })
            }
        }
    }

    /// It has ended.
    pub(crate) fn leave(&self, flight: Flight) {
        let mut shard = lock(self.shard(flight.question));
        if let Entry::Occupied(mut running) = shard.running.entry(flight.question) {
            *running.get_mut() -= 1;
            if *running.get() == 0 {
                running.remove();
            }
        }
    }

    pub(super) fn unfollowed(&self) -> u64 {
        self.0.iter().map(|shard| lock(shard).unfollowed).sum()
    }

    fn shard(&self, (_, parameters): Question) -> &Mutex<Shard> {
        // A keyed hash: its lowest bits are as good as any.
        &self.0[(parameters % SHARDS as u64) as usize]
    }
}
