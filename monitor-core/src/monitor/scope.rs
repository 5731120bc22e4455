//! Units of work: requests, jobs, tests. Whoever makes calls within one need not know of it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::{Builder, Inner, Monitor};
use crate::aggregate::{Flight, ScopeRule, SeriesRef, Unit, UnitCall};
use crate::capture::Parameters;

/// A unit of work: one request, one job, one test. Calls made in it are counted for it, beside all else.
///
/// Cheap to clone: all clones are one unit, which ends when the last of them, the last future it was
/// [wrapped](Self::wrap) around and the last call in it are gone. A call belongs to the innermost unit it is made in
/// and to those around it.
///
/// ```
/// # use monitor_core::Monitor;
/// # let monitor = Monitor::off();
/// monitor.scope("job:invoice").run(|| {
///     // every call of this thread, until the closure returns
/// });
/// # async fn send() {}
/// # let job =
/// monitor.scope("job:invoice").wrap(async {
///     // every call of this future, whichever threads it runs on; a task that is spawned in it
///     // belongs to it where it is wrapped as well:
///     let carried = monitor_core::Scope::current().wrap(send());
///     # drop(carried);
/// });
/// # drop(job);
/// ```
///
/// Costs two allocations and the names' lock when it ends. A call made in none pays for a look at a thread-local number.
#[derive(Clone, Default)]
#[must_use = "a unit of work is entered with `run`, `enter` or `wrap`"]
pub struct Scope(Option<Arc<Handle>>);

/// A handle on a unit of work that does not make it last; see [`Scope::weak`].
#[derive(Clone, Default)]
pub struct WeakScope(Weak<Handle>);

/// A unit that lasts as long as this does.
pub(super) struct Handle {
    monitor: Arc<Inner>,
    pub(super) unit: Arc<Unit>,
    /// Lasts at least as long.
    around: Option<Arc<Handle>>,
    /// Ends in no books: somebody else takes what it did.
    is_captured: bool,
}

/// While this lives, calls of this thread belong to its unit of work; see [`Scope::enter`].
#[must_use = "dropped at once, it is entered by no call"]
pub struct ScopeGuard {
    entered: Option<Arc<Handle>>,
    /// What was entered on a thread is left on it.
    _stays: PhantomData<*const ()>,
}

pin_project! {
    /// A future whose calls belong to a unit of work; see [`Scope::wrap`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Scoped<F> {
        #[pin]
        future: F,
        scope: Scope,
    }
}

/// What a unit of work has come to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScopeSummary {
    /// Since it began.
    pub elapsed: Duration,
    /// Calls that have ended.
    pub calls: u64,
    /// Those that failed.
    pub failed: u64,
    /// The database's time for them; calls that ran at once add up.
    pub database_time: Duration,
    /// Waits for connections.
    pub pool_wait: Duration,
}

/// Units that one unit is part of, at most. What is nested deeper, such as a job that begins the next one as its own
/// part, is part of the outermost, so that the others end.
const DEPTH_MAX: usize = 16;

thread_local! {
    /// How many units this thread is in. Apart from them, as it needs no destructor and so costs a load.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Those units, innermost last.
    static ENTERED: RefCell<Vec<Arc<Handle>>> = const { RefCell::new(Vec::new()) };
}

// === impl Builder ===

impl Builder {
    /// What units of work of any name should keep to; see [`Monitor::scope`]. Default: [`ScopeRule::default`].
    pub fn scopes(mut self, rule: ScopeRule) -> Self {
        self.scope_rules.everybody = rule;
        self
    }

    /// What units of work of one name should keep to, in the place of what all should.
    pub fn scope_rule(mut self, name: impl Into<Arc<str>>, rule: ScopeRule) -> Self {
        self.scope_rules.by_name.insert(name.into(), rule);
        self
    }

    /// Names of units of work with numbers of their own. Default:
    /// [`Limits::SCOPE_NAMES_MAX`](crate::Limits::SCOPE_NAMES_MAX), 500.
    pub fn scope_names_max(mut self, count: usize) -> Self {
        self.limits.scope_names_max = count;
        self
    }

    /// Calls of one unit of work that are kept until it ends. Default:
    /// [`Limits::SCOPE_CALLS_MAX`](crate::Limits::SCOPE_CALLS_MAX), 1 000.
    pub fn scope_calls_max(mut self, count: usize) -> Self {
        self.limits.scope_calls_max = count;
        self
    }

