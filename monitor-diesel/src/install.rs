//! The one line in `main`.

use std::cell::Cell;
use std::sync::{PoisonError, RwLock};

use diesel::connection::{
    Instrumentation, InstrumentationEvent, get_default_instrumentation, set_default_instrumentation,
};
use monitor_core::Monitor;

use crate::Watch;

/// A function that makes an instrumentation for each new connection, as
/// [`set_default_instrumentation`] takes it.
pub type MakeInstrumentation = fn() -> Option<Box<dyn Instrumentation>>;

/// Why connections will not be watched. The message names the remedy.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct InstallError(Why);

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error(
        "another library's instrumentation is diesel's default already and would be switched off; \
         hand its function to `monitor_diesel::install_with` to keep both"
    )]
    Taken,
    #[error("diesel refuses a default instrumentation, as setting one has panicked before")]
    Refused(#[source] diesel::result::Error),
}

/// diesel takes a function, which cannot carry a monitor along.
static INSTALLED: RwLock<Option<Installed>> = RwLock::new(None);

thread_local! {
    /// Whether the connection that this thread opens is our own. diesel asks for its instrumentation on the same thread.
    static UNWATCHED: Cell<bool> = const { Cell::new(false) };
}

struct Installed {
    monitor: Monitor,
    other: Option<MakeInstrumentation>,
}

/// Our own instrumentation and somebody else's; each gets every event.
pub(crate) struct Both {
    pub(crate) watch: Watch,
    pub(crate) other: Box<dyn Instrumentation>,
}

/// Watches every connection that is opened from now on, sync or async, pooled or not.
///
/// Call it once, in `main`, before the first connection is opened: connections that are open
/// already are not watched. Called again, it is the new monitor that watches connections opened
/// later; those that are open stay with the old one.
///
/// # Errors
///
/// When somebody else's instrumentation is diesel's default already ([`InstallError::is_taken`]);
/// it stays in place, and nothing is watched.
pub fn install(monitor: &Monitor) -> Result<(), InstallError> {
    match get_default_instrumentation() {
        Some(default) if !is_ours(&*default) => Err(InstallError(Why::Taken)),
        _ => put(monitor, None),
    }
}

/// Like [`install`], beside another library's instrumentation: both get every event.
///
/// `other` is what that library, or you, would give to [`set_default_instrumentation`].
///
/// # Errors
///
/// Where diesel takes no default any more, because setting one has panicked before.
pub fn install_with(monitor: &Monitor, other: MakeInstrumentation) -> Result<(), InstallError> {
    put(monitor, Some(other))
}

/// Watches one connection, or the connections of one pool: give it to
/// [`set_instrumentation`](diesel::connection::Connection::set_instrumentation).
///
/// A connection that is open already does not say where it goes, so tell it by
/// [`Watch::url`] or [`Watch::database`]. It takes the place of the one that [`install`] put there, to
/// which the connection counts as closed then.
///
/// ```
/// # let monitor = monitor_core::Monitor::off();
/// let watch = monitor_diesel::instrumentation(&monitor).url("postgres://me@db/shop").tag("nightly");
/// # let _ = watch;
/// ```
pub fn instrumentation(monitor: &Monitor) -> Watch {
    Watch::new(monitor)
}

/// The watch of a connection, to say on whose behalf its next calls run; `None` where it has none.
///
/// ```no_run
/// # fn handler(conn: &mut impl diesel::connection::Connection) {
/// if let Some(watch) = monitor_diesel::watch_of(conn.instrumentation()) {
///     watch.set_user(Some("alice"));
///     watch.set_tag(Some("GET /orders"));
/// }
/// # }
/// ```
#[must_use]
pub fn watch_of(instrumentation: &mut dyn Instrumentation) -> Option<&mut Watch> {
    // Asked first, as a borrow that is returned cannot be taken back.
    if instrumentation.is::<Both>() {
        return instrumentation.downcast_mut::<Both>().map(|both| &mut both.watch);
    }
    instrumentation.downcast_mut()
}

pub(crate) fn is_ours(instrumentation: &dyn Instrumentation) -> bool {
    instrumentation.is::<Watch>() || instrumentation.is::<Both>()
}

fn put(monitor: &Monitor, other: Option<MakeInstrumentation>) -> Result<(), InstallError> {
    let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
    let other = other.or(installed.as_ref().and_then(|before| before.other));
    *installed = Some(Installed { monitor: monitor.clone(), other });
    drop(installed);
    set_default_instrumentation(make).map_err(|error| InstallError(Why::Refused(error)))
}

/// A watch, beside whatever instrumentation of somebody else is diesel's default.
#[cfg(feature = "pool")]
pub(crate) fn beside_default(watch: Watch) -> Box<dyn Instrumentation> {
    match get_default_instrumentation() {
        Some(other) if !is_ours(&*other) => Box::new(Both { watch, other }),
        _ => Box::new(watch),
    }
}

/// Opens a connection of our own, which nobody watches.
pub(crate) fn unwatched<T>(open: impl FnOnce() -> T) -> T {
    /// Also where opening panics.
    struct Over;
    impl Drop for Over {
        fn drop(&mut self) {
            UNWATCHED.set(false);
        }
    }
    let _over = Over;
    UNWATCHED.set(true);
    open()
}

/// Called by diesel for every connection it opens.
fn make() -> Option<Box<dyn Instrumentation>> {
    if UNWATCHED.get() {
        return None;
    }
    let (monitor, other) = {
        let installed = INSTALLED.read().unwrap_or_else(PoisonError::into_inner);
        let installed = installed.as_ref()?;
        (installed.monitor.clone(), installed.other)
    };
    match other.and_then(|make| make()) {
        Some(other) => Some(Box::new(Both { watch: Watch::new(&monitor), other })),
        None if monitor.is_off() => None,
        None => Some(Box::new(Watch::new(&monitor))),
    }
}

// === impl InstallError ===

impl InstallError {
    /// Whether another library's instrumentation was in the way.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self.0, Why::Taken)
    }
}

// === impl Both ===

impl Instrumentation for Both {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        self.watch.observe(&event);
        self.other.on_connection_event(event);
    }
}
