//! Writes `openapi.json`, what the API says of itself, from its types.
//!
//! `cargo xtask openapi` runs it; `cargo xtask openapi --check` fails where the file differs.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let only_check = std::env::args().any(|arg| arg == "--check");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    match written(&path, only_check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

fn written(path: &Path, only_check: bool) -> Result<(), Box<dyn std::error::Error>> {
    let text = monitor_dashboard::openapi()?;
    if std::fs::read_to_string(path).unwrap_or_default() == text {
        return Ok(());
    }
    if only_check {
        return Err("is not what `cargo xtask openapi` writes".into());
    }
    std::fs::write(path, text)?;
    println!("{}", path.display());
    Ok(())
}
