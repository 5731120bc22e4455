//! What is asked of the server, as a path of its API.

use crate::client::{Client, Trouble};
use crate::pages::{Answer, Content};

/// A part of what there is to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Everything in ten seconds.
    #[default]
    Overview,
    /// The statements, ranked.
    Statements,
    /// The pools: who holds what, who waits.
    Pools,
    /// The alerts, and who was told.
    Alerts,
    /// Requests and jobs, by the database's time.
    Requests,
}

/// The time that numbers are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// The last minute.
    Minute,
    /// The last five minutes.
    FiveMinutes,
    /// The last quarter of an hour.
    #[default]
    QuarterHour,
    /// The last hour.
    Hour,
    /// Everything since the monitor started.
    Start,
}

/// What statements are ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Their share of all database time.
    #[default]
    Time,
    /// How often they ran.
    Calls,
    /// The mean of their times.
    Mean,
    /// The 95th percentile of their times.
    P95,
    /// The longest of their times.
    Max,
    /// Failed calls.
    Failed,
    /// Failed calls as a share of all.
    ErrorRate,
    /// Slow calls.
    Slow,
}

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// What is looked at.
    pub view: View,
    /// The time that numbers are about.
    pub window: Window,
    /// What statements are ranked by.
    pub sort: Sort,
    /// Whether the lowest come first.
    pub is_ascending: bool,
    /// Words that statements must have, whatever their case; empty for all.
    pub search: String,
    /// The page of statements, requests, or alerts that are over, from 0.
    pub page: u64,
}

/// Things on a page: more than a tall terminal shows, little enough to be asked for every second.
const PAGE_SIZE: usize = 50;

// === impl View ===

impl View {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 5] =
        [Self::Overview, Self::Statements, Self::Pools, Self::Alerts, Self::Requests];

    /// Its word, on the screen and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Statements => "statements",
            Self::Pools => "pools",
            Self::Alerts => "alerts",
            Self::Requests => "requests",
        }
    }
}

// === impl Window ===

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Self; 5] =
        [Self::Minute, Self::FiveMinutes, Self::QuarterHour, Self::Hour, Self::Start];

    /// Its word, here and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::QuarterHour => "15m",
            Self::Hour => "60m",
            Self::Start => "start",
        }
    }
}

// === impl Sort ===

impl Sort {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Time,
        Self::Calls,
        Self::Mean,
        Self::P95,
        Self::Max,
        Self::Failed,
        Self::ErrorRate,
        Self::Slow,
    ];

    /// Its word, here and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Calls => "calls",
            Self::Mean => "mean",
            Self::P95 => "p95",
            Self::Max => "max",
            Self::Failed => "failed",
            Self::ErrorRate => "error_rate",
            Self::Slow => "slow",
        }
    }
}

/// The next of a few things, the first after the last.
pub(crate) fn next<T: Copy + PartialEq>(all: &[T], one: T) -> T {
    let at = all.iter().position(|other| *other == one).map_or(0, |at| at + 1);
    all.get(at).or_else(|| all.first()).copied().unwrap_or(one)
}

// === impl Question ===

impl Question {
    /// Asks it.
    ///
    /// # Errors
    ///
    /// When there is no answer, or one that is not understood.
    pub fn ask(&self, client: &Client) -> Result<Answer, Trouble> {
        let path = self.path();
        let content = match self.view {
            View::Overview => Content::Overview(client.get(&path)?),
            View::Statements => Content::Statements(client.get(&path)?),
            View::Pools => Content::Pools(client.get(&path)?),
            View::Alerts => Content::Alerts(client.get(&path)?),
            View::Requests => Content::Requests(client.get(&path)?),
        };
        Ok(Answer { content })
    }

    fn path(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !matches!(self.view, View::Alerts | View::Requests) {
            query.append_pair("window", self.window.as_str());
        }
        if matches!(self.view, View::Statements | View::Alerts | View::Requests) {
            query.append_pair("page", &(self.page + 1).to_string());
            query.append_pair("page_size", &PAGE_SIZE.to_string());
        }
        if self.view == View::Statements {
            query.append_pair("sort", self.sort.as_str());
            query.append_pair("order", if self.is_ascending { "asc" } else { "desc" });
            if !self.search.is_empty() {
                query.append_pair("search", &self.search);
            }
        }
        let name = if self.view == View::Requests { "scopes" } else { self.view.as_str() };
        format!("api/v1/{name}?{}", query.finish())
    }
}
