//! Setting a dashboard up, with errors that name the remedy.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use monitor_core::Monitor;

use crate::guard::Access;
use crate::limits::Limits;
use crate::{serve, site};

/// Sets up the dashboard of a monitor.
///
/// Who may look is decided here, and the default is nobody but this machine:
///
/// | set up with | may look |
/// |---|---|
/// | nothing | this machine: the connection comes from loopback, and `Host` is a name of loopback |
/// | [`token`](Self::token) | whoever has the token, from anywhere |
/// | [`guarded_elsewhere`](Self::guarded_elsewhere) | everybody who gets here |
///
/// It only reads, unless [`actions`](Self::actions) are enabled.
#[derive(Clone)]
#[must_use = "a dashboard does nothing until `router` or `serve` is called"]
pub struct Dashboard {
    pub(crate) monitor: Monitor,
    pub(crate) token: Option<String>,
    pub(crate) guarded_elsewhere: bool,
    pub(crate) hosts: Vec<String>,
    pub(crate) actions: bool,
    pub(crate) limits: Limits,
}

/// Why a dashboard could not be set up, or stopped serving.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DashboardError {
    /// The token could be guessed.
    #[error(
        "the token has {bytes} bytes, which could be guessed; choose {TOKEN_BYTES_MIN} or more"
    )]
    WeakToken {
        /// Its length.
        bytes: usize,
    },
    /// The token cannot be sent in a header.
    #[error("the token has characters that no header carries; choose visible ASCII characters")]
    UnsendableToken,
    /// Two ways of guarding at once.
    #[error("access has a token and is guarded elsewhere as well; choose one of them")]
    TwoGuards,
    /// An address that others reach, and nothing to keep them out.
    #[error(
        "{address} can be reached from other machines; set a token, or say `guarded_elsewhere` if something else keeps strangers out"
    )]
    Unguarded {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

/// Bytes a token has at least: as many as no one guesses over a network.
pub const TOKEN_BYTES_MIN: usize = 16;

// === impl Dashboard ===

impl Dashboard {
    /// The dashboard of a monitor, for this machine only.
    pub fn new(monitor: &Monitor) -> Self {
        Self {
            monitor: monitor.clone(),
            token: None,
            guarded_elsewhere: false,
            hosts: Vec::new(),
            actions: false,
            limits: Limits::default(),
        }
    }

    /// Lets in whoever has this token: programs as `Authorization: Bearer`, people through a form.
    ///
    /// At least [`TOKEN_BYTES_MIN`] bytes. Serve it behind TLS: the token travels as it is.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Lets everybody in who gets here: something else keeps strangers out, such as a proxy that asks for a
    /// password, or the application's own middleware around [`router`](Self::router).
    pub fn guarded_elsewhere(mut self) -> Self {
        self.guarded_elsewhere = true;
        self
    }

    /// A name by which browsers may call the dashboard, beside those of loopback: `db.example.org`.
    ///
    /// With at least one, or for this machine only, any other `Host` is refused, so that no page elsewhere can reach the dashboard by
    /// pointing its own name here (DNS rebinding).
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into().to_ascii_lowercase());
        self
    }

    /// Enables what changes something: muting alerts and advice, and keeping moments to compare with.
    pub fn actions(mut self) -> Self {
        self.actions = true;
        self
    }

    /// How much is served at a time. Default: [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The dashboard as a router, to be mounted anywhere: `app.nest("/db", router)`.
    ///
    /// Without token it wants to know where a connection comes from: serve the application with
    /// [`into_make_service_with_connect_info`](Router::into_make_service_with_connect_info).
    ///
    /// # Errors
    ///
    /// When the token is weak, or access is guarded twice.
    pub fn router(self) -> Result<Router, DashboardError> {
        let access = self.access()?;
        Ok(site::router(self, access))
    }

    /// Serves the dashboard alone, for as long as the future is polled.
    ///
    /// # Errors
    ///
    /// When the settings make no sense, the address may not or cannot be listened on.
    pub async fn serve(self, address: SocketAddr) -> Result<(), DashboardError> {
        self.bind(address).await?.run().await;
        Ok(())
    }

    /// Listens, so that the address is known where the port was zero; [`Serving::run`](crate::Serving::run) then serves.
    ///
    /// # Errors
    ///
    /// When the settings make no sense, the address may not or cannot be listened on.
    pub async fn bind(self, address: SocketAddr) -> Result<serve::Serving, DashboardError> {
        let access = self.access()?;
        if !address.ip().is_loopback() && matches!(access, Access::ThisMachine) {
            return Err(DashboardError::Unguarded { address });
        }
        let limits = self.limits;
        let listening = tokio::net::TcpListener::bind(address).await;
        let listener = listening.map_err(|cause| DashboardError::Listen { address, cause })?;
        Ok(serve::Serving::new(listener, site::router(self, access), limits))
    }

    fn access(&self) -> Result<Access, DashboardError> {
        match &self.token {
            Some(_) if self.guarded_elsewhere => Err(DashboardError::TwoGuards),
            Some(token) if token.len() < TOKEN_BYTES_MIN => {
                Err(DashboardError::WeakToken { bytes: token.len() })
            }
            Some(token) if !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(DashboardError::UnsendableToken)
            }
            Some(token) => Ok(Access::token(token)),
            None if self.guarded_elsewhere => Ok(Access::Elsewhere),
            None => Ok(Access::ThisMachine),
        }
    }
}

/// Shows the settings, not the token.
impl std::fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dashboard")
            .field("has_token", &self.token.is_some())
            .field("guarded_elsewhere", &self.guarded_elsewhere)
            .field("hosts", &self.hosts)
            .field("actions", &self.actions)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
