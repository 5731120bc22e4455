//! A sink that posts JSON, in whatever format its receiver understands.

use std::fmt;

use monitor_core::deliver::{Delivery, SendError, Sink};
use monitor_core::judge::{Alert, Notice};
use ureq::http::{HeaderMap, HeaderName, Uri};

use super::agent::{Agent, Http, address, hidden};
use crate::{Secret, SetupError};

/// How alerts become what one receiver understands. The rest, [`Post`] does.
///
/// ```
/// use monitor_core::deliver::Delivery;
/// use monitor_core::judge::Notice;
/// use monitor_notify::{Facts, Format, Post, Request};
///
/// /// A chat that takes `{"content": "..."}`.
/// struct Chat;
///
/// impl Format for Chat {
///     fn name(&self) -> &str {
///         "chat"
///     }
///
///     fn delivery(&self) -> Delivery {
///         Delivery::default().spacing(std::time::Duration::from_secs(1))
///     }
///
///     fn notices(&mut self, notices: &[Notice], service: Option<&str>) -> Vec<Request> {
///         let said = |notice: &Notice| {
///             let facts = Facts::of(&notice.alert);
///             let (event, service) = (notice.event, service.unwrap_or_default());
///             let text = format!("{service} {event} {}: {}", facts.subject, facts.message);
///             Request::new(&serde_json::json!({ "content": text }))
///         };
///         notices.iter().map(said).collect()
///     }
/// }
///
/// let sink = Post::to("https://chat.example.com/hook", Chat)?.service("shop");
/// # Ok::<(), monitor_notify::SetupError>(())
/// ```
pub trait Format: Send {
    /// The receiver's name.
    fn name(&self) -> &str;

    /// How it wants to be told.
    fn delivery(&self) -> Delivery {
        Delivery::default()
    }

    /// The requests that tell these notices, made in order until one fails; all are made again then, so a receiver
    /// must be able to bear one twice. Called anew for every attempt.
    fn notices(&mut self, notices: &[Notice], service: Option<&str>) -> Vec<Request>;

    /// The requests that tell what fires now, where [`delivery`](Self::delivery) asks for it.
    fn firing(&mut self, alerts: &[Alert], service: Option<&str>) -> Vec<Request> {
        let _ = (alerts, service);
        Vec::new()
    }
}

/// One request: JSON, and headers of its own.
#[derive(Clone)]
pub struct Request {
    body: String,
    headers: HeaderMap,
}

/// A sink that posts JSON in a [`Format`].
///
/// Tried again are failures of the network, of the server (5xx) and "too many requests" (429), not before
/// the receiver's `Retry-After`; any other answer but 2xx is given up at once.
pub struct Post<F> {
    name: String,
    to: Uri,
    headers: HeaderMap,
    service: Option<String>,
    delivery: Delivery,
    agent: Agent,
    pub(crate) format: F,
}

// === impl Request ===

impl Request {
    /// A request with this body.
    #[must_use]
    pub fn new(body: &serde_json::Value) -> Self {
        Self { body: body.to_string(), headers: HeaderMap::new() }
    }

    /// The body, as it is sent.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Adds a header; one that cannot be sent is left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            self.headers.insert(name, value);
        }
        self
    }
}

// === impl Post ===

impl<F: Format> Post<F> {
    /// Posts to this address.
    ///
    /// # Errors
    ///
    /// When the address is no URL of `http` or `https`.
    pub fn to(address: impl Into<Secret>, format: F) -> Result<Self, SetupError> {
        let name = format.name().to_owned();
        Ok(Self {
            to: self::address(&name, &address.into())?,
            name,
            headers: HeaderMap::new(),
            service: None,
            delivery: format.delivery(),
            agent: Agent::new(&Http::default()),
            format,
        })
    }

    /// The service whose database this is: what tells your alerts from those of the service next door.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// What the sink is called in snapshots. Default: the receiver's name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Time-outs and proxy. Default: [`Http::default`].
    #[must_use]
    pub fn http(mut self, http: &Http) -> Self {
        self.agent = Agent::new(http);
        self
    }

    /// Changes queue, pace and retries, from what suits the receiver.
    #[must_use]
    pub fn delivery(mut self, change: impl FnOnce(Delivery) -> Delivery) -> Self {
        self.delivery = change(self.delivery);
        self
    }

    /// Sends a header with every request.
    ///
    /// # Errors
    ///
    /// When name or value cannot stand in a header.
    pub fn header(mut self, name: &str, value: impl Into<Secret>) -> Result<Self, SetupError> {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            SetupError::new(format!(
                "`{name}` cannot be the name of a header; choose letters and dashes"
            ))
        })?;
        self.headers.insert(key, hidden(name, &value.into())?);
        Ok(self)
    }

    /// Sends a token with every request, as `Authorization: Bearer`.
    ///
    /// # Errors
    ///
    /// When the token cannot stand in a header.
    pub fn bearer_token(self, token: impl Into<Secret>) -> Result<Self, SetupError> {
        self.header("authorization", format!("Bearer {}", token.into().reveal()))
    }

    fn make(&self, requests: Vec<Request>) -> Result<(), SendError> {
        for Request { body, headers } in requests {
            let mut all = self.headers.clone();
            all.extend(headers);
            self.agent.post(&self.to, &all, &body)?;
        }
        Ok(())
    }
}

impl<F: Format> Sink for Post<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn delivery(&self) -> Delivery {
        self.delivery
    }

    fn send(&mut self, notices: &[Notice]) -> Result<(), SendError> {
        let requests = self.format.notices(notices, self.service.as_deref());
        self.make(requests)
    }

    fn refresh(&mut self, firing: &[Alert]) -> Result<(), SendError> {
        let requests = self.format.firing(firing, self.service.as_deref());
        self.make(requests)
    }
}

/// Shows its name; the rest is secret.
impl<F> fmt::Debug for Post<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Shows nothing of what it carries: a body is for its receiver, and a header may sign it.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").finish_non_exhaustive()
    }
}
