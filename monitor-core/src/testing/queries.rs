//! A reviewed file of statements and how often each may run.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::Captured;

/// The environment variable that has [`Captured::assert_queries`] write files in the place of comparing with them, when
/// it is set to anything but the empty word.
pub const UPDATE_VARIABLE: &str = "MONITOR_UPDATE_QUERIES";

/// Statements by fingerprint: how often they ran, and their texts.
type Queries = BTreeMap<String, (u64, String)>;

// === impl Captured ===

impl Captured {
    /// No statement ran that is not in a reviewed file, and none more often than it says there.
    ///
    /// The file has a line for each statement: how often it ran, its fingerprint, its normalised text. With
    /// [`UPDATE_VARIABLE`] set in the environment it is written anew, with folders where they are missing. The path
    /// counts from where the test runs, which is its package's folder under Cargo.
    #[track_caller]
    pub fn assert_queries(&self, file: impl AsRef<Path>) {
        let file = file.as_ref();
        let updates = std::env::var_os(UPDATE_VARIABLE).is_some_and(|word| !word.is_empty());
        let said = match updates {
            true => {
                let failed = self.update_queries(file).err();
                failed.map(|cause| format!("cannot write {}: {cause}", file.display()))
            }
            false => self.differences(file),
        };
        assert!(said.is_none(), "{}", said.unwrap_or_default());
    }

    fn queries(&self) -> Queries {
        let mut all = Queries::new();
        for call in &self.calls {
            let one = all.entry(call.record.fingerprint.to_string());
            one.or_insert_with(|| (0, one_line(&call.record.statement))).0 += 1;
        }
        all
    }

    /// Writes the file that [`assert_queries`](Self::assert_queries) compares with.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn update_queries(&self, file: impl AsRef<Path>) -> std::io::Result<()> {
        let file = file.as_ref();
        let mut text = format!(
            "# How often each statement may run. Written by {UPDATE_VARIABLE}=1; review what changes.\n"
        );
        for (fingerprint, (count, statement)) in self.queries() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{count} {fingerprint} {statement}");
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, text)
    }

    /// What is new or more than a file says, for a person to read; `None` where nothing is.
    fn differences(&self, file: &Path) -> Option<String> {
        let shown = file.display();
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(cause) => {
                let remedy = format!("set {UPDATE_VARIABLE}=1 once to write it");
                return Some(format!("cannot read {shown}: {cause}; {remedy}\nqueries:\n{self}"));
            }
        };
        let reviewed = read(&text);
        let mut said = String::new();
        for (fingerprint, (count, statement)) in self.queries() {
            match reviewed.get(&fingerprint) {
                None => {
                    let _ = writeln!(said, "+ {count} × {statement}  (new)");
                }
                Some((most, _)) if count > *most => {
                    let _ = writeln!(said, "+ {count} × {statement}  (was {most})");
                }
                Some(_) => {}
            }
        }
        if said.is_empty() {
            return None;
        }
        let now = self.queries();
        for (_, (count, statement)) in reviewed.iter().filter(|(id, _)| !now.contains_key(*id)) {
            let _ = writeln!(said, "- {count} × {statement}  (gone)");
        }
        Some(format!(
            "queries are not those of {shown}:\n{said}if that is as it should be, run with {UPDATE_VARIABLE}=1 and \
             review the file"
        ))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn read(text: &str) -> Queries {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let line = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let count = words.next()?.parse().ok()?;
        Some((words.next()?.to_owned(), (count, words.next().unwrap_or_default().to_owned())))
    };
    lines.filter_map(line).collect()
}
