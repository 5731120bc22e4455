//! Whether the rules are right: `cargo xtask bench --advice [DIR]`.
//!
//! DIR is laid out as the committed cases are, `tests/fixtures/advice` and `advice-holdout`: `rewrites/cases.json` and `traces/*.jsonl` (or `.jsonl.gz`) with
//! `traces/expected.json`. Everything goes through the monitor as a service's calls do: what is judged has lost its
//! literals.

mod catalogue;
mod replay;
mod rewrites;
#[cfg(test)]
mod same_rows;
mod traces;
#[cfg(test)]
mod values;

use std::path::{Path, PathBuf};

use anyhow::Result;

/// Runs the cases of a folder, or all committed ones, and prints what was right and what was wrong.
pub(crate) fn run(folder: Option<&str>) -> Result<()> {
    let folders = folder.map_or_else(|| committed().to_vec(), |folder| vec![PathBuf::from(folder)]);
    for folder in folders {
        println!("cases of {}", folder.file_name().unwrap_or_default().display());
        rewrites::run(&folder)?;
        traces::run(&folder)?;
    }
    Ok(())
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

/// The cases the rules were made with, and the hold-out, which was written without a look at them.
fn committed() -> [PathBuf; 2] {
    ["advice", "advice-holdout"].map(|name| fixtures().join(name))
}

/// How many cases there were, and how many of them were right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Score {
    pub(crate) right: usize,
    pub(crate) all: usize,
}

impl Score {
    fn count(&mut self, right: bool) {
        self.all += 1;
        self.right += usize::from(right);
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.right, self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::{committed, rewrites, same_rows, traces};

    #[test]
    fn every_committed_rewrite_is_judged_right() {
        for (folder, cases_min) in committed().iter().zip([102, 630]) {
            let cases = rewrites::all(folder).unwrap();
            let wrong: Vec<_> =
                cases.iter().filter(|case| !case.is_right()).map(|case| &case.name).collect();
            assert!(
                cases.len() >= cases_min && wrong.is_empty(),
                "{}: {wrong:?}",
                folder.display()
            );
        }
    }

    #[test]
    fn every_rewrite_gives_the_rows_the_statement_gave() {
        let [_, holdout] = committed();
        let outcome = same_rows::all(&holdout).unwrap();
        assert!(outcome.tries > 100 && outcome.with_rows > 40, "{outcome:?}");
        assert!(outcome.others.is_empty(), "{:?}", outcome.others);
    }

    #[test]
    fn every_finished_rewrite_that_is_advised_gives_the_rows_the_statement_gave() {
        let [_, holdout] = committed();
        let outcome = same_rows::all_advised(&holdout).unwrap();
        assert!(outcome.tries > 70 && outcome.with_rows > 20, "{outcome:?}");
        assert!(outcome.others.is_empty(), "{:?}", outcome.others);
    }

    #[test]
    fn every_committed_trace_is_judged_right() {
        for (folder, traces_min) in committed().iter().zip([36, 67]) {
            let traces = traces::all(folder).unwrap();
            let wrong: Vec<_> =
                traces.iter().filter(|trace| !trace.is_right()).map(|trace| &trace.name).collect();
            assert!(
                traces.len() >= traces_min && wrong.is_empty(),
                "{}: {wrong:?}",
                folder.display()
            );
        }
    }
}
