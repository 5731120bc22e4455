//! What the builder is told about slowness: remembered as it is said, checked when it is built.

use std::collections::HashMap;
use std::time::Duration;

use super::builder::{BuildError, Builder, refuse};
use crate::aggregate::{SlowAfter, SlowRelative, SlowRules};
use crate::identify::{Dialect, Fingerprint, Normaliser};

/// Thresholds for single statements and tables, and the relative one.
#[derive(Debug, Default)]
pub(super) struct SlowSettings {
    texts: Vec<(String, SlowAfter)>,
    fingerprints: Vec<(Fingerprint, SlowAfter)>,
    tables: Vec<(String, SlowAfter)>,
    pub(super) relative: Option<SlowRelative>,
}

/// Dialects a text may be meant in: nobody has said yet which databases there will be.
const DIALECTS: [Dialect; 4] =
    [Dialect::PostgreSql, Dialect::MySql, Dialect::Sqlite, Dialect::Generic];

/// Fewer calls have no 95th percentile.
const RELATIVE_CALLS_MIN: u64 = 20;

// === impl Builder ===

impl Builder {
    /// Calls of one statement are slow from another length on, or [never](SlowAfter::NEVER).
    ///
    /// Any text of the statement does: literals, spacing and comments are nothing. It is read in every
    /// SQL dialect, as nobody has said yet which database it is for. What is said of a statement goes
    /// before what is said of its tables; said twice, the last holds. Default: none.
    pub fn slow_statement(mut self, text: &str, after: impl Into<SlowAfter>) -> Self {
        self.slow.text(text, after.into());
        self
    }

    /// The same for a statement by its fingerprint, as reports and JSON show it.
    pub fn slow_fingerprint(
        mut self,
        fingerprint: Fingerprint,
        after: impl Into<SlowAfter>,
    ) -> Self {
        self.slow.fingerprint(fingerprint, after.into());
        self
    }

    /// Calls of statements that read or write a table are slow from another length on, or
    /// [never](SlowAfter::NEVER).
    ///
    /// `orders` stands for `shop.orders` too, unless that is told apart. Of several tables the one with
    /// the shortest threshold counts. Which tables a statement touches may be known better on the beat
    /// after its first call; calls counted before stay as they were. Default: none.
    pub fn slow_table(mut self, table: &str, after: impl Into<SlowAfter>) -> Self {
        self.slow.table(table, after.into());
        self
    }

    /// Calls are slow, too, when they take a multiple of what their statement's calls usually take; not
    /// those of statements that are never slow. Default: off.
    pub fn slow_relative(mut self, relative: SlowRelative) -> Self {
        self.slow.relative = Some(relative);
        self
    }

    /// Keeps the text of each statement's slowest call **as it was sent, with its literals**: names,
    /// addresses, tokens, whatever the application wrote into it. Default: no literal is kept.
    ///
    /// They are in [`CallRecord::original`](crate::snapshot::CallRecord::original) and nowhere else:
    /// not in reports, JSON, alerts or logs. Bind values are never seen. At most
    /// [`Limits::slow_statements_max`](crate::Limits::slow_statements_max) texts of [`Limits::slow_text_bytes_max`](crate::Limits::slow_text_bytes_max) bytes each are kept.
    /// Every call then copies its text when it starts.
    pub fn keep_literals_of_slow_calls(mut self) -> Self {
        self.literals.of_slow_calls = true;
        self
    }
}

// === impl SlowSettings ===

impl SlowSettings {
    pub(super) fn text(&mut self, text: &str, after: SlowAfter) {
        self.texts.push((text.to_owned(), after));
    }

    pub(super) fn fingerprint(&mut self, fingerprint: Fingerprint, after: SlowAfter) {
        self.fingerprints.push((fingerprint, after));
    }

    pub(super) fn table(&mut self, table: &str, after: SlowAfter) {
        self.tables.push((table.to_owned(), after));
    }

    /// The rules, beside those for everybody. What was said last of one statement or table holds.
    pub(super) fn into_rules(self, everywhere: SlowAfter) -> Result<SlowRules, BuildError> {
        let mut statements = HashMap::new();
        for (text, after) in &self.texts {
            check(&format!("statement `{}`", excerpt(text)), *after)?;
            statements.extend(fingerprints(text)?.map(|fingerprint| (fingerprint, *after)));
        }
        for (fingerprint, after) in self.fingerprints {
            check(&format!("statement {fingerprint}"), after)?;
            statements.insert(fingerprint, after);
        }
        let mut tables = HashMap::new();
        for (table, after) in self.tables {
            let name = table.trim().to_lowercase();
            if name.is_empty() || name.contains(char::is_whitespace) {
                return refuse(format!(
                    "`{}` is no table to be slow; give one name as queries write it, such as `orders` or `shop.orders`",
                    excerpt(&table)
                ));
            }
            check(&format!("table `{name}`"), after)?;
            tables.insert(name, after);
        }
        check_relative(self.relative)?;
        Ok(SlowRules { everywhere, statements, tables, relative: self.relative })
    }
}

/// The fingerprints a text has, one for each dialect it may be meant in.
fn fingerprints(text: &str) -> Result<impl Iterator<Item = Fingerprint>, BuildError> {
    let mut found = Vec::new();
    let mut normaliser = Normaliser::new();
    for dialect in DIALECTS {
        let normalised = normaliser.normalise(text, dialect);
        if normalised.text.is_empty() {
            return refuse(format!(
                "`{}` is no statement to be slow; give its SQL, with any literals",
                excerpt(text)
            ));
        }
        found.push(normalised.fingerprint);
    }
    Ok(found.into_iter())
}

fn check(whose: &str, after: SlowAfter) -> Result<(), BuildError> {
    let Some((slow, very_slow)) = after.slow().zip(after.very_slow()) else { return Ok(()) };
    if slow.is_zero() {
        return refuse(format!(
            "slow threshold of {whose} is 0 s, which would keep every call; choose one above zero, or `SlowAfter::NEVER`"
        ));
    }
    if very_slow < slow {
        return refuse(format!(
            "very slow threshold {very_slow:?} of {whose} is below its slow threshold {slow:?}; choose one at least as long"
        ));
    }
    Ok(())
}

fn check_relative(relative: Option<SlowRelative>) -> Result<(), BuildError> {
    let Some(SlowRelative { factor, calls_min, duration_min }) = relative else { return Ok(()) };
    if !(factor > 1.0 && factor.is_finite()) {
        return refuse(format!(
            "relative slow factor is {factor}, and one call in twenty takes as long as the 95th percentile; choose one above 1, such as 5"
        ));
    }
    if calls_min < RELATIVE_CALLS_MIN {
        return refuse(format!(
            "relative slowness after {calls_min} calls has no 95th percentile to go by; choose at least {RELATIVE_CALLS_MIN}"
        ));
    }
    if duration_min == Duration::ZERO {
        return refuse(
            "relative slowness from 0 s on would keep 80 µs where 8 µs is usual; choose a duration_min above zero",
        );
    }
    Ok(())
}

/// The beginning of what somebody wrote, for a sentence.
fn excerpt(text: &str) -> &str {
    const BYTES_MAX: usize = 60;
    &text[..text.floor_char_boundary(BYTES_MAX)]
}
