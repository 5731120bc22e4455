//! Units of work: requests, jobs, tests.

mod capturing;
mod counting;
mod finding;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use monitor_core::capture::{Call, CallSite, ParameterHasher, Parameters, Rows};
use monitor_core::snapshot::{ScopeActivity, Snapshot};

use super::World;

const LIST: &str = "SELECT id, author_id FROM books WHERE state = 'new'";
const ONE: &str = "SELECT name FROM authors WHERE id = $1";

/// Runs a future to its end on this thread, however often it has to be polled.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

/// Pending once, so that somebody else has a turn.
async fn turn() {
    let mut waited = false;
    std::future::poll_fn(|_| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Polls all of them, one after the other, until all are done.
async fn all_of<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|f| Some(Box::pin(f))).collect();
    let mut done: Vec<_> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if let Some(running) = future
                && let Poll::Ready(output) = running.as_mut().poll(cx)
            {
                (*done, *future) = (Some(output), None);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

fn hash_of(value: u64) -> Parameters {
    let mut hasher = ParameterHasher::new();
    hasher.values(&value.to_le_bytes());
    hasher.finish()
}

impl World {
    /// A call that takes so many milliseconds and gives a row.
    #[track_caller]
    fn ask(&self, text: &str, value: u64, millis: u64) {
        self.ask_at(text, value, millis, CallSite::here(), Rows::returned(1));
    }

    fn ask_at(&self, text: &str, value: u64, millis: u64, at: CallSite, rows: Rows) {
        let mut timer = self.shop.call(text).called_at(Some(at)).with_parameters(|hasher| {
            hasher.values(&value.to_le_bytes());
            true
        });
        self.hands.advance(Duration::from_millis(millis));
        if let Some(rows) = rows.returned {
            timer.add_returned(rows);
        }
        if let Some(rows) = rows.affected {
            timer.add_affected(rows);
        }
        timer.complete();
    }

    /// A call told when it is over.
    fn told(&self, text: &str, value: u64, millis: u64) {
        let duration = Duration::from_millis(millis);
        self.hands.advance(duration);
        self.shop.record(Call::new(text, duration).parameters(Some(hash_of(value))));
    }

    fn scope(&self, name: &str) -> ScopeActivity {
        of(&self.monitor.snapshot(), name)
    }
}

fn of(snapshot: &Snapshot, name: &str) -> ScopeActivity {
    let found = snapshot.scopes.iter().find(|scope| &*scope.name == name);
    found.unwrap_or_else(|| panic!("no unit of work is called {name}")).clone()
}
