//! Asks a dashboard, one question at a time.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::{StatusCode, Uri};

use crate::text;

/// What opens a dashboard that has a token. Its text is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Where a dashboard is, such as `http://127.0.0.1:9300/`; below a path where it is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

/// A dashboard to be asked.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    address: Address,
    token: Option<Token>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nobody answered.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// The server keeps us out.
    #[error("not let in: {0}")]
    Denied(String),
    /// The server answered something else.
    #[error("{0}")]
    Unusable(String),
}

/// Why an address or a token cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The address says nothing of where to ask.
    #[error("`{0}` is no address; choose one like http://127.0.0.1:9300/")]
    Address(String),
    /// The address holds a secret.
    #[error(
        "the address holds a name or a password, which others see; leave out what stands before `@`"
    )]
    Secret,
    /// The token cannot be sent in a header.
    #[error(
        "the token is empty or has characters that no header carries; give it as the dashboard was given it"
    )]
    Token,
}

/// The body of a refusal.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Time to connect.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);

/// Time for the whole of a question: a reading of thousands of statements takes the server well below a second.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes of an answer. A page of fifty statements is some hundred kilobytes.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

// === impl Token ===

impl Token {
    /// A token as it was written down, without the white space around it.
    ///
    /// # Errors
    ///
    /// When it cannot be sent.
    pub fn new(token: &str) -> Result<Self, SetupError> {
        let token = token.trim();
        let is_sendable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        is_sendable.then(|| Self(token.to_owned())).ok_or(SetupError::Token)
    }
}

/// Shows that there is one.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

// === impl Address ===

impl Address {
    /// An address as people write it: the scheme may be left out.
    ///
    /// # Errors
    ///
    /// When it names no host, or holds a secret.
    pub fn new(address: &str) -> Result<Self, SetupError> {
        let wrong = || SetupError::Address(text::safe(address));
        let full = match address.split_once("://") {
            Some(_) => address.to_owned(),
            None => format!("http://{address}"),
        };
        let uri: Uri = full.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') {
            return Err(SetupError::Secret);
        }
        if !matches!(uri.scheme_str(), Some("http" | "https"))
            || authority.host().is_empty()
            || uri.query().is_some()
        {
            return Err(wrong());
        }
        let full = full.split('#').next().unwrap_or_default();
        Ok(Self(format!("{}/", full.trim_end_matches('/'))))
    }

    /// As it is asked.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// === impl Client ===

impl Client {
    /// Asks at this address, straight, never by a proxy, and follows no redirect: nobody else is shown the token.
    pub fn new(address: Address, token: Option<Token>) -> Self {
        let config = ureq::Agent::config_builder()
            .proxy(None)
            .timeout_connect(Some(CONNECT_TIME_MAX))
            .timeout_global(Some(TIME_MAX))
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("monitor-top/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent(), address, token }
    }

    /// Where it asks.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The answer at a path below the address.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
        let mut request = self.agent.get(format!("{}{path}", self.address.0));
        if let Some(Token(token)) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().map_err(unreachable)?;
        let status = response.status();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let body = body.map_err(unreachable)?;
        if status != StatusCode::OK {
            return Err(refused(status, &body, self.token.is_some()));
        }
        serde_json::from_str(&body).map_err(|error| {
            let error = text::safe(&error.to_string());
            Trouble::Unusable(format!(
                "the answer is not one of this version's dashboard ({error}); check the address, or use the same version"
            ))
        })
    }
}

fn unreachable(error: ureq::Error) -> Trouble {
    Trouble::Unreachable(text::safe(&match error {
        ureq::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }))
}

/// What a refusal says, and what would help.
fn refused(status: StatusCode, body: &str, has_token: bool) -> Trouble {
    let said = serde_json::from_str(body).map(|refusal: Refusal| text::safe(&refusal.error));
    match (status, said) {
        (StatusCode::UNAUTHORIZED, _) if has_token => {
            Trouble::Denied("the token is wrong; give the one the dashboard was set up with".into())
        }
        (StatusCode::UNAUTHORIZED, _) => Trouble::Denied(
            "the dashboard wants a token; put it in MONITOR_TOP_TOKEN, or in a file for --token-file".into(),
        ),
        (StatusCode::FORBIDDEN | StatusCode::MISDIRECTED_REQUEST | StatusCode::TOO_MANY_REQUESTS, Ok(said)) => {
            Trouble::Denied(said)
        }
        (_, Ok(said)) => Trouble::Unusable(format!("the server refuses ({}): {said}", status.as_u16())),
        (_, Err(_)) => Trouble::Unusable(format!(
            "the server answers {}, which no dashboard does here; check the address",
            status.as_u16()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_leave_out_what_goes_without_saying() {
        for (written, meant) in [
            ("127.0.0.1:9300", "http://127.0.0.1:9300/"),
            ("http://[::1]:9300", "http://[::1]:9300/"),
            ("https://shop.example.org/db/", "https://shop.example.org/db/"),
            ("http://localhost:9300/db#/statements", "http://localhost:9300/db/"),
        ] {
            assert_eq!(Address::new(written).map(|address| address.0).as_deref(), Ok(meant));
        }
    }

    #[test]
    fn an_address_that_is_none_or_holds_a_secret_is_refused() {
        for wrong in ["", "http://", "ftp://host/", "http://host/?x=1", "a b", "://"] {
            assert!(matches!(Address::new(wrong), Err(SetupError::Address(_))), "{wrong}");
        }
        assert_eq!(Address::new("http://me:secret@host/"), Err(SetupError::Secret));
    }

    #[test]
    fn a_token_is_sendable_and_never_shown() {
        assert_eq!(Token::new("  "), Err(SetupError::Token));
        assert_eq!(Token::new("a\nb"), Err(SetupError::Token));
        let token = Token::new("0123456789abcdef\n").unwrap();
        assert!(!format!("{token:?}").contains("0123"));
    }
}