    /// Calls that are kept of units of work that have ended. Default:
    /// [`Limits::SCOPE_CALLS_KEPT_MAX`](crate::Limits::SCOPE_CALLS_KEPT_MAX), 5 000.
    pub fn scope_calls_kept_max(mut self, count: usize) -> Self {
        self.limits.scope_calls_kept_max = count;
        self
    }
}

// === impl Monitor ===

impl Monitor {
    /// Begins a unit of work. It is a part of the one that is entered here and now, if there is one.
    ///
    /// The name is that of all units of its sort, such as `GET /orders/{id}` or `job:invoice`, never one with an id in
    /// it: there may be [so many](crate::Limits::scope_names_max). One that is nested more than 16 deep is part of the
    /// outermost only. That of a monitor that is off does nothing.
    pub fn scope(&self, name: impl Into<Arc<str>>) -> Scope {
        self.begin(name.into(), entered_of)
    }

    /// Begins a unit of work that is a part of that one, whatever is entered here and now; of none where
    /// that one does nothing. Like [`scope`](Self::scope) otherwise.
    pub fn scope_in(&self, around: &Scope, name: impl Into<Arc<str>>) -> Scope {
        self.begin(name.into(), |monitor| {
            around.0.clone().filter(|handle| Arc::ptr_eq(&handle.monitor, monitor))
        })
    }

    fn begin(
        &self,
        name: Arc<str>,
        around: impl FnOnce(&Arc<Inner>) -> Option<Arc<Handle>>,
    ) -> Scope {
        let Some(monitor) = &self.inner else { return Scope(None) };
        let around = around(monitor).map(Handle::takes_in);
        let (now, scopes) = (monitor.registry.clock.now(), &monitor.registry.scopes);
        let unit = scopes.begin(name, around.as_ref().map(|outer| outer.unit.clone()), now);
        Scope::of(monitor, unit, around, false)
    }

    /// A unit that keeps so many calls, for whoever takes them from it.
    pub(super) fn captured(&self, calls_max: usize) -> Scope {
        let Some(monitor) = &self.inner else { return Scope(None) };
        let (now, scopes) = (monitor.registry.clock.now(), &monitor.registry.scopes);
        let unit = scopes.unit("(capture)".into(), None, now, calls_max);
        Scope::of(monitor, unit, None, true)
    }
}

// === impl Scope ===

impl Scope {
    fn of(
        monitor: &Arc<Inner>,
        unit: Arc<Unit>,
        around: Option<Arc<Handle>>,
        is_captured: bool,
    ) -> Self {
        let monitor = monitor.clone();
        Self(Some(Arc::new(Handle { monitor, unit, around, is_captured })))
    }

    /// The innermost unit of work that is entered here and now, to carry it into another task or thread;
    /// one that does nothing where there is none.
    #[inline]
    pub fn current() -> Self {
        if is_entered() { Self::innermost() } else { Self(None) }
    }

    #[cold]
    fn innermost() -> Self {
        let last = ENTERED.try_with(|entered| entered.borrow().last().cloned());
        Self(last.ok().flatten())
    }

    /// Whether it does nothing: where nothing is entered, or the monitor is off.
    #[inline]
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.0.is_none()
    }

    /// A handle that does not make it last, for those who outlive it, such as a task that goes on for ever.
    #[must_use]
    pub fn weak(&self) -> WeakScope {
        WeakScope(self.0.as_ref().map(Arc::downgrade).unwrap_or_default())
    }

    /// Makes calls of this thread belong to it until the guard is dropped.
    ///
    /// Not across an `.await`: the thread would run somebody else's work meanwhile. The guard cannot be sent to another
    /// thread, so the compiler refuses that in tasks that can; [`wrap`](Self::wrap) the future instead.
    pub fn enter(&self) -> ScopeGuard {
        let entered = self.0.clone().filter(|handle| {
            let put = ENTERED.try_with(|entered| entered.borrow_mut().push(handle.clone()));
            put.is_ok()
        });
        DEPTH.set(DEPTH.get() + usize::from(entered.is_some()));
        ScopeGuard { entered, _stays: PhantomData }
    }

    /// Runs something in it.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let _guard = self.enter();
        work()
    }

    /// A future all of whose calls belong to it: entered at each poll, left after it.
    pub fn wrap<F: Future>(&self, future: F) -> Scoped<F> {
        Scoped { future, scope: self.clone() }
    }

    /// What it has come to so far. Takes its own lock, which nobody else waits for.
    #[must_use]
    pub fn summary(&self) -> ScopeSummary {
        let Some(handle) = &self.0 else { return ScopeSummary::default() };
        let totals = handle.unit.totals();
        ScopeSummary {
            elapsed: handle.monitor.registry.clock.now().since(handle.unit.started),
            calls: totals.calls,
            failed: totals.failed,
            database_time: Duration::from_nanos(totals.nanos),
            pool_wait: Duration::from_nanos(totals.wait_nanos),
        }
    }

    /// Its name; empty where it does nothing.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        self.0.as_ref().map_or_else(Arc::default, |handle| handle.unit.name())
    }

    /// Calls it otherwise, for those who learn its name late, such as a route that is found behind a
    /// middleware. Counts and rules are those of the name it ends with.
    pub fn rename(&self, name: impl Into<Arc<str>>) {
        if let Some(handle) = &self.0 {
            handle.unit.rename(name.into());
        }
    }

    /// Whether it is that unit of work, or part of it; never where either does nothing.
    #[must_use]
    pub fn is_in(&self, other: &Self) -> bool {
        self.0
            .as_ref()
            .zip(other.0.as_ref())
            .is_some_and(|(mine, other)| mine.unit.is_in(&other.unit))
    }

    pub(super) fn unit(&self) -> Option<&Unit> {
        self.0.as_ref().map(|handle| &*handle.unit)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scope").field(&self.name()).finish()
    }
}

