//! The monitor's own pace: everything that need not happen inside a call happens here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use super::Inner;
use crate::capture::Tick;
use crate::snapshot::{BeatActivity, Snapshot};

/// How often the beat comes.
const BEAT: Duration = Duration::from_secs(1);

/// How often the beat closes a piece of the windows and reviews alerts.
const WINDOW_BEAT: Duration = Duration::from_secs(5);

/// Room for the parser, which recurses; its input is bounded, so this is ample.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// What the beat remembers from one time to the next.
#[derive(Default)]
pub(super) struct Beat {
    /// Nanoseconds on the clock when a window piece was last closed.
    windows_at: AtomicU64,
    /// Nanoseconds on the clock when the last beat ended.
    ended_at: AtomicU64,
    panicked: AtomicU64,
    /// Panics anywhere in the monitor that a review knows of, and when it saw the last of them.
    panics_known: AtomicU64,
    panic_seen_at: AtomicU64,
    /// Asks the thread to tell observers at once. Goes away with the monitor, which ends the thread.
    alive: OnceLock<Sender<()>>,
}

/// Starts the thread that beats for a monitor as long as the monitor lives.
pub(super) fn start(inner: &Arc<Inner>) -> std::io::Result<()> {
    let (alive, asked) = channel();
    let weak: Weak<Inner> = Arc::downgrade(inner);
    std::thread::Builder::new().name("db-monitor".into()).stack_size(STACK_BYTES).spawn(
        move || {
            loop {
                let woken = asked.recv_timeout(BEAT);
                let Some(inner) = weak.upgrade() else { return };
                match woken {
                    Err(RecvTimeoutError::Timeout) => inner.beat(),
                    Ok(()) => inner.tell_calls(),
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        },
    )?;
    // Nobody else sets it: `start` is called once, by `build`.
    let _ = inner.beat.alive.set(alive);
    Ok(())
}

// === impl Beat ===

impl Beat {
    pub(super) fn starting(at: Tick) -> Self {
        Self { ended_at: AtomicU64::new(at.as_nanos()), ..Self::default() }
    }

    pub(super) fn panicked(&self) -> u64 {
        self.panicked.load(Relaxed)
    }

    /// Has observers told before the next beat. Without a thread they wait for who beats by hand.
    #[cold]
    pub(super) fn wake(&self) {
        if let Some(alive) = self.alive.get() {
            // Nobody listens any more: the monitor is on its way out.
            let _ = alive.send(());
        }
    }

    /// The monitor's pace; a monitor that was never beaten began to wait when it was built.
    pub(super) fn read(&self, now: Tick) -> BeatActivity {
        let since = |at: u64| now.since(Tick::from_nanos(at));
        let panicked = self.panics_known.load(Relaxed) > 0;
        BeatActivity {
            last_ago: since(self.ended_at.load(Relaxed)),
            panicked_ago: panicked.then(|| since(self.panic_seen_at.load(Relaxed))),
        }
    }

    pub(super) fn note_panics(&self, snapshot: &Snapshot, now: Tick) {
        let panics = snapshot.losses.panics_caught;
        if self.panics_known.swap(panics, Relaxed) < panics {
            self.panic_seen_at.store(now.as_nanos(), Relaxed);
        }
    }
}

// === impl Inner ===

impl Inner {
    pub(super) fn beat(&self) {
        self.guarded(|| self.registry.beat());
        self.guarded(|| self.watch_scopes());
        self.tell_calls();
        let now = self.registry.clock.now().as_nanos();
        let due = now.saturating_sub(self.beat.windows_at.load(Relaxed));
        if due >= WINDOW_BEAT.as_nanos() as u64 {
            self.beat.windows_at.store(now, Relaxed);
            self.guarded(|| self.registry.beat_windows());
            self.tell_levels();
            self.guarded(|| self.review());
        }
        self.dispatch.beat();
        self.beat.ended_at.store(self.registry.clock.now().as_nanos(), Relaxed);
    }

    /// A panic, in what the application gave us or in a dependency, must not stop a thread of ours.
    pub(super) fn guarded(&self, work: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            self.beat.panicked.fetch_add(1, Relaxed);
        }
    }
}
