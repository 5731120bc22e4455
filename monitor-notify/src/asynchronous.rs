//! An asynchronous callback.

use std::fmt;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use monitor_core::deliver::{SendError, Sink};
use monitor_core::judge::Notice;
use tokio::runtime::Handle;

/// Calls an asynchronous closure with each notice; see [`on_alert_async`].
pub struct AsyncCallback<F> {
    runtime: Handle,
    callback: F,
    timeout: Duration,
}

/// Calls an asynchronous closure with each notice, on the runtime that is handed in.
///
/// One call at a time, in order. A call that takes longer than [`AsyncCallback::TIMEOUT`] is aborted and its notice given up,
/// as is one that panics, and one for which the runtime is gone.
///
/// ```
/// use monitor_core::Monitor;
/// use monitor_notify::on_alert_async;
/// use tokio::runtime::Handle;
///
/// # async fn start() -> Result<(), monitor_core::BuildError> {
/// let monitor = Monitor::builder()
///     .sink(on_alert_async(Handle::current(), |notice| async move {
///         tokio::time::sleep(std::time::Duration::from_millis(1)).await; // whatever you await
///         println!("{}", notice.alert.finding.message);
///     }))
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub fn on_alert_async<F, Fut>(runtime: Handle, callback: F) -> AsyncCallback<F>
where
    F: FnMut(Notice) -> Fut + Send,
    Fut: Future<Output = ()> + Send + 'static,
{
    AsyncCallback { runtime, callback, timeout: AsyncCallback::<F>::TIMEOUT }
}

// === impl AsyncCallback ===

impl<F> AsyncCallback<F> {
    /// Default of [`timeout`](Self::timeout).
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// Time a call may take. Default: [`TIMEOUT`](Self::TIMEOUT), 30 s.
    #[must_use]
    pub fn timeout(self, time: Duration) -> Self {
        Self { timeout: time, ..self }
    }
}

impl<F, Fut> Sink for AsyncCallback<F>
where
    F: FnMut(Notice) -> Fut + Send,
    Fut: Future<Output = ()> + Send + 'static,
{
    fn name(&self) -> &str {
        "async-callback"
    }

    fn send(&mut self, notices: &[Notice]) -> Result<(), SendError> {
        for notice in notices {
            let (done, ended) = channel();
            let call = (self.callback)(notice.clone());
            // Spawned rather than blocked on: `block_on` panics on a thread that is the runtime's own.
            let task = self.runtime.spawn(async move {
                call.await;
                let _ = done.send(());
            });
            match ended.recv_timeout(self.timeout) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => {
                    task.abort();
                    return Err(SendError::permanent("timed out"));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(SendError::permanent("panicked, or its runtime is gone"));
                }
            }
        }
        Ok(())
    }
}

/// Shows its time limit; a closure shows nothing.
impl<F> fmt::Debug for AsyncCallback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncCallback").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
