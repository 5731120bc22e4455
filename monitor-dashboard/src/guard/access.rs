//! Who may look.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, StatusCode, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::sessions::cookie;
use crate::api::Failure;
use crate::state::Shared;

/// Who may look.
pub(crate) enum Access {
    /// Whoever is on this machine.
    ThisMachine,
    /// Whoever has a token. Kept as its hash, so that comparing takes the same time whatever its length.
    Token([u8; 32]),
    /// Everybody who gets here.
    Elsewhere,
}

/// Headers that a proxy adds: behind one, loopback says nothing of who asks.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

// === impl Access ===

impl Access {
    pub(crate) fn token(token: &str) -> Self {
        Self::Token(hash(token.as_bytes()))
    }

    /// Whether there is a token to be asked for.
    pub(crate) fn has_form(&self) -> bool {
        matches!(self, Self::Token(_))
    }

    /// Whether a request is from somebody who may look.
    pub(super) fn admits(&self, shared: &Shared, request: &Request) -> Result<(), Failure> {
        match self {
            Self::Elsewhere => Ok(()),
            Self::ThisMachine => is_local(request),
            Self::Token(_) if self.has_bearer(request.headers()) => Ok(()),
            Self::Token(_) if shared.has_session(cookie(request.headers())) => Ok(()),
            Self::Token(_) => Err(Failure::new(
                StatusCode::UNAUTHORIZED,
                "a token is needed; send `Authorization: Bearer <token>`, or log in at `login`",
            )),
        }
    }

    /// Whether this is the token. Takes as long for any other.
    pub(super) fn is(&self, token: &[u8]) -> bool {
        matches!(self, Self::Token(expected) if expected.ct_eq(&hash(token)).into())
    }

    fn has_bearer(&self, headers: &HeaderMap) -> bool {
        let Some(sent) = headers.get(header::AUTHORIZATION) else { return false };
        let Some((scheme, token)) = sent.as_bytes().split_at_checked(BEARER.len()) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(BEARER.as_bytes()) && self.is(token)
    }
}

/// What stands before a token in its header.
const BEARER: &str = "Bearer ";

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn is_local(request: &Request) -> Result<(), Failure> {
    let refuse = |why: &str| {
        let remedy =
            "set a token, or say `guarded_elsewhere` if something else keeps strangers out";
        Err(Failure::new(StatusCode::FORBIDDEN, format!("{why}; {remedy}")))
    };
    match request.extensions().get::<ConnectInfo<SocketAddr>>() {
        None => refuse(
            "only this machine may look, and nobody told where the request comes from: serve with \
             `into_make_service_with_connect_info::<SocketAddr>()`",
        ),
        Some(ConnectInfo(peer)) if !peer.ip().to_canonical().is_loopback() => {
            refuse("only this machine may look")
        }
        Some(_) if FORWARDED.iter().any(|name| request.headers().contains_key(*name)) => {
            refuse("only this machine may look, and a proxy has forwarded the request")
        }
        Some(_) => Ok(()),
    }
}
