//! The user a server runs as: PostgreSQL refuses root, and MariaDB should.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::{User, geteuid};

/// Who runs a server: an account of the machine where we are root, otherwise ourselves.
#[derive(Clone)]
pub(super) struct Account(Option<User>);

impl Account {
    /// The first of these names that the machine knows; ourselves where we are not root.
    pub(super) fn first_of(names: &[&str]) -> Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self(None));
        }
        for name in names {
            if let Some(user) = User::from_name(name).context("cannot read the user database")? {
                return Ok(Self(Some(user)));
            }
        }
        bail!(
            "no account to run a server as; as root one of these has to exist: {}",
            names.join(", ")
        )
    }

    /// Makes a command run as this account. Without privileges to shed, it changes nothing.
    pub(super) fn wear(&self, command: &mut Command) {
        if let Some(user) = &self.0 {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
    }

    /// Hands a file or folder over to this account.
    pub(super) fn own(&self, path: &Path) -> Result<()> {
        let Some(user) = &self.0 else { return Ok(()) };
        chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
            .with_context(|| format!("cannot hand {} to {}", path.display(), user.name))
    }
}
