//! Where the workspace is, and which cargo to run there.

use std::path::PathBuf;
use std::process::Command;

/// The workspace's root: the folder above this crate's.
///
/// Asked of the cargo that runs us, as a program built for another checkout may be found where two share a target directory.
pub(crate) fn root() -> PathBuf {
    let built = || env!("CARGO_MANIFEST_DIR").into();
    let mut path = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(built));
    path.pop();
    path
}

/// Where builds go, and what they need beside them.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The cargo that runs us (so that a toolchain override holds), at the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}
