//! Where a server's programs are: Debian keeps PostgreSQL's out of `PATH`, and MariaDB's in folders only root has there.

use std::path::{Path, PathBuf};

/// Searched after `PATH`: a user's `PATH` often lacks them.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Debian's folder of PostgreSQL versions.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// A program, by name.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SYSTEM_FOLDERS.map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// The folder that holds `postgres`, `initdb` and `psql`: the newest of Debian's, otherwise the one in `PATH`.
pub(super) fn postgres_folder() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(POSTGRES_VERSIONS)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    versions
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .chain(find("postgres").and_then(|file| folder_behind(&file)))
        .find(|folder| {
            ["postgres", "initdb", "psql"].iter().all(|name| folder.join(name).is_file())
        })
}

fn folder_behind(link: &Path) -> Option<PathBuf> {
    Some(link.canonicalize().ok()?.parent()?.to_owned())
}
