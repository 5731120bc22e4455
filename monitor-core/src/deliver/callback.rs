//! A closure as a sink.

use super::{SendError, Sink};
use crate::judge::Notice;

/// Calls a closure with each notice.
pub(crate) struct Callback<F>(pub(crate) F);

impl<F: FnMut(&Notice) + Send> Sink for Callback<F> {
    fn name(&self) -> &str {
        "callback"
    }

    fn send(&mut self, notices: &[Notice]) -> Result<(), SendError> {
        for notice in notices {
            (self.0)(notice);
        }
        Ok(())
    }
}
