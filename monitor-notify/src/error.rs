//! Why a receiver could not be set up.

/// Why a receiver could not be set up. Says what is wrong and what would work, and never the value: it is a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetupError(String);

// === impl SetupError ===

impl SetupError {
    #[cfg(feature = "http")]
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
