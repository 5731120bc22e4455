//! Writes the Grafana dashboard, the recording rules and the alert rules, from the table of names.
//!
//! `cargo xtask mixin` runs it; `cargo xtask mixin --check` fails where a file differs.

mod dashboard;
mod known;
mod rules;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// One file and what belongs into it.
type File = (&'static str, String);

fn main() -> ExitCode {
    let only_check = std::env::args().any(|arg| arg == "--check");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mixin");
    let files: [File; 3] = [
        ("dashboard.json", dashboard::json()),
        ("recording_rules.yaml", rules::recording()),
        ("alert_rules.yaml", rules::alerts()),
    ];
    let mut unknown: Vec<String> =
        files.iter().flat_map(|(name, text)| known::strangers(name, text)).collect();
    unknown.sort();
    if !unknown.is_empty() {
        eprintln!("names that no metric, label or recording rule has:\n{}", unknown.join("\n"));
        return ExitCode::FAILURE;
    }
    for (name, text) in files {
        let path: PathBuf = folder.join(name);
        let is_there = std::fs::read_to_string(&path).unwrap_or_default();
        if is_there == text {
            continue;
        }
        if only_check {
            eprintln!("{} is not what `cargo xtask mixin` writes", path.display());
            return ExitCode::FAILURE;
        }
        if let Err(error) = std::fs::write(&path, text) {
            eprintln!("cannot write {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
        println!("{}", path.display());
    }
    ExitCode::SUCCESS
}
