//! diesel's errors as answers to a question. Texts stay here: they may quote data.

use diesel::result::{ConnectionError, DatabaseErrorKind, Error};
use monitor_core::inquire::{AskError, AskErrorKind};

/// What servers say when a right is missing, in English.
const DENIED: [&str; 7] = [
    "permission denied",
    "must be owner",
    "must be superuser",
    "command denied to user",
    "access denied",
    "password authentication failed",
    "not authorized",
];

/// What servers say when a time limit was reached, in English.
const TOO_SLOW: [&str; 6] = [
    "due to lock timeout",
    "due to statement timeout",
    "lock wait timeout exceeded",
    "execution was interrupted",
    "is locked",
    "interrupted",
];

/// What drivers say when there is no connection any more.
const GONE: [&str; 7] = [
    "server has gone away",
    "lost connection",
    "connection was killed",
    "server closed the connection",
    "terminating connection",
    "too many connections",
    "shutdown in progress",
];

pub(super) fn of_connecting(error: &ConnectionError) -> AskError {
    AskError::new(match error {
        ConnectionError::BadConnection(message) if says(message, &DENIED) => AskErrorKind::Denied,
        _ => AskErrorKind::Gone,
    })
}

pub(super) fn of_asking(error: &Error) -> AskError {
    AskError::new(match error {
        Error::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        ) => AskErrorKind::Gone,
        Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _) => AskErrorKind::Denied,
        Error::DatabaseError(_, told) => of_message(told.message()),
        _ => AskErrorKind::Wrong,
    })
}

fn of_message(message: &str) -> AskErrorKind {
    for (words, kind) in [
        (&DENIED[..], AskErrorKind::Denied),
        (&TOO_SLOW, AskErrorKind::TooSlow),
        (&GONE, AskErrorKind::Gone),
    ] {
        if says(message, words) {
            return kind;
        }
    }
    AskErrorKind::Wrong
}

fn says(message: &str, words: &[&str]) -> bool {
    let message = message.to_ascii_lowercase();
    words.iter().any(|words| message.contains(words))
}
