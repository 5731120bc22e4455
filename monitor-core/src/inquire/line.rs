//! A connection of the monitor's own: opened when there is something to ask, closed when there is not.

use std::time::Duration;

use super::{Answer, AskError, AskErrorKind, Asker};
use crate::capture::{Clock, Database, System, Tick};

/// What a driver does for a [`Line`]: opens connections, and asks over one.
pub trait Carrier: Send {
    /// One connection.
    type Connection: Send;

    /// The system on the other side, as far as it is known by now.
    fn system(&self) -> System;

    /// As [`Asker::database`].
    fn database(&self) -> Option<Database> {
        None
    }

    /// Opens a connection and puts it on its [`Manners`](super::Manners).
    ///
    /// # Errors
    ///
    /// When there is no connection to be had, or it would not keep to its manners.
    fn open(&mut self) -> Result<Self::Connection, AskError>;

    /// Asks over a connection.
    ///
    /// # Errors
    ///
    /// As [`Asker::ask`]. [`Gone`](AskErrorKind::Gone) says that this connection is of no more use.
    fn ask(
        &mut self,
        connection: &mut Self::Connection,
        question: &str,
    ) -> Result<Answer, AskError>;

    /// As [`Asker::scratch`].
    ///
    /// # Errors
    ///
    /// As [`Asker::scratch`].
    fn scratch(&mut self) -> Result<Option<Box<dyn Asker>>, AskError> {
        Ok(None)
    }
}

/// An [`Asker`] over one connection that comes and goes.
///
/// Opened by the first question, closed by [`rest`](Asker::rest), and opened anew where the last
/// question is longer ago than [`Line::IDLE_MAX`]. After a failure nothing is tried for
/// [`Line::PAUSE_MIN`], then twice as long each time, up to [`Line::PAUSE_MAX`]: a server that is down
/// is not knocked at. What a session held is lost with its connection.
#[derive(Debug)]
pub struct Line<C: Carrier> {
    carrier: C,
    clock: Clock,
    connection: Option<C::Connection>,
    /// When the last question ended, or the last attempt to connect failed.
    last: Tick,
    /// Failures since the last answer.
    failures: u32,
}

// === impl Line ===

impl<C: Carrier> Line<C> {
    /// How long an unused connection is trusted.
    pub const IDLE_MAX: Duration = Duration::from_secs(60);
    /// How long nothing is tried after a first failure.
    pub const PAUSE_MIN: Duration = Duration::from_secs(1);
    /// How long nothing is tried at most.
    pub const PAUSE_MAX: Duration = Duration::from_secs(300);

    /// A line that is not open yet.
    #[must_use]
    pub fn new(carrier: C, clock: Clock) -> Self {
        let last = clock.now();
        Self { carrier, clock, connection: None, last, failures: 0 }
    }

    fn pause(&self) -> Duration {
        match self.failures {
            0 => Duration::ZERO,
            failures => (Self::PAUSE_MIN * (1 << (failures - 1).min(16))).min(Self::PAUSE_MAX),
        }
    }

    /// Opens the connection if need be.
    fn ready(&mut self) -> Result<(), AskError> {
        let since = self.clock.now().since(self.last);
        if since > Self::IDLE_MAX {
            self.connection = None;
        }
        if self.connection.is_none() {
            if since < self.pause() {
                return Err(AskError::new(AskErrorKind::Gone));
            }
            match self.carrier.open() {
                Ok(connection) => self.connection = Some(connection),
                Err(error) => {
                    self.fail();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn fail(&mut self) {
        self.connection = None;
        self.failures = self.failures.saturating_add(1);
        self.last = self.clock.now();
    }
}

impl<C: Carrier> Asker for Line<C> {
    fn system(&self) -> System {
        self.carrier.system()
    }

    fn database(&self) -> Option<Database> {
        self.carrier.database()
    }

    fn ask(&mut self, question: &str) -> Result<Answer, AskError> {
        self.ready()?;
        let Some(connection) = &mut self.connection else {
            return Err(AskError::new(AskErrorKind::Gone));
        };
        let answer = self.carrier.ask(connection, question);
        match &answer {
            Err(error) if error.kind == AskErrorKind::Gone => self.fail(),
            _ => {
                self.failures = 0;
                self.last = self.clock.now();
            }
        }
        answer
    }

    fn scratch(&mut self) -> Result<Option<Box<dyn Asker>>, AskError> {
        self.carrier.scratch()
    }

    fn rest(&mut self) {
        self.connection = None;
    }
}
