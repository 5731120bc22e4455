//! Where the workspace is, and which cargo to run there.

use std::path::PathBuf;
use std::process::Command;

/// The workspace's root: the folder above this crate's.
pub(crate) fn root() -> PathBuf {
    let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    path.pop();
    path
}

/// The cargo that runs us (so that a toolchain override holds), at the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}
