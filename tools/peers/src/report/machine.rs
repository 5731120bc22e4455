//! Where and with what it was measured.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// Other crates that are measured or measured through, as Cargo.lock names them.
const BESIDE: [&str; 10] = [
    "sqlx",
    "diesel",
    "sqlx-otel",
    "sqlx-tracing",
    "diesel-tracing",
    "opentelemetry_sdk",
    "prometheus",
    "metrics",
    "metrics-exporter-prometheus",
    "tracing-subscriber",
];

/// Runnable threads beside us from which on times are not worth keeping.
const BUSY: f64 = 0.5;

/// A machine, and a moment on it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Machine {
    /// The day, as in `2026-01-31`.
    pub day: String,
    /// The processor's name.
    pub processor: String,
    /// Threads it runs at once.
    pub threads: usize,
    /// The compiler.
    pub compiler: String,
    /// Names and versions of what was measured beside.
    pub beside: Vec<String>,
    /// Threads that wanted to run in the minute before, on average; `None` where the system does not tell.
    pub load: Option<f64>,
}

// === impl Machine ===

impl Machine {
    /// This one, now.
    pub fn here() -> Self {
        Self {
            day: time::OffsetDateTime::now_utc().date().to_string(),
            processor: processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            compiler: compiler().unwrap_or_else(|| "an unknown rustc".to_owned()),
            beside: BESIDE.iter().flat_map(|name| versions(name)).collect(),
            load: load(),
        }
    }

    /// Whether so much else runs that times mean little.
    pub fn is_busy(&self) -> bool {
        self.load.is_some_and(|load| load > BUSY)
    }

    /// One sentence of all that.
    pub fn sentence(&self) -> String {
        let busy = if self.is_busy() { " **The machine was busy with other work.**" } else { "" };
        format!(
            "{}, {} threads, {}, {}. Beside: {}.{busy}",
            self.processor,
            self.threads,
            self.compiler,
            self.day,
            self.beside.join(", ")
        )
    }
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn compiler() -> Option<String> {
    let said = Command::new("rustc").arg("--version").output().ok()?.stdout;
    let said = String::from_utf8(said).ok()?;
    Some(said.split(" (").next()?.trim().to_owned())
}

fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// The versions of a package that are linked here.
fn versions(name: &str) -> Vec<String> {
    let lock = include_str!("../../Cargo.lock");
    let named = format!("name = \"{name}\"");
    let mut lines = lock.lines();
    let mut found = Vec::new();
    while lines.any(|line| line == named) {
        let version = lines.next().and_then(|line| line.split('"').nth(1)).unwrap_or("?");
        found.push(format!("{name} {version}"));
    }
    found
}
