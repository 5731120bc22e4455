//! A stream of notices for your own asynchronous code.

use monitor_core::deliver::{SendError, Sink};
use monitor_core::judge::Notice;
use tokio::sync::broadcast::{self, error::RecvError};

/// The end of a channel that the monitor is given; see [`channel`].
#[derive(Debug)]
pub struct ChannelSink(broadcast::Sender<Notice>);

/// The end of a channel that notices come out of; see [`channel`].
///
/// A copy made by [`resubscribe`](Self::resubscribe) hears the same, from then on.
#[derive(Debug)]
pub struct Notices {
    receiver: broadcast::Receiver<Notice>,
    missed: u64,
}

/// A stream of notices: give the one end to the monitor's builder, and receive from the other.
///
/// Never waits for a slow receiver: one that is more than `capacity` notices behind misses the oldest, which
/// [`Notices::missed`] counts. The capacity is at least 1.
///
/// ```
/// use monitor_core::Monitor;
///
/// # async fn handle() -> Result<(), monitor_core::BuildError> {
/// let (sink, mut notices) = monitor_notify::channel(100);
/// let monitor = Monitor::builder().sink(sink).build()?;
/// tokio::spawn(async move {
///     while let Some(notice) = notices.recv().await {
///         println!("{} {}", notice.event, notice.alert.finding.message);
///     }
/// });
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn channel(capacity: usize) -> (ChannelSink, Notices) {
    // More than half of all addresses is no capacity, and tokio panics at it.
    let capacity = capacity.clamp(1, CAPACITY_MAX);
    let (sender, receiver) = broadcast::channel(capacity);
    (ChannelSink(sender), Notices { receiver, missed: 0 })
}

/// Notices a channel holds at most.
const CAPACITY_MAX: usize = 1 << 16;

// === impl ChannelSink ===

impl Sink for ChannelSink {
    fn name(&self) -> &str {
        "channel"
    }

    fn send(&mut self, notices: &[Notice]) -> Result<(), SendError> {
        for notice in notices {
            // An error means that nobody listens, which is everybody's right.
            let _ = self.0.send(notice.clone());
        }
        Ok(())
    }
}

// === impl Notices ===

impl Notices {
    /// The next notice; `None` once the monitor is gone and all is received. May be dropped half-way without a loss.
    pub async fn recv(&mut self) -> Option<Notice> {
        loop {
            match self.receiver.recv().await {
                Ok(notice) => return Some(notice),
                Err(RecvError::Lagged(missed)) => self.missed += missed,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Notices this receiver missed because it was too far behind.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Another receiver, of what comes from now on.
    #[must_use]
    pub fn resubscribe(&self) -> Self {
        Self { receiver: self.receiver.resubscribe(), missed: 0 }
    }
}
