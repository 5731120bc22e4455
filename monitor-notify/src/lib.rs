//! Tells a monitor's alerts to those who have to know.
//!
//! Each receiver is a [`Sink`](monitor_core::deliver::Sink) behind a feature of its name, and is given to the monitor's
//! builder. The monitor queues, paces and retries, and shows in
//! [`Snapshot::sinks`](monitor_core::snapshot::Snapshot::sinks) whether it was heard.
//!
//! | feature | sink | tells |
//! |---|---|---|
#![cfg_attr(
    feature = "slack",
    doc = "| `slack` | [`Slack`] | a channel, through an incoming webhook |"
)]
#![cfg_attr(
    feature = "pagerduty",
    doc = "| `pagerduty` | [`PagerDuty`] | whoever is on call; what is over is resolved there |"
)]
#![cfg_attr(
    feature = "alertmanager",
    doc = "| `alertmanager` | [`Alertmanager`] | Prometheus' Alertmanager, again every minute while an alert fires |"
)]
#![cfg_attr(
    feature = "webhook",
    doc = "| `webhook` | [`Webhook`] | anything that takes JSON, signed if you like |"
)]
#![cfg_attr(
    feature = "http",
    doc = "| `http` | [`Post`] | the same with a [`Format`] of your own |"
)]
#![cfg_attr(
    feature = "tracing",
    doc = "| `tracing` | [`Log`], [`SlowCalls`] | your log: alerts, and slow calls, as structured events |"
)]
#![cfg_attr(
    feature = "tokio",
    doc = "| `tokio` | [`channel`], [`on_alert_async`] | your own asynchronous code |"
)]
//!
#![cfg_attr(all(feature = "slack", feature = "pagerduty"), doc = "```no_run")]
#![cfg_attr(not(all(feature = "slack", feature = "pagerduty")), doc = "```ignore")]
//! use monitor_core::Monitor;
//! use monitor_notify::{PagerDuty, Slack};
//!
//! let monitor = Monitor::builder()
//!     .sink(Slack::new(std::env::var("SLACK_URL")?)?.service("shop"))
//!     .sink(PagerDuty::new(std::env::var("PAGERDUTY_KEY")?)?.service("shop"))
//!     .build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What leaves
//!
//! The words of the finding: kind, severity, subject, and a sentence with numbers. Statements have `?` in place of
//! their literals. Addresses, keys and tokens are [`Secret`]s, which show in no error, log, `Debug` or snapshot of ours. The HTTP
//! client has a log of its own: keep the targets `ureq` and `ureq_proto` above `TRACE`, where it writes addresses.

#[cfg(feature = "alertmanager")]
mod alertmanager;
#[cfg(feature = "tokio")]
mod asynchronous;
#[cfg(feature = "tokio")]
mod channel;
mod error;
#[cfg(feature = "http")]
mod facts;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "tracing")]
mod log;
#[cfg(feature = "pagerduty")]
mod pagerduty;
mod secret;
#[cfg(feature = "slack")]
mod slack;
#[cfg(feature = "tracing")]
mod slow_calls;
#[cfg(feature = "webhook")]
mod webhook;

#[cfg(feature = "alertmanager")]
pub use alertmanager::{Alertmanager, AlertmanagerFormat};
#[cfg(feature = "tokio")]
pub use asynchronous::{AsyncCallback, on_alert_async};
#[cfg(feature = "tokio")]
pub use channel::{ChannelSink, Notices, channel};
pub use error::SetupError;
#[cfg(feature = "http")]
pub use facts::Facts;
#[cfg(feature = "http")]
pub use http::{Format, Http, Post, Request};
#[cfg(feature = "tracing")]
pub use log::Log;
#[cfg(feature = "pagerduty")]
pub use pagerduty::{PagerDuty, PagerDutyFormat};
pub use secret::Secret;
#[cfg(feature = "slack")]
pub use slack::{Slack, SlackFormat};
#[cfg(feature = "tracing")]
pub use slow_calls::SlowCalls;
#[cfg(feature = "webhook")]
pub use webhook::{Webhook, WebhookFormat};