// === impl WeakScope ===

impl WeakScope {
    /// The unit of work as long as it lasts; one that does nothing after that.
    pub fn scope(&self) -> Scope {
        Scope(self.0.upgrade())
    }
}

impl fmt::Debug for WeakScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeakScope").field(&self.scope().name()).finish()
    }
}

// === impl Handle ===

impl Handle {
    /// The unit that one begun in this one is part of.
    fn takes_in(self: Arc<Self>) -> Arc<Self> {
        let all = || std::iter::successors(Some(&self), |handle| handle.around.as_ref());
        if all().count() < DEPTH_MAX {
            return self;
        }
        self.monitor.registry.scopes.flattened();
        all().last().unwrap_or(&self).clone()
    }

    /// A call with these parameters begins in it.
    pub(super) fn call_begins(&self, series: SeriesRef, parameters: Parameters) -> Option<Flight> {
        self.monitor.registry.scopes.flights.join(series, parameters)
    }

    /// What began so is over. Says how many of the same ran already when it began.
    pub(super) fn flight_ends(&self, flight: Flight) -> u32 {
        self.monitor.registry.scopes.flights.leave(flight);
        flight.beside
    }

    /// A call in it has ended.
    pub(super) fn call_ended(&self, call: UnitCall) {
        self.monitor.registry.scopes.call(&self.unit, call);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.is_captured {
            let registry = &self.monitor.registry;
            registry.scopes.end(&self.unit, registry.clock.now(), &registry.clock);
        }
    }
}

/// The innermost unit of this monitor that is entered here and now.
#[inline]
pub(super) fn entered_of(monitor: &Arc<Inner>) -> Option<Arc<Handle>> {
    if is_entered() { innermost(monitor) } else { None }
}

/// Whether this thread is in any unit of work, of whichever monitor.
#[inline]
pub(super) fn is_entered() -> bool {
    depth() != 0
}

/// How many units this thread is in, of whichever monitors.
#[inline]
pub(super) fn depth() -> usize {
    DEPTH.get()
}

#[cold]
fn innermost(monitor: &Arc<Inner>) -> Option<Arc<Handle>> {
    let found = ENTERED.try_with(|entered| {
        let entered = entered.borrow();
        entered.iter().rev().find(|handle| Arc::ptr_eq(&handle.monitor, monitor)).cloned()
    });
    found.ok().flatten()
}

// === impl ScopeGuard ===

impl Drop for ScopeGuard {
    fn drop(&mut self) {
        let Some(mine) = self.entered.take() else { return };
        DEPTH.set(DEPTH.get() - 1);
        // Guards may be dropped in any order. What is taken out is dropped after the list is let go.
        let left = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            let place = entered.iter().rposition(|handle| Arc::ptr_eq(handle, &mine));
            place.map(|place| entered.remove(place))
        });
        drop(left);
    }
}

impl fmt::Debug for ScopeGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeGuard").finish_non_exhaustive()
    }
}

// === impl Scoped ===

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _guard = this.scope.enter();
        this.future.poll(cx)
    }
}

impl<F> fmt::Debug for Scoped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").field("scope", &self.scope).finish_non_exhaustive()
    }
}
