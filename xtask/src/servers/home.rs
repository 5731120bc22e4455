//! A server's folder: data, socket and log together, gone with the server.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};

use super::account::Account;

/// A Unix socket's path may have 107 bytes; this leaves room for our folder's and the socket's own names.
const BASE_BYTES_MAX: usize = 50;

/// How much of a log an error shows.
const LOG_LINES_MAX: usize = 30;

/// A folder that is removed when its owner is dropped.
pub(super) struct Home {
    path: PathBuf,
}

impl Home {
    /// Makes a folder that `account` owns and can reach.
    pub(super) fn create(server: &str, account: &Account) -> Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = base().join(format!("xtask-{server}-{}-{number}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let home = Self { path };
        // PostgreSQL insists that nobody else can read its data.
        fs::set_permissions(&home.path, Permissions::from_mode(0o700))?;
        account.own(&home.path)?;
        Ok(home)
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of something inside.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// `--option=<path of something inside>`, whatever bytes the path has.
    pub(super) fn option(&self, option: &str, name: &str) -> OsString {
        let mut argument = OsString::from(option);
        argument.push("=");
        argument.push(self.join(name));
        argument
    }

    /// A new file for the server's log.
    pub(super) fn log(&self) -> Result<File> {
        File::create(self.join("log")).context("cannot create the server's log")
    }

    /// The end of the log, for an error message.
    pub(super) fn log_tail(&self) -> String {
        let bytes = fs::read(self.join("log")).unwrap_or_default();
        tail(&String::from_utf8_lossy(&bytes))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("xtask: cannot remove {}: {error}", self.path.display());
        }
    }
}

/// The last lines of a text.
pub(super) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES_MAX)..].join("\n")
}

/// The system's temporary folder, unless it is too deep for a socket or another user can't get there.
fn base() -> PathBuf {
    let chosen = std::env::temp_dir();
    if chosen.as_os_str().len() <= BASE_BYTES_MAX && reachable_by_all(&chosen) {
        chosen
    } else {
        PathBuf::from("/tmp")
    }
}

fn reachable_by_all(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    path.ancestors()
        .all(|folder| fs::metadata(folder).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0))
}

#[cfg(test)]
mod tests {
    use super::{LOG_LINES_MAX, tail};

    #[test]
    fn an_error_shows_the_end_of_a_long_log() {
        let log: String = (0..100).map(|line| format!("line {line}\n")).collect();
        let shown = tail(&log);
        assert_eq!(shown.lines().count(), LOG_LINES_MAX);
        assert!(shown.ends_with("line 99"));
        assert_eq!(tail("one\ntwo"), "one\ntwo");
    }
}
