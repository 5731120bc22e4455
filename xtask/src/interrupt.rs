//! Ctrl-c as a flag, so that every exit passes through the same destructors.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How often the loops of this program look at the flag.
pub(crate) const POLL: Duration = Duration::from_millis(50);

/// Set once the user (ctrl-c), the system (SIGTERM) or the terminal (SIGHUP) asks us to stop.
///
/// A handler that exits at once would leave the servers running: their owners stop them in `Drop`.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over the three signals. Call it once, before anything that needs cleaning up is started.
    pub(crate) fn install() -> Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&flag);
        ctrlc::set_handler(move || seen.store(true, Ordering::SeqCst))
            .context("cannot listen for ctrl-c")?;
        Ok(Self(flag))
    }

    /// Whether somebody asked us to stop.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// An error once somebody asked us to stop, for loops that end with `?`.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_set() {
            bail!("interrupted");
        }
        Ok(())
    }
}
