//! A channel in Slack.

use std::time::{Duration, SystemTime};

use monitor_core::deliver::Delivery;
use monitor_core::judge::{AlertEvent, Notice, Severity};
use monitor_core::show::duration;
use serde_json::{Value, json};

use crate::facts::{Facts, cut};
use crate::{Format, Post, Request, Secret, SetupError};

/// Tells a channel, through one of Slack's incoming webhooks, whose address is the secret.
///
/// Slack takes about a message a second. What comes faster is told in one message: ten alerts in full, the others as
/// "and 12 more". Mattermost and Rocket.Chat take the same format.
///
/// What stands in a message is text, whatever it looks like: `&`, `<` and `>` are escaped, so nothing in it mentions a
/// channel or becomes a link.
pub type Slack = Post<SlackFormat>;

/// The messages of [`Slack`].
#[derive(Debug, Default)]
pub struct SlackFormat(());

/// Time between two messages: the one a second that Slack's page on rate limits allows a webhook.
const SPACING: Duration = Duration::from_secs(1);

/// Alerts told in full in one message; nobody reads more at once.
const SHOWN_MAX: usize = 10;

/// Notices one message stands for. As many as may wait: what is not shown is counted.
const BATCH_MAX: usize = Delivery::QUEUE_MAX;

/// Characters of the line that a notification shows.
const LINE_CHARS_MAX: usize = 150;

// === impl Slack ===

impl Slack {
    /// Posts to an incoming webhook.
    ///
    /// # Errors
    ///
    /// When the address is no URL of `http` or `https`.
    pub fn new(address: impl Into<Secret>) -> Result<Self, SetupError> {
        Self::to(address, SlackFormat::default())
    }
}

// === impl SlackFormat ===

impl Format for SlackFormat {
    fn name(&self) -> &str {
        "slack"
    }

    fn delivery(&self) -> Delivery {
        Delivery::default().spacing(SPACING).batch_max(BATCH_MAX)
    }

    fn notices(&mut self, notices: &[Notice], service: Option<&str>) -> Vec<Request> {
        let (shown, rest) = notices.split_at(notices.len().min(SHOWN_MAX));
        let mut attachments: Vec<Value> =
            shown.iter().map(|notice| attachment(notice, service)).collect();
        if !rest.is_empty() {
            attachments.push(json!({ "text": and_more(rest), "fallback": and_more(rest) }));
        }
        let text = headline(notices, service);
        vec![Request::new(&json!({ "text": text, "attachments": attachments }))]
    }
}

/// What a notification shows.
fn headline(notices: &[Notice], service: Option<&str>) -> String {
    let of = service.map(|name| format!("{name}: ")).unwrap_or_default();
    let said = match notices {
        [one] => line(one),
        many => format!("{} alerts", many.len()),
    };
    escaped(&format!("{of}{said}"))
}

/// `error: pool_usage of main on db:5432/shop`, and whether that is over.
fn line(notice: &Notice) -> String {
    let facts = Facts::of(&notice.alert);
    let subject = cut(&facts.subject, LINE_CHARS_MAX);
    match notice.event {
        AlertEvent::Resolved => format!("over: {} of {subject}", facts.kind),
        AlertEvent::Worsened => {
            format!("worse, now {}: {} of {subject}", facts.severity, facts.kind)
        }
        AlertEvent::Reminded => format!("still {}: {} of {subject}", facts.severity, facts.kind),
        _ => format!("{}: {} of {subject}", facts.severity, facts.kind),
    }
}

fn attachment(notice: &Notice, service: Option<&str>) -> Value {
    let facts = Facts::of(&notice.alert);
    let title = escaped(&line(notice));
    let lasted = notice.at.duration_since(notice.alert.since).unwrap_or_default();
    let message = escaped(&facts.message);
    let text = match notice.event {
        AlertEvent::Resolved => format!("after {}; last seen: {message}", duration(lasted)),
        _ if lasted.is_zero() => message,
        _ => format!("{message}, for {}", duration(lasted)),
    };
    json!({
        "color": color(notice),
        "title": title,
        "text": text,
        "fallback": title,
        "footer": service.map(escaped),
        "ts": seconds(notice.at),
    })
}

fn and_more(rest: &[Notice]) -> String {
    let over = rest.iter().filter(|notice| notice.event == AlertEvent::Resolved).count();
    match over {
        0 => format!("and {} more", rest.len()),
        over => format!("and {} more, {over} of them over", rest.len()),
    }
}

fn color(notice: &Notice) -> &'static str {
    match (notice.event, notice.alert.finding.severity) {
        (AlertEvent::Resolved, _) => "#2eb886",
        (_, Severity::Info) => "#439fe0",
        (_, Severity::Warning) => "#daa038",
        (_, Severity::Error) => "#d00000",
        (_, Severity::Critical) => "#8b0000",
    }
}

/// The three characters Slack reads as more than themselves.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
