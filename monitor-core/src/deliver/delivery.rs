//! How a sink wants to be told.

use std::time::Duration;

/// How a sink wants to be told: how much at once, how often, how long to try. Each setting has a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Alerts that may wait for the sink. When more do, the oldest notice goes, one that says "it is over" last
    /// of all, and [`SinkActivity::dropped`](crate::snapshot::SinkActivity::dropped) counts it.
    pub queue_max: usize,
    /// Notices told at once.
    pub batch_max: usize,
    /// Time between two sends, at least: the sink's rate limit. What comes meanwhile waits and is told together, as
    /// far as `batch_max` goes.
    pub spacing: Duration,
    /// How often to tell all firing alerts again; `None` for a sink that remembers.
    pub refresh_every: Option<Duration>,
    /// Wait after the first failure. It doubles with each further one; of every wait, a random half is left out,
    /// so that many services do not come back at the same moment.
    pub retry_first: Duration,
    /// The longest such wait.
    pub retry_max: Duration,
    /// A notice that failed and is this old is given up, and
    /// [`SinkActivity::given_up`](crate::snapshot::SinkActivity::given_up) counts it.
    pub give_up_after: Duration,
}

impl Delivery {
    /// Default of [`queue_max`](Self::queue_max). A notice takes about 1 KB.
    pub const QUEUE_MAX: usize = 256;
    /// Default of [`batch_max`](Self::batch_max).
    pub const BATCH_MAX: usize = 1;
    /// Default of [`retry_first`](Self::retry_first).
    pub const RETRY_FIRST: Duration = Duration::from_secs(1);
    /// Default of [`retry_max`](Self::retry_max).
    pub const RETRY_MAX: Duration = Duration::from_secs(60);
    /// Default of [`give_up_after`](Self::give_up_after): after an hour the news is no news.
    pub const GIVE_UP_AFTER: Duration = Duration::from_secs(60 * 60);
    /// The longest wait a receiver may ask for: a wrong clock at its end must not silence us for a day.
    pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(15 * 60);

    /// Sets [`queue_max`](Self::queue_max).
    #[must_use]
    pub fn queue_max(mut self, alerts: usize) -> Self {
        self.queue_max = alerts;
        self
    }

    /// Sets [`batch_max`](Self::batch_max).
    #[must_use]
    pub fn batch_max(mut self, notices: usize) -> Self {
        self.batch_max = notices;
        self
    }

    /// Sets [`spacing`](Self::spacing).
    #[must_use]
    pub fn spacing(mut self, time: Duration) -> Self {
        self.spacing = time;
        self
    }

    /// Sets [`refresh_every`](Self::refresh_every).
    #[must_use]
    pub fn refresh_every(mut self, time: Duration) -> Self {
        self.refresh_every = Some(time);
        self
    }

    /// Sets [`retry_first`](Self::retry_first) and [`retry_max`](Self::retry_max).
    #[must_use]
    pub fn retry(mut self, first: Duration, max: Duration) -> Self {
        self.retry_first = first;
        self.retry_max = max;
        self
    }

    /// Sets [`give_up_after`](Self::give_up_after).
    #[must_use]
    pub fn give_up_after(mut self, time: Duration) -> Self {
        self.give_up_after = time;
        self
    }

    /// What is wrong with these settings, with what would work.
    pub(crate) fn fault(&self) -> Option<String> {
        for (name, count) in [("queue_max", self.queue_max), ("batch_max", self.batch_max)] {
            if count == 0 {
                return Some(format!("{name} is 0; choose at least 1"));
            }
        }
        for (name, time) in
            [("retry_first", Some(self.retry_first)), ("refresh_every", self.refresh_every)]
        {
            if time.is_some_and(|time| time.is_zero()) {
                return Some(format!(
                    "{name} is 0 s, which never pauses; choose a time above zero"
                ));
            }
        }
        (self.retry_max < self.retry_first).then(|| {
            format!(
                "retry_max {:?} is below retry_first {:?}; choose one at least as long",
                self.retry_max, self.retry_first
            )
        })
    }
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            queue_max: Self::QUEUE_MAX,
            batch_max: Self::BATCH_MAX,
            spacing: Duration::ZERO,
            refresh_every: None,
            retry_first: Self::RETRY_FIRST,
            retry_max: Self::RETRY_MAX,
            give_up_after: Self::GIVE_UP_AFTER,
        }
    }
}
