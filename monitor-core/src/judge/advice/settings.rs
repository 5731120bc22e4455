//! How advice is given.

use std::time::Duration;

use super::Surroundings;

/// Whether, how often and about what a monitor gives advice.
///
/// ```
/// use std::time::Duration;
/// use monitor_core::{Monitor, judge::advice::AdviceSettings};
///
/// let settings = AdviceSettings::default()
///     .every(Duration::from_secs(600))
///     .instances(4)
///     .mute("limit-without-order:da0bff58cf4a3ce5");
/// let monitor = Monitor::builder().recommendations(settings).build()?;
/// # Ok::<(), monitor_core::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AdviceSettings {
    /// Whether the monitor looks for advice of its own accord. Default: yes.
    pub on: bool,
    /// Time between two looks. Default: [`AdviceSettings::EVERY`].
    pub every: Duration,
    /// Time a monitor must have watched before it judges what it saw. Default:
    /// [`AdviceSettings::OBSERVE_FOR`].
    pub observe_for: Duration,
    /// Recommendations that are not wanted, by their `key`, or all of a rule by its name.
    pub muted: Vec<String>,
    /// Recommendations whose first and last sight is remembered. Default:
    /// [`AdviceSettings::REMEMBERED_MAX`].
    pub remembered_max: usize,
    /// What the monitor cannot see and you may know.
    pub surroundings: Surroundings,
}

// === impl AdviceSettings ===

impl AdviceSettings {
    /// Default of [`every`](Self::every): five minutes. Nobody rewrites a query sooner, and what a look costs
    /// (a snapshot, and the parsing of what ran in the last hour) then vanishes.
    pub const EVERY: Duration = Duration::from_secs(300);
    /// Default of [`observe_for`](Self::observe_for): a minute, the shortest window there is.
    pub const OBSERVE_FOR: Duration = Duration::from_secs(60);
    /// Default of [`remembered_max`](Self::remembered_max).
    pub const REMEMBERED_MAX: usize = 500;

    /// The monitor gives no advice of its own accord; it still answers when asked.
    #[must_use]
    pub fn off(mut self) -> Self {
        self.on = false;
        self
    }

    /// Time between two looks.
    #[must_use]
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    /// Time a monitor must have watched before it judges what it saw.
    #[must_use]
    pub fn observe_for(mut self, time: Duration) -> Self {
        self.observe_for = time;
        self
    }

    /// Does not give a recommendation again: one by its `key`, or all of a rule by its name.
    #[must_use]
    pub fn mute(mut self, key: impl Into<String>) -> Self {
        self.muted.push(key.into());
        self
    }

    /// Whether a recommendation is not wanted.
    pub(crate) fn is_muted(&self, rule: &str, key: &str) -> bool {
        self.muted.iter().any(|muted| muted == key || muted == rule)
    }

    /// How many instances of this service use the database, each with pools of its own.
    #[must_use]
    pub fn instances(mut self, count: u32) -> Self {
        self.surroundings.instances = Some(count);
        self
    }

    /// How many connections the server allows (`max_connections`).
    #[must_use]
    pub fn server_connections_max(mut self, count: u32) -> Self {
        self.surroundings.server_connections_max = Some(count);
        self
    }

    /// How many replicas can be read from.
    #[must_use]
    pub fn replicas(mut self, count: u32) -> Self {
        self.surroundings.replicas = Some(count);
        self
    }
}

impl Default for AdviceSettings {
    fn default() -> Self {
        Self {
            on: true,
            every: Self::EVERY,
            observe_for: Self::OBSERVE_FOR,
            muted: Vec::new(),
            remembered_max: Self::REMEMBERED_MAX,
            surroundings: Surroundings::default(),
        }
    }
}
