//! What the page and its tests take from npm: the charting library that is embedded, and what drives a browser.
//!
//! All of it is named in one lock file, with the hash of each package; npm refuses what does not match.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::steps::Step;
use crate::workspace;

/// The variable that carries the folder of the packages to the tests.
pub(crate) const TOOLS: &str = "MONITOR_TEST_PAGE_TOOLS";

/// Where the packages are named, with their versions and hashes.
const MANIFESTS: &str = "tests/page";

/// Where the page's files from elsewhere are.
const VENDORED: &str = "monitor-dashboard/assets/vendor";

/// What the page embeds: the file in its package, and its name here.
const EMBEDDED: [(&str, &str); 3] = [
    ("uplot/dist/uPlot.iife.min.js", "uplot.js"),
    ("uplot/dist/uPlot.min.css", "uplot.css"),
    ("uplot/LICENSE", "uplot.LICENSE"),
];

/// `cargo xtask assets`: writes the embedded files from their packages, or with `--check` fails where one differs.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let check = match args {
        [] => false,
        [only] if only == "--check" => true,
        _ => bail!("unknown arguments; `--check` is the only one"),
    };
    let packages = tools()?.join("node_modules");
    let folder = workspace::root().join(VENDORED);
    for (from, name) in EMBEDDED {
        let published = fs::read(packages.join(from)).with_context(|| format!("no {from}"))?;
        let here = folder.join(name);
        if check {
            if fs::read(&here).ok().as_ref() != Some(&published) {
                bail!("{VENDORED}/{name} is not what was published; run `cargo xtask assets`");
            }
        } else {
            fs::write(&here, published).with_context(|| format!("cannot write {name}"))?;
        }
    }
    eprintln!("xtask: {} files in {VENDORED} are as published", EMBEDDED.len());
    Ok(ExitCode::SUCCESS)
}

/// The folder of the packages, installed under the target folder if they are not there yet.
pub(crate) fn tools() -> Result<PathBuf> {
    let (manifests, folder) = (workspace::root().join(MANIFESTS), workspace::target().join("page"));
    let lock =
        fs::read(manifests.join("package-lock.json")).context("cannot read the lock file")?;
    // Copied last: it stands for an installation that was finished.
    let done = folder.join("installed.json");
    if fs::read(&done).ok().as_ref() == Some(&lock) {
        return Ok(folder);
    }
    let step = Step::begin("npm");
    install(&manifests, &folder)?;
    fs::write(done, lock)?;
    step.done("installed the page's packages");
    Ok(folder)
}

fn install(manifests: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(manifests.join(name), folder.join(name))?;
    }
    // No script of a package runs here: none of these needs one.
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context("cannot run npm; install it, or run `cargo xtask install`")?;
    if !output.status.success() {
        bail!("npm ci failed, {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
