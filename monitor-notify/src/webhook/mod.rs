//! Any receiver of JSON.

mod signature;

use std::time::{Duration, SystemTime};

use monitor_core::deliver::Delivery;
use monitor_core::judge::Notice;
use monitor_core::show::moment;
use serde::Serialize;

use self::signature::Signer;
use crate::facts::Facts;
use crate::{Format, Post, Request, Secret, SetupError};

/// Posts each notice as JSON to an address of your own.
///
/// ```json
/// {
///   "version": 1, "event": "fired", "at": "2026-11-23T16:15:12.689Z", "service": "shop",
///   "alert": {
///     "key": "pool_usage: main on db:5432/shop",
///     "kind": "pool_usage", "severity": "error", "state": "firing",
///     "subject": "main on db:5432/shop", "message": "10 of 10 connections are in use (100 %), ...",
///     "value": 1.0, "threshold": 0.8,
///     "database": "db:5432/shop", "pool": "main", "fingerprint": null, "statement": null,
///     "since": "2026-11-23T16:15:02.689Z", "fired_at": "2026-11-23T16:15:12.689Z", "resolved_at": null,
///     "times_seen": 3, "times_fired": 1
///   }
/// }
/// ```
///
/// `event` is `fired`, `worsened`, `reminded` or `resolved`; `severity` is `info`, `warning`, `error` or `critical`; values are
/// in seconds, shares from 0 to 1, or counts. Fields may be added within a version; none is renamed or removed.
///
/// For services without a sink of their own, map it: Datadog's events take `alert.key` as `aggregation_key`, `alert.kind` as
/// `title`, `alert.message` as `text`, and `alert.severity` as `alert_type` (`critical` is `error` there, a `resolved` event
/// `success`); New Relic's event API takes the flattened object, with an `eventType` of your choice beside it.
///
/// With [`signed`](Self::signed), a receiver can tell that a request is yours, fresh, and no repetition.
pub type Webhook = Post<WebhookFormat>;

/// The JSON of [`Webhook`].
#[derive(Default)]
pub struct WebhookFormat {
    signer: Option<Signer>,
}

/// Time between two posts: ten a second is nothing to a server, and no flood to whatever stands behind it.
const SPACING: Duration = Duration::from_millis(100);

/// Version of the JSON's shape.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    event: &'a str,
    at: String,
    service: Option<&'a str>,
    alert: Facts<'a>,
}

// === impl Webhook ===

impl Webhook {
    /// Posts to this address.
    ///
    /// # Errors
    ///
    /// When it is no URL of `http` or `https`.
    pub fn new(address: impl Into<Secret>) -> Result<Self, SetupError> {
        Self::to(address, WebhookFormat::default())
    }

    /// Signs every request as the Standard Webhooks specification (1.0) has it, whose libraries verify it: headers
    /// `webhook-id`, the same for every attempt at one notice; `webhook-timestamp`; and `webhook-signature`, an HMAC-SHA256
    /// of `id.timestamp.body`.
    ///
    /// The key is 24 to 64 bytes in base64, with or without `whsec_` before it.
    ///
    /// # Errors
    ///
    /// When the key is not that.
    pub fn signed(mut self, key: impl Into<Secret>) -> Result<Self, SetupError> {
        self.format.signer = Some(Signer::new(&key.into())?);
        Ok(self)
    }
}

// === impl WebhookFormat ===

impl Format for WebhookFormat {
    fn name(&self) -> &str {
        "webhook"
    }

    fn delivery(&self) -> Delivery {
        Delivery::default().spacing(SPACING)
    }

    fn notices(&mut self, notices: &[Notice], service: Option<&str>) -> Vec<Request> {
        let request = |notice: &Notice| {
            let document = Document {
                version: VERSION,
                event: notice.event.as_str(),
                at: moment(notice.at),
                service,
                alert: Facts::of(&notice.alert),
            };
            let request = Request::new(&serde_json::json!(document));
            match &self.signer {
                Some(signer) => signer.sign(request, notice, SystemTime::now()),
                None => request,
            }
        };
        notices.iter().map(request).collect()
    }
}
