//! The HTTP client, and what its failures mean.

use std::time::{Duration, SystemTime};

use monitor_core::deliver::SendError;
use ureq::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use super::retry_after;
use crate::{Secret, SetupError};

/// How a receiver is spoken to over HTTP.
///
/// TLS by rustls, with Mozilla's certificate authorities. No redirect is followed: an alert goes where it was sent, or
/// fails. No proxy is used unless it is named here, whatever the environment says. Of an answer only its head is read,
/// up to 16 KB.
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until they are given to `Post::http`"]
pub struct Http {
    connect_timeout: Duration,
    timeout: Duration,
    proxy: Option<Secret>,
}

/// Bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Speaks to one address.
pub(crate) struct Agent {
    agent: ureq::Agent,
}

// === impl Http ===

impl Http {
    /// Default of [`connect_timeout`](Self::connect_timeout).
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
    /// Default of [`timeout`](Self::timeout).
    pub const TIMEOUT: Duration = Duration::from_secs(15);

    /// Time to connect, TLS included. Default: [`CONNECT_TIMEOUT`](Self::CONNECT_TIMEOUT), 5 s.
    pub fn connect_timeout(self, time: Duration) -> Self {
        Self { connect_timeout: time, ..self }
    }

    /// Time for the whole: name, connection, request, answer. Default: [`TIMEOUT`](Self::TIMEOUT), 15 s.
    pub fn timeout(self, time: Duration) -> Self {
        Self { timeout: time, ..self }
    }

    /// A proxy to go through, such as `http://user:password@proxy:3128`. Default: none.
    ///
    /// # Errors
    ///
    /// When it is no address of a proxy.
    pub fn proxy(self, address: impl Into<Secret>) -> Result<Self, SetupError> {
        let address = address.into();
        if ureq::Proxy::new(address.reveal()).is_err() {
            let wrong = "the proxy's address cannot be read; choose one like http://proxy:3128";
            return Err(SetupError::new(wrong));
        }
        Ok(Self { proxy: Some(address), ..self })
    }
}

impl Default for Http {
    fn default() -> Self {
        Self { connect_timeout: Self::CONNECT_TIMEOUT, timeout: Self::TIMEOUT, proxy: None }
    }
}

// === impl Agent ===

impl Agent {
    pub(crate) fn new(http: &Http) -> Self {
        let proxy = http.proxy.as_ref().and_then(|proxy| ureq::Proxy::new(proxy.reveal()).ok());
        let config = ureq::Agent::config_builder()
            .proxy(proxy)
            .timeout_connect(Some(http.connect_timeout))
            .timeout_global(Some(http.timeout))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_response_header_size(HEAD_BYTES_MAX)
            // Alerts are rare: a connection kept for the next one would be dead by then.
            .max_idle_connections(0)
            .user_agent(concat!("db-monitor/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent() }
    }

    /// Posts JSON, once.
    pub(crate) fn post(&self, to: &Uri, headers: &HeaderMap, body: &str) -> Result<(), SendError> {
        let mut request = self.agent.post(to).content_type("application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send(body).map_err(|error| failure(&error))?;
        judged(answer.status(), answer.headers())
    }
}

/// What a receiver's status means: what the network or the server may get over is tried again, what is wrong with
/// the request is not.
fn judged(status: StatusCode, headers: &HeaderMap) -> Result<(), SendError> {
    let later = |class| {
        let asked = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let wait = asked.and_then(|asked| retry_after::parse(asked, SystemTime::now()));
        Err(SendError::transient(class).code(status.as_u16()).retry_after(wait.unwrap_or_default()))
    };
    match status.as_u16() {
        200..=299 => Ok(()),
        429 => later("too many requests"),
        500..=599 => later("server error"),
        300..=399 => Err(SendError::permanent("redirected").code(status.as_u16())),
        _ => Err(SendError::permanent("refused").code(status.as_u16())),
    }
}

/// The class of a failure. The text underneath may hold the address, so it stays here.
fn failure(error: &ureq::Error) -> SendError {
    match error {
        ureq::Error::Timeout(_) => SendError::transient("timed out"),
        ureq::Error::HostNotFound => SendError::transient("host not found"),
        ureq::Error::Io(_) | ureq::Error::ConnectionFailed => {
            SendError::transient("connection failed")
        }
        ureq::Error::ConnectProxyFailed(_) => SendError::transient("no connection by the proxy"),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => SendError::transient("no trusted TLS"),
        ureq::Error::BadUri(_) => SendError::permanent("not an address"),
        _ => SendError::transient("no HTTP answer"),
    }
}

/// Reads an address, and says which one cannot be read.
pub(super) fn address(what: &str, address: &Secret) -> Result<Uri, SetupError> {
    let uri = address.reveal().trim().parse::<Uri>().ok().filter(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|h| !h.is_empty())
    });
    uri.ok_or_else(|| {
        SetupError::new(format!(
            "the address for {what} is no URL; choose one like https://host/path"
        ))
    })
}

/// A header's value that shows nowhere.
pub(super) fn hidden(name: &str, value: &Secret) -> Result<HeaderValue, SetupError> {
    let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| {
        SetupError::new(format!(
            "the value of header {name} cannot be sent; choose printable ASCII"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}
